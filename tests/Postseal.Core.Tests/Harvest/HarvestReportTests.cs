using System.Diagnostics.Metrics;
using System.Net;
using System.Security.Cryptography.X509Certificates;
using Microsoft.Extensions.Logging.Abstractions;
using Postseal.Certificates.Revocation;
using Postseal.Certificates.Trust;
using Postseal.Harvest;
using Postseal.Mail;
using Postseal.Policy;
using Postseal.Settings;
using Postseal.TestKit;

namespace Postseal.Tests.Harvest;

/// <summary>What is said of learning: by the processor of incoming mail, in the log, in the metrics, and by explain, which learns nothing.</summary>
public sealed class HarvestReportTests : IDisposable
{
    private const string Alice = "alice@example.org";
    private static readonly Envelope FromOutside = new() { Recipients = [new("bob@example.net")], ClientAddress = IPAddress.Parse("203.0.113.9") };
    private readonly HarvestRoom room = new();
    private readonly LetterSigner alice;

    public HarvestReportTests() => alice = room.Person(Alice);

    public void Dispose()
    {
        alice.Dispose();
        room.Dispose();
    }

    [Fact]
    public void Mail_that_comes_in_teaches_and_is_delivered_as_before()
    {
        var outcome = Assert.IsType<Outcome.Replaced>(Process(learns: true));

        Assert.Equal(HarvestKind.New, Assert.Single(outcome.Facts.OfType<Fact.Harvested>()).Result.Kind);
        Assert.Contains(Alice, room.Learned);
        Assert.DoesNotContain(Assert.IsType<Outcome.Replaced>(Process(learns: true)).Facts, fact => fact is Fact.Harvested);
    }

    [Fact]
    public void To_explain_it_teaches_nothing()
    {
        var outcome = Process(learns: false);

        Assert.Contains(outcome.Steps, step => step.Answer == $"new: nothing was known of {Alice}");
        Assert.False(Directory.Exists(room.Path));
    }

    [Fact]
    public void A_forged_field_under_our_own_name_is_gone_before_anything_is_learned()
    {
        room.Harvest = room.Harvest with { DkimFrom = "mx.example.net" };
        var outcome = Process(learns: true, keeps: []);

        Assert.Equal(HarvestKind.Refused, outcome is Outcome.Replaced { Facts: var facts } ? facts.OfType<Fact.Harvested>().Single().Result.Kind : HarvestKind.None);
        Assert.Empty(room.Learned);
    }

    public static TheoryData<HarvestKind, string, string> Lines => new()
    {
        { HarvestKind.New, "Information 4ABC: learned the certificate CN=alice@example.org (serial S) of alice@example.org: because", "new" },
        { HarvestKind.Renewed, "Information 4ABC: learned the certificate CN=alice@example.org (serial S) of alice@example.org: because", "renewed" },
        { HarvestKind.Replaced, "Warning 4ABC: the key of alice@example.org changed: mail is encrypted to CN=alice@example.org (serial S) from now on", "replaced" },
        { HarvestKind.Pending, "Information 4ABC: the certificate CN=alice@example.org (serial S) of alice@example.org waits for approval: because", "pending" },
        { HarvestKind.Refused, "Debug 4ABC: no certificate of alice@example.org was learned: because", "refused" },
        { HarvestKind.Failed, "Warning 4ABC: no certificate of alice@example.org was learned: because", "failed" },
    };

    [Theory]
    [MemberData(nameof(Lines))]
    public void Each_result_is_one_line_and_one_count(HarvestKind kind, string line, string counted)
    {
        using var log = new LineCollector { WithLevel = true };
        List<string?> counts = [];
        using var listener = new MeterListener
        {
            InstrumentPublished = (instrument, listener) =>
            {
                if (instrument.Name == "postseal.harvested")
                    listener.EnableMeasurementEvents(instrument);
            },
        };
        var thread = Environment.CurrentManagedThreadId;
        listener.SetMeasurementEventCallback<long>((_, _, tags, _) =>
        {
            if (Environment.CurrentManagedThreadId == thread)
                counts.Add((string?)tags[0].Value);
        });
        listener.Start();
        var result = new HarvestResult(kind, "because") { Address = TestMail.Address(Alice), Certificate = alice.Certificate };

        new ProcessingLog(log).Write(
            "4ABC", FromOutside, new Outcome.Replaced(MailMessage.Parse("\r\nHello\r\n"u8.ToArray()), [new Fact.Harvested(result)]), TimeSpan.Zero);

        Assert.Equal([line.Replace("serial S", $"serial {alice.Certificate.SerialNumber}", StringComparison.Ordinal)], log.Lines);
        Assert.Equal([counted], counts);
    }

    private Outcome Process(bool learns, IReadOnlyList<string>? keeps = null)
    {
        var options = new PostsealOptions
        {
            Certificates = room.Options with { Trust = new TrustOptions { Anchors = room.Folder.File("anchors.txt") } },
            Incoming = new IncomingOptions
            {
                Domains = [AddressPattern.Parse("@example.net")],
                AuthservId = "mx.example.net",
                KeepResults = keeps ?? ["dkim"],
            },
            Harvest = room.Harvest,
        };
        var letter = MailMessage.Parse(room.Letter(Alice, room.By(alice).Detached(SignedLetter.Text)));
        return new MailVerification(options, room.Folder.Open(options.Certificates), new NobodyAsked(), null, room.Time, NullLogger.Instance, learns)
            .Incoming.Process(letter, FromOutside);
    }
}
