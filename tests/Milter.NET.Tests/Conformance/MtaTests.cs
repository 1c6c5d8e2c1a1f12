using Milter.Testing;
using Milter.Tests.Support;

namespace Milter.Tests.Conformance;

/// <summary>What the tests of both MTAs do: send a message through a double, with a handler that watches or
/// changes.</summary>
public abstract class MtaTests(MtaKind kind)
{
    private protected static readonly MtaMessage Message = new()
    {
        QueueId = "Q1",
        Headers = [new("Received", " one"), new("X-A", " 1"), new("X-A", " 2"), new("X-A", " 3"), new("X-B", " 4")],
        Body = "text\r\n"u8.ToArray(),
    };

    /// <summary>The fields of the message after the changes, the values without their spaces.</summary>
    private protected async Task<string[]> ChangedAsync(Action<MilterChanges> change)
    {
        await using var server = new TestServer(new TestHandler { AtEnd = change });
        await using var mta = await server.MtaAsync(kind);
        var result = await mta.SendAsync(Message, TestServer.Cancel);
        Assert.Equal(MtaVerdict.Accepted, result.Verdict);
        return [.. result.Headers.Select(header => header.ToString().Replace(": ", ":", StringComparison.Ordinal))];
    }

    /// <summary>Returns the calls of the handler for these messages, and whether there is a queue ID each time.</summary>
    private protected async Task<List<(string Stage, bool HasQueueId)>> WatchedAsync(params MtaMessage[] messages)
    {
        var seen = new List<(string, bool)>();
        var handler = new TestHandler { OnCall = (stage, context) => seen.Add((stage, context.QueueId is not null)) };
        await using var server = new TestServer(handler);
        await using var mta = await server.MtaAsync(kind);
        foreach (var message in messages)
            await mta.SendAsync(message, TestServer.Cancel);
        return seen;
    }

    /// <summary>The sizes of the body's pieces.</summary>
    private protected async Task<List<long>> ChunksAsync(int length)
    {
        var handler = new TestHandler();
        await using var server = new TestServer(handler);
        await using var mta = await server.MtaAsync(kind);
        await mta.SendAsync(Message with { Body = new byte[length] }, TestServer.Cancel);
        return [.. handler.Calls.Where(call => call.StartsWith("body", StringComparison.Ordinal))
            .Select(call => (long)call.Length - "body ".Length)];
    }
}
