using Milter.Tests.Support;

namespace Milter.Tests.Conformance;

/// <summary>Every reply, byte for byte as in <c>libmilter/mfdef.h</c> and its documentation.</summary>
public class ReplyLayoutTests
{
    private static readonly int[] Versions = [2, 4, 6];

    private static readonly (int Since, string Name, char At, MilterReply Reply, string Frame)[] Replies =
    [
        (2, "SMFIR_CONTINUE", 'M', MilterReply.Continue, "c"),
        (2, "SMFIR_ACCEPT", 'M', MilterReply.Accept, "a"),
        (2, "SMFIR_REJECT", 'R', MilterReply.Reject, "r"),
        (2, "SMFIR_TEMPFAIL", 'R', MilterReply.TempFail, "t"),
        (2, "SMFIR_DISCARD", 'N', MilterReply.Discard, "d"),
        (2, "SMFIR_SHUTDOWN", 'H', MilterReply.Shutdown, "4"),
        (2, "SMFIR_REPLYCODE", 'E', MilterReply.WithCode(550, "5.7.1", "no"), "y550 5.7.1 no\0"),
        (2, "SMFIR_REPLYCODE with a percent sign", 'E', MilterReply.WithCode(550, "5.7.1", "100% no"),
            "y550 5.7.1 100%% no\0"),
        (2, "SMFIR_REPLYCODE of several lines", 'R', MilterReply.WithCode(450, "4.2.1", "one\ntwo"),
            "y450-4.2.1 one\r\n450 4.2.1 two\0"),
        (6, "SMFIR_SKIP at a header field", 'L', MilterReply.Skip, "s"),
        (6, "SMFIR_SKIP at a body chunk", 'B', MilterReply.Skip, "s"),
    ];

    // The values of fields as they are before version 6: the MTA writes the space after the colon.
    private static readonly (int Since, string Name, Action<MilterChanges> Change, string Frame)[] Changes =
    [
        (2, "SMFIR_ADDHEADER", c => c.AddHeader(new("X-A", " one")), "hX-A\0one\0"),
        (2, "SMFIR_ADDHEADER, folded with LF", c => c.AddHeader(new("X-A", " one\n\ttwo")), "hX-A\0one\n\ttwo\0"),
        (2, "SMFIR_INSHEADER", c => c.InsertHeader(258, new("X-A", " one")), "i\0\0\u0001\u0002X-A\0one\0"),
        (2, "SMFIR_CHGHEADER", c => c.ChangeHeader(3, new("X-A", " one")), "m\0\0\0\u0003X-A\0one\0"),
        (2, "SMFIR_CHGHEADER that deletes", c => c.DeleteHeader(1, "X-A"u8), "m\0\0\0\u0001X-A\0\0"),
        (2, "SMFIR_REPLBODY", c => c.ReplaceBody(new("new\r\n"u8.ToArray())), "bnew\r\n"),
        (2, "SMFIR_REPLBODY of an empty body", c => c.ReplaceBody(default), "b"),
        (2, "SMFIR_ADDRCPT", c => c.AddRecipient(new("eve@example.net")), "+<eve@example.net>\0"),
        (2, "SMFIR_DELRCPT", c => c.DeleteRecipient(new("bob@example.net")), "-<bob@example.net>\0"),
        (2, "SMFIR_QUARANTINE", c => c.Quarantine("why not"), "qwhy not\0"),
        (6, "SMFIR_CHGFROM", c => c.ChangeSender(new("new@example.org")), "e<new@example.org>\0"),
        (6, "SMFIR_CHGFROM to a bounce", c => c.ChangeSender(new("")), "e<>\0"),
        (6, "SMFIR_CHGFROM with arguments", c => c.ChangeSender(new("new@example.org", ["RET=HDRS", "ENVID=1"])),
            "e<new@example.org>\0RET=HDRS ENVID=1\0"),
        (6, "SMFIR_ADDRCPT_PAR", c => c.AddRecipient(new("eve@example.net", ["NOTIFY=NEVER"])),
            "2<eve@example.net>\0NOTIFY=NEVER\0"),
    ];

    public static TheoryData<string, int, int> ReplyRows => Rows([.. Replies.Select(row => (row.Since, row.Name))]);

    public static TheoryData<string, int, int> ChangeRows => Rows([.. Changes.Select(row => (row.Since, row.Name))]);

    [Theory]
    [MemberData(nameof(ReplyRows))]
    public async Task Reply_is_written(string name, int version, int row)
    {
        var (_, _, at, reply, frame) = Replies[row];
        var (stage, command) = at switch
        {
            'H' => ("helo", "Hx\0"),
            'M' => ("mail", "M<x>\0"),
            'R' => ("rcpt", "R<x>\0"),
            'L' => ("header", "LX\0y\0"),
            'N' => ("eoh", "N"),
            'B' => ("body", "Bx"),
            _ => ("eom", "E"),
        };
        await using var server = new TestServer(new TestHandler { Replies = { [stage] = reply } });
        await using var mta = new RawPeer(server.Server);
        await mta.RunToAsync(version, at);

        Assert.Equal((name, frame), (name, await mta.AskAsync(command)));
    }

    [Theory]
    [MemberData(nameof(ChangeRows))]
    public async Task Change_is_written_before_the_last_reply(string name, int version, int row)
    {
        var (_, _, change, frame) = Changes[row];
        await using var server = new TestServer(new TestHandler { AtEnd = change });
        await using var mta = new RawPeer(server.Server);
        await mta.RunToAsync(version, 'E');

        var expected = version < 6 ? frame : frame.Replace("X-A\0o", "X-A\0 o", StringComparison.Ordinal);

        Assert.Equal((name, expected), (name, await mta.AskAsync("E")));
        Assert.Equal("c", await mta.ReceiveAsync());
    }

    [Theory]
    [InlineData(2)]
    [InlineData(6)]
    public async Task SMFIR_PROGRESS_is_one_byte_before_everything_else(int version)
    {
        var time = new FakeTime();
        var work = new TaskCompletionSource<MilterDecision>();
        await using var server = new TestServer(new TestFilter((_, _) => new(work.Task)), time: time);
        await using var mta = new RawPeer(server.Server);
        await mta.AskAsync(version == 2 ? RawPeer.Offer(2) : "O\0\0\0\u0006\0\0\u0001\u00ff\0\0\0\0");
        foreach (var frame in new[] { "Cmx\0U", "M<a>\0", "R<b>\0", "N" })
            await mta.AskAsync(frame);
        await mta.SendAsync("E");
        await time.WaitForTimerAsync(TimeSpan.FromSeconds(10));

        time.Advance(TimeSpan.FromSeconds(10));
        Assert.Equal("p", await mta.ReceiveAsync());
        work.SetResult(MilterDecision.Replace([new("X-A", " one")]));

        Assert.Equal("hX-A\0one\0", await mta.ReceiveAsync());
        Assert.Equal("a", await mta.ReceiveAsync());
    }

    [Theory]
    [InlineData(2, "O\0\0\0\u0002\0\0\0\u003f\0\0\0\0")]
    [InlineData(4, "O\0\0\0\u0004\0\0\0\u003f\0\0\0\0")]
    [InlineData(6, "O\0\0\0\u0006\0\0\u0001\u00ff\0\u0010\u0004\0")]
    public async Task SMFIC_OPTNEG_is_answered_with_version_actions_and_steps(int version, string answer)
    {
        await using var server = new TestServer(new TestHandler());
        await using var mta = new RawPeer(server.Server);

        Assert.Equal(answer, await mta.AskAsync(RawPeer.Offer(version)));
    }

    [Fact]
    public async Task SMFIF_SETSYMLIST_appends_the_number_of_each_stage_and_its_macros_version_6()
    {
        var handler = new TestHandler
        {
            Choose = offer => offer with
            {
                Steps = MilterSteps.None,
                Macros = new Dictionary<MilterMacroStage, string>
                {
                    [MilterMacroStage.Connect] = "j {if_addr}",
                    [MilterMacroStage.EndOfHeaders] = "i",
                },
            },
        };
        await using var server = new TestServer(handler);
        await using var mta = new RawPeer(server.Server);

        Assert.Equal(
            "O\0\0\0\u0006\0\0\u0001\u00ff\0\0\0\0" + "\0\0\0\0j {if_addr}\0" + "\0\0\0\u0006i\0",
            await mta.AskAsync(RawPeer.Offer(6)));
    }

    [Theory]
    [InlineData(2)]
    [InlineData(4)]
    public async Task A_change_of_a_later_version_fails_the_message_instead_of_being_sent(int version)
    {
        await using var server = new TestServer(new TestHandler { AtEnd = c => c.ChangeSender(new("a@example.org")) });
        await using var mta = new RawPeer(server.Server);
        await mta.RunToAsync(version, 'E');

        Assert.Equal("t", await mta.AskAsync("E"));
    }

    private static TheoryData<string, int, int> Rows((int Since, string Name)[] table)
    {
        var data = new TheoryData<string, int, int>();
        foreach (var version in Versions)
        {
            for (var row = 0; row < table.Length; row++)
            {
                if (table[row].Since <= version)
                    data.Add($"{table[row].Name}, version {version}", version, row);
            }
        }
        return data;
    }
}
