using Microsoft.Extensions.Logging;
using Milter;
using Postseal.Mail;
using Postseal.Policy;
using Postseal.Program.Milter.Splitting;

namespace Postseal.Program.Milter;

/// <summary>Receives what a <see cref="PostfixSplitter"/> marked and Postfix hands to its second smtpd. Nothing else is taken there: it
/// would leave in clear, or signed for a client that nobody looked at.</summary>
internal sealed partial class SecondPass(SplitMethod method, SplitField field, ILogger logger)
{
    /// <summary>What the second smtpd is called in master.cf (milter_macro_daemon_name).</summary>
    private const string Daemon = "POSTSEAL-SPLIT";

    /// <summary>Determines whether a message comes by the second smtpd.</summary>
    public static bool Is(MilterMessage message) => message.Macro("daemon_name") == Daemon;

    /// <summary>Decides whether a message is taken there.</summary>
    /// <param name="message">The message.</param>
    /// <param name="mail">The same for the core.</param>
    public Admission Admit(MilterMessage message, MailMessage mail)
    {
        if (method == SplitMethod.Reinject)
            return Refuse(message, "4.7.0", "it is no copy that was made here; nothing else is taken there", "This is no copy that Postseal has made");
        if (method != SplitMethod.Postfix)
        {
            return Refuse(
                message, "4.3.5", $"the settings have [Splitting] Method = {method}, and main.cf and master.cf have the lines for Method = Postfix",
                "The settings of Postseal lack [Splitting] Method = Postfix");
        }

        SplitField.Reading reading;
        try
        {
            reading = field.Read(mail);
        }
        catch (IOException e)
        {
            return Refuse(message, "4.3.0", e.Message, "Postseal cannot read its key of split mail");
        }

        if (reading.Ticket is null)
            return Refuse(message, "4.7.0", $"{reading.Why}; only what was split is taken there", "This is no mail that Postseal has split");
        // Postfix would send the same body to all of them.
        return message.Recipients is [_]
            ? new(reading.Ticket, null)
            : Refuse(
                message, "4.3.5", $"it has {message.Recipients.Count} recipients: main.cf needs postseal-split_destination_recipient_limit = 1",
                "Here a mail may have one recipient only");
    }

    private Admission Refuse(MilterMessage message, string status, string why, string reply)
    {
        LogRefused(message.QueueId ?? "NOQUEUE", message.ClientAddress?.ToString() ?? "unknown", why);
        return new(null, MilterDecision.Reply(451, status, reply));
    }

    [LoggerMessage(311, LogLevel.Warning, "{Id}: refused at the second smtpd, from {Client}, with 451: {Reason}")]
    private partial void LogRefused(string id, string client, string reason);

    /// <summary>Whether a message is taken: one of the two is there.</summary>
    /// <param name="Ticket">What was decided in the first pass.</param>
    /// <param name="Refusal">The reply to a message that is not taken.</param>
    internal sealed record Admission(SplitTicket? Ticket, MilterDecision? Refusal);
}
