using System.Buffers;
using System.IO.Pipelines;
using FsCheck;
using FsCheck.Fluent;
using Fuzzing;
using Milter.Testing;
using Milter.Tests.Support;

namespace Milter.Tests;

/// <summary>Whatever comes in, in whatever pieces, for however long. (tests/Fuzzing does the same for longer.)</summary>
public class RobustnessTests
{
    [Fact]
    public void Whatever_a_peer_says_ends_in_no_more_than_a_protocol_error_however_it_is_cut_into_reads() =>
        Prop.ForAll(
            Gen.Zip(Gen.ArrayOf(AnyMutation), Gen.ArrayOf(AnyNumber)).ToArbitrary(),
            input => MilterFuzz.CheckAsync(input.Item1, input.Item2, watchMemory: false).GetAwaiter().GetResult()
                is not null)
        .Check(Config.QuickThrowOnFailure.WithMaxTest(1000));

    [Fact]
    public void Frames_are_the_same_however_they_are_cut_into_reads() =>
        Prop.ForAll(
            Gen.Zip(Gen.ArrayOf(Gen.Zip(AnyByte, Gen.ArrayOf(AnyByte))), Gen.ArrayOf(AnyNumber)).ToArbitrary(),
            input =>
            {
                var stream = new ArrayBufferWriter<byte>();
                foreach (var (code, payload) in input.Item1)
                    FrameWriter.Write(stream, code, payload);
                var pieces = HostileMta.Split(stream.WrittenSpan.ToArray(), input.Item2);
                return ReadAllAsync(pieces).GetAwaiter().GetResult()
                    .SequenceEqual(input.Item1.Select(frame => $"{frame.Item1} {Convert.ToHexString(frame.Item2)}"));
            }).QuickCheckThrowOnFailure();

    [Fact]
    public async Task A_conversation_cut_off_at_any_byte_leaves_nothing_behind_and_no_error()
    {
        var whole = HostileMta.Say([]);
        for (var length = 0; length < whole.Length; length++)
        {
            await using var server = new TestServer(_ => MilterDecision.Unchanged);
            await using var stream = new ScriptedStream([whole.AsMemory(0, length)]);

            await server.Server.ServeAsync(stream, "cut");

            Assert.DoesNotContain(server.Log.Lines, line => line.StartsWith("Error", StringComparison.Ordinal));
        }
    }

    [Theory]
    [InlineData("negotiation", 30)]
    [InlineData("helo", 3600)]
    [InlineData("header", 600)]
    [InlineData("body", 600)]
    public async Task A_peer_of_one_byte_a_second_has_no_more_time_than_the_stage_allows(string stage, int seconds)
    {
        var time = new FakeTime();
        await using var server = new TestServer(new TestHandler(), time: time);
        await using var client = stage == "negotiation" ? server.Silent() : await server.ClientAsync();
        if (stage != "negotiation")
            await DialogueTests.RunToAsync(client, stage);
        await time.WaitForTimerAsync(TimeSpan.FromSeconds(seconds));
        // More bytes than seconds are promised, so that the frame is never complete.
        await client.SendRawAsync(new byte[] { 0, 0, 0x20, 0, stage == "negotiation" ? (byte)'O' : (byte)'B' }, TestServer.Cancel);

        for (var second = 0; second < seconds - 1; second++)
        {
            await client.SendRawAsync("x"u8.ToArray(), TestServer.Cancel);
            time.Advance(TimeSpan.FromSeconds(1));
        }
        Assert.DoesNotContain(server.Log.Lines, line => line.Contains("timeout", StringComparison.Ordinal));
        time.Advance(TimeSpan.FromSeconds(1));

        await Assert.ThrowsAsync<EndOfStreamException>(() => client.ReceiveAsync(TestServer.Cancel));
        Assert.Contains(server.Log.Lines, line => line.Contains("timeout", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("negotiation", 0)]
    [InlineData("helo", 2)]
    [InlineData("header", 5)]
    [InlineData("answer", 8)]
    public async Task A_peer_that_does_not_read_for_a_minute_loses_the_connection(string stage, int repliesRead)
    {
        var time = new FakeTime();
        await using var server = new TestServer(
            new TestHandler { AtEnd = changes => changes.ReplaceBody(new(new byte[1_000_000])) }, time: time);
        await using var stream = new ScriptedStream([Conversation()]) { WritesTaken = repliesRead };
        var serving = server.Server.ServeAsync(stream, "deaf");
        await stream.Stuck.WaitAsync(TimeSpan.FromSeconds(10), TestServer.Cancel);
        await time.WaitForTimerAsync(TimeSpan.FromMinutes(1));

        time.Advance(TimeSpan.FromSeconds(59));
        Assert.False(serving.IsCompleted, stage);
        time.Advance(TimeSpan.FromSeconds(1));

        await serving.WaitAsync(TimeSpan.FromSeconds(10), TestServer.Cancel);
    }

    [Fact]
    public async Task An_MTA_that_goes_away_while_the_filter_works_is_no_failure_of_the_filter()
    {
        var (began, work) = (new TaskCompletionSource(), new TaskCompletionSource<MilterDecision>());
        await using var server = new TestServer(new TestFilter((_, _) =>
        {
            began.SetResult();
            return new(work.Task);
        }));
        var client = await server.ClientAsync(MtaDouble.FullOffer with { Steps = MilterSteps.None });
        await DialogueTests.RunToAsync(client, "body");
        await client.Send(MilterCommand.EndOfMessage);
        await began.Task;

        await client.DisposeAsync();
        work.SetResult(MilterDecision.Replace([], new(new byte[10_000_000])));

        await server.Server.StopAsync(TestServer.Cancel).WaitAsync(TimeSpan.FromSeconds(10), TestServer.Cancel);
        Assert.DoesNotContain(server.Log.Lines, line => line.StartsWith("Error", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_stop_under_load_answers_a_message_whole_or_not_at_all()
    {
        await using var server = new TestServer(new TestFilter(async (_, cancellationToken) =>
        {
            await Task.Yield();
            cancellationToken.ThrowIfCancellationRequested();
            return MilterDecision.Replace([new("Subject", " x"), new("X-A", " 1")], new(new byte[200_000]));
        }));
        var answered = 0;
        var enough = new TaskCompletionSource();
        var clients = Enumerable.Range(0, 20).Select(_ => Task.Run(LoadAsync)).ToArray();
        await enough.Task.WaitAsync(TimeSpan.FromSeconds(30), TestServer.Cancel);

        await server.Server.StopAsync(TestServer.Cancel);

        var partial = await Task.WhenAll(clients).WaitAsync(TimeSpan.FromSeconds(30), TestServer.Cancel);
        Assert.All(partial, Assert.Empty);

        // What came of an answer that was not completed.
        async Task<string> LoadAsync()
        {
            var answer = "";
            try
            {
                await using var client = await server.ClientAsync(MtaDouble.FullOffer with { Steps = MilterSteps.None });
                while (true)
                {
                    answer = "";
                    await DialogueTests.RunToAsync(client, "body");
                    await client.Send(MilterCommand.EndOfMessage);
                    while (!answer.EndsWith('a'))
                        answer += (char)(await client.ReceiveAsync(TestServer.Cancel)).Response;
                    if (Interlocked.Increment(ref answered) == 100)
                        enough.SetResult();
                    await client.Send(MilterCommand.QuitNewConnection);
                }
            }
            catch (EndOfStreamException)
            {
                return answer.EndsWith('a') ? "" : answer;
            }
        }
    }

    private static Gen<byte> AnyByte => Gen.Choose(0, 255).Select(value => (byte)value);

    private static Gen<int> AnyNumber => Gen.Choose(int.MinValue, int.MaxValue);

    private static Gen<Mutation> AnyMutation =>
        from kind in Gen.Choose(0, 100)
        from at in AnyNumber
        from value in Gen.OneOf(AnyNumber, Gen.Choose(0, 300))
        select new Mutation(kind, at, value);

    private static async Task<List<string>> ReadAllAsync(IEnumerable<ReadOnlyMemory<byte>> pieces)
    {
        var frames = new List<string>();
        await using var stream = new ScriptedStream(pieces);
        var reader = new FrameReader(PipeReader.Create(stream), 64 * 1024);
        while (await reader.ReadAsync(TestServer.Cancel) is { } frame)
            frames.Add($"{frame.Code} {Convert.ToHexString(frame.Payload.ToArray())}");
        return frames;
    }

    /// <summary>A negotiation and a message; each of the first eight frames has one reply.</summary>
    private static byte[] Conversation()
    {
        var stream = new ArrayBufferWriter<byte>();
        (MtaDouble.FullOffer with { Steps = MilterSteps.None }).Write(stream);
        foreach (var (command, payload) in new[]
        {
            (MilterCommand.Connect, MilterClient.ClientInfo("host", null, 0)),
            (MilterCommand.Helo, MilterClient.Strings("host")),
            (MilterCommand.Mail, MilterClient.Strings("<a>")),
            (MilterCommand.Recipient, MilterClient.Strings("<b>")),
            (MilterCommand.Header, MilterClient.Strings("A", "b")),
            (MilterCommand.EndOfHeaders, []),
            (MilterCommand.Body, "text"u8.ToArray()),
            (MilterCommand.EndOfMessage, []),
        })
            FrameWriter.Write(stream, (byte)command, payload);
        return stream.WrittenSpan.ToArray();
    }
}
