using System.Buffers;
using FsCheck;
using FsCheck.Fluent;
using Milter.Testing;
using Milter.Tests.Support;

namespace Milter.Tests;

/// <summary>A peer that speaks nonsense loses its own connection, and nothing else.</summary>
public class BadPeerTests
{
    public static TheoryData<string> Closed => Names(peer => peer.Reason is not null);

    public static TheoryData<string> Open => Names(peer => peer.Reason is null);

    [Theory]
    [MemberData(nameof(Closed))]
    public async Task Nonsense_ends_that_connection_with_a_reason_and_no_other(string peer)
    {
        await using var server = new TestServer(_ => MilterDecision.Unchanged);
        await using var good = await server.MtaAsync();
        await using var bad = server.Silent();

        await bad.SendRawAsync(HostileFrames.All[peer].Bytes, TestServer.Cancel);

        await EndsAsync(bad);
        Assert.Contains(HostileFrames.All[peer].Reason!, Assert.Single(server.Log.Lines), StringComparison.Ordinal);
        Assert.Equal(MtaVerdict.Accepted, (await good.SendAsync(new MtaMessage(), TestServer.Cancel)).Verdict);
    }

    [Theory]
    [MemberData(nameof(Open))]
    public async Task A_peer_that_goes_away_in_the_middle_is_forgotten(string peer)
    {
        await using var server = new TestServer(_ => MilterDecision.Unchanged);
        await using (var client = server.Silent())
            await client.SendRawAsync(HostileFrames.All[peer].Bytes, TestServer.Cancel);

        // Stopping waits for every session: it returns at once when there is none.
        await server.Server.StopAsync(TestServer.Cancel).WaitAsync(TimeSpan.FromSeconds(5), TestServer.Cancel);
        Assert.DoesNotContain(server.Log.Lines, line => line.StartsWith("Error", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData(65_536, MilterSteps.None, MilterCommand.EndOfMessage)]
    [InlineData(262_144, MilterSteps.MaxData256K, MilterCommand.Body)]
    public async Task A_body_chunk_longer_than_agreed_ends_the_connection(
        int size, MilterSteps steps, MilterCommand command)
    {
        await using var server = new TestServer(new TestHandler());
        await using var client = await server.ClientAsync(MtaDouble.FullOffer with { Steps = steps });
        await DialogueTests.RunToAsync(client, "eoh");

        await client.Send(command, new byte[size]);

        await EndsAsync(client);
        Assert.Equal(1, server.Log.Count($"a body chunk of {size} bytes"));
    }

    [Theory]
    [InlineData(MilterCommand.Macro)]
    [InlineData(MilterCommand.Connect)]
    [InlineData(MilterCommand.Helo)]
    [InlineData(MilterCommand.Mail)]
    [InlineData(MilterCommand.Unknown)]
    public async Task A_command_longer_than_any_has_reason_to_be_ends_the_connection(MilterCommand command)
    {
        await using var server = new TestServer(new TestHandler());
        await using var client = await server.ClientAsync();

        await client.Send(command, MilterClient.Strings(new string('a', 20_000)));

        await EndsAsync(client);
        Assert.Equal(1, server.Log.Count("more than the limit of 16384"));
    }

    [Fact]
    public async Task A_line_break_in_a_queue_id_makes_no_line_of_the_log()
    {
        await using var server = new TestServer(_ => throw new InvalidOperationException("broken"));
        await using var mta = await server.MtaAsync();

        await mta.SendAsync(new MtaMessage { QueueId = "Q1\nError: forged" }, TestServer.Cancel);

        Assert.DoesNotContain(server.Log.Lines, line => line.Contains('\n', StringComparison.Ordinal));
    }

    [Fact]
    public void Random_frames_are_parsed_or_refused_and_never_crash() =>
        Prop.ForAll(
            Gen.ArrayOf(
                Gen.Zip(
                    Gen.Elements("ABCDEHKLMNRTUZ".ToCharArray()), Gen.ArrayOf(
                        Gen.Choose(0, 255).Select(b => (byte)b)))).ToArbitrary(),
            frames => SurvivesAsync(frames).GetAwaiter().GetResult()).QuickCheckThrowOnFailure();

    [Fact]
    public async Task Frame_split_at_every_byte_parses_once()
    {
        var sent = new ArrayBufferWriter<byte>();
        MtaDouble.FullOffer.Write(sent);
        foreach (var (command, payload) in Message())
            FrameWriter.Write(sent, (byte)command, payload);
        for (var split = 0; split <= sent.WrittenCount; split++)
        {
            var handler = new TestHandler { Choose = offer => offer with { Steps = offer.Steps & ~MilterSteps.Skip } };
            await using var server = new TestServer(handler);
            await using var client = server.Silent();

            await client.SendRawAsync(sent.WrittenMemory[..split], TestServer.Cancel);
            await client.SendRawAsync(sent.WrittenMemory[split..], TestServer.Cancel);
            await EndsAsync(client);

            Assert.Equal(["connect h IPv4 192.0.2.1 25", "mail <a>", "rcpt <b>", "header A: b", "eoh", "body text", "eom", "reset"], handler.Calls);
        }
    }

    private static TheoryData<string> Names(Func<HostileFrames, bool> isMeant) =>
        [.. HostileFrames.All.Values.Where(isMeant).Select(peer => peer.Name)];

    /// <summary>Receives the replies until the server closes the connection.</summary>
    private static async Task EndsAsync(MilterClient client) =>
        await Assert.ThrowsAsync<EndOfStreamException>(async () =>
        {
            while (true)
                await client.ReceiveAsync(TestServer.Cancel);
        });

    private static IEnumerable<(MilterCommand Command, byte[] Payload)> Message() =>
    [
        (MilterCommand.Connect, [(byte)'h', 0, (byte)'4', 0, 25, .. MilterClient.Strings("192.0.2.1")]),
        (MilterCommand.Macro, [(byte)'M', .. MilterClient.Strings("i", "Q1")]),
        (MilterCommand.Mail, MilterClient.Strings("<a>")),
        (MilterCommand.Recipient, MilterClient.Strings("<b>")),
        (MilterCommand.Header, MilterClient.Strings("A", " b")),
        (MilterCommand.EndOfHeaders, []),
        (MilterCommand.Body, "text"u8.ToArray()),
        (MilterCommand.EndOfMessage, []),
        (MilterCommand.Quit, []),
    ];

    private static async Task<bool> SurvivesAsync((char Command, byte[] Payload)[] frames)
    {
        await using var server = new TestServer(_ => MilterDecision.Unchanged);
        await using (var client = await server.ClientAsync())
        {
            var bytes = new ArrayBufferWriter<byte>();
            foreach (var (command, payload) in frames)
                FrameWriter.Write(bytes, (byte)command, payload);
            await client.SendRawAsync(bytes.WrittenMemory, TestServer.Cancel);
        }
        await server.Server.StopAsync(TestServer.Cancel);
        return !server.Log.Lines.Any(line => line.StartsWith("Error", StringComparison.Ordinal));
    }
}
