using Microsoft.Extensions.Logging;
using Milter;
using Milter.Testing;
using Postseal.Certificates;
using Postseal.Mail;
using Postseal.Policy;
using Postseal.Program.Milter;
using Postseal.TestKit;

namespace Postseal.Tests;

/// <summary>What the MTA gets of each outcome, whoever decided it, and what the processor is told.</summary>
public sealed class SmimeFilterTests : IAsyncDisposable
{
    private static readonly Rejection Why = new(RejectionKind.NoCertificate, "there is no certificate for alice@example.org");
    private static readonly MailMessage Other = MailMessage.Parse("Subject: Other\r\n\r\nOther\r\n"u8.ToArray());

    private readonly LineCollector log = new();
    private MilterServer? server;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public static TheoryData<Outcome, MtaVerdict, string> Outcomes => new()
    {
        { new Outcome.Unchanged(Why), MtaVerdict.Accepted, "Subject: Hello\r\n\r\nHello\r\n" },
        { new Outcome.Replaced(Other, []), MtaVerdict.Accepted, "Subject: Other\r\n\r\nOther\r\n" },
        { new Outcome.Refused(Why, new SmtpReply(550, "5.7.5", "No certificate")), MtaVerdict.Rejected, "550 5.7.5 No certificate" },
        // Nothing here splits a message: the MTA keeps it, and nobody gets what was meant for another.
        { new Outcome.PerRecipient(Other, [], new SplitTicket(null, 128, 0)), MtaVerdict.TempFailed, "451 4.3.5 This mail has to go to each recipient by itself" },
    };

    [Theory]
    [MemberData(nameof(Outcomes), DisableDiscoveryEnumeration = true)]
    public async Task Each_outcome_is_carried_out_at_the_MTA(Outcome outcome, MtaVerdict verdict, string expected)
    {
        await StartAsync(new Decided(outcome));

        var result = await SendAsync();

        Assert.Equal(verdict, result.Verdict);
        Assert.StartsWith(
            expected, verdict == MtaVerdict.Accepted ? System.Text.Encoding.ASCII.GetString(result.ToBytes()) : result.Reply,
            StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_key_that_is_elsewhere_holds_nothing_up_but_its_own_message()
    {
        var processor = new Decided(new Outcome.Unchanged(Why)) { FirstWaitsFor = new TaskCompletionSource() };
        await StartAsync(processor);
        var waiting = SendAsync();
        await processor.FirstCame.Task.WaitAsync(Cancel);

        Assert.Equal(MtaVerdict.Accepted, (await SendAsync()).Verdict);
        Assert.False(waiting.IsCompleted);

        processor.FirstWaitsFor.SetResult();
        Assert.Equal(MtaVerdict.Accepted, (await waiting).Verdict);
    }

    [Fact]
    public async Task The_processor_gets_the_whole_envelope()
    {
        var processor = new Decided(new Outcome.Unchanged(Why));
        await StartAsync(processor);

        await SendAsync(new MtaMessage
        {
            Sender = "alice@example.org",
            Recipients = ["bob@example.net", "postmaster"],
            Headers = [new("Subject", " Hello")],
        });

        Assert.Equal("alice@example.org", processor.Envelope!.Sender!.ToString());
        Assert.Equal(["bob@example.net", "postmaster"], processor.Envelope.Recipients.Select(recipient => recipient.Text));
        Assert.Equal([true, false], processor.Envelope.Recipients.Select(recipient => recipient.Address is not null));
    }

    [Theory]
    [InlineData(SplitMethod.None, false)]
    [InlineData(SplitMethod.Reinject, true)]
    [InlineData(SplitMethod.Postfix, true, "unknown@example.net", "team@example.org", "list@example.org", "sales@example.org", "box@example.org")]
    public async Task The_processor_is_told_who_may_be_an_alias_and_whether_a_message_can_be_split(
        SplitMethod method, bool canSplit, params string[] mayExpand)
    {
        var processor = new Decided(new Outcome.Unchanged(Why));
        await StartAsync(processor, method);

        await SendAsync(new MtaMessage
        {
            Recipients = ["bob@example.net", "carol@example.net", "unknown@example.net", "team@example.org", "list@example.org", "sales@example.org", "box@example.org"],
            Mailers = new Dictionary<string, string>
            {
                ["carol@example.net"] = "relay",
                ["unknown@example.net"] = "",
                ["team@example.org"] = "local",
                ["list@example.org"] = "error",
                ["sales@example.org"] = "virtual",
                ["box@example.org"] = "lmtp",
            },
        });

        Assert.Equal(canSplit, processor.Envelope!.CanSplit);
        Assert.Null(processor.Envelope.Ticket);
        Assert.Equal(mayExpand, processor.Envelope.Recipients.Where(recipient => recipient.MayExpand).Select(recipient => recipient.Text));
    }

    public async ValueTask DisposeAsync()
    {
        if (server is not null)
            await server.DisposeAsync();
        log.Dispose();
    }

    private async Task StartAsync(Decided processor, SplitMethod method = SplitMethod.None)
    {
        var logs = LoggerFactory.Create(builder => builder.AddProvider(log));
        var handling = new Handling(processor, _ => false, (_, _) => false, false, method, new NoSplitter(), new SecondPass(method, null!, logs.CreateLogger<SecondPass>()));
        var filter = new SmimeFilter(() => handling, TimeProvider.System, logs.CreateLogger<SmimeFilter>());
        server = new MilterServer(
            new MilterServerOptions { Endpoints = { MilterEndpoint.Parse("inet:0@127.0.0.1") } }, filter, logs.CreateLogger<MilterServer>());
        await server.StartAsync(Cancel);
    }

    private async Task<MtaResult> SendAsync(MtaMessage? message = null)
    {
        await using var mta = await MtaDouble.ConnectAsync(server!.Endpoints[0], MtaKind.Postfix, Cancel);
        return await mta.SendAsync(message ?? MtaMessage.FromBytes("Subject: Hello\r\n\r\nHello\r\n"u8.ToArray()), Cancel);
    }

    /// <summary>A processor that has decided already.</summary>
    private sealed class Decided(Outcome outcome) : IMailProcessor
    {
        public Envelope? Envelope { get; private set; }

        public TaskCompletionSource FirstCame { get; } = new();

        public TaskCompletionSource? FirstWaitsFor { get; init; }

        public bool AppliesTo(Envelope envelope, IReadOnlyList<HeaderField> headers) => true;

        public async ValueTask<Outcome> ProcessAsync(MailMessage message, Envelope envelope, CancellationToken cancellationToken = default)
        {
            Envelope = envelope;
            if (FirstCame.TrySetResult() && FirstWaitsFor is { } wait)
                await wait.Task.WaitAsync(cancellationToken);
            return outcome;
        }
    }
}
