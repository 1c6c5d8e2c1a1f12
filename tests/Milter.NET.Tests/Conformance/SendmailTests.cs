using Milter.Testing;
using Milter.Tests.Support;

namespace Milter.Tests.Conformance;

/// <summary>What is Sendmail's own way (milter.c and headers.c; integration/ asks a real one).</summary>
public class SendmailTests() : MtaTests(MtaKind.Sendmail)
{
    [Fact]
    public async Task Sendmail_has_a_queue_id_from_MAIL_on()
    {
        var seen = await WatchedAsync(Message);

        Assert.Equal([("connect", false), ("helo", false), ("mail", true), ("rcpt", true)], seen[..4]);
    }

    [Fact]
    public async Task Sendmail_sends_the_next_message_of_a_connection_without_an_abort()
    {
        var seen = await WatchedAsync(Message, Message);

        Assert.Equal(["eom", "mail"], seen.Select(call => call.Stage).SkipWhile(stage => stage != "eom").Take(2));
    }

    [Fact]
    public async Task Sendmail_writes_an_IPv6_address_as_a_literal()
    {
        var handler = new TestHandler();
        await using var server = new TestServer(handler);
        await using var mta = new RawPeer(server.Server);
        await mta.RunToAsync(6, 'C');

        await mta.AskAsync("Cmx.example.net\u00006\0\u0019IPv6:2001:db8::7\0");

        Assert.Equal("connect mx.example.net IPv6 2001:db8::7 25", handler.Calls[^1]);
    }

    [Fact]
    public async Task Sendmail_ends_the_frame_of_an_unknown_client_at_its_family()
    {
        var handler = new TestHandler();
        await using var server = new TestServer(handler);
        await using var mta = new RawPeer(server.Server);
        await mta.RunToAsync(6, 'C');

        Assert.Equal("c", await mta.AskAsync("Clocalhost\0U"));
    }

    [Fact]
    public async Task Sendmail_before_8_14_eats_the_space_after_the_colon_and_writes_it()
    {
        MilterHeader? seen = null;
        await using var server = new TestServer(message =>
        {
            seen = message.Headers[0];
            return MilterDecision.Replace([message.Headers[0], new("X-B", " new")]);
        });
        await using var mta = new RawPeer(server.Server);
        await mta.RunToAsync(2, 'N');
        await mta.AskAsync("N");

        Assert.Equal("hX-B\0new\0", await mta.AskAsync("E"));
        Assert.Equal(new MilterHeader("Subject", " x"), seen);
    }

    [Fact]
    public async Task Sendmail_keeps_the_place_of_a_deleted_field() =>
        Assert.Equal(
            ["Received:one", "X-A:3", "X-B:4"],
            await ChangedAsync(changes =>
            {
                changes.DeleteHeader(1, "X-A"u8);
                changes.DeleteHeader(2, "X-A"u8);
            }));

    [Fact]
    public async Task Sendmail_adds_a_field_before_the_first_of_its_name() =>
        Assert.Equal(
            ["Received:one", "X-A:5", "X-A:1", "X-A:2", "X-A:3", "X-B:4"],
            await ChangedAsync(changes => changes.AddHeader(new("X-A", " 5"))));

    [Fact]
    public async Task Sendmail_adds_a_field_at_the_place_of_a_deleted_one_of_its_name() =>
        Assert.Equal(
            ["Received:one", "X-A:5", "X-A:2", "X-A:3", "X-B:4"],
            await ChangedAsync(changes =>
            {
                changes.DeleteHeader(1, "X-A"u8);
                changes.AddHeader(new("X-A", " 5"));
            }));

    [Fact]
    public async Task Sendmail_adds_a_field_of_a_new_name_at_the_end() =>
        Assert.Equal(
            ["Received:one", "X-A:1", "X-A:2", "X-A:3", "X-B:4", "X-New:5"],
            await ChangedAsync(changes => changes.AddHeader(new("X-New", " 5"))));

    [Fact]
    public async Task Sendmail_counts_nine_fields_of_its_own_above_those_of_the_message() =>
        Assert.Equal(
            ["X-Top:1", "Received:one", "X-Tenth:10", "X-A:1", "X-A:2", "X-A:3", "X-B:4"],
            await ChangedAsync(changes =>
            {
                changes.InsertHeader(1, new("X-Top", " 1"));
                changes.InsertHeader(10, new("X-Tenth", " 10"));
            }));

    [Fact]
    public async Task Sendmail_keeps_the_name_a_changed_field_has() =>
        Assert.Equal(
            ["Received:one", "X-A:9", "X-A:2", "X-A:3", "X-B:4"],
            await ChangedAsync(changes => changes.ChangeHeader(1, new("x-a", " 9"))));

    [Fact]
    public async Task Sendmail_fills_a_field_it_holds_ready_when_that_is_added() =>
        Assert.Equal(
            ["Date:today", "Received:one", "X-A:1", "X-A:2", "X-A:3", "X-B:4"],
            await ChangedAsync(changes => changes.AddHeader(new("Date", " today"))));

    [Fact]
    public async Task Sendmail_takes_a_reply_for_a_format_of_printf_so_a_percent_sign_is_doubled()
    {
        await using var server = new TestServer(new TestHandler
        {
            Replies = { ["mail"] = MilterReply.WithCode(550, "5.7.1", "%s 100%") },
        });
        await using var mta = new RawPeer(server.Server);
        await mta.RunToAsync(6, 'M');

        Assert.Equal("y550 5.7.1 %%s 100%%\0", await mta.AskAsync("M<a@example.org>\0"));
    }

    [Fact]
    public async Task Sendmail_reads_no_more_than_32_lines_of_a_reply() =>
        Assert.Equal(32, MilterReply.WithCode(550, "5.7.1", string.Join('\n', new int[50])).Text.Split("\r\n").Length);

    [Fact]
    public async Task Sendmail_sends_a_body_in_chunks_of_65535_bytes() =>
        Assert.Equal([65_535, 65_535, 1], await ChunksAsync(131_071));

    [Fact]
    public async Task Sendmail_may_put_the_last_chunk_into_the_end_of_the_message()
    {
        var handler = new TestHandler();
        await using var server = new TestServer(handler);
        await using var mta = new RawPeer(server.Server);
        await mta.RunToAsync(6, 'E');

        Assert.Equal("c", await mta.AskAsync("Elast"));
        Assert.Contains("body last", handler.Calls);
    }

    [Fact]
    public async Task Sendmail_says_of_rejected_recipients_only_to_who_asks_for_them()
    {
        await using var server = new TestServer(_ => MilterDecision.Unchanged);
        await using var client = await server.ClientAsync();

        Assert.False(client.Agreed.Steps.HasFlag(MilterSteps.RejectedRecipients));
    }
}
