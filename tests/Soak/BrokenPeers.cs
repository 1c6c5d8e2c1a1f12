using System.Buffers.Binary;
using System.Net.Sockets;
using Milter;
using Milter.Testing;

namespace Postseal.Soak;

/// <summary>Peers that are broken, malicious or gone. Nobody but themselves may notice.</summary>
internal sealed class BrokenPeers(SoakPlan plan, Daemon daemon, Promises promises)
{
    private const int Peers = 4;
    private const int Crowd = 1000;

    private static readonly IReadOnlyList<(string Kind, Func<Peer, Task> Behave)> Kinds =
    [
        ("garbage", GarbageAsync), ("half frames", HalfFrameAsync), ("huge lengths", HugeLengthAsync),
        ("empty frames", EmptyFrameAsync), ("out of order", OutOfOrderAsync), ("unknown commands", UnknownCommandAsync),
        ("gone in the body", GoneInBodyAsync), ("gone before the answer", GoneBeforeAnswerAsync),
        ("slow readers", SlowReaderAsync), ("silent", SilentAsync), ("mute", MuteAsync), ("a thousand at once", CrowdAsync),
    ];

    public Tally Done { get; } = new();

    public Task RunAsync(CancellationToken over) =>
        Task.WhenAll(Enumerable.Range(1, Peers).Select(number => Task.Run(() => RunAsync(number, over), CancellationToken.None)));

    private async Task RunAsync(int number, CancellationToken over)
    {
        var random = plan.Random($"broken peer {number}");
        // Each kind comes in each round, in another order: a short run has them all too.
        var round = new Queue<(string Kind, Func<Peer, Task> Behave)>();
        while (await random.PauseAsync(TimeSpan.FromMilliseconds(300), over))
        {
            if (round.Count == 0)
                round = new(Kinds.OrderBy(_ => random.Next()).ToArray());
            var (kind, behave) = round.Dequeue();
            var endpoint = daemon.Endpoints[random.Next(daemon.Endpoints.Count)];
            try
            {
                await behave(new Peer(endpoint, random, over));
                promises.CutOff.Keep();
                Done.Add(kind);
            }
            catch (Exception e) when (e is IOException or SocketException or TimeoutException or MilterProtocolException)
            {
                promises.CutOff.Break($"{kind} over {endpoint}: {e.Message}");
            }
        }
    }

    private static async Task GarbageAsync(Peer peer)
    {
        var noise = new byte[peer.Random.Next(1, 5000)];
        peer.Random.NextBytes(noise);
        await peer.SayAndBeCutOffAsync(noise);
    }

    private static async Task HugeLengthAsync(Peer peer)
    {
        var length = new byte[5];
        BinaryPrimitives.WriteUInt32BigEndian(length, peer.Random.Next(2) == 0 ? 0xffff_ffff : 0x1000_0000);
        await peer.SayAndBeCutOffAsync(length);
    }

    private static Task EmptyFrameAsync(Peer peer) => peer.SayAndBeCutOffAsync(new byte[4]);

    private static async Task HalfFrameAsync(Peer peer)
    {
        await using var client = await peer.NegotiateAsync();
        await client.SendRawAsync("\0\0\u0001\0M<half@"u8.ToArray(), CancellationToken.None);
    }

    /// <summary>As with libmilter such a command is ignored, and the next one has its answer.</summary>
    private static async Task OutOfOrderAsync(Peer peer)
    {
        await using var client = await peer.NegotiateAsync();
        var command = peer.Random.Next(2) == 0 ? MilterCommand.Body : MilterCommand.Recipient;
        await client.SendAsync(command, "<bob@example.net>\0"u8.ToArray());
        var answer = await client.AskAsync(MilterCommand.Mail, MilterClient.Strings("<alice@example.org>"));
        if (answer.Response != MilterResponse.Continue)
            throw new MilterProtocolException($"MAIL was answered with {answer.Response}");
    }

    private static async Task UnknownCommandAsync(Peer peer)
    {
        await using var client = await peer.NegotiateAsync();
        await client.SendAsync((MilterCommand)'?', new byte[10]);
        await client.BeCutOffAsync();
    }

    private static async Task GoneInBodyAsync(Peer peer)
    {
        await using var client = await peer.NegotiateAsync();
        await client.HandInAsync(Peer.Message(), wholeBody: false);
    }

    private static async Task GoneBeforeAnswerAsync(Peer peer)
    {
        await using var client = await peer.NegotiateAsync();
        await client.HandInAsync(Peer.Message(), wholeBody: true);
        await client.SendAsync(MilterCommand.EndOfMessage);
    }

    /// <summary>It takes its answer in small bites, but it takes it: so it is to get the whole of it.</summary>
    private static async Task SlowReaderAsync(Peer peer)
    {
        await using var client = await peer.NegotiateAsync(readsSlowly: true);
        await client.HandInAsync(Peer.Message(), wholeBody: true);
        var answer = await client.AskAsync(MilterCommand.EndOfMessage);
        while (answer.Response is MilterResponse.AddHeader or MilterResponse.InsertHeader or MilterResponse.ChangeHeader
            or MilterResponse.ReplaceBody or MilterResponse.Progress)
            answer = await client.ReceiveAsync();
        if (answer.Response is not (MilterResponse.Accept or MilterResponse.Continue))
            throw new MilterProtocolException($"a slow reader was answered with {answer.Response}");
    }

    private static async Task SilentAsync(Peer peer)
    {
        await using var client = await peer.NegotiateAsync();
        await peer.WaitAsync(TimeSpan.FromSeconds(5));
    }

    private static async Task MuteAsync(Peer peer)
    {
        using var socket = await Wire.ConnectAsync(peer.Endpoint);
        await peer.WaitAsync(TimeSpan.FromSeconds(5));
    }

    private static async Task CrowdAsync(Peer peer)
    {
        for (var i = 0; i < Crowd; i++)
            (await Wire.ConnectAsync(peer.Endpoint)).Dispose();
    }
}
