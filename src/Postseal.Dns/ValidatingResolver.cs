using DnsClient;
using DnsClient.Protocol;
using Postseal.Certificates.Sources;

namespace Postseal.Dns;

/// <summary>
/// A resolver that has shown that it validates. One that does not gives answers without AD too, as if no zone were signed, and whoever can
/// forge its answers could have every certificate disappear. So "there is none" is believed without AD only from a resolver that has set AD in
/// some answer: then it has a trust anchor, and a zone that is signed and whose signatures are taken away is a SERVFAIL.
/// </summary>
/// <remarks>
/// An answer with AD to any question will do. Where there was none yet, it is asked for the first domains of <c>[Smimea] Domains</c>, which
/// in a network of its own may have the only trust anchor there is, and then for the keys of the root.
/// </remarks>
/// <param name="resolver">The resolver.</param>
/// <param name="options">The settings.</param>
/// <param name="time">The clock.</param>
internal sealed class ValidatingResolver(Resolver resolver, SmimeaOptions options, TimeProvider time)
{
    private const string Root = ".";
    private const int MaxDomains = 3;

    // It may be set up otherwise while this program runs.
    private static readonly TimeSpan ProofHolds = TimeSpan.FromHours(1);

    private long provenUntil;

    /// <summary>Asks for the records of a type, and believes what is said.</summary>
    /// <inheritdoc cref="Resolver.AskAsync"/>
    public async Task<DnsAnswer> AskAsync(string name, ushort type, CancellationToken cancellationToken)
    {
        var answer = await AskAndRememberAsync(name, type, cancellationToken).ConfigureAwait(false);
        if (!answer.IsSecure && time.GetUtcNow().UtcTicks >= Volatile.Read(ref provenUntil))
            await ProveAsync(cancellationToken).ConfigureAwait(false);
        return answer;
    }

    /// <summary>Has it show that it validates.</summary>
    /// <exception cref="ResolverException">It does not.</exception>
    /// <exception cref="OperationCanceledException">The wait was ended.</exception>
    public async Task ProveAsync(CancellationToken cancellationToken)
    {
        ResolverException? failure = null;
        foreach (var (name, type) in Signed())
        {
            try
            {
                if ((await AskAndRememberAsync(name, (ushort)type, cancellationToken).ConfigureAwait(false)).IsSecure)
                    return;
                failure = null;
            }
            catch (ResolverException e)
            {
                failure = e;
            }
        }

        throw failure is not null ? new ResolverException($"does not show that it validates DNSSEC: it {failure.Message}") : new ResolverException(
            "does not validate DNSSEC, and nothing it says can be believed; unbound wants auto-trust-anchor-file, systemd-resolved DNSSEC=yes")
        {
            IsOfResolver = true,
        };
    }

    public override string ToString() => resolver.ToString();

    private async Task<DnsAnswer> AskAndRememberAsync(string name, ushort type, CancellationToken cancellationToken)
    {
        var answer = await resolver.AskAsync(name, type, cancellationToken).ConfigureAwait(false);
        if (answer.IsSecure)
            Volatile.Write(ref provenUntil, (time.GetUtcNow() + ProofHolds).UtcTicks);
        return answer;
    }

    private IEnumerable<(string Name, ResourceRecordType Type)> Signed() => options.Domains
        .Select(pattern => (pattern.Domain.Text[1..], ResourceRecordType.SOA))
        .Take(MaxDomains)
        .Append((Root, ResourceRecordType.DNSKEY));
}
