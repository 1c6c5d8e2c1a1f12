using System.Buffers;
using FsCheck;
using FsCheck.Fluent;
using Milter.Testing;
using Milter.Tests.Support;

namespace Milter.Tests;

/// <summary>A peer that speaks nonsense loses its own connection, and nothing else.</summary>
public class BadPeerTests
{
    public static TheoryData<string, byte[], string> Nonsense => new()
    {
        { "a huge length", [0xff, 0xff, 0xff, 0xff, (byte)'C'], "4294967295 bytes" },
        { "a length over the limit", [0, 0x20, 0, 1, (byte)'C'], "2097153 bytes" },
        { "a zero length", [0, 0, 0, 0], "length zero" },
        { "garbage", "GET / HTTP/1.1\r\n\r\n"u8.ToArray(), "bytes, more than the limit" },
        { "an unknown command", [0, 0, 0, 1, (byte)'Z'], "unknown command, byte 0x5a" },
        { "a missing NUL", [0, 0, 0, 3, (byte)'H', (byte)'a', (byte)'b'], "without its NUL" },
        { "a client without its family", [0, 0, 0, 3, (byte)'C', (byte)'a', 0], "shorter than its command needs" },
        { "a sender that is missing", [0, 0, 0, 1, (byte)'M'], "MAIL of nothing" },
        { "a client of a family that is none", [0, 0, 0, 12, (byte)'C', (byte)'a', 0, (byte)'5', 0, 25, .. "a.b.c\0"u8], "address family, byte 0x35" },
        { "a client of an IPv4 address that is none", [0, 0, 0, 12, (byte)'C', (byte)'a', 0, (byte)'4', 0, 25, .. "a.b.c\0"u8], "an address that is none of IPv4" },
        { "a client of another family than it says", [0, 0, 0, 10, (byte)'C', (byte)'a', 0, (byte)'4', 0, 25, .. "::1\0"u8], "an address that is none of IPv4" },
        { "macros for nothing", [0, 0, 0, 1, (byte)'D'], "MACRO of nothing" },
    };

    [Theory]
    [MemberData(nameof(Nonsense))]
    public async Task Nonsense_ends_that_connection_with_a_reason_and_no_other(string what, byte[] bytes, string reason)
    {
        await using var server = new TestServer(_ => MilterDecision.Unchanged);
        await using var good = await server.MtaAsync();
        await using var bad = await server.ClientAsync();

        await bad.SendRawAsync(bytes, TestServer.Cancel);

        await Assert.ThrowsAsync<EndOfStreamException>(() => bad.ReceiveAsync(TestServer.Cancel));
        Assert.True(
            server.Log.Lines.Any(
                line =>
                    line.Contains(reason, StringComparison.Ordinal)), $"{what}: {string.Join('\n', server.Log.Lines)}");
        Assert.Equal(MtaVerdict.Accepted, (await good.SendAsync(new MtaMessage(), TestServer.Cancel)).Verdict);
    }

    [Theory]
    [InlineData(65_536, MilterSteps.None, MilterCommand.Body)]
    [InlineData(65_536, MilterSteps.None, MilterCommand.EndOfMessage)]
    [InlineData(262_144, MilterSteps.MaxData256K, MilterCommand.Body)]
    [InlineData(0, MilterSteps.None, MilterCommand.Body)]
    public async Task A_body_chunk_longer_than_agreed_or_empty_ends_the_connection(int size, MilterSteps steps, MilterCommand command)
    {
        await using var server = new TestServer(new TestHandler());
        await using var client = await server.ClientAsync(MtaDouble.FullOffer with { Steps = steps });
        await DialogueTests.RunToAsync(client, "eoh");

        await client.Send(command, new byte[size]);

        await Assert.ThrowsAsync<EndOfStreamException>(() => client.ReceiveAsync(TestServer.Cancel));
        Assert.Contains(
            server.Log.Lines,
            line => line.Contains(size == 0 ? "BODY of nothing" : $"a body chunk of {size} bytes", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_header_field_without_a_name_ends_the_connection()
    {
        await using var server = new TestServer(new TestHandler());
        await using var client = await server.ClientAsync();
        await DialogueTests.RunToAsync(client, "rcpt");

        await client.Send(MilterCommand.Header, MilterClient.Strings("", "value"));

        await Assert.ThrowsAsync<EndOfStreamException>(() => client.ReceiveAsync(TestServer.Cancel));
    }

    [Fact]
    public async Task A_command_before_the_negotiation_ends_the_connection()
    {
        await using var server = new TestServer(new TestHandler());
        await using var client = server.Silent();

        await client.Send(MilterCommand.Helo, MilterClient.Strings("x"));

        await Assert.ThrowsAsync<EndOfStreamException>(() => client.ReceiveAsync(TestServer.Cancel));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(3)]
    [InlineData(30)]
    public async Task A_peer_that_goes_away_in_the_middle_is_forgotten(int bytes)
    {
        byte[] message = [0, 0, 0, 13, (byte)'O', 0, 0, 0, 6, 0, 0, 1, 0xff, 0, 0x1f, 0xff, 0xff, 0, 0, 0, 5, (byte)'M', (byte)'<', (byte)'a', (byte)'>', 0, 0, 0, 1, 0, (byte)'R'];
        await using var server = new TestServer(_ => MilterDecision.Unchanged);
        var client = server.Silent();
        await client.SendRawAsync(message.AsMemory(0, bytes), TestServer.Cancel);

        await client.DisposeAsync();

        // Stopping waits for every session: it returns at once when there is none.
        await server.Server.StopAsync(TestServer.Cancel).WaitAsync(TimeSpan.FromSeconds(5), TestServer.Cancel);
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

        await Assert.ThrowsAsync<EndOfStreamException>(() => client.ReceiveAsync(TestServer.Cancel));
        Assert.Contains(
            server.Log.Lines, line => line.Contains("more than the limit of 16384", StringComparison.Ordinal));
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
            await Assert.ThrowsAsync<EndOfStreamException>(async () =>
            {
                while (true)
                    await client.ReceiveAsync(TestServer.Cancel);
            });

            Assert.Equal(["connect h IPv4 192.0.2.1 25", "mail <a>", "rcpt <b>", "header A: b", "eoh", "body text", "eom", "reset"], handler.Calls);
        }
    }

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
