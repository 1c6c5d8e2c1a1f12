using Postseal.Certificates;
using Postseal.Ldap.Protocol;

namespace Postseal.Ldap;

/// <summary>
/// Reads the certificates in entries. A value that cannot be read is passed over with a warning, as others of the same person may be good; but
/// then nobody may say that there is nothing: <see cref="FoundCertificates.Problem"/>. Safe for any number of threads.
/// </summary>
/// <param name="source">The source, for people.</param>
/// <param name="attributes">The attributes with certificates.</param>
/// <param name="warn">Takes what is wrong with a value, once for each value.</param>
internal sealed class EntryReader(string source, IReadOnlyList<string> attributes, Action<string> warn)
{
    private const int MaxWarnings = 10_000;

    private readonly ReceivedCertificates known = new();
    private readonly RecentlyUsed<CertificateDigest, object> warned = new(MaxWarnings, long.MaxValue);
    private readonly List<string> types = [.. attributes.Select(LdapAttribute.TypeOf).Distinct(StringComparer.OrdinalIgnoreCase)];

    /// <summary>Reads what was found.</summary>
    /// <returns>All certificates of people, those of issuers beside them.</returns>
    public FoundCertificates Read(IReadOnlyList<LdapEntry> entries)
    {
        var (found, problems) = (new List<MailCertificate>(), new List<string>());
        foreach (var entry in entries)
        {
            var place = $"{source}: {DistinguishedName.ForPeople(entry.Dn)}";
            var values = new EntryCertificates(known);
            foreach (var type in types)
            {
                foreach (var value in entry.ValuesOf(type))
                    Read(values, value, $"{place}: a value of {type}", problems);
            }

            found.AddRange(values.Candidates(place));
        }

        if (problems.Count == 0)
            return found.Count == 0 ? FoundCertificates.None : new FoundCertificates(found);
        return new FoundCertificates(found) { Problem = string.Join("; ", problems.Distinct().Take(3)) };
    }

    private void Read(EntryCertificates values, ReadOnlyMemory<byte> value, string what, List<string> problems)
    {
        if (values.Add(value) is not { } finding)
            return;
        var problem = $"{what} {finding.Text}";
        var digest = CertificateDigest.Of(value.Span);
        if (!warned.TryGet(digest, out _))
        {
            warned.Add(digest, warned, size: 0);
            warn(problem);
        }

        if (finding.IsDamage)
            problems.Add(problem);
    }
}
