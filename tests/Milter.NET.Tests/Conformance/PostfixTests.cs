using Milter.Testing;
using Milter.Tests.Support;

namespace Milter.Tests.Conformance;

/// <summary>What is Postfix's own way (milter8.c and cleanup_milter.c; integration/ asks a real one).</summary>
public class PostfixTests() : MtaTests(MtaKind.Postfix)
{
    [Fact]
    public async Task Postfix_has_a_queue_id_after_the_first_recipient()
    {
        var seen = await WatchedAsync(Message with { Recipients = ["a@example.net", "b@example.net"] });

        Assert.Equal(
            [("connect", false), ("helo", false), ("mail", false), ("rcpt", false), ("rcpt", true), ("data", true)],
            seen[..6]);
    }

    [Fact]
    public async Task Postfix_aborts_when_an_SMTP_connection_is_reused_and_the_client_stays_known()
    {
        await using var server = new TestServer(new TestHandler());
        await using var mta = new RawPeer(server.Server);
        await mta.RunToAsync(6, 'E');
        await mta.AskAsync("E");

        await mta.SendAsync("A");

        Assert.Equal("c", await mta.AskAsync("M<next@example.org>\0"));
    }

    [Fact]
    public async Task Postfix_tells_of_EHLO_within_a_message_before_it_aborts_it()
    {
        var handler = new TestHandler();
        await using var server = new TestServer(handler);
        await using var mta = new RawPeer(server.Server);
        await mta.RunToAsync(6, 'T');

        Assert.Equal("c", await mta.AskAsync("Hagain.example.org\0"));
        await mta.SendAsync("A");

        Assert.Equal("c", await mta.AskAsync("M<next@example.org>\0"));
        Assert.Equal(["reset", "helo again.example.org", "mail <next@example.org>"], handler.Calls[^3..]);
    }

    [Fact]
    public async Task Postfix_sends_macros_with_body_chunks_too()
    {
        string? seen = null;
        var handler = new TestHandler { OnCall = (stage, context) => seen = stage == "body" ? context.QueueId : seen };
        await using var server = new TestServer(handler);
        await using var mta = new RawPeer(server.Server);
        await mta.RunToAsync(6, 'B');

        await mta.SendAsync("DBi\0Q7\0");
        await mta.AskAsync("Btext");

        Assert.Equal("Q7", seen);
    }

    [Fact]
    public async Task Postfix_does_not_count_its_own_Received_among_the_fields_of_that_name() =>
        Assert.Equal(
            ["Received:changed", "X-A:1", "X-A:2", "X-A:3", "X-B:4"],
            await ChangedAsync(changes => changes.ChangeHeader(1, new("Received", " changed"))));

    [Fact]
    public async Task Postfix_moves_up_the_fields_after_a_deleted_one() =>
        Assert.Equal(
            ["Received:one", "X-A:2", "X-B:4"],
            await ChangedAsync(changes =>
            {
                changes.DeleteHeader(1, "X-A"u8);
                changes.DeleteHeader(2, "X-A"u8);
            }));

    [Fact]
    public async Task Postfix_adds_a_field_at_the_end_whatever_its_name() =>
        Assert.Equal(
            ["Received:one", "X-A:1", "X-A:2", "X-A:3", "X-B:4", "X-A:5"],
            await ChangedAsync(changes => changes.AddHeader(new("X-A", " 5"))));

    [Fact]
    public async Task Postfix_inserts_at_index_1_below_its_own_Received_and_counts_from_there() =>
        Assert.Equal(
            ["X-Top:1", "Received:one", "X-Third:3", "X-A:1", "X-A:2", "X-A:3", "X-B:4"],
            await ChangedAsync(changes =>
            {
                changes.InsertHeader(1, new("X-Top", " 1"));
                changes.InsertHeader(3, new("X-Third", " 3"));
            }));

    [Fact]
    public async Task Postfix_adds_a_field_that_is_changed_and_does_not_exist() =>
        Assert.Equal(
            ["Received:one", "X-A:1", "X-A:2", "X-A:3", "X-B:4", "X-A:9"],
            await ChangedAsync(changes => changes.ChangeHeader(9, new("X-A", " 9"))));

    [Fact]
    public async Task Postfix_writes_the_name_as_the_change_spells_it() =>
        Assert.Equal(
            ["Received:one", "x-a:9", "X-A:2", "X-A:3", "X-B:4"],
            await ChangedAsync(changes => changes.ChangeHeader(1, new("x-a", " 9"))));

    [Fact]
    public async Task Postfix_sends_a_body_in_chunks_of_65535_bytes() =>
        Assert.Equal([65_535, 65_535, 1], await ChunksAsync(131_071));

    [Fact]
    public async Task Postfix_takes_anything_between_two_chunks_for_the_end_of_the_new_body_so_they_follow_one_another()
    {
        await using var server = new TestServer(new TestHandler
        {
            AtEnd = changes =>
            {
                changes.ReplaceBody(new(new byte[100_000]));
                changes.AddHeader(new("X-A", " after the body"));
            },
        });
        await using var mta = await server.MtaAsync();

        var result = await mta.SendAsync(Message, TestServer.Cancel);

        Assert.Equal("hbbc", string.Concat(result.Frames.Select(frame => (char)frame.Response)).TrimStart('c'));
    }

    [Fact]
    public async Task Postfix_is_not_made_to_refuse_one_recipient_of_mail_that_did_not_come_by_SMTP()
    {
        await using var server = new TestServer(
            _ => throw new InvalidOperationException("broken"), options => options.MaxRecipients = 1);
        await using var mta = await server.MtaAsync(offer: MtaDouble.FullOffer with { Steps = MilterSteps.None });

        var result = await mta.SendAsync(
            Message with { ClientAddress = null, Recipients = ["a@example.net", "b@example.net"] }, TestServer.Cancel);

        Assert.Equal(MtaVerdict.TempFailed, result.Verdict);
        Assert.Equal(2, result.Recipients.Count);
    }
}
