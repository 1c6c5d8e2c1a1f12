using Postseal.Mail;

namespace Postseal.Policy;

/// <summary>The DKIM signatures of a message (RFC 6376), which a change of its body breaks.</summary>
internal static class DkimSignatures
{
    /// <summary>Counts them.</summary>
    public static int In(IReadOnlyList<HeaderField> headers) => headers.Count(IsOne);

    /// <summary>Takes those away that came on top after the message had so many: signers put theirs above what is there
    /// (RFC 6376 section 5.6).</summary>
    public static IReadOnlyList<HeaderField> KeepLast(IReadOnlyList<HeaderField> headers, int count)
    {
        var added = In(headers) - count;
        return added <= 0 ? headers : [.. headers.Where(field => !IsOne(field) || --added < 0)];
    }

    private static bool IsOne(HeaderField field) => field.Is("DKIM-Signature");
}
