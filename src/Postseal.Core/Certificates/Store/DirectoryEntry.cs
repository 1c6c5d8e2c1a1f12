using System.Security.Cryptography.X509Certificates;
using Postseal.Mail;

namespace Postseal.Certificates.Store;

/// <summary>Whose a certificate in the directory is.</summary>
internal enum CertificateKind
{
    /// <summary>An address's of ours, with its key.</summary>
    Own,

    /// <summary>A domain's of ours, with its key.</summary>
    Domain,

    /// <summary>The common key pair, of whichever addresses it names.</summary>
    Common,

    /// <summary>A correspondent's, whose key is not here.</summary>
    Correspondent,

    /// <summary>A CA's.</summary>
    Issuer,

    /// <summary>Nobody's: its file is not used.</summary>
    Stray,
}

/// <summary>One certificate in the directory, or a file without any.</summary>
/// <param name="Kind">Whose it is.</param>
/// <param name="Owner">The address or domain its files are named after; <see langword="null"/> when they are named otherwise.</param>
/// <param name="Files">The files it is in.</param>
internal sealed record DirectoryEntry(CertificateKind Kind, AddressPattern? Owner, KeyFileSet Files)
{
    /// <summary>Gets the certificate; <see langword="null"/> when the file has none, or none that could be read.</summary>
    public MailCertificate? Certificate { get; init; }

    /// <summary>Gets the certificates in the same file, this one too.</summary>
    public IReadOnlyList<X509Certificate2> Beside { get; init; } = [];

    /// <summary>Gets whether its private key is in the files.</summary>
    public bool HasKey { get; init; }

    /// <summary>Gets why the file could not be read, or is not used.</summary>
    public Rejection? Problem { get; init; }

    /// <summary>Gets its file.</summary>
    public string File => Files.CertificateFile;

    /// <summary>Gets the files its private key may be in, those that come first first; none when it is not here.</summary>
    public IEnumerable<string> KeyFiles => HasKey ? new[] { Files.KeyFile, Files.OtherKeyFile }.OfType<string>() : [];
}

/// <summary>What becomes of the mail of one sender.</summary>
/// <param name="Owner">The address, or the domain, that files to sign with are named after.</param>
/// <param name="Signer">Who signs.</param>
/// <param name="Certificate">The certificate that signs, or that would if it could.</param>
/// <param name="Warnings">What should be mended although it can sign.</param>
internal sealed record SenderEntry(
    AddressPattern Owner, Lookup<Identity> Signer, X509Certificate2? Certificate, IReadOnlyList<string> Warnings)
{
    /// <summary>Gets who signs; <see langword="null"/> when nobody can now.</summary>
    public Identity? Identity => (Signer as Lookup<Identity>.Found)?.Value;

    /// <summary>Gets why nobody can sign now; <see langword="null"/> when somebody can.</summary>
    public Rejection? Problem => Signer switch
    {
        Lookup<Identity>.Found => null,
        Lookup<Identity>.Unusable unusable => unusable.Why,
        _ => new(RejectionKind.NoCertificate, $"there is no certificate for {Owner} any more"),
    };
}
