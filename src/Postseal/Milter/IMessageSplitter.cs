using Milter;
using Postseal.Mail;
using Postseal.Policy;

namespace Postseal.Program.Milter;

/// <summary>Has each recipient of a message handled by himself, where one body cannot serve them all.</summary>
internal interface IMessageSplitter
{
    /// <summary>Decides what the MTA does with a message so that each of its recipients gets his own.</summary>
    /// <param name="message">The message as it came.</param>
    /// <param name="envelope">What the core was told of it.</param>
    /// <param name="split">What the core made of it.</param>
    /// <param name="cancellationToken">Gives up.</param>
    ValueTask<MilterDecision> SplitAsync(
        MilterMessage message, Envelope envelope, Outcome.PerRecipient split, CancellationToken cancellationToken);

    /// <summary>Returns a copy that it made itself, and that needs nothing more, without the field it is known by;
    /// <see langword="null"/> where a message is none.</summary>
    /// <param name="message">The message that came.</param>
    /// <param name="mail">The same for the core.</param>
    MailMessage? WithoutMark(MilterMessage message, MailMessage mail) => null;
}
