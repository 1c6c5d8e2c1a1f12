using System.Globalization;
using Postseal.Certificates.Fetching;

namespace Postseal.Certificates.Revocation;

/// <summary>
/// Answers from lists (RFC 5280 section 6.3.3): of each point that the certificate names the newest list that is signed by the right
/// one, with its delta. Who is listed is revoked; who is not is acquitted when lists that hold now have told it for all reasons.
/// </summary>
/// <param name="fetched">The lists that were fetched.</param>
/// <param name="local">Those that lie beside the anchors.</param>
/// <param name="signers">Tells who signed them.</param>
/// <param name="time">The clock they are held against.</param>
internal sealed class ListCheck(FetchedLists fetched, LocalLists local, ListSigners signers, TimeProvider time)
{
    /// <summary>Asks for a certificate.</summary>
    public RevocationAnswer Check(RevocationSubject subject)
    {
        var (now, covered, until, issued) = (time.GetUtcNow(), RevocationReasons.None, DateTimeOffset.MaxValue, DateTimeOffset.MaxValue);
        var (underWay, why) = (RevocationReasons.None, (string?)null);
        foreach (var point in subject.Points)
        {
            foreach (var list in ListsOf(subject, point, now, ref underWay, ref why))
            {
                if (!list.Scope.Covers(point, subject.IsCa) || (point.Reasons & list.Scope.Reasons & ~covered) == 0)
                    continue;
                var delta = DeltaOf(list, subject, now);
                var entry = delta?.Find(subject.IssuerForm, subject.Serial.Span) ?? list.Find(subject.IssuerForm, subject.Serial.Span);
                var doubt = DoubtOf(list, subject, now);
                // Whoever was suspended when the list ended may not be any more; what is compromised stays so.
                if (entry is { } revoked && !(delta is not null && revoked.Reason == RevocationReasonText.Removed)
                    && !(doubt is not null && revoked.Reason == RevocationReasonText.Hold))
                    return new RevocationAnswer.Revoked(revoked.Since, RevocationReasonText.Of(revoked.Reason));
                if (doubt is not null)
                {
                    why = $"the revocation list of {Date(list.ThisUpdate)} does not tell: {doubt}";
                    continue;
                }

                covered |= point.Reasons & list.Scope.Reasons;
                until = Earliest(until, list.NextUpdate!.Value, delta?.NextUpdate);
                issued = Earliest(issued, delta?.ThisUpdate ?? list.ThisUpdate);
            }
        }

        return covered == RevocationReasons.All
            ? new RevocationAnswer.Good($"CRL of {Date(issued)}", until)
            : new RevocationAnswer.Unknown(why ?? WhyNot(subject));
    }

    /// <summary>Returns the newest of the lists that a point stands for, of each kind, and has them fetched.</summary>
    private IEnumerable<RevocationList> ListsOf(RevocationSubject subject, DistributionPoint point, DateTimeOffset now, ref RevocationReasons underWay, ref string? why)
    {
        var issuer = point.Issuer ?? subject.IssuerForm;
        var here = local.Of(issuer).Where(list => signers.Signed(list, subject.Issuers)).ToList();
        var all = new List<RevocationList>(here.Where(list => list.Base is null));
        // Who has put a list here may have no network. Several points for the same reasons are several ways to the same.
        var isFetched = (point.Reasons & ~underWay) != 0 && !here.Exists(list => list.IsCurrent(now) && list.Scope.Covers(point, subject.IsCa));
        foreach (var url in point.Urls)
        {
            var known = fetched.Get(url);
            if (known is { Base: null } && known.IssuerForm == issuer)
            {
                if (signers.Signed(known, subject.Issuers))
                    all.Add(known);
                else
                    why = $"the revocation list at {UrlText.Of(url)} is signed by nobody that is known here";
            }

            // So are several addresses; another one is gone when the first is closed.
            if (isFetched && fetched.Want(url, list => signers.Signed(list, subject.Issuers)))
            {
                isFetched = false;
                underWay |= point.Reasons;
            }
        }

        return all.GroupBy(list => list.Key).Select(Newest);
    }

    /// <summary>Returns the delta that brings a list up to date (RFC 5280 section 5.2.4), and has it fetched.</summary>
    private RevocationList? DeltaOf(RevocationList list, RevocationSubject subject, DateTimeOffset now)
    {
        var urls = subject.Freshest.Concat(list.Freshest).SelectMany(point => point.Urls).Distinct().Take(2).ToList();
        foreach (var url in urls)
            fetched.Want(url, delta => signers.Signed(delta, subject.Issuers));
        var deltas = urls.Select(fetched.Get).OfType<RevocationList>().Concat(local.Of(list.IssuerForm))
            .Where(delta => delta.Base <= list.Number && delta.Number > list.Number && delta.Key == list.Key
                && delta.Doubt is null && delta.IsCurrent(now) && signers.Signed(delta, subject.Issuers))
            .ToList();
        return deltas.Count == 0 ? null : Newest(deltas);
    }

    private string? DoubtOf(RevocationList list, RevocationSubject subject, DateTimeOffset now) =>
        list.Doubt
        ?? (list.IsCurrent(now) ? null
            : list.NextUpdate is not { } end ? "it does not say how long it holds"
            : now > end ? $"it has ended on {Date(end)}" : "it is of a day to come")
        ?? signers.Doubt(list, subject.Issuers);

    private string WhyNot(RevocationSubject subject)
    {
        var urls = subject.Points.SelectMany(point => point.Urls).ToList();
        return urls.Count == 0 ? $"{subject.Certificate.Issuer} names no revocation list that could be fetched, and there is none here"
            : urls.Select(fetched.ProblemOf).OfType<string>().LastOrDefault() ?? $"the revocation list at {UrlText.Of(urls[0])} is not there yet";
    }

    private static RevocationList Newest(IEnumerable<RevocationList> lists) => lists.Aggregate((one, other) => other.IsNewerThan(one) ? other : one);

    private static DateTimeOffset Earliest(params DateTimeOffset?[] times) => times.OfType<DateTimeOffset>().Min();

    private static string Date(DateTimeOffset time) => time.UtcDateTime.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture);
}
