using Milter.Testing;

namespace Milter.Tests.Support;

/// <summary>A server without a socket, and ways to talk to it.</summary>
internal sealed class TestServer : IAsyncDisposable
{
    public TestServer(
        MilterHandler handler, Action<MilterServerOptions>? configure = null, TimeProvider? time = null) =>
        Server = new MilterServer(Options(configure), () => handler, Log, time);

    public TestServer(IMilterFilter filter, Action<MilterServerOptions>? configure = null, TimeProvider? time = null) =>
        Server = new MilterServer(Options(configure), filter, Log, time);

    public TestServer(Func<MilterMessage, MilterDecision> decide, Action<MilterServerOptions>? configure = null, TimeProvider? time = null)
        : this(new TestFilter(decide), configure, time)
    {
    }

    public MilterServer Server { get; }
    public TestLog Log { get; } = new();

    public static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public Task<MtaDouble> MtaAsync(MtaKind kind = MtaKind.Postfix, MilterNegotiation? offer = null) =>
        MtaDouble.ConnectAsync(MilterConnection.InMemory(Server), kind, offer, Cancel);

    /// <summary>A client that has not negotiated yet.</summary>
    public MilterClient Silent() => new(MilterConnection.InMemory(Server));

    public async Task<MilterClient> ClientAsync(MilterNegotiation? offer = null)
    {
        var client = Silent();
        await client.NegotiateAsync(offer ?? MtaDouble.FullOffer, Cancel);
        return client;
    }

    // Without waiting for messages in flight: where the clock does not advance, that would be for ever.
    public async ValueTask DisposeAsync()
    {
        await Server.StopAsync(new CancellationToken(canceled: true));
        await Server.DisposeAsync();
    }

    private static MilterServerOptions Options(Action<MilterServerOptions>? configure)
    {
        var options = new MilterServerOptions();
        configure?.Invoke(options);
        return options;
    }
}

internal static class MilterClientExtensions
{
    public static Task<MilterResponseFrame> Ask(
        this MilterClient client, MilterCommand command, byte[]? payload = null) =>
        client.AskAsync(command, payload, TestServer.Cancel);

    public static Task Send(this MilterClient client, MilterCommand command, byte[]? payload = null) =>
        client.SendAsync(command, payload, TestServer.Cancel);
}
