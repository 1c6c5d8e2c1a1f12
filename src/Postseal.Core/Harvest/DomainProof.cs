using Postseal.Mail;

namespace Postseal.Harvest;

/// <summary>
/// Finds out whether a message comes from its author's domain, by the DKIM or DMARC results that the filter before us wrote into the header.
/// Anybody can write such fields, so only those are believed that stand where only that filter can have put them.
/// </summary>
internal static class DomainProof
{
    private const int MaxFields = 50;

    /// <summary>The fields that a message has from its author. Filters add their fields above these (RFC 8601 section 5).</summary>
    private static readonly string[] FieldsOfAuthors =
    [
        "From", "Sender", "Reply-To", "To", "Cc", "Bcc", "Date", "Subject", "Message-ID", "In-Reply-To", "References", "MIME-Version",
        "Content-Type", "Content-Transfer-Encoding", "DKIM-Signature",
    ];

    /// <summary>Returns why there is no proof; <see langword="null"/> where there is.</summary>
    /// <param name="headers">The header.</param>
    /// <param name="author">Who is in From.</param>
    /// <param name="authservId">The name of the filter that is believed.</param>
    public static string? WhyNone(IReadOnlyList<HeaderField> headers, MailAddress author, string? authservId)
    {
        if (authservId is null)
            return "[Harvest] DkimFrom names nobody whose results of DKIM could be believed";
        if (Believed(headers, authservId, out var doubt) is not { } results)
            return doubt;
        if (results.Count == 0)
            return $"there is no Authentication-Results of {authservId} on top of it";
        // If two fields have results of one method, the upper one is the filter's; the other may be a forgery that it did not remove.
        var dkim = First(results, "dkim");
        var dmarc = First(results, "dmarc");
        if (dkim.Any(result => result.Result == "pass" && DomainOf(result) is { } domain && Speaks(domain, author))
            || dmarc.Count > 0 && dmarc.All(result => result.Result == "pass" && Is(Only(result, "header", "from"), author)))
        {
            return null;
        }

        return dkim.Count + dmarc.Count == 0
            ? $"{authservId} says nothing of DKIM or DMARC"
            : $"{authservId} does not say that it comes from {author.Domain}: {Words(dkim.Concat(dmarc))}";
    }

    /// <summary>Collects the filter's fields: those above all fields from the author, with no Received between them. If there are more with
    /// its name further down, the filter does not remove forged ones, and nothing is believed.</summary>
    private static List<ReportedResults>? Believed(IReadOnlyList<HeaderField> headers, string authservId, out string doubt)
    {
        var (believed, isOnTop) = (new List<ReportedResults>(), true);
        doubt = "";
        for (var i = 0; i < headers.Count; i++)
        {
            var field = headers[i];
            if (AuthenticationResults.MayBeOf(field, authservId))
            {
                if (!isOnTop || believed.Count == MaxFields)
                {
                    doubt = $"an Authentication-Results of {authservId} stands where anybody may have written it";
                    return null;
                }

                if (ReportedResults.Read(field.Value.Span) is not { } results
                    || !results.AuthservId.Equals(authservId, StringComparison.OrdinalIgnoreCase))
                {
                    doubt = $"an Authentication-Results of {authservId} cannot be read without doubt";
                    return null;
                }

                believed.Add(results);
            }
            else if (field.Is("Received") ? believed.Count > 0 : Array.Exists(FieldsOfAuthors, field.Is))
            {
                isOnTop = false;
            }
        }

        return believed;
    }

    private static List<MethodResult> First(IEnumerable<ReportedResults> fields, string method) => fields
        .Select(field => field.Results.Where(result => result.Method == method).ToList())
        .FirstOrDefault(results => results.Count > 0) ?? [];

    /// <summary>Returns the domain that signed: d=, else that of i=, which is d= or below it (RFC 6376 section 3.5).</summary>
    private static string? DomainOf(MethodResult dkim)
    {
        if (dkim.Properties.Any(property => property is ("header", "d", _)))
            return Only(dkim, "header", "d");
        var identity = Only(dkim, "header", "i");
        return identity?[(identity.LastIndexOf('@') + 1)..];
    }

    private static string? Only(MethodResult result, string type, string property)
    {
        var values = result.Properties
            .Where(found => found.Type == type && found.Property == property)
            .Select(found => found.Value).ToList();
        return values is [var value] ? value : null;
    }

    /// <summary>
    /// Determines whether a domain speaks for an author: it is the author's domain, or one above it. DMARC also lets subdomains speak for
    /// the domain above (RFC 7489 section 3.1.1), but that takes a list of public suffixes, and is left to dmarc=.
    /// </summary>
    private static bool Speaks(string domain, MailAddress author) =>
        Is(domain, author)
        || domain.Contains('.', StringComparison.Ordinal) && domain[0] != '.'
            && author.AsciiDomain.EndsWith($".{domain}", StringComparison.OrdinalIgnoreCase);

    private static bool Is(string? domain, MailAddress author) => author.AsciiDomain.Equals(domain, StringComparison.OrdinalIgnoreCase);

    private static string Words(IEnumerable<MethodResult> results) => string.Join(
        ", ",
        results.Take(4).Select(
            result => $"{result.Method}={result.Result} of {DomainOf(result) ?? Only(result, "header", "from") ?? "nobody"}"));
}
