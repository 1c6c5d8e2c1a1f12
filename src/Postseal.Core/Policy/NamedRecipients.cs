using Postseal.Mail;

namespace Postseal.Policy;

/// <summary>The recipients that a message names to everybody who gets it. One who is not among them, in Bcc or on a list, must not
/// show in a CMS object that others get.</summary>
internal static class NamedRecipients
{
    private static readonly string[] Fields = ["To", "Cc", "Resent-To", "Resent-Cc"];

    /// <summary>Reads them. A field that readers might understand differently names nobody.</summary>
    public static HashSet<MailAddress> Of(IReadOnlyList<HeaderField> headers)
    {
        var named = new HashSet<MailAddress>();
        foreach (var field in headers)
        {
            if (Array.Exists(Fields, field.Is) && MailboxParser.TryParseList(field.Value.Span, out var addresses))
                named.UnionWith(addresses);
        }

        return named;
    }
}
