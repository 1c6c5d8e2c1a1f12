using FsCheck;
using FsCheck.Fluent;
using Milter.Testing;
using Milter.Tests.Support;

namespace Milter.Tests;

/// <summary>What is agreed at the start, and that it is kept.</summary>
public class NegotiationTests
{
    [Theory]
    [InlineData(2, 2)]
    [InlineData(3, 3)]
    [InlineData(4, 4)]
    [InlineData(6, 6)]
    [InlineData(7, 6)]
    public async Task The_version_is_the_lower_of_the_two(int offered, int agreed)
    {
        await using var server = new TestServer(new TestHandler());
        await using var client = await server.ClientAsync(MtaDouble.FullOffer with { Version = offered });

        Assert.Equal(agreed, client.Agreed.Version);
    }

    [Fact]
    public async Task A_version_before_2_is_refused()
    {
        await using var server = new TestServer(new TestHandler());
        await using var client = server.Silent();

        await Assert.ThrowsAsync<EndOfStreamException>(
            () => client.NegotiateAsync(MtaDouble.FullOffer with { Version = 1 }, TestServer.Cancel));
        Assert.Contains(server.Log.Lines, line => line.Contains("protocol version 1", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Nothing_is_agreed_that_was_not_offered_whatever_the_handler_asks_for()
    {
        var handler = new TestHandler { Choose = _ => new MilterNegotiation(9, (MilterActions)uint.MaxValue, (MilterSteps)uint.MaxValue) };
        await using var server = new TestServer(handler);
        await using var client = await server.ClientAsync(
            new(4, MilterActions.AddHeaders, MilterSteps.NoHelo | MilterSteps.NoReplyHeader));

        Assert.Equal((4, MilterActions.AddHeaders, MilterSteps.NoHelo | MilterSteps.NoReplyHeader),
            (client.Agreed.Version, client.Agreed.Actions, client.Agreed.Steps));
    }

    [Fact]
    public async Task The_filter_asks_for_its_macros_where_the_MTA_lets_it()
    {
        await using var server = new TestServer(_ => MilterDecision.Unchanged);
        await using var able = await server.ClientAsync();
        await using var unable = await server.ClientAsync(
            MtaDouble.FullOffer with { Actions = MtaDouble.FullOffer.Actions & ~MilterActions.SetMacros });

        Assert.Contains("{auth_authen}", able.Agreed.Macros[MilterMacroStage.Mail], StringComparison.Ordinal);
        Assert.Empty(unable.Agreed.Macros);
    }

    [Theory]
    [InlineData(MilterSteps.None, 65_535)]
    [InlineData(MilterSteps.MaxData256K, 262_143)]
    [InlineData(MilterSteps.MaxData1M, 1_048_575)]
    [InlineData(MilterSteps.MaxData1M | MilterSteps.MaxData256K, 1_048_575)]
    public async Task Larger_body_chunks_are_agreed_and_used_both_ways(MilterSteps offered, int size)
    {
        var body = new byte[2_500_000];
        Random.Shared.NextBytes(body);
        await using var server = new TestServer(message => MilterDecision.Replace(message.Headers, message.Body));
        await using var mta = await server.MtaAsync(
            offer: MtaDouble.FullOffer with { Steps = MtaDouble.FullOffer.Steps | offered });

        var result = await mta.SendAsync(new MtaMessage { Body = body }, TestServer.Cancel);

        Assert.Equal(size, result.Frames.Max(frame => frame.Payload.Length));
        Assert.True(body.AsSpan().SequenceEqual(result.Body.Span));
    }

    [Fact]
    public async Task A_chunk_size_over_the_frame_limit_is_not_agreed()
    {
        await using var server = new TestServer(
            _ => MilterDecision.Unchanged, options => options.MaxFrameSize = 300_000);
        await using var client = await server.ClientAsync(
            MtaDouble.FullOffer with { Steps = MtaDouble.FullOffer.Steps | MilterSteps.MaxData1M | MilterSteps.MaxData256K });

        Assert.Equal(262_143, client.Agreed.MaxBodyChunk);
    }

    [Theory]
    [InlineData(MtaKind.Postfix)]
    [InlineData(MtaKind.Sendmail)]
    public void A_message_is_filtered_the_same_whatever_was_offered(MtaKind kind) =>
        Prop.ForAll(
            Gen.Zip(Gen.Elements(2, 3, 4, 6), Gen.Choose(0, 0x1f_ffff)).ToArbitrary(),
            offer => FilterAsync(
                kind, new(offer.Item1, (MilterActions)0x1ff, (MilterSteps)offer.Item2)).GetAwaiter().GetResult())
        .QuickCheckThrowOnFailure();

    [Fact]
    public async Task Stages_the_handler_does_not_want_are_not_sent_and_the_message_still_runs()
    {
        var handler = new TestHandler
        {
            Choose = offer => offer with
            {
                Steps = MilterSteps.NoConnect | MilterSteps.NoHelo | MilterSteps.NoMail | MilterSteps.NoRecipient | MilterSteps.NoData
                    | MilterSteps.NoHeaders | MilterSteps.NoEndOfHeaders | MilterSteps.HeaderLeadingSpace,
            },
        };
        await using var server = new TestServer(handler);
        await using var mta = await server.MtaAsync();

        var result = await mta.SendAsync(
            new MtaMessage { Headers = [new("A", " b")], Body = "x"u8.ToArray() }, TestServer.Cancel);
        await server.Server.StopAsync(TestServer.Cancel);

        Assert.Equal(MtaVerdict.Accepted, result.Verdict);
        Assert.Equal(["body x", "eom", "reset"], handler.Calls);
    }

    [Fact]
    public async Task Commands_without_a_reply_get_none()
    {
        const MilterSteps silent = MilterSteps.NoReplyConnect | MilterSteps.NoReplyHelo | MilterSteps.NoReplyMail | MilterSteps.NoReplyRecipient
            | MilterSteps.NoReplyData | MilterSteps.NoReplyUnknown | MilterSteps.NoReplyHeader | MilterSteps.NoReplyEndOfHeaders | MilterSteps.NoReplyBody;
        await using var server = new TestServer(new TestHandler { Choose = offer => offer with { Steps = silent } });
        await using var mta = await server.MtaAsync();

        var result = await mta.SendAsync(
            new MtaMessage { Headers = [new("A", " b")], Body = "x"u8.ToArray() }, TestServer.Cancel);

        Assert.Equal([MilterResponse.Continue], result.Frames.Select(frame => frame.Response));
    }

    private static async Task<bool> FilterAsync(MtaKind kind, MilterNegotiation offer)
    {
        MilterHeader[] before = [new("From", " a@example.org"), new("Content-Type", " text/plain")];
        MilterHeader[] after = [new("From", " a@example.org"), new("Content-Type", " text/html"), new("X-New", " 1")];
        await using var server = new TestServer(message =>
            message.Headers.SequenceEqual(before) && message.Recipients.Single().Address == "recipient@example.org"
                ? MilterDecision.Replace(after, new("new\r\n"u8.ToArray()))
                : MilterDecision.Reject);
        await using var mta = await server.MtaAsync(kind, offer);

        var result = await mta.SendAsync(
            new MtaMessage { Headers = before, Body = "old\r\n"u8.ToArray() }, TestServer.Cancel);

        return result.Verdict == MtaVerdict.Accepted && result.Headers.SequenceEqual(after)
            && result.Body.Span.SequenceEqual("new\r\n"u8);
    }
}
