using Postseal.Certificates;
using Postseal.Mail;

namespace Postseal;

/// <summary>What one stage of processing did with a message.</summary>
internal abstract record StageResult
{
    private StageResult()
    {
    }

    /// <summary>The message goes on.</summary>
    /// <param name="Message">The message, changed or not.</param>
    /// <param name="Fact">What was done, or why nothing was; <see langword="null"/> where nothing was asked for.</param>
    public sealed record Passed(MailMessage Message, Fact? Fact = null) : StageResult;

    /// <summary>The message goes on, to each recipient by itself.</summary>
    /// <param name="MinKeyBits">The least key length, in bits, of all copies.</param>
    /// <param name="Why">What one body cannot do.</param>
    public sealed record Split(int MinKeyBits, string Why) : StageResult;

    /// <summary>The message goes no further.</summary>
    /// <param name="Why">What the log says.</param>
    /// <param name="Reply">The reply to the sender.</param>
    public sealed record Stopped(Rejection Why, SmtpReply Reply) : StageResult;
}
