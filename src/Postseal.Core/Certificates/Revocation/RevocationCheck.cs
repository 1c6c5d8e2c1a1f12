using System.Security.Cryptography.X509Certificates;

namespace Postseal.Certificates.Revocation;

/// <summary>Answers as the settings want it: from lists, from responders, or from the one where the other does not tell.</summary>
internal sealed class RevocationCheck : IRevocationCheck
{
    /// <summary>How often the signer of a list may himself be on a list that again another one signed.</summary>
    private const int MaxDepth = 3;

    private readonly RevocationMethod method;
    private readonly ListCheck lists;
    private readonly FetchedLists fetched;
    private readonly LocalLists local;
    private readonly OcspAnswers answers;
    private readonly KnownHosts hosts;
    private readonly TimeProvider time;
    private readonly Lock ending = new();
    private (long Version, DateTimeOffset End) next = (-1, DateTimeOffset.MinValue);
    private long ended;

    [ThreadStatic]
    private static int depth;

    public RevocationCheck(
        RevocationMethod method, FetchedLists fetched, LocalLists local, Func<RevocationCheck, OcspAnswers> answers, KnownHosts hosts,
        Func<IReadOnlyList<X509Certificate2>> known, TimeProvider time)
    {
        (this.method, this.fetched, this.local, this.hosts, this.time) = (method, fetched, local, hosts, time);
        lists = new ListCheck(fetched, local, new ListSigners(known, CheckSigner, time), time);
        this.answers = answers(this);
    }

    /// <inheritdoc/>
    public long Version
    {
        get
        {
            var (version, now) = (fetched.Version + local.Version + answers.Version, time.GetUtcNow());
            lock (ending)
            {
                // What ends changes an answer without any news.
                if (now > next.End)
                    ended++;
                if (now > next.End || version != next.Version)
                    next = (version, NextEnd(now));
                return version + ended;
            }
        }
    }

    /// <inheritdoc/>
    public RevocationAnswer Check(X509Certificate2 certificate, IReadOnlyList<X509Certificate2> issuers)
    {
        hosts.Learn(certificate);
        foreach (var issuer in issuers)
            hosts.Learn(issuer);
        if (method == RevocationMethod.Off || issuers.Count == 0)
            return new RevocationAnswer.NotAsked();
        var subject = new RevocationSubject(certificate, issuers);
        return method switch
        {
            RevocationMethod.CrlThenOcsp => Check(subject, lists.Check, answers.Check),
            RevocationMethod.OcspThenCrl => Check(subject, answers.Check, lists.Check),
            _ => lists.Check(subject),
        };
    }

    /// <summary>Determines of a responder's certificate whether a list has it.</summary>
    public bool IsListed(X509Certificate2 certificate, IReadOnlyList<X509Certificate2> issuers) =>
        lists.Check(new RevocationSubject(certificate, issuers)) is RevocationAnswer.Revoked;

    private static RevocationAnswer Check(
        RevocationSubject subject, Func<RevocationSubject, RevocationAnswer> first, Func<RevocationSubject, RevocationAnswer> then)
    {
        var answer = first(subject);
        if (answer is not RevocationAnswer.Unknown unknown)
            return answer;
        var other = then(subject);
        return other is RevocationAnswer.Unknown second ? new RevocationAnswer.Unknown($"{unknown.Why}; {second.Why}") : other;
    }

    /// <summary>Asks for the certificate of who signed a list.</summary>
    private RevocationAnswer CheckSigner(X509Certificate2 certificate, IReadOnlyList<X509Certificate2> issuers)
    {
        if (depth >= MaxDepth)
            return new RevocationAnswer.Unknown("the lists refer to each other");
        depth++;
        try
        {
            return lists.Check(new RevocationSubject(certificate, issuers));
        }
        finally
        {
            depth--;
        }
    }

    private DateTimeOffset NextEnd(DateTimeOffset now)
    {
        DateTimeOffset[] ends =
        [
            fetched.NextEnd(now), answers.NextEnd(now),
            .. local.All().Select(found => found.List.NextUpdate).OfType<DateTimeOffset>().Where(end => end >= now),
        ];
        return ends.Min();
    }
}
