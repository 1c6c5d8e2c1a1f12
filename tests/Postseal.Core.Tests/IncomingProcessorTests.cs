using System.Net;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.RegularExpressions;
using Microsoft.Extensions.Logging.Abstractions;
using Postseal.Certificates.Revocation;
using Postseal.Certificates.Trust;
using Postseal.Mail;
using Postseal.Policy;
using Postseal.Settings;
using Postseal.TestKit;
using Postseal.Verification;

namespace Postseal.Tests;

/// <summary>What becomes of mail from outside: what is said of it, what is taken out of its header, and what is done with mail that had to be
/// signed.</summary>
public sealed class IncomingProcessorTests : IDisposable
{
    private static readonly DateTimeOffset Noon = new(2026, 11, 22, 12, 0, 0, TimeSpan.Zero);
    private static readonly Envelope FromOutside = new()
    {
        Recipients = [new("bob@example.net")],
        ClientAddress = IPAddress.Parse("203.0.113.9"),
    };

    private const string Letter =
        "From: Alice <alice@example.org>\r\nTo: bob@example.net\r\nSubject: Hello\r\nDate: Sun, 22 Nov 2026 12:00:30 +0000\r\n\r\nHello Bob\r\n";

    private readonly CertificateFolder folder = new(new SettableTime(Noon));

    public IncomingProcessorTests()
    {
        folder.Add("alice@example.org");
        folder.Add("mallory@example.com");
        folder.Write("anchors.txt", folder.Ca.Root.ExportCertificatePem());
    }

    private PostsealOptions Options => new()
    {
        Certificates = folder.Options with { Trust = new TrustOptions { Anchors = folder.File("anchors.txt") } },
        Incoming = new IncomingOptions { Domains = [AddressPattern.Parse("@example.net")], AuthservId = "mx.example.net" },
    };

    [Fact]
    public void Mail_that_its_author_signed_gets_a_pass_on_top_and_is_not_changed()
    {
        var signed = Signed(Letter);

        var marked = Assert.IsType<Outcome.Replaced>(Process(signed));

        Assert.Equal(
            "Authentication-Results: mx.example.net; smime=pass (trusted) body.smime-part=2 body.smime-identifier=alice@example.org",
            Unfolded(marked.Message.Headers[0]));
        Assert.Equal(TestMail.BytesOf(signed), TestMail.BytesOf(marked.Message with { Headers = [.. marked.Message.Headers.Skip(1)] }));
        Assert.True(signed.Body.Start.Equals(marked.Message.Body.Start)); // the same memory: the MTA gets no body back
    }

    [Fact]
    public void Unsigned_mail_passes_and_its_body_need_not_come()
    {
        var letter = Mail(Letter);

        Assert.False(Processor().AppliesTo(FromOutside, letter.Headers));
        Assert.IsType<Outcome.Unchanged>(Process(letter));
    }

    [Theory]
    [InlineData("203.0.113.9", null, "bob@example.net", true)]
    [InlineData("203.0.113.9", null, "carol@elsewhere.example bob@EXAMPLE.net", true)]
    [InlineData("203.0.113.9", null, "bob@sub.example.net", false)]
    [InlineData("203.0.113.9", null, "carol@elsewhere.example", false)]
    [InlineData("203.0.113.9", null, "postmaster", true)]
    [InlineData("203.0.113.9", null, "bob@example.net.", true)]
    [InlineData("203.0.113.9", null, "bob@localhost", true)]
    [InlineData("203.0.113.9", null, "bob@[192.0.2.1]", true)]
    [InlineData("203.0.113.9", null, "bob@[IPv6:2001:db8::1]", true)]
    [InlineData("203.0.113.9", null, "example.net!bob", true)]
    [InlineData("203.0.113.9", null, "bob%example.net", true)]
    [InlineData("203.0.113.9", null, "bob%example.net@mx.example.com", true)]
    [InlineData("203.0.113.9", null, "@relay.example:bob@example.net", true)]
    [InlineData("203.0.113.9", null, "\"bob@example.net\"@mx.example.com", true)]
    [InlineData("127.0.0.1", null, "bob@example.net", false)]
    [InlineData("203.0.113.9", "alice@example.org", "bob@example.net", false)]
    public void Incoming_is_what_comes_from_outside_for_our_domains(string client, string? login, string recipients, bool expected) =>
        Assert.Equal(expected, Processor().IsIncoming(new Envelope
        {
            ClientAddress = IPAddress.Parse(client),
            AuthenticatedUser = login,
            Recipients = [.. recipients.Split(' ').Select(recipient => new Recipient(recipient))],
        }));

    [Theory]
    [InlineData("Authentication-Results: mx.example.net; smime=pass")]
    [InlineData("authentication-results:\r\n MX.EXAMPLE.NET;\r\n\tdkim=pass")]
    [InlineData("Authentication-Results: (a (b)) mx.example.net (c) 1; smime=pass")]
    [InlineData("Authentication-Results: \"mx.example.net\"; none")]
    [InlineData("Authentication-Results : mx.example.net")]
    [InlineData("X-Postseal: decrypted; integrity=aead")]
    [InlineData("x-postSEAL-anything: 1")]
    [InlineData("X-Postseal-Encrypt: never")]
    public void Marks_that_only_we_write_are_taken_out_of_mail_of_strangers(string forged)
    {
        foreach (var letter in new[] { Mail(Letter), Signed(Letter) })
        {
            var outcome = Assert.IsType<Outcome.Replaced>(Process(letter with { Headers = [Field(forged), .. letter.Headers] }));

            Assert.DoesNotContain(Field(forged), outcome.Message.Headers);
            Assert.Equal(letter.Headers, outcome.Message.Headers.Where(field => !field.Is("Authentication-Results")));
            Assert.Contains(outcome.Facts, fact => fact is Fact.MarksRemoved);
        }
    }

    // In the second pass the client is the MTA, which is trusted, and settings may be others by then.
    [Fact]
    public void What_came_from_outside_does_so_in_its_second_pass_too_and_is_marked_anew()
    {
        var second = FromOutside with { ClientAddress = IPAddress.Loopback, Ticket = SplitTicket.Incoming };
        var first = ((Outcome.Replaced)Process(Signed(Letter))).Message;

        var outcome = Assert.IsType<Outcome.Replaced>(Processor().Process(first with { Headers = [Field("X-Postseal-Split: v1"), .. first.Headers] }, second));

        Assert.Equal(TestMail.BytesOf(first), TestMail.BytesOf(outcome.Message));
        Assert.DoesNotContain(outcome.Facts, fact => fact is Fact.MarksRemoved);
        Assert.True(Processor(Options with { Incoming = new() }).IsFromOutside(second));
        Assert.False(Processor().IsFromOutside(FromOutside with { Ticket = new SplitTicket(null, 128, 0) }));
    }

    [Fact]
    public void Mail_from_outside_for_others_gets_no_verdict_and_keeps_no_mark()
    {
        var forOthers = FromOutside with { Recipients = [new("carol@elsewhere.example")] };
        var signed = Signed(Letter);
        var forged = signed with { Headers = [Field("Authentication-Results: mx.example.net; smime=pass"), .. signed.Headers] };

        Assert.IsType<Outcome.Unchanged>(Processor().Process(signed, forOthers));
        Assert.Equal(TestMail.BytesOf(signed), TestMail.BytesOf(((Outcome.Replaced)Processor().Process(forged, forOthers)).Message));
        Assert.False(Processor().AppliesTo(forOthers, signed.Headers));
        Assert.True(Processor().AppliesTo(forOthers, forged.Headers));
    }

    [Theory]
    [InlineData("Authentication-Results: mx.example.com; smime=pass")]
    [InlineData("Authentication-Results: mx.example.net.example.com; smime=pass")]
    [InlineData("ARC-Authentication-Results: i=1; mx.example.net; smime=pass")]
    [InlineData("X-Post: seal")]
    public void What_others_write_under_their_own_names_stays(string field)
    {
        var letter = Mail(Letter);

        Assert.IsType<Outcome.Unchanged>(Process(letter with { Headers = [Field(field), .. letter.Headers] }));
    }

    [Theory]
    [InlineData("Authentication-Results: mx.example.net; dkim=pass header.d=example.org; spf=pass", true)]
    [InlineData("Authentication-Results: mx.example.net (x; y=z) 1; dkim = pass reason=\"a; b\"; spf=none", true)]
    [InlineData("Authentication-Results: mx.example.net;\r\n\tdkim=none;\r\n\tdkim-atps=neutral", true)]
    [InlineData("Authentication-Results: mx.example.net; dkimx=pass", false)]
    [InlineData("Authentication-Results: mx.example.net; none", true)]
    [InlineData("Authentication-Results: mx.example.net; dkim=pass (smime=pass)", false)]
    [InlineData("Authentication-Results: mx.example.net; dkim=pass (=?utf-8?q?=3Bsmi?= =?utf-8?q?me=3Dpass?=)", false)]
    [InlineData("Authentication-Results: mx.example.net; dkim=pass (smi\u00ADme=pass)", false)]
    [InlineData("Authentication-Results: mx.example.net; dkim=pass; smime=pass", false)]
    [InlineData("Authentication-Results: mx.example.net; dkim=pass (; smime=pass", false)]
    [InlineData("Authentication-Results: mx.example.net", false)]
    public void Results_of_filters_before_us_are_kept_if_these_are_all_there_is(string field, bool kept)
    {
        var options = Options with { Incoming = Options.Incoming with { KeepResults = ["dkim", "spf"] } };
        var letter = Mail(Letter);

        var outcome = Process(letter with { Headers = [Field(field), .. letter.Headers] }, options);

        Assert.Equal(kept, outcome is Outcome.Unchanged);
    }

    [Theory]
    [InlineData(UnmetDemand.Mark, "signed", "smime=pass")]
    [InlineData(UnmetDemand.Mark, "unsigned", "smime=none")]
    [InlineData(UnmetDemand.Mark, "by mallory", "smime=policy")]
    [InlineData(UnmetDemand.Quarantine, "signed", "smime=pass")]
    [InlineData(UnmetDemand.Quarantine, "unsigned", "held")]
    [InlineData(UnmetDemand.Quarantine, "by mallory", "held")]
    [InlineData(UnmetDemand.Refuse, "signed", "smime=pass")]
    [InlineData(UnmetDemand.Refuse, "unsigned", "550")]
    [InlineData(UnmetDemand.Refuse, "by mallory", "550")]
    [InlineData(UnmetDemand.Refuse, "without anchors", "550")]
    [InlineData(UnmetDemand.Refuse, "anchors unreadable", "451")]
    public void Mail_that_has_to_be_signed_and_is_not_gets_what_the_settings_say(UnmetDemand otherwise, string letter, string expected)
    {
        var options = Options with
        {
            Incoming = Options.Incoming with
            {
                From = new Dictionary<AddressPattern, FromRules>
                {
                    [AddressPattern.Parse("@example.org")] = new(ProtectionDemand.Required, Otherwise: otherwise),
                },
            },
        };
        var anchors = letter switch { "without anchors" => null, "anchors unreadable" => "/nowhere/anchors.pem", _ => folder.File("anchors.txt") };
        var mail = letter switch { "unsigned" => Mail(Letter), "by mallory" => SignedBy("mallory@example.com"), _ => Signed(Letter) };

        var outcome = Process(mail, options with { Certificates = options.Certificates with { Trust = new TrustOptions { Anchors = anchors } } });

        Assert.StartsWith(expected, outcome switch
        {
            Outcome.Replaced replaced => Unfolded(replaced.Message.Headers[0])["Authentication-Results: mx.example.net; ".Length..],
            Outcome.Quarantined => "held",
            Outcome.Refused refused => $"{refused.Reply.Code}",
            _ => "unchanged",
        });
    }

    [Theory]
    [InlineData("From: \"alice@example.org\" <other@example.com>\r\n")]
    [InlineData("From: other@example.com, alice@example.org\r\n")]
    [InlineData("From: other@example.com\r\nFrom: alice@example.org\r\n")]
    [InlineData("From: =?utf-8?q?alice=40example.org?= <other@example.com>\r\n")]
    public void Nobody_evades_a_demand_by_hiding_the_author(string from)
    {
        var options = Options with
        {
            Incoming = Options.Incoming with
            {
                From = new Dictionary<AddressPattern, FromRules>
                {
                    [AddressPattern.Parse("@example.org")] = new(ProtectionDemand.Required, Otherwise: UnmetDemand.Refuse),
                },
            },
        };

        Assert.IsType<Outcome.Refused>(Process(Mail($"{from}Subject: Hello\r\n\r\nHello\r\n"), options));
        Assert.IsType<Outcome.Unchanged>(Process(Mail("From: other@example.com\r\nSubject: Hello\r\n\r\nHello\r\n"), options));
    }

    [Fact]
    public void Nor_by_leaving_him_to_the_envelope()
    {
        var options = Options with
        {
            Incoming = Options.Incoming with
            {
                From = new Dictionary<AddressPattern, FromRules>
                {
                    [AddressPattern.Parse("alice@example.org")] = new(ProtectionDemand.Required, Otherwise: UnmetDemand.Refuse),
                },
            },
        };
        var letter = Mail("Subject: Hello\r\n\r\nHello\r\n");
        var byAlice = FromOutside with { Sender = new MailAddress("alice", "example.org") };

        Assert.True(Processor(options).AppliesTo(byAlice, letter.Headers));
        Assert.IsType<Outcome.Refused>(Processor(options).Process(letter, byAlice));
        Assert.False(Processor(options).AppliesTo(FromOutside, letter.Headers));
    }

    public void Dispose() => folder.Dispose();

    private MailMessage Signed(string letter) => ((Outcome.Replaced)Sign(Mail(letter))).Message;

    /// <summary>Mallory's signature under Alice's name.</summary>
    private MailMessage SignedBy(string other)
    {
        var signed = ((Outcome.Replaced)Sign(Mail(Letter.Replace("alice@example.org", other, StringComparison.Ordinal)))).Message;
        return signed with { Headers = [.. signed.Headers.Select(field => field.Is("From") ? Field("From: Alice <alice@example.org>") : field)] };
    }

    private Outcome Sign(MailMessage message) =>
        new OutgoingProcessor(new PostsealOptions { Certificates = folder.Options }, folder.Open(), folder.Time)
            .Process(message, new Envelope { ClientAddress = IPAddress.Loopback });

    private Outcome Process(MailMessage message, PostsealOptions? options = null) => Processor(options).Process(message, FromOutside);

    private IncomingProcessor Processor(PostsealOptions? options = null) => new MailVerification(
        options ?? Options, folder.Open(), new NobodyAsked(), null, folder.Time, NullLogger.Instance).Incoming;

    private static MailMessage Mail(string text) => MailMessage.Parse(Encoding.UTF8.GetBytes(text));

    private static HeaderField Field(string text) => new(Encoding.UTF8.GetBytes(text), text.IndexOf(':', StringComparison.Ordinal));

    private static string Unfolded(HeaderField field) =>
        Regex.Replace(field.ToString(), @"\s+", " ");
}
