using DnsClient;
using DnsClient.Protocol;
using DnsClient.Protocol.Options;

namespace Postseal.Dns;

/// <summary>Reads of a response what can be believed. The resolver is trusted to validate, and with nothing else: a response has to be the
/// answer to the question, and an answer has to be about the name that was asked for.</summary>
internal static class AnswerReader
{
    private const int MaxAliases = 8;
    private const int MaxOctets = 64 * 1024;

    // A TTL of zero would have every recipient of a message wait; none is believed for longer than a day (the settings may say less).
    private static readonly TimeSpan MinHold = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan MaxHold = TimeSpan.FromDays(1);

    // That there is no signed zone is what anybody can make a resolver's upstream say of a zone that is not: it is soon asked again.
    private static readonly TimeSpan UnsignedHold = TimeSpan.FromMinutes(5);

    /// <summary>Reads a response.</summary>
    /// <param name="response">The response.</param>
    /// <param name="name">The name that was asked for, without the dot at the end.</param>
    /// <param name="type">The type that was asked for.</param>
    /// <exception cref="ResolverException">It cannot be believed, or is none.</exception>
    public static DnsAnswer Read(IDnsQueryResponse response, string name, ushort type)
    {
        var header = response.Header;
        var opt = response.Additionals.OfType<OptRecord>().FirstOrDefault();
        var error = ExtendedError.In(opt?.Data);
        if (!header.HasQuery || header.OPCode != DnsOpCode.Query || !IsAbout(response.Questions, name, type))
            throw new ResolverException("answered another question");
        if (header.ResultTruncated)
            throw new ResolverException("cut its answer off");
        if (header.ResponseCode is not (DnsHeaderResponseCode.NoError or DnsHeaderResponseCode.NotExistentDomain) || opt?.ResponseCodeEx > 0)
            throw new ResolverException(WhyRefused(header.ResponseCode, opt, error));
        var isSecure = header.IsAuthenticData && !header.IsCheckingDisabled;
        // A resolver that validates and passes on what does not hold, as unbound with val-permissive-mode.
        if (!isSecure && error is { IsBogus: true })
            throw new ResolverException($"passes on what DNSSEC does not confirm ({error}); have it refuse such answers");
        var records = RecordsOf(response.Answers, name, type);
        if (records.Count > 0 && header.ResponseCode == DnsHeaderResponseCode.NotExistentDomain)
            throw new ResolverException("says that a name is not there, and gives its records");
        if (records.Sum(record => record.RawDataLength) > MaxOctets)
            throw new ResolverException($"answered with more than {MaxOctets} octets");
        var hold = !isSecure ? UnsignedHold : records.Count > 0 ? HoldOf(records, []) : HoldOf(response.Answers, response.Authorities);
        return new DnsAnswer([.. records.Select(BytesOf)], isSecure, hold);
    }

    private static bool IsAbout(IReadOnlyList<DnsQuestion> questions, string name, ushort type) =>
        questions is [var question] && question.QuestionType == (QueryType)type && question.QuestionClass == QueryClass.IN
        // Its value would be in U-labels.
        && AreSame(question.QueryName.Original, name);

    /// <summary>Follows the aliases that the resolver put into the answer (DNAME comes with the CNAME it stands for): AD is about the answer as a
    /// whole.</summary>
    private static List<DnsResourceRecord> RecordsOf(IReadOnlyList<DnsResourceRecord> answers, string name, ushort type)
    {
        for (var aliases = 0; aliases <= MaxAliases; aliases++)
        {
            var own = answers.Where(record => record.RecordClass == QueryClass.IN && AreSame(record.DomainName.Value, name)).ToList();
            if (own.OfType<CNameRecord>().FirstOrDefault() is not { } alias)
                return own.FindAll(record => record.RecordType == (ResourceRecordType)type);
            name = alias.CanonicalName.Value;
        }

        throw new ResolverException($"answered with more than {MaxAliases} aliases in a row");
    }

    private static byte[] BytesOf(DnsResourceRecord record) => record is UnknownRecord unknown ? [.. unknown.Data] : [];

    /// <summary>Returns the smallest TTL; of an absence that of the SOA, which is no more than its MINIMUM (RFC 2308 section 5).</summary>
    private static TimeSpan HoldOf(IReadOnlyList<DnsResourceRecord> answers, IReadOnlyList<DnsResourceRecord> authorities)
    {
        var times = answers.Select(record => Seconds(record.InitialTimeToLive))
            .Concat(authorities.OfType<SoaRecord>().SelectMany(soa => (int[])[Seconds(soa.InitialTimeToLive), Seconds((int)soa.Minimum)]))
            .Select(seconds => TimeSpan.FromSeconds(seconds));
        var hold = times.DefaultIfEmpty(MinHold).Min();
        return hold < MinHold ? MinHold : hold > MaxHold ? MaxHold : hold;
    }

    /// <summary>Reads a TTL; one with the highest bit set is zero (RFC 2181 section 8).</summary>
    private static int Seconds(int ttl) => Math.Max(ttl, 0);

    private static string WhyRefused(DnsHeaderResponseCode code, OptRecord? opt, ExtendedError? error)
    {
        var name = (opt?.ResponseCodeEx > 0, code) switch
        {
            (true, _) => $"error {(int)opt!.ResponseCodeEx + (int)code}",
            (_, DnsHeaderResponseCode.FormatError) => "FORMERR",
            (_, DnsHeaderResponseCode.ServerFailure) => "SERVFAIL",
            (_, DnsHeaderResponseCode.NotImplemented) => "NOTIMP",
            (_, DnsHeaderResponseCode.Refused) => "REFUSED",
            _ => $"error {(int)code}",
        };
        return error is not null ? $"answered {name} ({error})"
            : code == DnsHeaderResponseCode.ServerFailure ? $"answered {name}: DNSSEC does not confirm what it found, or it found nobody to ask"
            : $"answered {name}";
    }

    private static bool AreSame(string? one, string other) =>
        string.Equals(one?.TrimEnd('.'), other.TrimEnd('.'), StringComparison.OrdinalIgnoreCase);
}
