using Postseal.Mail;
using Postseal.Policy;

namespace Postseal.TestKit;

/// <summary>What tests ask a processor and its outcomes.</summary>
public static class Processing
{
    /// <summary>Processes a message, and holds the processor to completing at once, as it does with files and the platform's keys.</summary>
    public static Outcome Process(this IMailProcessor processor, MailMessage message, Envelope envelope)
    {
        var outcome = processor.ProcessAsync(message, envelope);
        return outcome.IsCompleted ? outcome.GetAwaiter().GetResult() : throw new InvalidOperationException("The processor waits.");
    }

    /// <summary>Who signed, and with what.</summary>
    public static Fact.Signed Signature(this Outcome.Replaced replaced) => replaced.Facts.OfType<Fact.Signed>().Single();
}
