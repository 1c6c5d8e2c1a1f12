using System.Net.Sockets;
using Milter;
using Milter.Testing;

namespace Postseal.Soak;

/// <summary>What a broken peer does its harm with.</summary>
internal sealed record Peer(MilterEndpoint Endpoint, Random Random, CancellationToken Over)
{
    private const int MessageSize = 1024 * 1024;

    /// <summary>A message of a megabyte that would be signed, so that there is an answer to be gone before.</summary>
    public static MtaMessage Message() => new()
    {
        Sender = Senders.Residents[0].Address,
        Headers = [new("From", $" {Senders.Residents[0].Address}"), new("Subject", " from a broken peer")],
        Body = Text.EightBit(MessageSize, "broken"),
    };

    /// <summary>Says this and no more, and waits for the connection to be closed.</summary>
    public async Task SayAndBeCutOffAsync(ReadOnlyMemory<byte> bytes)
    {
        var socket = await Wire.ConnectAsync(Endpoint);
        await using var client = new MilterClient(new NetworkStream(socket, ownsSocket: true));
        try
        {
            await client.SendRawAsync(bytes);
            socket.Shutdown(SocketShutdown.Send);
        }
        catch (Exception e) when (e is IOException or SocketException)
        {
            // Closed before we had said it all: that is what is wanted.
            return;
        }

        await client.BeCutOffAsync();
    }

    /// <summary>Connects and negotiates properly, without any step left out or unanswered.</summary>
    public async Task<MilterClient> NegotiateAsync(bool readsSlowly = false)
    {
        var socket = await Wire.ConnectAsync(Endpoint);
        // What is gone is gone at once, without a goodbye.
        socket.LingerState = new LingerOption(enable: true, seconds: 0);
        var client = new MilterClient(readsSlowly ? new SlowStream(socket) : new NetworkStream(socket, ownsSocket: true));
        await client.NegotiateAsync(MtaDouble.FullOffer with { Steps = MilterSteps.None });
        return client;
    }

    public Task WaitAsync(TimeSpan atMost) => Random.PauseAsync(atMost, Over);
}

/// <summary>A stream whose reader takes a few kilobytes at a time.</summary>
internal sealed class SlowStream(Socket socket) : NetworkStream(socket, ownsSocket: true)
{
    private const int Bite = 4 * 1024;
    private static readonly TimeSpan Rest = TimeSpan.FromMilliseconds(2);

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        await Task.Delay(Rest, cancellationToken);
        return await base.ReadAsync(buffer[..Math.Min(buffer.Length, Bite)], cancellationToken);
    }
}
