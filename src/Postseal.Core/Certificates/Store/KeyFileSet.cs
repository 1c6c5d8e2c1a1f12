using Postseal.Certificates.Formats;

namespace Postseal.Certificates.Store;

/// <summary>What a certificate was put there for, as far as its file's name says so.</summary>
internal enum FilePurpose
{
    /// <summary>Whatever the certificate itself allows.</summary>
    Any,

    /// <summary>Signing: Sympa's <c>cert.pem.sign</c>.</summary>
    Sign,

    /// <summary>Encrypting and decrypting: Sympa's <c>cert.pem.enc</c>.</summary>
    Encrypt,

    /// <summary>Decrypting what was once encrypted to it: Sympa's <c>cert.pem</c> with any other suffix.</summary>
    Decrypt,

    /// <summary>Encrypting to a recipient, whose key is not here: <c>ADDRESS</c>, or what <c>[Recipient:…] Certificate</c>
    /// names.</summary>
    Recipient,

    /// <summary>Encrypting to a recipient whose other certificate is for verifying: <c>ADDRESS@enc</c>.</summary>
    RecipientEncrypt,

    /// <summary>Verifying what a sender signed, whose key is not here: <c>ADDRESS@sign</c>.</summary>
    Verify,
}

/// <summary>The files of one certificate with its key, as their names say.</summary>
/// <param name="CertificateFile">The file with the certificate, and the chain if it has one.</param>
/// <param name="KeyFile">The file with the key; the same one when both lie together; <see langword="null"/> when there is
/// none.</param>
/// <param name="ChainFile">A file with more of the chain.</param>
/// <param name="Purpose">What it is for.</param>
internal sealed record KeyFileSet(
    string CertificateFile, string? KeyFile, string? ChainFile = null, FilePurpose Purpose = FilePurpose.Any)
{
    /// <summary>Gets whether the file is one of several for its address and may hold no certificate: then it is not a source at
    /// all.</summary>
    public bool MayBeKeyAlone { get; init; }

    /// <summary>Gets another file the key may be in: asked where <see cref="KeyFile"/> holds none of the certificate's.</summary>
    public string? OtherKeyFile { get; init; }

    /// <summary>Gets what opens an encrypted key or PKCS #12.</summary>
    public string? PassphraseFile { get; init; }

    /// <summary>Gets what opens Mautic's keys.</summary>
    public string? MauticSecretFile { get; init; }

    /// <summary>Gets the file that says what their owner's program can read.</summary>
    public string? AbilitiesFile { get; init; }

    /// <summary>Gets all of them but the two that open keys.</summary>
    public IEnumerable<string> All => new[] { CertificateFile, KeyFile, OtherKeyFile, ChainFile, AbilitiesFile }.OfType<string>();

    /// <summary>Gets whether the key belongs here too.</summary>
    public bool IsOurs => Purpose is not (FilePurpose.Recipient or FilePurpose.RecipientEncrypt or FilePurpose.Verify);

    /// <summary>Gets whether certificate and key are there at all, as far as they belong here: who takes them away wants them used no longer.</summary>
    public bool AreThere => File.Exists(CertificateFile) && (KeyFile is null || File.Exists(KeyFile));

    /// <summary>Determines whether they were put there for that and for nothing else.</summary>
    public bool AreMadeFor(FilePurpose purpose) =>
        Purpose == purpose || (Purpose == FilePurpose.RecipientEncrypt && purpose == FilePurpose.Encrypt);

    /// <summary>Gets whether the certificate is in the file of the key, as it is where somebody gave the two each other's
    /// name.</summary>
    /// <exception cref="CertificateFileException">The file is not what it should be.</exception>
    public bool HoldsCertificateBesideIt
    {
        get
        {
            if (KeyFile is null || KeyFile == CertificateFile)
                return false;
            using var file = Read(KeyFile);
            return file.Certificates.Count > 0;
        }
    }

    /// <summary>Gets whether there is a private key in them. What cannot be read or opened counts as one.</summary>
    public bool HoldKey => new[] { KeyFile, OtherKeyFile }.OfType<string>().Any(path =>
    {
        try
        {
            using var file = Formats.KeyFile.Read(path);
            return file.Keys.Count > 0;
        }
        catch (CertificateFileException)
        {
            return File.Exists(path);
        }
    });

    /// <summary>Reads one of them. The passphrase or the secret is read when it is needed, and not before.</summary>
    /// <exception cref="CertificateFileException">It is not what it should be.</exception>
    public Formats.KeyFile Read(string path) =>
        Formats.KeyFile.Read(path, () => SecretFile.ReadFirstLine(PassphraseFile), () => SecretFile.ReadFirstLine(MauticSecretFile));

    /// <summary>Returns the file names, for people.</summary>
    public override string ToString() => KeyFile is null || CertificateFile == KeyFile
        ? CertificateFile
        : $"{CertificateFile} + {Path.GetFileName(KeyFile)}";
}
