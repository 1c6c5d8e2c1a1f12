using System.Net;
using Postseal.Mail;

namespace Postseal.Certificates.Sources;

/// <summary>Certificates in DNS, RFC 8162: <c>[Smimea]</c>.</summary>
public sealed record SmimeaOptions
{
    /// <summary>Gets whether they are looked up. Default: no, as the owner of each domain learns who is written to.</summary>
    public bool Lookup { get; init; }

    /// <summary>Gets the resolvers, which validate DNSSEC (RFC 4033): the second is asked where the first does not answer. Default: 127.0.0.1,
    /// port 53.</summary>
    public IReadOnlyList<IPEndPoint> Resolvers { get; init; } = [new(IPAddress.Loopback, 53)];

    /// <summary>Gets whether the AD bit is believed of a resolver that is not on this machine, because nobody can change what is on the way to
    /// it. Default: no.</summary>
    public bool TrustPath { get; init; }

    /// <summary>Gets the domains that are asked for. Default: empty, all.</summary>
    public IReadOnlyList<AddressPattern> Domains { get; init; } = [];

    /// <summary>Gets how long an answer may take, all tries together. Default: 5 s.</summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>Gets how long an answer is used at most; less where its TTL says so. Default: 12 h.</summary>
    public TimeSpan Cache { get; init; } = TimeSpan.FromHours(12);

    /// <summary>Gets how long it is remembered at most that there is nothing. Default: 15 min.</summary>
    public TimeSpan NegativeCache { get; init; } = TimeSpan.FromMinutes(15);

    /// <summary>Determines whether it is asked for an address.</summary>
    internal bool IsFor(MailAddress address) => Domains.Count == 0 || Domains.Any(domain => domain.Matches(address));

    /// <inheritdoc/>
    public bool Equals(SmimeaOptions? other) =>
        other is not null && Lookup == other.Lookup && Resolvers.SequenceEqual(other.Resolvers) && TrustPath == other.TrustPath
        && Domains.SequenceEqual(other.Domains) && Timeout == other.Timeout && Cache == other.Cache && NegativeCache == other.NegativeCache;

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(Lookup, TrustPath, Timeout);
}
