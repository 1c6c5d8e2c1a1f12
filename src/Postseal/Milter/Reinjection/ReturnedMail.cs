using System.Globalization;
using System.Text;
using MimeKit;
using Postseal.Mail;

namespace Postseal.Program.Milter.Reinjection;

/// <summary>Tells the sender that one recipient did not get a message that others got (RFC 3464). It has the header of the message
/// alone: what could not be encrypted does not travel in clear to say so.</summary>
internal static class ReturnedMail
{
    /// <summary>Composes it.</summary>
    /// <param name="host">The name of this host.</param>
    /// <param name="sender">The envelope sender of the message.</param>
    /// <param name="recipient">Who did not get it.</param>
    /// <param name="reply">Why not.</param>
    /// <param name="returned">The message.</param>
    /// <param name="envelopeId">What the client called the transaction (ENVID); <see langword="null"/>: nothing.</param>
    /// <param name="now">When.</param>
    public static MailMessage Compose(
        string host, string sender, string recipient, SmtpReply reply, MailMessage returned, string? envelopeId, DateTimeOffset now)
    {
        var report = new MessageDeliveryStatus();
        report.StatusGroups.Add(Group(("Reporting-MTA", $"dns; {host}"), ("Original-Envelope-Id", envelopeId), ("Arrival-Date", Date(now))));
        report.StatusGroups.Add(Group(
            ("Final-Recipient", $"rfc822; {recipient}"), ("Action", "failed"), ("Status", reply.EnhancedStatusCode),
            ("Diagnostic-Code", $"smtp; {reply.Code} {reply.EnhancedStatusCode} {reply.Text.Replace('\n', ' ')}")));
        using var message = new MimeMessage
        {
            Subject = "Undelivered Mail Returned to Sender",
            Date = now,
            MessageId = MimeKit.Utils.MimeUtils.GenerateMessageId(host),
            Body = new MultipartReport("delivery-status")
            {
                new TextPart("plain")
                {
                    Text = $"This mail did not reach\r\n\r\n    {recipient}\r\n\r\n{reply.Text.ReplaceLineEndings("\r\n")}\r\n\r\n"
                        + "The other recipients are not concerned.\r\n",
                },
                report,
                new TextPart("rfc822-headers") { Text = HeaderOf(returned) },
            },
        };
        message.From.Add(new MailboxAddress("Mail Delivery System", $"MAILER-DAEMON@{host}"));
        message.To.Add(new MailboxAddress("", sender));
        message.Headers.Add("Auto-Submitted", "auto-replied"); // RFC 3834
        using var bytes = new MemoryStream();
        message.WriteTo(FormatOptions.Default, bytes);
        return MailMessage.Parse(bytes.ToArray());
    }

    private static string Date(DateTimeOffset time) => time.ToString("ddd, dd MMM yyyy HH:mm:ss +0000", CultureInfo.InvariantCulture);

    private static HeaderList Group(params IEnumerable<(string Name, string? Value)> fields)
    {
        var group = new HeaderList();
        foreach (var (name, value) in fields)
        {
            if (value is not null)
                group.Add(name, value);
        }

        return group;
    }

    private static string HeaderOf(MailMessage message)
    {
        using var bytes = new MemoryStream();
        new MailMessage(message.Headers, default).WriteTo(bytes);
        return Encoding.UTF8.GetString(bytes.ToArray());
    }
}
