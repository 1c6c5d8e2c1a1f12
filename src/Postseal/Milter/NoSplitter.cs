using Milter;
using Postseal.Policy;

namespace Postseal.Program.Milter;

/// <summary>Has the MTA keep what would have to be split.</summary>
internal sealed class NoSplitter : IMessageSplitter
{
    private static readonly MilterDecision CannotSplit = MilterDecision.Reply(
        451, "4.3.5", "This mail has to go to each recipient by itself, and this server is not set up for that; ask your postmaster");

    /// <inheritdoc/>
    public ValueTask<MilterDecision> SplitAsync(
        MilterMessage message, Envelope envelope, Outcome.PerRecipient split, CancellationToken cancellationToken) =>
        ValueTask.FromResult(CannotSplit);
}
