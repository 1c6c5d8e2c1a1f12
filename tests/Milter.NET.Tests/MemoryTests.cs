using System.IO.Pipelines;
using Milter.Testing;
using Milter.Tests.Support;

namespace Milter.Tests;

/// <summary>What a connection may hold, and all together, and that no mail is lost for it.</summary>
[Collection(nameof(MeasuresMemory))]
public class MemoryTests
{
    private const int MiB = 1 << 20;

    private static readonly MtaMessage Small = new() { Body = new byte[20_000] };
    private static readonly MtaMessage Large = new() { Body = new byte[900_000] };

    /// <summary>An MTA that waits for a reply to everything, so that what it has sent has been taken.</summary>
    private static readonly MilterNegotiation Answered = MtaDouble.FullOffer with { Steps = MilterSteps.None };

    [Theory]
    [InlineData(15_000, 0, 0)]
    [InlineData(100, 0, 0)]
    [InlineData(100, 3_000, 0)]
    [InlineData(1, 0, 8_000)]
    public async Task Recipients_hold_no_more_than_a_connection_may_and_the_message_fails_temporarily(
        int letters, int parameters, int mailer)
    {
        await using var server = new TestServer(
            _ => MilterDecision.Unchanged,
            options => (options.MaxMessageSize, options.MaxConnectionMemory, options.MaxRecipients) = (MiB, 8 * MiB, int.MaxValue));
        await using var client = await server.ClientAsync(Answered);
        byte[] recipient = MilterClient.Strings([new string('a', letters), .. Enumerable.Repeat("P", parameters)]);
        var before = GC.GetTotalMemory(forceFullCollection: true);

        await client.Ask(MilterCommand.Mail, MilterClient.Strings("<a>"));
        var most = 0L;
        for (var sent = 0; sent < 16 * MiB; sent += recipient.Length + mailer + 32)
        {
            if (mailer > 0)
                await client.SendMacrosAsync(MilterCommand.Recipient, new Dictionary<string, string> { ["rcpt_mailer"] = new('m', mailer) }, TestServer.Cancel);
            await client.Ask(MilterCommand.Recipient, recipient);
            if (sent / MiB != (sent + recipient.Length + mailer + 32) / MiB)
                most = Math.Max(most, GC.GetTotalMemory(forceFullCollection: true) - before);
        }
        var refused = await client.Ask(MilterCommand.EndOfHeaders);
        await client.Ask(MilterCommand.Mail, MilterClient.Strings("<a>"));
        await client.Ask(MilterCommand.Recipient, MilterClient.Strings("<b>"));
        var next = await client.Ask(MilterCommand.EndOfMessage);

        Assert.InRange(most, long.MinValue, 10 * MiB);
        Assert.StartsWith("452 4.3.1 No memory for this message, try again later: a connection may hold 8388608 bytes", refused.Text, StringComparison.Ordinal);
        Assert.Equal(MilterResponse.Accept, next.Response);
    }

    [Fact]
    public async Task A_length_that_is_only_claimed_takes_no_memory()
    {
        var input = new Pipe();
        var reader = new FrameReader(input.Reader, new MilterServerOptions().MaxFrameSize);
        await input.Writer.WriteAsync(new byte[] { 0, 0x1f, 0xff, 0xff, (byte)'B' }, TestServer.Cancel);
        var before = GC.GetAllocatedBytesForCurrentThread();

        var reading = reader.ReadAsync(TestServer.Cancel);

        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 10_000);
        Assert.False(reading.IsCompleted);
        await input.Writer.CompleteAsync();
        await Assert.ThrowsAsync<MilterProtocolException>(() => reading.AsTask());
    }

    [Fact]
    public async Task Halves_of_frames_hold_no_more_than_all_may_together_and_usual_mail_passes_beside_them()
    {
        await using var server = new TestServer(_ => MilterDecision.Unchanged, options => AllTogether(options, 4 * MiB));
        var clients = new List<MilterClient>();
        byte[] half = [0, 0x10, 0, 0, (byte)'L', .. new byte[900_000]];
        for (var i = 0; i < 10; i++)
            clients.Add(await server.ClientAsync());

        foreach (var client in clients)
            await client.SendRawAsync(half, TestServer.Cancel);
        await server.Log.WaitForAsync("no memory: what all connections may hold together is used up; the connection is closed");

        await using var mta = await server.MtaAsync();
        Assert.Equal(MtaVerdict.Accepted, (await mta.SendAsync(Small, TestServer.Cancel)).Verdict);
        foreach (var client in clients)
            await client.DisposeAsync();
    }

    [Fact]
    public async Task A_message_for_which_there_is_no_memory_left_fails_temporarily_and_passes_when_there_is_again()
    {
        await using var server = new TestServer(_ => MilterDecision.Unchanged, options => AllTogether(options, 3 * MiB));
        var holding = new List<MilterClient>();
        for (var i = 0; i < 2; i++)
        {
            holding.Add(await server.ClientAsync(Answered));
            await DialogueTests.RunToAsync(holding[i], "eoh");
            for (var chunk = 0; chunk < 15; chunk++)
                await holding[i].Ask(MilterCommand.Body, new byte[65_535]);
        }
        await using var mta = await server.MtaAsync();

        var large = await mta.SendAsync(Large, TestServer.Cancel);
        var small = await mta.SendAsync(Small, TestServer.Cancel);
        await holding[0].Send(MilterCommand.Abort);
        await holding[0].Ask(MilterCommand.Helo, MilterClient.Strings("x"));
        await holding[1].DisposeAsync();

        Assert.StartsWith("452 4.3.1 No memory for this message, try again later: what all", large.Reply, StringComparison.Ordinal);
        Assert.Equal(MtaVerdict.Accepted, small.Verdict);
        Assert.Equal(MtaVerdict.Accepted, (await mta.SendAsync(Large, TestServer.Cancel)).Verdict);
        await holding[0].DisposeAsync();
    }

    [Fact]
    public async Task What_was_held_is_given_back_however_a_message_or_a_connection_ends()
    {
        await using var server = new TestServer(
            message => message.Sender.Address == "fail" ? throw new InvalidOperationException() : MilterDecision.Unchanged,
            options => AllTogether(options, 2 * MiB));

        for (var i = 0; i < 20; i++)
        {
            await using (var mta = await server.MtaAsync())
            {
                await mta.SendAsync(Large with { Sender = "fail" }, TestServer.Cancel);
                await mta.AbandonAsync(Large, TestServer.Cancel);
                await mta.SendAsync(Large with { Body = new byte[2 * MiB] }, TestServer.Cancel);
            }
            await using var next = await server.MtaAsync();
            Assert.Equal(MtaVerdict.Accepted, (await next.SendAsync(Large, TestServer.Cancel)).Verdict);
        }
    }

    [Fact]
    public async Task Macros_count_too()
    {
        await using var server = new TestServer(
            _ => MilterDecision.Unchanged,
            options => (options.MaxMessageSize, options.MaxConnectionMemory) = (40_000, 40_000));
        await using var client = await server.ClientAsync();

        foreach (var command in "CHM")
            await client.Send(MilterCommand.Macro, [(byte)command, .. MilterClient.Strings("x", new string('a', 15_000))]);

        await Assert.ThrowsAsync<EndOfStreamException>(() => client.ReceiveAsync(TestServer.Cancel));
        Assert.Contains(server.Log.Lines, line => line.Contains("no memory: a connection may hold 40000 bytes", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData(MiB, MiB - 1, 4 * MiB)]
    [InlineData(MiB, 2 * MiB, MiB)]
    public void Limits_that_contradict_each_other_are_an_error_at_once(long message, long connection, long total) =>
        Assert.Throws<ArgumentOutOfRangeException>(() => new TestServer(
            _ => MilterDecision.Unchanged,
            options => (options.MaxMessageSize, options.MaxConnectionMemory, options.MaxTotalMemory) = (message, connection, total)));

    private static void AllTogether(MilterServerOptions options, long most) =>
        (options.MaxMessageSize, options.MaxConnectionMemory, options.MaxTotalMemory) = (MiB, 2 * MiB, most);
}

/// <summary>For tests that look at the memory of the process: nothing else runs meanwhile.</summary>
[CollectionDefinition(nameof(MeasuresMemory), DisableParallelization = true)]
public class MeasuresMemory;
