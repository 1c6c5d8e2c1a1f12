using Postseal.Mail;

namespace Postseal.Certificates.Store;

/// <summary>Where certificates and keys are, and what opens them.</summary>
public sealed record CertificateOptions
{
    /// <summary>Gets the directory, absolute once read. Default: <c>certificates</c> beside the configuration file.</summary>
    public string Path { get; init; } = "certificates";

    /// <summary>
    /// Gets a file whose first line opens encrypted keys and PKCS #12. Default: systemd's credential
    /// <c>postseal.passphrase</c> where the service has one, else <see langword="null"/>: there are none.
    /// </summary>
    public string? PassphraseFile { get; init; }

    /// <summary>
    /// Gets a file whose first line is Mautic's <c>secret_key</c> and opens <c>.pem.enc</c> keys. Default: systemd's credential
    /// <c>postseal.secret</c> where the service has one, else <see langword="null"/>.
    /// </summary>
    public string? SecretFile { get; init; }

    /// <summary>
    /// Gets whether the certificate of a domain (<c>@example.org.pem</c>) signs for its addresses that have none of their own.
    /// Default: no, as readers then show an address that is not the author's.
    /// </summary>
    public bool DomainCertificates { get; init; }

    /// <summary>Gets how long before its end a certificate is warned of. Default: 30 days, what most CAs need at worst.</summary>
    public TimeSpan ExpiryWarning { get; init; } = TimeSpan.FromDays(30);

    /// <summary>
    /// Gets what <c>[Sender:…]</c> sections say of certificates, by address (<c>alice@example.org</c>) or domain
    /// (<c>@example.org</c>).
    /// </summary>
    public IReadOnlyDictionary<AddressPattern, SenderCertificate> Senders { get; init; } =
        new Dictionary<AddressPattern, SenderCertificate>();

    /// <summary>Determines whether both say the same, senders' settings included.</summary>
    internal bool IsSameAs(CertificateOptions other) =>
        this == other with { Senders = Senders }
        && Senders.Count == other.Senders.Count
        && Senders.All(sender => other.Senders.TryGetValue(sender.Key, out var same) && same == sender.Value);
}

/// <summary>What one <c>[Sender:…]</c> section says of the sender's certificate.</summary>
/// <param name="Certificate">The file with key, certificate and chain, wherever it is; absolute once read.
/// <see langword="null"/>: what the directory has.</param>
/// <param name="PassphraseFile">A file whose first line opens this sender's key; <see langword="null"/>: the one of
/// <see cref="CertificateOptions"/>.</param>
public sealed record SenderCertificate(string? Certificate, string? PassphraseFile);
