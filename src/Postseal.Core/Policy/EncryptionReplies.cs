using System.Text;
using Postseal.Certificates;
using Postseal.Mail;

namespace Postseal.Policy;

/// <summary>Composes the replies to senders of mail that must be encrypted: to whom it cannot be, why, and what the sender can do. What
/// only the administrator needs (files, settings) goes to the log.</summary>
internal static class EncryptionReplies
{
    // A reply of SMTP has lines of at most 512 octets, and a milter may give 32 of them.
    private const int MaxLine = 440;
    private const int MaxLines = 28;

    /// <summary>Gets the reply where a source of certificates did not answer.</summary>
    public static readonly SmtpReply LookupFailed = new(
        451, "4.4.3", "The certificates of the recipients cannot be looked up now, so this mail waits; it is sent when they can");

    /// <summary>Gets the reply where something is set up wrong that may be right the next time.</summary>
    public static readonly SmtpReply TryLater = new(
        451, "4.3.5", "This mail was split for its recipients, and this server is not set up for that; ask your postmaster");

    /// <summary>Gets the reply where the mail would have to be split.</summary>
    public static readonly SmtpReply CannotSplit = new(
        550, "5.3.5",
        "This mail must be encrypted, and one body cannot serve all its recipients; send it to each by itself, and without Bcc"
        + " (or ask your postmaster to set [Splitting] Method)");

    /// <summary>Gets the reply where the mail would become too large.</summary>
    public static readonly SmtpReply TooLarge = new(
        552, "5.3.4", "This mail must be encrypted, but encrypted it would be larger than this server takes; make its attachments smaller");

    /// <summary>Gets the reply where the mail has a form that cannot be encrypted.</summary>
    public static readonly SmtpReply Malformed = new(
        550, "5.6.0", "This mail must be encrypted, but the header of a part of it is too large; send it in another form");

    /// <summary>Composes the reply that names each recipient with the reason.</summary>
    /// <param name="missing">Those to whom it cannot be encrypted.</param>
    /// <param name="wasSplit">Whether others get it all the same.</param>
    public static SmtpReply Missing(IReadOnlyList<RecipientPlan> missing, bool wasSplit)
    {
        var lines = new List<string> { $"This mail must be encrypted{(wasSplit ? ", and cannot be" : " and nobody got it, as it cannot be")} to" };
        var line = new StringBuilder();
        var named = 0;
        foreach (var recipient in missing)
        {
            var text = $"{recipient.Recipient.Text} ({Reason(recipient.Obstacle!.Kind)})";
            if (line.Length + text.Length + 2 > MaxLine)
                Break();
            if (lines.Count == MaxLines)
                break;
            line.Append(line.Length > 0 ? ", " : "").Append(text);
            named++;
        }

        Break();
        if (named < missing.Count)
            lines.Add($"and {missing.Count - named} more.");
        lines.Add("Ask them for a mail that they signed or for their certificate and give it to your postmaster"
            + (wasSplit ? "" : ", or send to the others alone"));
        return new SmtpReply(550, "5.7.5", string.Join('\n', lines));

        void Break()
        {
            if (line.Length > 0)
                lines.Add(line.ToString());
            line.Clear();
        }
    }

    private static string Reason(RejectionKind kind) => kind switch
    {
        RejectionKind.NoCertificate => "no certificate",
        RejectionKind.Expired => "the certificate has expired",
        RejectionKind.NotYetValid => "the certificate is not valid yet",
        RejectionKind.WrongUse => "the certificate is not for encryption",
        RejectionKind.WrongAddress => "the certificate is for other addresses",
        RejectionKind.TooWeak => "the key is too weak",
        RejectionKind.LookupFailed => "the certificate cannot be looked up now",
        _ => "the certificate cannot be used",
    };
}
