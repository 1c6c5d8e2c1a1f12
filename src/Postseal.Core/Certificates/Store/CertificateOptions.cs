using Postseal.Certificates.Trust;
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

    /// <summary>
    /// Gets the files with the certificates to encrypt to that <c>[Recipient:…] Certificate</c> names, by address
    /// (<c>bob@example.net</c>) or domain (<c>@example.net</c>); absolute once read.
    /// </summary>
    public IReadOnlyDictionary<AddressPattern, string> Recipients { get; init; } = new Dictionary<AddressPattern, string>();

    /// <summary>
    /// Gets whose keys, besides its own, open mail to an address (<c>team@example.org</c>) or to all addresses of a domain
    /// (<c>@example.org</c>): <c>[Recipient:…] KeysOf</c>. Default: nobody's, as whoever reads the mail of that address could then read
    /// anything that was encrypted to these keys.
    /// </summary>
    public IReadOnlyDictionary<AddressPattern, IReadOnlyList<AddressPattern>> KeysOf { get; init; } =
        new Dictionary<AddressPattern, IReadOnlyList<AddressPattern>>();

    /// <summary>Gets the directory of the certificates that were learned from signed mail (<c>[Harvest] Path</c>), absolute once
    /// read. It need not be there. Default: <c>harvested</c> in the state directory; <see langword="null"/>: there is none.</summary>
    public string? HarvestedPath { get; init; }

    /// <summary>Gets whether mail to <c>bob+lists@example.net</c> may be encrypted to the certificate of <c>bob@example.net</c>.
    /// Default: no, as the two may be different people.</summary>
    public bool SubAddress { get; init; }

    /// <summary>Gets which CAs are trusted.</summary>
    public TrustOptions Trust { get; init; } = new();

    /// <summary>Determines whether both say the same, senders' and recipients' settings included.</summary>
    internal bool IsSameAs(CertificateOptions other) =>
        this == other with { Senders = Senders, Recipients = Recipients, KeysOf = KeysOf, Trust = other.Trust with { IssuerHosts = Trust.IssuerHosts } }
        && Trust.IssuerHosts.SequenceEqual(other.Trust.IssuerHosts)
        && Same(Senders, other.Senders)
        && Same(Recipients, other.Recipients)
        && KeysOf.Count == other.KeysOf.Count
        && KeysOf.All(entry => other.KeysOf.TryGetValue(entry.Key, out var same) && entry.Value.SequenceEqual(same));

    private static bool Same<T>(IReadOnlyDictionary<AddressPattern, T> one, IReadOnlyDictionary<AddressPattern, T> other) =>
        one.Count == other.Count
        && one.All(entry => other.TryGetValue(entry.Key, out var same) && EqualityComparer<T>.Default.Equals(same, entry.Value));
}

/// <summary>What one <c>[Sender:…]</c> section says of the sender's certificate.</summary>
/// <param name="Certificate">The file with key, certificate and chain, wherever it is; absolute once read.
/// <see langword="null"/>: what the directory has.</param>
/// <param name="PassphraseFile">A file whose first line opens this sender's key; <see langword="null"/>: the one of
/// <see cref="CertificateOptions"/>.</param>
public sealed record SenderCertificate(string? Certificate, string? PassphraseFile)
{
    /// <summary>Gets the PKCS #11 URI (RFC 7512) of the certificate and key in the token; <see langword="null"/>, the default: they are in
    /// files.</summary>
    public string? Token { get; init; }
}
