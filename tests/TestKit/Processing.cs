using Postseal.Mail;
using Postseal.Policy;

namespace Postseal.TestKit;

/// <summary>What tests ask a processor and its outcomes.</summary>
public static class Processing
{
    /// <summary>Processes a message, and holds the processor to completing at once, as it does with files and the platform's keys.</summary>
    public static Outcome Process(this IMailProcessor processor, MailMessage message, Envelope envelope) =>
        processor.ProcessAsync(message, envelope).AtOnce();

    /// <summary>Returns the result of what has to complete at once, as all work with files does.</summary>
    public static T AtOnce<T>(this ValueTask<T> work) =>
        work.IsCompleted ? work.GetAwaiter().GetResult() : throw new InvalidOperationException("It waits.");

    /// <summary>Who signed, and with what.</summary>
    public static Fact.Signed Signature(this Outcome.Replaced replaced) => replaced.Facts.OfType<Fact.Signed>().Single();
}
