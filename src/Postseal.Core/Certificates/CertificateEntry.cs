using System.Security.Cryptography.X509Certificates;
using Postseal.Mime;

namespace Postseal.Certificates;

/// <summary>A certificate as it was read from its files, with what the rules say of it, worked out once.</summary>
internal sealed class CertificateEntry(X509Certificate2 certificate, StoredKey? key, IReadOnlyList<X509Certificate2> beside, string source)
{
    private volatile Completed? completed;

    public X509Certificate2 Certificate { get; } = certificate;

    /// <summary>Its private key, where that is here.</summary>
    public StoredKey? Key { get; } = key;

    public IReadOnlyList<MailAddress> Addresses { get; } = SubjectAlternativeNames.MailAddresses(certificate);

    public string? WhyNotSign { get; } = CertificateRules.WhyNotSign(certificate);

    public string? WhyNotEncrypt { get; } = CertificateRules.WhyNotEncrypt(certificate);

    public DateTime NotBefore { get; } = certificate.NotBefore.ToUniversalTime();

    /// <summary>
    /// Who signs with it. The chain is what its files have, completed from the directory's authorities, and worked out
    /// again when these change.
    /// </summary>
    public SigningIdentity IdentityFrom(AuthorityPool authorities)
    {
        // Two threads may both work it out; both come to the same.
        if (completed is { } known && ReferenceEquals(known.From, authorities))
            return known.Identity;
        var chain = CertificateChain.Intermediates(Certificate, beside.Concat(authorities.Certificates));
        var identity = new SigningIdentity(Certificate, chain, Key!.Key, source);
        completed = new Completed(authorities, identity);
        return identity;
    }

    private sealed record Completed(AuthorityPool From, SigningIdentity Identity);
}
