using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Postseal.Certificates;
using Postseal.Mail;
using Postseal.Mime;
using Postseal.Policy;
using Postseal.Program.Trial;
using Postseal.Settings;
using Postseal.TestKit;
using static Postseal.TestKit.TestMail;

namespace Postseal.Tests;

/// <summary>
/// Which mail is encrypted to whom, split, refused or sent as it is. bob and carol have certificates, erin's has expired, dave has none,
/// olga's private key is here.
/// </summary>
public sealed class EncryptionPolicyTests : IDisposable
{
    private readonly CertificateFolder folder = new();

    public EncryptionPolicyTests()
    {
        folder.Add("alice@example.org");
        folder.Add("olga@example.org");
        foreach (var name in new[] { "bob", "carol" })
            AddCorrespondent(name, new TestCaRequest($"{name}@example.net") { Key = "P-256" });
        AddCorrespondent("erin", new TestCaRequest("erin@example.net") { NotBefore = Now.AddDays(-20), NotAfter = Now.AddDays(-1) });
    }

    private DateTimeOffset Now => folder.Time.GetUtcNow();

    public static TheoryData<string, string, string, string> Decisions => new()
    {
        // [Encryption] and sections               To         RCPT TO          what becomes of it
        { "Mode = Never",                          "bob",     "bob",           "plain" },
        { "Mode = IfPossible",                     "bob",     "bob",           "encrypted to bob" },
        { "Mode = IfPossible",                     "dave",    "dave",          "plain" },
        { "Mode = IfPossible",                     "erin",    "erin",          "plain, warned" },
        { "Mode = IfPossible",                     "bob, carol", "bob, carol", "encrypted to bob, carol" },
        { "Mode = IfPossible",                     "bob",     "bob, carol",    "split" }, // carol is in Bcc
        { "Mode = IfPossible",                     "list",    "bob",           "encrypted to bob" },
        { "Mode = IfPossible",                     "bob, bob", "bob, bob",     "encrypted to bob" },
        { "Mode = IfPossible",                     "bob, dave", "bob, dave",   "split" },
        { "Mode = IfPossible\nMixed = Plain",      "bob, dave", "bob, dave",   "plain, warned" },
        { "Mode = IfPossible\nMixed = Refuse",     "bob, dave", "bob, dave",   "550 dave (no certificate)" },
        { "Mode = Required",                       "bob",     "bob",           "encrypted to bob" },
        { "Mode = Required",                       "dave",    "dave",          "550 dave (no certificate)" },
        { "Mode = Required",                       "bob, dave, erin", "bob, dave, erin", "550 dave (no certificate), erin (the certificate has expired)" },
        { "Mode = Required\nMissing = Bounce",     "bob, dave", "bob, dave",   "split" },
        { "Mode = Required\nMissing = Bounce",     "dave",    "dave",          "550 dave (no certificate)" },
        // Ours are not encrypted to, unless a section says so.
        { "Mode = Required",                       "olga",    "olga",          "plain" },
        { "Mode = IfPossible",                     "olga, bob", "olga, bob",   "split" },
        { "Mode = Never\n[Recipient:olga@example.org]\nMode = Required", "olga", "olga", "encrypted to olga" },
        // Sections: the address over its domain over [Encryption]; the stricter of sender and recipient.
        { "Mode = Never\n[Recipient:@example.net]\nMode = Required", "dave", "dave", "550 dave (no certificate)" },
        { "Mode = Never\n[Recipient:@example.net]\nMode = Required\n[Recipient:dave@example.net]\nMode = Never", "dave", "dave", "plain" },
        { "Mode = Required\n[Recipient:dave@example.net]\nMode = Never", "dave", "dave", "plain" },
        { "Mode = Required\n[Recipient:dave@example.net]\nMode = Never", "bob, dave", "bob, dave", "split" },
        { "Mode = Never\n[Sender:alice@example.org]\nEncryption = Required", "dave", "dave", "550 dave (no certificate)" },
        { "Mode = Never\n[Sender:@example.org]\nEncryption = Required\n[Sender:alice@example.org]\nEncryption = IfPossible", "dave", "dave", "plain" },
        { "Mode = Never\n[Sender:alice@example.org]\nEncryption = Required\n[Recipient:dave@example.net]\nMode = Never", "dave", "dave", "550 dave (no certificate)" },
        { "Mode = Never\n[Sender:alice@example.org]\nEncryption = Never\n[Recipient:dave@example.net]\nMode = Required", "dave", "dave", "550 dave (no certificate)" },
        // What every recipient reads, or what his section says.
        { "Mode = IfPossible\nContent = Aes128Gcm", "bob",    "bob",           "encrypted to bob with Aes128Gcm" },
        { "Mode = IfPossible\nFallback = Aes128Cbc", "bob",   "bob",           "encrypted to bob with Aes128Cbc" },
        { "Mode = IfPossible\n[Recipient:bob@example.net]\nContent = Aes128Gcm", "bob, carol", "bob, carol", "split" },
        { "Mode = IfPossible\nContent = Aes128Gcm\n[Recipient:@example.net]\nContent = Auto", "bob", "bob", "encrypted to bob with Aes256Cbc" },
        // Not an address at all is still a recipient.
        { "Mode = Required",                       "bob",     "bob, postmaster", "550 postmaster (no certificate)" },
    };

    [Theory]
    [MemberData(nameof(Decisions))]
    public void Each_recipient_gets_what_the_settings_say(string settings, string to, string recipients, string expected) =>
        Assert.Equal(expected, Told(Process(settings, Letter(to), Envelope(recipients) with { CanSplit = true }), expected));

    [Theory]
    [InlineData("Mode = IfPossible", "bob, dave", "bob, dave", "plain, warned")]
    [InlineData("Mode = IfPossible", "bob", "bob, carol", "plain, warned")]
    [InlineData("Mode = Required", "bob, carol", "bob, carol", "encrypted to bob, carol")]
    [InlineData("Mode = Required", "bob", "bob, carol", "550 [Splitting]")]
    [InlineData("Mode = Required\nMissing = Bounce", "bob, dave", "bob, dave", "550 dave (no certificate)")]
    public void Where_nothing_splits_mail_is_plain_or_refused(string settings, string to, string recipients, string expected) =>
        Assert.Equal(expected, Told(Process(settings, Letter(to), Envelope(recipients)), expected));

    [Theory]
    [InlineData("Mode = Never", "X-Postseal-Encrypt: required", "encrypted to bob")]
    [InlineData("Mode = Never", "x-postseal-ENCRYPT : Required", "encrypted to bob")]
    [InlineData("Mode = Never", "X-Postseal-Encrypt:\r\n ifPossible", "encrypted to bob")]
    [InlineData("Mode = Never", "X-Postseal-Encrypt: yes please", "encrypted to bob")] // misspelt: the stricter
    [InlineData("Mode = Never", "X-Postseal-Encrypt: never\r\nX-Postseal-Encrypt: required", "encrypted to bob")]
    [InlineData("Mode = IfPossible", "X-Postseal-Encrypt: never", "encrypted to bob")] // may not lower
    [InlineData("Mode = IfPossible\n[Override]\nMayLower = yes", "X-Postseal-Encrypt: never", "plain")]
    [InlineData("Mode = Never\n[Override]\nHeader = X-Seal", "X-Postseal-Encrypt: required", "plain, kept")]
    [InlineData("Mode = Never\n[Override]\nSubjectTag = [encrypt]", "Subject: [Encrypt] Plans", "encrypted to bob")]
    [InlineData("Mode = Never\n[Override]\nSubjectTag = [encrypt]", "Subject: =?utf-8?q?=5Bencrypt=5D_Pl=C3=A4ne?=", "encrypted to bob")]
    [InlineData("Mode = Never\n[Override]\nSubjectTag = [encrypt]", "Subject: [encr=?utf-8?q?ypt=5D?= Plans", "encrypted to bob")] // lenient readers show the tag
    [InlineData("Mode = Never\n[Override]\nSensitivity = yes", "Sensitivity: company-confidential", "encrypted to bob, kept")]
    [InlineData("Mode = Never", "Sensitivity: Company-Confidential", "plain, kept")]
    public void The_sender_of_one_message_can_ask_for_encryption(string settings, string field, string expected)
    {
        var outcome = Process(settings, Letter("bob", field), Envelope("bob") with { CanSplit = true });

        Assert.Equal(expected.Split(", kept")[0], Told(outcome, expected));
        var header = string.Join("\n", (outcome as Outcome.Replaced)?.Message.Headers.Select(header => header.ToString()) ?? [field]);
        Assert.Equal(expected.EndsWith(", kept", StringComparison.Ordinal), header.Contains(field, StringComparison.Ordinal));
        Assert.DoesNotContain("[encrypt]", expected.EndsWith("kept", StringComparison.Ordinal) ? "" : header, StringComparison.OrdinalIgnoreCase);
    }

    [Theory]
    [InlineData("X-Postseal-Encrypt: required")]
    [InlineData("X-Postseal-Split: v1; t=1; mac=AAAA")]
    [InlineData("x-postseal-split : v1")]
    [InlineData("Subject: [encrypt] [Encrypt] Plans")]
    public void Marks_in_mail_of_strangers_are_removed_and_ask_for_nothing(string field)
    {
        var stranger = Envelope("bob") with { ClientAddress = IPAddress.Parse("203.0.113.9") };
        var message = Letter("bob", field);

        var replaced = Assert.IsType<Outcome.Replaced>(Process("Mode = Required\n[Override]\nSubjectTag = [encrypt]", message, stranger));

        Assert.DoesNotContain(replaced.Message.Headers, header => header.Is("X-Postseal-Encrypt") || header.Is("X-Postseal-Split"));
        Assert.DoesNotContain("[encrypt]", Encoding.UTF8.GetString(BytesOf(replaced.Message)), StringComparison.OrdinalIgnoreCase);
        Assert.Equal(message.Body, replaced.Message.Body);
        Assert.DoesNotContain(replaced.Facts, fact => fact is Fact.Encrypted or Fact.Signed);
    }

    [Fact]
    public void A_subject_keeps_what_stood_behind_the_tag()
    {
        var outcome = Process(
            "Mode = Never\n[Override]\nSubjectTag = [encrypt]", Letter("dave", "Subject: =?utf-8?q?=5Bencrypt=5D_Pl=C3=A4ne?="),
            Envelope("dave") with { ClientAddress = IPAddress.Parse("203.0.113.9") });

        var subject = Assert.IsType<Outcome.Replaced>(outcome).Message.Headers.Single(header => header.Is("Subject"));
        Assert.Equal("Subject: Pläne", EncodedWordDecoder.Decode(subject.ToString()));
    }

    [Theory]
    [InlineData("Mode = IfPossible\nLookupError = Defer", "451")]
    [InlineData("Mode = IfPossible\nLookupError = Ignore", "plain, warned")]
    [InlineData("Mode = Required\nLookupError = Ignore", "451")]
    public void A_source_that_does_not_answer_has_no_certificate_to_tell_of(string settings, string expected)
    {
        var options = Options(settings);
        var processor = new OutgoingProcessor(options, folder.Open(options.Certificates), new Silent(), folder.Time);

        Assert.Equal(expected, Told(processor.Process(Letter("bob"), Envelope("bob")), expected));
    }

    [Fact]
    public void A_recipient_the_MTA_may_expand_is_decided_in_the_second_pass()
    {
        var alias = Envelope("team") with { CanSplit = true, Recipients = [new Recipient("team@example.net") { MayExpand = true }] };

        var split = Assert.IsType<Outcome.PerRecipient>(Process("Mode = Required", Letter("team"), alias));

        Assert.Contains(split.Facts, fact => fact is Fact.Signed);
        var pass2 = Envelope("bob") with { Ticket = split.Ticket };
        Assert.Equal("encrypted to bob", Told(Process("Mode = Required", split.Message, pass2), "encrypted to bob"));
        var other = Envelope("dave") with { Ticket = split.Ticket };
        Assert.Equal("550 dave (no certificate)", Told(Process("Mode = Required", split.Message, other), "550 dave (no certificate)"));
    }

    [Fact]
    public void What_the_sender_asked_for_holds_in_the_second_pass_too()
    {
        var split = Assert.IsType<Outcome.PerRecipient>(
            Process("Mode = Never", Letter("bob", "X-Postseal-Encrypt: required"), Envelope("bob, carol") with { CanSplit = true }));

        var stranger = Envelope("carol") with { Ticket = split.Ticket, ClientAddress = null };
        Assert.Equal("encrypted to carol", Told(Process("Mode = Never", split.Message, stranger), "encrypted to carol"));
    }

    [Theory]
    [InlineData("no", "550 dave (no certificate)")]
    [InlineData("yes", "plain")]
    public void What_may_not_lower_the_mode_does_not_in_the_second_pass_either(string mayLower, string expected)
    {
        var settings = $"Mode = Required\nMissing = Bounce\n[Override]\nMayLower = {mayLower}";
        var envelope = Envelope("bob, dave") with
        {
            CanSplit = true,
            Recipients = [new Recipient("bob@example.net"), new Recipient("dave@example.net") { MayExpand = true }],
        };
        var split = Assert.IsType<Outcome.PerRecipient>(Process(settings, Letter("bob, dave", "X-Postseal-Encrypt: ifpossible"), envelope));

        var outcome = Process(settings, split.Message, Envelope("dave") with { Ticket = split.Ticket });

        Assert.Equal(expected, Told(outcome, expected));
    }

    [Theory]
    [InlineData("From: alice@example.org, news@example.org")]
    [InlineData("From: news@example.org, alice@example.org")]
    [InlineData("From: news@example.org\r\nFrom: alice@example.org")]
    [InlineData("From: news@example.org\r\nSender: alice@example.org\r\nX: \rx")]
    public void Of_several_who_may_be_the_author_one_without_a_section_has_the_mode_of_all(string from)
    {
        var message = MailMessage.Parse(Encoding.UTF8.GetBytes(from + "\r\nTo: dave@example.net\r\n\r\nHello\r\n"));

        var outcome = Process("Mode = Required\n[Sender:news@example.org]\nEncryption = Never", message, Envelope("dave"));

        Assert.Equal("550 dave (no certificate)", Told(outcome, ""));
    }

    [Fact]
    public void A_From_that_may_name_anybody_may_name_one_without_a_section()
    {
        var names = string.Join(",\r\n ", Enumerable.Range(0, 5000).Select(i => $"news{i}@example.org"));
        var message = MailMessage.Parse(Encoding.UTF8.GetBytes($"From: {names}\r\nTo: dave@example.net\r\n\r\nHello\r\n"));

        var outcome = Process("Mode = Required\n[Sender:news@example.org]\nEncryption = Never", message, Envelope("dave"));

        Assert.Equal("550 dave (no certificate)", Told(outcome, ""));
    }

    [Theory]
    [InlineData("dave@bank.example.")]
    [InlineData("da..ve@bank.example")]
    [InlineData(".dave@bank.example")]
    [InlineData("@relay.example:dave@bank.example")]
    [InlineData("bank.example!dave")]
    [InlineData("dave%bank.example")]
    [InlineData("dave%bank.example@example.net")]
    [InlineData("a%b%bank.example%c.example@example.net")]
    [InlineData("bank.example!dave@example.net")]
    [InlineData("a.example!bank.example!dave@example.net")]
    [InlineData("\"dave@bank.example\"@example.net")]
    public void An_address_that_an_MTA_may_read_as_another_has_the_mode_of_the_other(string recipient)
    {
        var envelope = Envelope("dave") with { Recipients = [new Recipient(recipient)] };

        var refused = Process("Mode = IfPossible\n[Recipient:@bank.example]\nMode = Required", Letter("dave"), envelope);

        Assert.Equal(550, Assert.IsType<Outcome.Refused>(refused).Reply.Code);
    }

    [Theory]
    [InlineData("dave%good.example@example.net")]
    [InlineData("da%ve@example.net")]
    [InlineData("postmaster")]
    [InlineData("a!b@example.net")]
    public void An_address_that_no_MTA_reads_as_one_of_a_section_has_the_mode_of_all(string recipient)
    {
        var envelope = Envelope("dave") with { Recipients = [new Recipient(recipient)] };

        Assert.Equal("plain", Told(Process("Mode = IfPossible\n[Recipient:@bank.example]\nMode = Required", Letter("dave"), envelope), ""));
    }

    [Fact]
    public void A_source_that_gives_up_by_itself_did_not_answer()
    {
        var options = Options("Mode = IfPossible");
        var processor = new OutgoingProcessor(options, folder.Open(options.Certificates), new Slow(), folder.Time);

        Assert.Equal("451", Told(processor.Process(Letter("bob"), Envelope("bob")), ""));
    }

    [Theory]
    [InlineData("=?utf-8?q?=5Bencrypt=5D_a=0D=0ABcc:_dave@example.net?=", " a  Bcc: dave@example.net")]
    [InlineData("=?utf-8?q?=5Bencrypt=5D_a=0Ab=00c?=", " a b c")]
    [InlineData("[encrypt] Gr\u00FC\u00DFe", " Gr\u00FC\u00DFe")]
    public void A_subject_without_its_tag_is_one_field_of_the_same_bytes(string subject, string left)
    {
        var message = MailMessage.Parse(Encoding.Latin1.GetBytes($"Subject: {subject}\r\nFrom: alice@example.org\r\n\r\nHello\r\n"));
        var stranger = Envelope("dave") with { ClientAddress = IPAddress.Parse("203.0.113.9") };

        var replaced = Assert.IsType<Outcome.Replaced>(Process("Mode = Never\n[Override]\nSubjectTag = [encrypt]", message, stranger));

        Assert.Equal("Subject:" + left, Encoding.Latin1.GetString(replaced.Message.Headers[0].Raw.Span));
    }

    [Fact]
    public void A_split_message_that_comes_with_several_recipients_waits()
    {
        var refused = Assert.IsType<Outcome.Refused>(
            Process("Mode = IfPossible", Letter("bob, carol"), Envelope("bob, carol") with { Ticket = new SplitTicket(null, 128, 0) }));

        Assert.Equal(451, refused.Reply.Code);
    }

    [Theory]
    [InlineData(2, 0, 0)]
    [InlineData(2, 1, 1)]
    [InlineData(2, 2, 2)]
    public void A_DKIM_signature_from_between_the_passes_goes_when_the_body_changes(int there, int before, int kept)
    {
        var fields = string.Join("\r\n", Enumerable.Range(1, there).Select(i => $"DKIM-Signature: n={i}"));

        var replaced = Assert.IsType<Outcome.Replaced>(
            Process("Mode = IfPossible", Letter("bob", fields), Envelope("bob") with { Ticket = new SplitTicket(null, 128, before) }));

        Assert.Equal(
            Enumerable.Range(there - kept + 1, kept).Select(i => $"DKIM-Signature: n={i}"),
            replaced.Message.Headers.Where(header => header.Is("DKIM-Signature")).Select(header => header.ToString()));
    }

    /// <summary>Mallory writes news' address into From, whose mail is not encrypted.</summary>
    [Theory]
    [InlineData("news@example.org", "plain")]
    [InlineData("mallory@example.org", "550 dave (no certificate)")]
    public void What_lowers_the_mode_of_a_sender_is_for_himself(string login, string expected)
    {
        const string settings = "Mode = Required\n[Sender:news@example.org]\nEncryption = Never";
        var message = MailMessage.Parse("From: news@example.org\r\nTo: dave@example.net\r\n\r\nHello\r\n"u8.ToArray());
        var envelope = Envelope("dave") with { AuthenticatedUser = login };

        Assert.Equal(expected, Told(Process(settings, message, envelope), expected));
        var alias = envelope with { CanSplit = true, Recipients = [new Recipient("dave@example.net") { MayExpand = true }] };
        if (Process(settings, message, alias) is Outcome.PerRecipient split)
            Assert.Equal(expected, Told(Process(settings, split.Message, Envelope("dave") with { Ticket = split.Ticket, ClientAddress = null }), expected));
    }

    [Fact]
    public void Two_certificates_that_a_reader_cannot_tell_apart_are_in_no_one_body()
    {
        foreach (var name in new[] { "bob", "carol" })
            folder.Write($"{name}@example.net.crt", SameIssuerAndSerial($"{name}@example.net"));

        Assert.Equal("split", Told(Process("Mode = IfPossible", Letter("bob, carol"), Envelope("bob, carol") with { CanSplit = true }), "split"));
        Assert.Equal("plain, warned", Told(Process("Mode = IfPossible", Letter("bob, carol"), Envelope("bob, carol")), "plain, warned"));
    }

    [Theory]
    [InlineData("Mode = IfPossible", "451")]
    [InlineData("Mode = IfPossible\nLookupError = Ignore", "plain, warned")]
    [InlineData("Mode = Required\nLookupError = Ignore", "451")]
    public void A_certificate_file_that_cannot_be_read_is_not_absent(string settings, string expected)
    {
        var file = folder.Write("dave.pem", folder.Ca.Issue(new TestCaRequest("dave@example.net")).CertificatePem);
        var options = Options($"{settings}\n[Recipient:dave@example.net]\nCertificate = {file}");
        File.Delete(file);

        var processor = new OutgoingProcessor(options, folder.Open(options.Certificates), folder.Time);

        Assert.Equal(expected, Told(processor.Process(Letter("dave"), Envelope("dave")), expected));
    }

    [Fact]
    public void One_reply_names_a_thousand_recipients_as_far_as_it_has_room()
    {
        var recipients = string.Join(", ", Enumerable.Range(1, 1000).Select(i => $"nobody{i}"));

        var refused = Assert.IsType<Outcome.Refused>(Process("Mode = Required", Letter("list"), Envelope(recipients)));

        var lines = refused.Reply.Text.Split('\n');
        Assert.True(lines.Length <= 32);
        Assert.All(lines, line => Assert.True(line.Length <= 480, line));
        Assert.Contains("nobody1@example.net (no certificate)", lines[1], StringComparison.Ordinal);
        Assert.Contains("more.", lines[^2], StringComparison.Ordinal);
    }

    public void Dispose() => folder.Dispose();

    private static MailMessage Letter(string to, string? field = null) => MailMessage.Parse(Encoding.UTF8.GetBytes(
        "From: alice@example.org\r\n"
        + $"To: {string.Join(", ", Addresses(to))}\r\n"
        + (field is null ? "" : field + "\r\n")
        + "Message-ID: <1@example.org>\r\n\r\nHello\r\n"));

    private static Envelope Envelope(string recipients) => new()
    {
        Sender = Address("alice@example.org"),
        Recipients = [.. Addresses(recipients).Select(address => new Recipient(address))],
        ClientAddress = IPAddress.Loopback,
    };

    private static IEnumerable<string> Addresses(string names) =>
        names.Split(", ").Select(name => name switch
        {
            "olga" => "olga@example.org",
            "postmaster" => name,
            _ => $"{name}@example.net",
        });

    private string SameIssuerAndSerial(string address)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var issuer = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest($"CN={address}", key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        names.AddEmailAddress(address);
        request.CertificateExtensions.Add(names.Build());
        using var certificate = request.Create(
            new X500DistinguishedName("CN=Careless CA"), X509SignatureGenerator.CreateForECDsa(issuer), Now.AddHours(-1), Now.AddDays(9), [1]);
        return certificate.ExportCertificatePem() + "\n";
    }

    /// <summary>Says in the words of the table what became of a message.</summary>
    private static string Told(Outcome outcome, string expected) => outcome switch
    {
        Outcome.PerRecipient => "split",
        Outcome.Refused { Reply: { Code: 550 } reply } when expected == "550 [Splitting]" && reply.Text.Contains("[Splitting]", StringComparison.Ordinal) => expected,
        Outcome.Refused { Reply: { Code: 550 } reply } => "550 " + Short(reply.Text.Split('\n')[1]),
        Outcome.Refused refused => $"{refused.Reply.Code}",
        Outcome.Unchanged unchanged => Plain(unchanged.Facts),
        Outcome.Replaced replaced when replaced.Facts.OfType<Fact.Encrypted>().SingleOrDefault() is { } encrypted =>
            $"encrypted to {Short(string.Join(", ", encrypted.To.Select(to => to.Recipient.Text)))}"
                + (expected.Contains(" with ", StringComparison.Ordinal) ? $" with {encrypted.Content}" : ""),
        Outcome.Replaced replaced => Plain(replaced.Facts),
        _ => outcome.ToString(),
    };

    private static string Plain(IReadOnlyList<Fact> facts) =>
        facts.OfType<Fact.NotEncrypted>().Any(fact => fact.NeedsAttention) ? "plain, warned" : "plain";

    private static string Short(string addresses) => addresses
        .Replace("@example.net", "", StringComparison.Ordinal).Replace("@example.org", "", StringComparison.Ordinal);

    private Outcome Process(string settings, MailMessage message, Envelope envelope)
    {
        var options = Options(settings);
        return new OutgoingProcessor(options, folder.Open(options.Certificates), folder.Time).Process(message, envelope);
    }

    private PostsealOptions Options(string settings) => PostsealOptions.FromIni(folder.Write(
        "postseal.ini", $"[Certificates]\nPath = {folder.Path}\n[State]\nPath = {folder.Path}/state\n[Encryption]\n{settings}\n"));

    private void AddCorrespondent(string name, TestCaRequest request) =>
        folder.Write($"{name}@example.net.crt", folder.Ca.Issue(request).CertificatePem);

    /// <summary>A source with a time limit of its own.</summary>
    private sealed class Slow : IRecipientSource
    {
        public ValueTask<Lookup<MailCertificate>> FindRecipientAsync(MailAddress address, CancellationToken cancellationToken = default) =>
            throw new TaskCanceledException("the directory server is slow");
    }

    /// <summary>A source that does not answer.</summary>
    private sealed class Silent : IRecipientSource
    {
        public ValueTask<Lookup<MailCertificate>> FindRecipientAsync(MailAddress address, CancellationToken cancellationToken = default) =>
            throw new IOException("the directory server is gone");
    }
}
