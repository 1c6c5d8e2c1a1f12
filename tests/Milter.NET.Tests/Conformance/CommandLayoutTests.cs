using Milter.Tests.Support;

namespace Milter.Tests.Conformance;

/// <summary>Every command, byte for byte as in <c>libmilter/mfdef.h</c> and its documentation.</summary>
public class CommandLayoutTests
{
    private static readonly int[] Versions = [2, 4, 6];

    private static readonly (int Since, string Name, string Frame, string Call)[] Table =
    [
        (2, "SMFIC_CONNECT, SMFIA_INET", "Cmx.example.net\u00004\u0009\u00dd192.0.2.7\0",
            "connect mx.example.net IPv4 192.0.2.7 2525"),
        (2, "SMFIC_CONNECT, SMFIA_INET6", "Cmx.example.net\u00006\u0009\u00dd2001:db8::7\0",
            "connect mx.example.net IPv6 2001:db8::7 2525"),
        (2, "SMFIC_CONNECT, SMFIA_UNIX", "Clocalhost\0L\0\0/run/x\0", "connect localhost Unix  0"),
        (2, "SMFIC_CONNECT, SMFIA_UNKNOWN", "Clocalhost\0U", "connect localhost Unknown  0"),
        (2, "SMFIC_HELO", "Hclient.example.org\0", "helo client.example.org"),
        (2, "SMFIC_MAIL", "M<alice@example.org>\0", "mail <alice@example.org>"),
        (2, "SMFIC_MAIL of a bounce", "M<>\0", "mail <>"),
        (2, "SMFIC_MAIL with ESMTP arguments", "M<alice@example.org>\0SIZE=10\0BODY=8BITMIME\0",
            "mail <alice@example.org> SIZE=10 BODY=8BITMIME"),
        (2, "SMFIC_RCPT", "R<bob@example.net>\0", "rcpt <bob@example.net>"),
        (2, "SMFIC_RCPT with ESMTP arguments", "R<bob@example.net>\0NOTIFY=NEVER\0",
            "rcpt <bob@example.net> NOTIFY=NEVER"),
        (2, "SMFIC_HEADER", "LX-A\0one\0", "header X-A:one"),
        (2, "SMFIC_HEADER, folded with LF", "LX-A\0one\n\ttwo\0", "header X-A:one\n\ttwo"),
        (2, "SMFIC_HEADER without a value", "LX-A\0\0", "header X-A:"),
        (2, "SMFIC_EOH", "N", "eoh"),
        (2, "SMFIC_BODY", "Bone\r\ntwo\0three", "body one\r\ntwo\0three"),
        (2, "SMFIC_BODYEOB", "E", "eom"),
        (3, "SMFIC_UNKNOWN", "UXYZZY 1\0", "unknown XYZZY 1"),
        (4, "SMFIC_DATA", "T", "data"),
    ];

    public static TheoryData<string, int, string, string> Commands
    {
        get
        {
            var data = new TheoryData<string, int, string, string>();
            foreach (var version in Versions)
            {
                foreach (var (since, name, frame, call) in Table.Where(row => row.Since <= version))
                    data.Add($"{name}, version {version}", version, frame, call);
            }
            return data;
        }
    }

    [Theory]
    [MemberData(nameof(Commands))]
    public async Task Command_is_read(string name, int version, string frame, string call)
    {
        var handler = new TestHandler();
        await using var server = new TestServer(handler);
        await using var mta = new RawPeer(server.Server);
        await mta.RunToAsync(version, frame[0] == 'U' ? 'M' : frame[0]);

        Assert.Equal("c", await mta.AskAsync(frame));

        // Before version 6 the MTA eats the space after the colon; the handler gets the value as it is in the message.
        var eaten = version < 6 ? call.Replace("X-A:", "X-A: ", StringComparison.Ordinal) : call;
        Assert.True(handler.Calls.Contains(eaten.TrimEnd(' ')), $"{name}: {string.Join(", ", handler.Calls)}");
    }

    [Theory]
    [InlineData(2)]
    [InlineData(4)]
    [InlineData(6)]
    public async Task SMFIC_MACRO_has_no_reply_and_its_values_are_there_with_the_command(int version)
    {
        string? seen = null;
        var handler = new TestHandler
        {
            OnCall = (stage, context) => seen = stage == "mail"
                ? $"{context.QueueId} {context.Macro("auth_authen")} {context.Macro("{auth_type}")}" : seen,
        };
        await using var server = new TestServer(handler);
        await using var mta = new RawPeer(server.Server);
        await mta.RunToAsync(version, 'M');

        await mta.SendAsync("DMi\0Q1\0{auth_authen}\0alice\0{auth_type}\0\0");

        Assert.Equal("c", await mta.AskAsync("M<alice@example.org>\0"));
        Assert.Equal("Q1 alice ", seen);
    }

    [Theory]
    [InlineData(2)]
    [InlineData(4)]
    [InlineData(6)]
    public async Task SMFIC_ABORT_has_no_reply_and_ends_the_message_alone(int version)
    {
        var handler = new TestHandler();
        await using var server = new TestServer(handler);
        await using var mta = new RawPeer(server.Server);
        await mta.RunToAsync(version, 'N');

        await mta.SendAsync("A");

        Assert.Equal("c", await mta.AskAsync("M<new@example.org>\0"));
        Assert.Equal(["reset", "mail <new@example.org>"], handler.Calls[^2..]);
    }

    [Fact]
    public async Task SMFIC_QUIT_NC_has_no_reply_and_another_client_may_follow_version_6()
    {
        var handler = new TestHandler();
        await using var server = new TestServer(handler);
        await using var mta = new RawPeer(server.Server);
        await mta.RunToAsync(6, 'N');

        await mta.SendAsync("K");

        Assert.Equal("c", await mta.AskAsync("Cother\0U"));
        Assert.Equal(["reset", "connect other Unknown  0"], handler.Calls[^2..]);
    }

    [Theory]
    [InlineData(2)]
    [InlineData(4)]
    [InlineData(6)]
    public async Task SMFIC_QUIT_has_no_reply_and_ends_the_connection(int version)
    {
        await using var server = new TestServer(new TestHandler());
        await using var mta = new RawPeer(server.Server);
        await mta.RunToAsync(version, 'M');

        await mta.SendAsync("Q");

        Assert.True(await mta.IsClosedAsync());
    }
}
