using System.Diagnostics.Metrics;
using Microsoft.Extensions.Logging;
using Postseal.Certificates;
using Postseal.Mail;
using Postseal.Policy;
using Postseal.TestKit;

namespace Postseal.Tests;

/// <summary>What the log and the metrics say of each outcome, at every door.</summary>
public sealed class ProcessingLogTests : IDisposable
{
    private static readonly Envelope Envelope = new() { Recipients = [new("bob@example.net"), new("carol@example.net")] };

    private readonly CertificateFolder folder = new();
    private readonly LineCollector log = new();
    private readonly List<string> counted = [];

    public static TheoryData<Outcome, string, string> Outcomes => new()
    {
        {
            new Outcome.Unchanged(new(RejectionKind.NoCertificate, "there is no certificate for alice@example.org")),
            "4ABC: not signed: there is no certificate for alice@example.org", "result=unsigned reason=no_certificate"
        },
        {
            new Outcome.Unchanged(new(RejectionKind.NotTheSender, "it is not his"), NeedsAttention: true),
            "4ABC: not signed: it is not his", "result=unsigned reason=not_the_sender"
        },
        {
            new Outcome.Refused(new(RejectionKind.TooLarge, "mail from alice@example.org must be signed, but it is too large"), new(552, "5.3.4", "Too large")),
            "4ABC: refused: mail from alice@example.org must be signed, but it is too large", "result=refused reason=too_large"
        },
    };

    [Fact]
    public void A_message_that_is_split_is_not_counted_as_signed()
    {
        Write(new Outcome.PerRecipient(MailMessage.Parse("Subject: Hello\r\n\r\nHello\r\n"u8.ToArray()), [], new SplitTicket(null, 128, 0)));

        Assert.Equal(["4ABC: split for 2 recipient(s), to be handled one by one"], log.Lines);
        Assert.Equal(["result=split"], counted);
    }

    [Fact]
    public void Our_own_field_of_the_first_pass_is_no_forgery_in_the_second()
    {
        var removed = new Outcome.Replaced(MailMessage.Parse("\r\nHello\r\n"u8.ToArray()), [new Fact.MarksRemoved(["Authentication-Results"])]);

        new ProcessingLog(log).Write("4ABC", Envelope with { Ticket = SplitTicket.Incoming }, removed, TimeSpan.Zero);
        Assert.Empty(log.Lines);
        Write(removed);
        Assert.StartsWith("4ABC: an Authentication-Results under our own name was removed", Assert.Single(log.Lines), StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(Outcomes), DisableDiscoveryEnumeration = true)]
    public void Each_outcome_is_one_line_and_one_count(Outcome outcome, string line, string tags)
    {
        Write(outcome);

        Assert.Equal([line], log.Lines);
        Assert.Equal([tags], counted);
    }

    [Fact]
    public void A_signed_message_is_one_line_with_its_certificate_and_one_count()
    {
        folder.Add("alice@example.org");
        var processor = new OutgoingProcessor(new() { Certificates = folder.Options }, folder.Open(), folder.Time);
        var message = MailMessage.Parse("From: alice@example.org\r\n\r\nHello\r\n"u8.ToArray());

        Write(processor.Process(message, Envelope with { ClientAddress = System.Net.IPAddress.Loopback }));

        var line = Assert.Single(log.Lines);
        Assert.StartsWith("4ABC: signed as alice@example.org for 2 recipient(s) with CN=alice@example.org (serial ", line, StringComparison.Ordinal);
        Assert.EndsWith(", P-256) in 3.0 ms", line, StringComparison.Ordinal);
        Assert.Equal(["result=signed"], counted);
    }

    public void Dispose()
    {
        log.Dispose();
        folder.Dispose();
    }

    private void Write(Outcome outcome)
    {
        using var listener = new MeterListener
        {
            InstrumentPublished = (instrument, listener) =>
            {
                if (instrument is { Meter.Name: ProcessingDiagnostics.Name, Name: "postseal.messages" })
                    listener.EnableMeasurementEvents(instrument);
            },
        };
        // Tests beside this one process messages, too.
        var thread = Environment.CurrentManagedThreadId;
        listener.SetMeasurementEventCallback<long>((_, count, tags, _) =>
        {
            if (Environment.CurrentManagedThreadId == thread)
                counted.AddRange(Enumerable.Repeat(string.Join(' ', tags.ToArray().Select(tag => $"{tag.Key}={tag.Value}")), (int)count));
        });
        listener.Start();
        using var logs = LoggerFactory.Create(builder => builder.AddProvider(log).SetMinimumLevel(LogLevel.Debug));
        new ProcessingLog(logs.CreateLogger("test")).Write("4ABC", Envelope, outcome, TimeSpan.FromMilliseconds(3));
    }
}
