using System.Text;
using Postseal.Mail;

namespace Postseal.Policy;

/// <summary>
/// The header fields that only we write into incoming mail: all whose names begin with <c>X-Postseal</c>, and
/// Authentication-Results under our name (RFC 8601 section 5). From mail of strangers they are removed.
/// </summary>
/// <param name="authservId">The name under which verdicts are written.</param>
/// <param name="keptMethods">The methods whose results filters before us write under that name.</param>
internal sealed class OwnFields(string authservId, IReadOnlyList<string> keptMethods)
{
    private static ReadOnlySpan<byte> Prefix => "X-Postseal"u8;

    /// <summary>Gets the name under which verdicts are written.</summary>
    public string AuthservId => authservId;

    /// <summary>Determines whether one is in a header.</summary>
    public bool AreIn(IReadOnlyList<HeaderField> headers)
    {
        for (var i = 0; i < headers.Count; i++)
        {
            if (Is(headers[i]))
                return true;
        }

        return false;
    }

    /// <summary>Returns the message without them, and their names.</summary>
    public (MailMessage Message, IReadOnlyList<string> Removed) Without(MailMessage message) => AreIn(message.Headers)
        ? (message with { Headers = [.. message.Headers.Where(field => !Is(field))] },
            [.. message.Headers.Where(Is).Select(field => Encoding.ASCII.GetString(field.Name.TrimEnd(" \t"u8)))])
        : (message, []);

    /// <summary>Returns delivered mail without the fields that were written into it at delivery. Results that other filters wrote under our
    /// name stay.</summary>
    public MailMessage WithoutVerdict(MailMessage message) => message with
    {
        Headers =
        [
            .. message.Headers.Where(field => !HasPrefix(field)
                && !(AuthenticationResults.MayBeOf(field, authservId) && field.ToString().Contains("smime", StringComparison.OrdinalIgnoreCase))),
        ],
    };

    private static bool HasPrefix(HeaderField field) =>
        field.Name.Length >= Prefix.Length && Ascii.EqualsIgnoreCase(field.Name[..Prefix.Length], Prefix);

    private bool Is(HeaderField field) =>
        HasPrefix(field)
        || (AuthenticationResults.MayBeOf(field, authservId) && !IsKept(field));

    // However a reader finds results: none of our own is in what is kept, nor where one might be hidden, in encoded words (RFC 2047),
    // which a Sieve test decodes wherever they stand (RFC 5228 section 2.4.2.2), and beyond ASCII.
    private bool IsKept(HeaderField field) =>
        keptMethods.Count > 0 && field.ToString() is var text && !text.Contains("smime", StringComparison.OrdinalIgnoreCase)
        && !text.Contains("=?", StringComparison.Ordinal) && text.All(c => c is '\r' or '\n' or '\t' or (>= ' ' and <= '~'))
        && ResultMethods.Read(field.Value.Span) is { } methods
        && methods.All(method => keptMethods.Any(kept => IsOf(method, kept)));

    // OpenDKIM writes results of dkim-atps and dkim-adsp beside those of dkim.
    private static bool IsOf(string method, string kept) =>
        method.StartsWith(kept, StringComparison.OrdinalIgnoreCase) && (method.Length == kept.Length || method[kept.Length] == '-');
}
