using System.Buffers;
namespace Milter.Integration;

/// <summary>The high-level side: decides as the message's field <c>X-Trial</c> asks.</summary>
internal sealed class WholeMessage : IMilterFilter
{
    public ValueTask<bool> WantsAsync(MilterMessage message, CancellationToken cancellationToken) =>
        ValueTask.FromResult(Wish(message) is not "unwanted");

    public async ValueTask<MilterDecision> FilterAsync(MilterMessage message, CancellationToken cancellationToken)
    {
        switch (Wish(message))
        {
            case "change":
                return Changed(message);
            case "reorder":
                return MilterDecision.Replace([.. message.Headers.Reverse()]);
            case "headers":
                return MilterDecision.Replace([.. Trial.Lines(message.Body.ToArray()).Select(Trial.ParseHeader)]);
            case "empty":
                return MilterDecision.Replace(message.Headers, default(System.Buffers.ReadOnlySequence<byte>));
            case "quarantine":
                return MilterDecision.Unchanged with { QuarantineReason = "a person shall look at it" };
            case "slow":
                // Longer than the time-out for a reply that the MTAs of the test have: they live on the progress.
                await Task.Delay(TimeSpan.FromSeconds(3), cancellationToken);
                return MilterDecision.Replace([.. message.Headers, new("X-Slow", " yes")]);
            case "pause":
                await Task.Delay(TimeSpan.FromMilliseconds(50), cancellationToken);
                return MilterDecision.Unchanged;
            case var other:
                throw new InvalidOperationException($"There is no trial '{other}'.");
        }
    }

    // Every modification there is but the quarantine: the message has to arrive.
    private static MilterDecision Changed(MilterMessage message)
    {
        var headers = new List<MilterHeader> { new("X-Top", " first of all") };
        foreach (var header in message.Headers)
        {
            if (header.Is("X-Gone"))
                continue;
            headers.Add(header.Is("Subject") ? header with { Value = " changed,\n\tand folded"u8.ToArray() } : header);
            if (header.Is("X-Many"))
                headers.Add(new MilterHeader("X-Many", " one more"));
        }
        headers.Add(new MilterHeader("X-Last", "without a space"));
        return MilterDecision.Replace(headers, new(Trial.NewBody)) with
        {
            Sender = new EnvelopeAddress("changed@example.org"),
            DeletedRecipients = [message.Recipients[0]],
            AddedRecipients =
            [
                Trial.Neighbour(message.Recipients[0], "added"),
                Trial.Neighbour(message.Recipients[0], "added-with-dsn", "NOTIFY=NEVER"),
            ],
        };
    }

    private static string? Wish(MilterMessage message) => message.Headers
        .Where(header => header.Is(Trial.Field))
        .Select(header => System.Text.Encoding.ASCII.GetString(header.Value.Span).Trim())
        .FirstOrDefault();
}
