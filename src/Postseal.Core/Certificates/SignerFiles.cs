using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Postseal.Mime;

namespace Postseal.Certificates;

/// <summary>What a sender's files held when they were read, and whether they have changed since.</summary>
internal sealed class SignerFiles
{
    private readonly KeyPairFiles files;
    private readonly FileStamp certificateStamp;
    private readonly FileStamp keyStamp;
    private readonly FileStamp? passphraseStamp;

    private SignerFiles(KeyPairFiles files, FileStamp? passphraseStamp)
    {
        this.files = files;
        this.passphraseStamp = passphraseStamp;
        certificateStamp = FileStamp.Of(files.CertificateFile);
        keyStamp = FileStamp.Of(files.KeyFile);
    }

    /// <summary>The sender's certificate, where the file could be read at all.</summary>
    public X509Certificate2? Certificate { get; private set; }

    /// <summary>Certificate and key, where they fit each other and the address.</summary>
    public SigningIdentity? Identity { get; private set; }

    /// <summary>Why there is no <see cref="Identity"/>.</summary>
    public string? Problem { get; private set; }

    /// <summary>What should be mended but does not keep the key from being used.</summary>
    public string? Warning { get; private set; }

    /// <summary>The files, for people.</summary>
    public string Source => files.ToString();

    /// <summary>A key that the passphrase did not open is tried again when the passphrase changes.</summary>
    public bool AreCurrent(KeyPairFiles now, FileStamp? passphraseNow) =>
        files == now
        && passphraseStamp == passphraseNow
        && certificateStamp == FileStamp.Of(files.CertificateFile)
        && (files.KeyFile == files.CertificateFile || keyStamp == FileStamp.Of(files.KeyFile));

    public static SignerFiles Load(
        KeyPairFiles files, MailAddress address, ReadOnlySpan<byte> passphrase, FileStamp? passphraseStamp)
    {
        var loaded = new SignerFiles(files, passphraseStamp);
        try
        {
            loaded.Read(address, passphrase);
        }
        catch (CertificateFileException e)
        {
            loaded.Problem = e.Message;
        }
        catch (Exception e) when (e is CryptographicException or PlatformNotSupportedException)
        {
            // An extension that is not DER, a curve the platform does not know: trying again would not help.
            loaded.Problem = $"{files} cannot be used: {e.Message}";
        }

        return loaded;
    }

    private void Read(MailAddress address, ReadOnlySpan<byte> passphrase)
    {
        var certificates = PemFile.Read(files.CertificateFile, passphrase);
        if (certificates.Certificates.Count == 0)
            throw new CertificateFileException(files.CertificateFile, "holds no certificate");
        Certificate = certificates.Certificates[0];
        if (!File.Exists(files.KeyFile))
            throw new CertificateFileException(files.CertificateFile, $"has no private key beside it; {files.KeyFile} is not there");

        var keyFile = files.KeyFile == files.CertificateFile ? certificates : PemFile.Read(files.KeyFile, passphrase);
        var key = keyFile.Key ?? certificates.Key
            ?? throw new CertificateFileException(files.KeyFile, "holds no private key");
        Warning = WarnOfMode(files.KeyFile);

        var all = certificates.Certificates.Concat(keyFile.Certificates).ToList();
        // Vendors put the chain before the leaf or after it: the certificate of the key is the sender's, and the newest
        // where it was renewed.
        Certificate = all.Where(certificate => Fits(key, certificate)).MaxBy(certificate => certificate.NotBefore)
            ?? throw new CertificateFileException(files.KeyFile, $"holds a key that does not belong to the certificate in {files.CertificateFile}");
        if (SigningCertificateRules.WhyUnfit(Certificate, address) is { } reason)
            Problem = $"{files.CertificateFile} cannot sign: {reason}";
        else
            Identity = new SigningIdentity(Certificate, CertificateChain.Intermediates(Certificate, all), key, Source);
    }

    private static bool Fits(AsymmetricAlgorithm key, X509Certificate2 certificate) =>
        certificate.PublicKey.ExportSubjectPublicKeyInfo().AsSpan().SequenceEqual(key.ExportSubjectPublicKeyInfo());

    private static string? WarnOfMode(string keyFile) =>
        !OperatingSystem.IsWindows() && File.GetUnixFileMode(keyFile).HasFlag(UnixFileMode.OtherRead)
            ? $"{keyFile} holds a private key that everyone can read; 'chmod o= {keyFile}'"
            : null;
}
