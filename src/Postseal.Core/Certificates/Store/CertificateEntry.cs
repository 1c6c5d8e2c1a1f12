using System.Security.Cryptography.X509Certificates;
using Postseal.Certificates.Formats;
using Postseal.Cms;
using Postseal.Mail;

namespace Postseal.Certificates.Store;

/// <summary>A certificate as it was read from its files, with what the rules say of it, worked out once.</summary>
internal sealed class CertificateEntry(X509Certificate2 certificate, StoredKey? key, IReadOnlyList<X509Certificate2> beside, string source)
{
    private volatile Completed? completed;

    public X509Certificate2 Certificate { get; } = certificate;

    /// <summary>Its private key, where that is here.</summary>
    public StoredKey? Key { get; } = key;

    public IReadOnlyList<MailAddress> Addresses { get; } = CertificateAddresses.Of(certificate);

    public string? WhyNotSign { get; } = CertificateRules.WhyNotSign(certificate);

    public string? WhyNotEncrypt { get; } = CertificateRules.WhyNotEncrypt(certificate);

    public DateTime NotBefore { get; } = certificate.NotBefore.ToUniversalTime();

    /// <summary>
    /// Who signs with it. The chain is what its files have, completed from the directory's authorities, and worked out
    /// again when these change or the date of one passes.
    /// </summary>
    /// <param name="authorities">The directory's authorities.</param>
    /// <param name="now">When it signs.</param>
    /// <param name="warn">Takes each warning that is new with what was worked out.</param>
    public Identity IdentityFrom(AuthorityPool authorities, DateTimeOffset now, Action<string> warn)
    {
        // Two threads may both work it out; both come to the same.
        var known = completed;
        if (known is not null && ReferenceEquals(known.From, authorities) && now.UtcDateTime <= known.HoldsUntil)
            return known.Identity;
        var chain = CertificateChain.Of(Certificate, [CertificateChain.BySubject(beside), authorities.BySubject], now);
        var identity = new Identity(Certificate, chain, new PlatformKey(Key!.Key), source) { Warnings = WarningsOf(chain) };
        completed = new Completed(authorities, chain.HoldsUntil, identity);
        foreach (var warning in identity.Warnings.Except(known?.Identity.Warnings ?? []))
            warn($"{source}: {warning}");
        return identity;
    }

    private IReadOnlyList<string> WarningsOf(CertificateChain chain) =>
    [
        .. CertificateRules.WarningsOf(Certificate),
        .. chain.Intermediates.SelectMany(
            intermediate => CertificateRules.WarningsOf(intermediate).Select(warning => $"of its chain, {intermediate.Subject}: {warning}")),
        .. chain.Fault is { } fault ? (string[])[$"its chain is not complete: {fault}"] : [],
    ];

    private sealed record Completed(AuthorityPool From, DateTime HoldsUntil, Identity Identity);
}
