using Milter.Testing;
using Milter.Tests.Support;

namespace Milter.Tests;

/// <summary>What passes a limit gets a clear answer, where the MTA can take one.</summary>
public class LimitTests
{
    private static readonly MilterHeader Small = new("X-A", " 1");

    public static TheoryData<string, MtaMessage, MtaVerdict, string> Limits => new()
    {
        { "header count", new() { Headers = [.. Enumerable.Repeat(Small, 11)] }, MtaVerdict.Rejected, "552 5.3.4 Too many header fields" },
        { "headers size", new() { Headers = [new("X-A", new string('a', 2000))] }, MtaVerdict.Rejected, "552 5.3.4 Header section too large" },
        { "message size", new() { Body = new byte[150_000] }, MtaVerdict.Rejected, "552 5.3.4 Message too large" },
        { "recipients", new() { Recipients = ["1", "2", "3", "4"] }, MtaVerdict.TempFailed, "452 4.5.3 Too many recipients" },
    };

    [Theory]
    [MemberData(nameof(Limits), DisableDiscoveryEnumeration = true)]
    public async Task A_message_over_a_limit_is_refused_and_the_next_one_passes(
        string limit, MtaMessage over, MtaVerdict verdict, string reply)
    {
        var filtered = 0;
        await using var server = new TestServer(
            _ =>
            {
                filtered++;
                return MilterDecision.Unchanged;
            },
            options =>
                (options.MaxHeaderCount, options.MaxHeadersSize, options.MaxMessageSize, options.MaxRecipients) = (
                    10, 1000, 100_000, 3));
        await using var mta = await server.MtaAsync();

        var refused = await mta.SendAsync(over, TestServer.Cancel);
        var passed = await mta.SendAsync(
            new MtaMessage { Headers = [.. Enumerable.Repeat(Small, 10)], Recipients = ["1", "2", "3"], Body = new byte[90_000] }, TestServer.Cancel);

        Assert.True(verdict == refused.Verdict, limit);
        Assert.StartsWith(reply, refused.Reply, StringComparison.Ordinal);
        Assert.Equal((MtaVerdict.Accepted, 1), (passed.Verdict, filtered));
    }

    [Theory]
    [InlineData(MtaKind.Postfix)]
    [InlineData(MtaKind.Sendmail)]
    public async Task A_header_over_a_limit_passes_unchanged_where_the_envelope_is_not_for_the_filter(MtaKind kind)
    {
        await using var server = new TestServer(
            new TestFilter(_ => throw new InvalidOperationException("It was asked all the same."))
            {
                WantsEnvelopeOf = message => message.AuthenticatedUser is not null,
                WantsIt = _ => throw new InvalidOperationException("It was asked for its header."),
            });
        await using var mta = await server.MtaAsync(kind);

        var many = await mta.SendAsync(new MtaMessage { Headers = [.. Enumerable.Repeat(Small, 5000)] }, TestServer.Cancel);
        var large = await mta.SendAsync(
            new MtaMessage { Headers = [.. Enumerable.Repeat(new MilterHeader("X", new string('a', 900_000)), 100)] }, TestServer.Cancel);

        Assert.Equal((MtaVerdict.Accepted, MtaVerdict.Accepted), (many.Verdict, large.Verdict));
        Assert.Equal(100, large.Headers.Count(header => header.Is("X")));
        Assert.Empty(server.Log.Lines);
    }

    [Theory]
    [InlineData(false, MtaVerdict.Accepted, "")]
    [InlineData(true, MtaVerdict.Rejected, "552 5.3.4 Too many header fields")]
    public async Task A_header_over_a_limit_is_refused_only_where_the_filter_wants_the_message(
        bool wanted, MtaVerdict verdict, string reply)
    {
        (int Fields, bool IsOverLimit) seen = default;
        await using var server = new TestServer(
            new TestFilter(_ => MilterDecision.Discard)
            {
                WantsIt = message =>
                {
                    seen = (message.Headers.Count, message.IsHeaderOverLimit);
                    return wanted;
                },
            });
        await using var mta = await server.MtaAsync();

        var result = await mta.SendAsync(new MtaMessage { Headers = [.. Enumerable.Repeat(Small, 1001)] }, TestServer.Cancel);

        Assert.Equal((1001, true), seen);
        Assert.Equal(verdict, result.Verdict);
        Assert.StartsWith(reply, result.Reply, StringComparison.Ordinal);
    }

    [Fact]
    public async Task No_recipient_is_refused_alone_for_a_limit()
    {
        await using var server = new TestServer(_ => MilterDecision.Unchanged, options => options.MaxRecipients = 1);
        await using var client = await server.ClientAsync(MtaDouble.FullOffer with { Steps = MilterSteps.None });
        await DialogueTests.RunToAsync(client, "rcpt");

        var second = await client.Ask(MilterCommand.Recipient, MilterClient.Strings("<c@example.org>"));
        var end = await client.Ask(MilterCommand.EndOfHeaders);

        Assert.Equal((MilterResponse.Continue, MilterResponse.ReplyCode), (second.Response, end.Response));
    }

    [Fact]
    public async Task An_MTA_that_waits_for_a_reply_to_each_chunk_is_refused_at_the_one_that_passes_the_limit()
    {
        await using var server = new TestServer(
            _ => MilterDecision.Unchanged, options => options.MaxMessageSize = 100_000);
        const MilterSteps unanswered = MilterSteps.NoReplyEndOfHeaders | MilterSteps.NoReplyBody;
        var offer = MtaDouble.FullOffer with { Steps = MtaDouble.FullOffer.Steps & ~unanswered };
        await using var mta = await server.MtaAsync(offer: offer);

        var result = await mta.SendAsync(new MtaMessage { Body = new byte[10_000_000] }, TestServer.Cancel);

        // End of headers, first chunk, second chunk: and no third one.
        Assert.Equal(
            [MilterResponse.Continue, MilterResponse.Continue, MilterResponse.ReplyCode], result.Frames.Select(
                frame => frame.Response));
    }

    [Fact]
    public async Task An_MTA_that_does_not_wait_is_refused_at_the_end_of_the_message()
    {
        await using var server = new TestServer(
            _ => MilterDecision.Unchanged, options => options.MaxMessageSize = 100_000);
        await using var mta = await server.MtaAsync();

        var result = await mta.SendAsync(new MtaMessage { Body = new byte[10_000_000] }, TestServer.Cancel);

        Assert.StartsWith("552 5.3.4 Message too large", result.Reply, StringComparison.Ordinal);
        Assert.Single(result.Frames);
    }

    [Fact]
    public async Task A_message_of_exactly_the_limit_passes()
    {
        await using var server = new TestServer(
            _ => MilterDecision.Unchanged, options => options.MaxMessageSize = 200_000);
        await using var mta = await server.MtaAsync();

        var result = await mta.SendAsync(new MtaMessage { Body = new byte[200_000] }, TestServer.Cancel);

        Assert.Equal(MtaVerdict.Accepted, result.Verdict);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(-1)]
    [InlineData(1L << 40)]
    public void A_limit_that_cannot_be_kept_is_an_error_at_once(long size) =>
        Assert.Throws<ArgumentOutOfRangeException>(
            () => new TestServer(_ => MilterDecision.Unchanged, options => options.MaxMessageSize = size));
}
