using System.Text;
using System.Text.RegularExpressions;
using Milter.Tests.Support;

namespace Milter.Tests.Conformance;

/// <summary>
/// What libmilter does with a peer, in dialogues/: each line is a frame and its reply (<c>-</c>: none), the last one what
/// the filter is called for. integration/ holds libmilter itself to the same files.
/// </summary>
public partial class LibmilterTests
{
    public static TheoryData<string> Dialogues =>
        [.. Directory.GetFiles(Folder, "*.txt").Select(path => Path.GetFileNameWithoutExtension(path)!).Order()];

    private static string Folder => Path.Combine(AppContext.BaseDirectory, "Conformance", "dialogues");

    [Theory]
    [MemberData(nameof(Dialogues))]
    public async Task The_filter_and_the_peer_see_what_they_see_with_libmilter(string dialogue)
    {
        var lines = await File.ReadAllLinesAsync(Path.Combine(Folder, dialogue + ".txt"), TestServer.Cancel);
        var steps = lines.Where(line => line.Contains(" -> ", StringComparison.Ordinal)).Select(line => line.Split(" -> ")).ToList();
        var handler = new DialogueHandler();
        await using var server = new TestServer(handler);
        await using var peer = new RawPeer(server.Server);

        foreach (var step in steps)
            await peer.SendAsync(FrameText.Parse(step[0]));
        var replies = new List<string>();
        await foreach (var reply in peer.RestAsync())
            replies.Add(reply[..1]);
        // The peer may see the end of the connection before the handler does.
        await handler.Disposed.WaitAsync(TestServer.Cancel);

        Assert.Equal(steps.Select(step => step[1]).Where(reply => reply is not ("-" or "closed")), replies);
        Assert.Equal(lines[^1], "calls: " + string.Join(' ', handler.Calls));
    }

    /// <summary>libmilter passes over SMFIC_QUIT_NC unless the message before it was answered to its end, so that one
    /// client's fields are the next one's too.</summary>
    [Theory]
    [InlineData("", "connect close")]
    [InlineData("M", "connect mail abort close")]
    [InlineData("MRN", "connect mail rcpt eoh abort close")]
    public async Task Other_than_with_libmilter_every_client_ends_at_QUIT_NC(string message, string calls)
    {
        var handler = new DialogueHandler();
        await using var server = new TestServer(handler);
        await using var peer = new RawPeer(server.Server);
        await peer.AskAsync(RawPeer.Offer(6));
        await peer.AskAsync("Cone\0U");
        foreach (var command in message)
            await peer.AskAsync(command == 'N' ? "N" : $"{command}<a@example.org>\0");

        await peer.SendAsync("K");

        Assert.Equal("c", await peer.AskAsync("Ctwo\0U"));
        Assert.Equal(calls + " connect", string.Join(' ', handler.Calls));
    }

    /// <summary>libmilter answers commands before the negotiation, with a peer of which nothing is known.</summary>
    [Theory]
    [InlineData("Hclient.example.org\0")]
    [InlineData("M<a@example.org>\0")]
    public async Task Other_than_with_libmilter_nothing_goes_before_the_negotiation(string frame)
    {
        await using var server = new TestServer(new DialogueHandler());
        await using var peer = new RawPeer(server.Server);

        await peer.SendAsync(frame);

        Assert.True(await peer.IsClosedAsync());
    }

    /// <summary>libmilter keeps the macros of MAIL where the next MAIL brings none.</summary>
    [Fact]
    public async Task Other_than_with_libmilter_no_macro_of_a_message_is_there_with_the_next()
    {
        var handler = new DialogueHandler();
        await using var server = new TestServer(handler);
        await using var peer = new RawPeer(server.Server);
        await peer.AskAsync(RawPeer.Offer(6));
        await peer.SendAsync("DM{auth_authen}\0alice\0");

        for (var i = 0; i < 2; i++)
            await peer.AskAsync("M<a@example.org>\0");

        Assert.Equal(["mail=alice", "abort", "mail"], handler.Calls);
    }

    /// <summary>Answers as its argument asks for (<c>rcpt-reject</c>), in the content as the field X-Trial asks for, and
    /// records its calls; the end of a message that was not answered is an abort.</summary>
    private sealed partial class DialogueHandler : MilterHandler
    {
        private readonly TaskCompletionSource disposed = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private string wish = "";
        private bool answered;

        public List<string> Calls { get; } = [];

        /// <summary>Completes when the connection has ended, after the last call.</summary>
        public Task Disposed => disposed.Task;

        public override ValueTask DisposeAsync()
        {
            disposed.TrySetResult();
            return base.DisposeAsync();
        }

        public override ValueTask<MilterReply> ConnectAsync(MilterContext context, CancellationToken cancellationToken) =>
            Call("connect", context.Client.HostName);

        public override ValueTask<MilterReply> HeloAsync(MilterContext context, CancellationToken cancellationToken) =>
            Call("helo", context.Helo!);

        public override ValueTask<MilterReply> MailAsync(
            MilterContext context, EnvelopeAddress sender, CancellationToken cancellationToken) =>
            Call("mail", sender.Address, context.Macro("auth_authen"));

        public override ValueTask<MilterReply> RecipientAsync(
            MilterContext context, EnvelopeAddress recipient, CancellationToken cancellationToken) =>
            Call("rcpt", recipient.Address);

        public override ValueTask<MilterReply> DataAsync(MilterContext context, CancellationToken cancellationToken) =>
            Call("data", wish);

        public override ValueTask<MilterReply> UnknownAsync(
            MilterContext context, string command, CancellationToken cancellationToken) => Call("unknown", command);

        public override ValueTask<MilterReply> HeaderAsync(
            MilterContext context, MilterHeader header, CancellationToken cancellationToken)
        {
            if (header.Is("X-Trial"))
                wish = Encoding.ASCII.GetString(header.Value.Span);
            return Call("header", wish);
        }

        public override ValueTask<MilterReply> EndOfHeadersAsync(
            MilterContext context, CancellationToken cancellationToken) => Call("eoh", wish);

        public override ValueTask<MilterReply> BodyAsync(
            MilterContext context, System.Buffers.ReadOnlySequence<byte> chunk, CancellationToken cancellationToken) =>
            Call("body", wish);

        public override ValueTask<MilterReply> EndOfMessageAsync(
            MilterContext context, MilterChanges changes, CancellationToken cancellationToken)
        {
            var reply = Call("eom", wish);
            answered = true;
            return reply;
        }

        public override void Reset()
        {
            if (!answered)
                Calls.Add("abort");
            (wish, answered) = ("", false);
        }

        public override void Close() => Calls.Add("close");

        private ValueTask<MilterReply> Call(string stage, string text, string? macro = null)
        {
            Calls.Add(macro is null ? stage : $"{stage}={macro}");
            var asked = Wish().Match(text) is { Success: true } match && match.Groups[1].Value == stage ? match.Groups[2].Value : "";
            var reply = asked switch
            {
                "accept" => MilterReply.Accept,
                "reject" => MilterReply.Reject,
                "tempfail" => MilterReply.TempFail,
                "discard" => MilterReply.Discard,
                _ => MilterReply.Continue,
            };
            // A client or a recipient is refused alone.
            answered = reply.IsFinal && stage is not ("connect" or "helo") && (stage != "rcpt" || reply == MilterReply.Accept);
            return ValueTask.FromResult(reply);
        }

        [GeneratedRegex("([a-z]+)-(accept|reject|tempfail|discard)")]
        private static partial Regex Wish();
    }
}
