using System.Net;
using System.Security.Cryptography;
using System.Text;
using Postseal.Cms;
using Postseal.Mail;
using Postseal.Policy;
using Postseal.Program.Trial;
using Postseal.Settings;
using Postseal.Smime;
using Postseal.TestKit;
using static Postseal.TestKit.TestMail;

namespace Postseal.Tests;

public sealed class OutgoingProcessorTests : IDisposable
{
    private static readonly DateTimeOffset Noon = new(2026, 11, 22, 12, 0, 0, TimeSpan.Zero);
    private static readonly IPAddress Here = IPAddress.Loopback;
    private static readonly IPAddress Elsewhere = IPAddress.Parse("192.0.2.1");

    private const string FromAlice = "From: Alice <alice@example.org>\r\nTo: bob@example.net\r\nSubject: Hello\r\n\r\nHello Bob\r\n";

    private readonly CertificateFolder folder = new(new SettableTime(Noon));

    public OutgoingProcessorTests() => folder.Add("alice@example.org");

    // ---- Whose mail is signed ---------------------------------------------------------------------------------

    public static TheoryData<string, IPAddress?, string?, string?, bool> Clients() => new()
    {
        { "ours, its own address", Here, null, "alice@example.org", true },
        { "ours, a bounce address", Here, null, "bounces+7@example.org", true },
        { "ours, the empty reverse-path", Here, null, null, true },
        { "ours, IPv4 in IPv6", IPAddress.Parse("::ffff:127.0.0.1"), null, "alice@example.org", true },
        { "ours, IPv6", IPAddress.IPv6Loopback, null, "alice@example.org", true },
        { "outside", Elsewhere, null, "alice@example.org", false },
        { "unknown", null, null, "alice@example.org", false },
        { "logged in, its own address", Elsewhere, "alice@example.org", "alice@example.org", true },
        { "logged in, its own address in other case", Elsewhere, "Alice@Example.ORG", "alice@example.org", true },
        { "logged in, another envelope sender", Elsewhere, "alice@example.org", "bounces+7@example.org", true },
        { "logged in, the empty reverse-path of a receipt", Elsewhere, "alice@example.org", null, true },
        { "logged in, somebody else's From", Elsewhere, "mallory@example.org", "mallory@example.org", false },
        { "logged in, somebody else's From and MAIL FROM", Elsewhere, "mallory@example.org", "alice@example.org", false },
        { "logged in in our network, somebody else's From and MAIL FROM", Here, "mallory@example.org", "alice@example.org", false },
        { "logged in, the empty reverse-path, somebody else's From", Elsewhere, "mallory@example.org", null, false },
        { "logged in by a name that is no address", Elsewhere, "alice", "alice@example.org", false },
        { "logged in without a name", Elsewhere, "", "alice@example.org", false },
        { "logged in without a name in our network", Here, "", "alice@example.org", false },
    };

    [Theory]
    [MemberData(nameof(Clients))]
    public void Only_mail_that_originates_here_is_signed(
        string _, IPAddress? client, string? login, string? sender, bool signed)
    {
        var result = Process(FromAlice, envelope: Envelope(client, login, sender));

        Assert.Equal(signed, result is Outcome.Replaced);
    }

    [Fact]
    public void The_two_rules_for_From_are_settings()
    {
        var swapped = Options() with
        {
            Originating = new() { NetworksFrom = AllowedFrom.EnvelopeSender, AuthenticatedFrom = AuthenticatedFrom.Any },
        };

        Assert.IsType<Outcome.Unchanged>(Process(FromAlice, swapped, Envelope(Here, null, "bounces@example.org")));
        Assert.IsType<Outcome.Replaced>(Process(FromAlice, swapped, Envelope(Elsewhere, "app", "bounces@example.org")));
    }

    // ---- Who signs --------------------------------------------------------------------------------------------

    [Theory]
    [InlineData("From: alice@example.org\r\n", true)]
    [InlineData("from: \"Bob\" <ALICE@EXAMPLE.ORG>\r\n", true)]
    [InlineData("From: \"bob@example.org\" <ALICE@EXAMPLE.ORG>\r\n", false)]
    [InlineData("From: alice@example.org <alice@example.org>\r\n", true)]
    [InlineData("From: alice@example.org\r\nSender: bob@example.org\r\n", true)]
    [InlineData("From: bob@example.org\r\nSender: alice@example.org\r\n", false)]
    [InlineData("From: bob@example.org, alice@example.org\r\nSender: alice@example.org\r\n", false)]
    [InlineData("From: alice@example.org\r\nFrom: mallory@example.org\r\n", false)]
    [InlineData("Subject: a\rFrom: mallory@example.org\r\nFrom: alice@example.org\r\n", false)]
    [InlineData("Subject: a\r\r\nFrom: alice@example.org\r\n", false)]
    [InlineData("Subject: a\r\n b\r\nFrom:\r\n alice@example.org\r\n", true)]
    [InlineData("From: nonsense\r\n", false)]
    [InlineData("To: alice@example.org\r\n", false)]
    public void The_first_address_in_From_signs_whoever_Sender_names(string headers, bool signed)
    {
        var result = Process(headers + "\r\nHello\r\n");

        Assert.Equal(signed, result is Outcome.Replaced);
    }

    [Theory]
    [InlineData("alice@example.org, bob@example.org", AllowedFrom.Any, true)]
    [InlineData("alice@example.org, bob@example.org", AllowedFrom.EnvelopeSender, false)]
    [InlineData("bob@example.org, alice@example.org", AllowedFrom.Any, false)]
    [InlineData("Alice <alice@example.org>, ALICE@example.org", AllowedFrom.EnvelopeSender, true)]
    public void Several_authors_are_signed_for_by_the_first_if_the_client_may_use_them_all(
        string from, AllowedFrom allowed, bool signed)
    {
        var options = Options() with { Originating = new() { NetworksFrom = allowed } };

        var result = Process(From(from), options, Envelope(Here, null, "alice@example.org"));

        Assert.Equal(signed, result is Outcome.Replaced);
        if (result is Outcome.Replaced { Facts: [Fact.Signed { Author: var author }] })
            Assert.Equal("alice@example.org", author.ToString());
    }

    // ---- What cannot be signed --------------------------------------------------------------------------------

    [Fact]
    public void Without_a_certificate_the_message_leaves_unsigned_in_silence()
    {
        var unchanged = Assert.IsType<Outcome.Unchanged>(Process(From("carol@example.org")));

        Assert.Equal("there is no certificate for carol@example.org", unchanged.Why.Message);
        Assert.False(unchanged.NeedsAttention);
    }

    [Fact]
    public void With_an_unusable_certificate_it_leaves_unsigned_and_somebody_is_told()
    {
        folder.Add("carol@example.org", new TestCaRequest("carol@example.org") { NotBefore = Noon.AddYears(-2), NotAfter = Noon.AddYears(-1) });

        var unchanged = Assert.IsType<Outcome.Unchanged>(Process(From("carol@example.org")));

        Assert.Contains("expired on 2025-11-22", unchanged.Why.Message, StringComparison.Ordinal);
        Assert.True(unchanged.NeedsAttention);
    }

    public static TheoryData<string, string> Unsignable() => new()
    {
        { From("nobody@example.org"), "5.7.5" },
        { From("expired@example.org"), "5.7.5" },
        { "From: a@example.org <b@example.org>\r\n\r\nHello\r\n", "5.7.1" },
        { "Subject: no author\r\n\r\nHello\r\n", "5.7.1" },
    };

    [Theory]
    [MemberData(nameof(Unsignable))]
    public void Where_a_signature_is_required_the_message_is_refused_for_good(string message, string status)
    {
        folder.Add("expired@example.org", new TestCaRequest("expired@example.org") { NotBefore = Noon.AddYears(-2), NotAfter = Noon.AddYears(-1) });

        var refused = Assert.IsType<Outcome.Refused>(Process(message, Options(SigningMode.Required)));

        Assert.Equal(550, refused.Reply.Code);
        Assert.Equal(status, refused.Reply.EnhancedStatusCode);
    }

    [Fact]
    public void Where_a_signature_is_required_nobody_gets_mail_out_under_a_colleagues_name()
    {
        var result = Process(FromAlice, Options(SigningMode.Required), Envelope(Elsewhere, "mallory@example.org", "alice@example.org"));

        Assert.Equal("5.7.1", Assert.IsType<Outcome.Refused>(result).Reply.EnhancedStatusCode);
    }

    public static TheoryData<string> UnclearForms() =>
        [.. FromForms.All.Where(form => form.Possible.Contains("boss@corp.example") && form.Problem is not null).Select(form => form.Written)];

    [Theory]
    [MemberData(nameof(UnclearForms))]
    public void A_required_signature_is_not_evaded_by_a_From_that_only_readers_understand(string written)
    {
        var form = FromForms.All.Single(form => form.Written == written);
        byte[] message = [.. "From:"u8, .. form.Value, .. "\r\nSubject: Hello\r\n\r\nHello\r\n"u8];
        foreach (var section in (string[])["boss@corp.example", "@corp.example"])
        {
            var result = Processor(Options() with { Senders = Required(section) })
                .Process(MailMessage.Parse(message), Envelope(Here, null, "mallory@y.example"));

            Assert.Equal("5.7.1", Assert.IsType<Outcome.Refused>(result).Reply.EnhancedStatusCode);
        }
    }

    [Theory]
    [InlineData("Sender: boss@corp.example\r\n", null, null)]
    [InlineData("From:\r\nSender: boss@corp.example\r\n", null, null)]
    [InlineData("From: x@y.example\r\nFrom: boss@corp.example\r\n", null, null)]
    [InlineData("From: <<x@y.example>>\r\nSender: (boss@corp.example\r\n", null, null)]
    [InlineData("Subject: x\rFrom: boss@corp.example\r\nFrom: x@y.example\r\n", null, null)]
    [InlineData("From: x@y.example, boss@corp.example\r\n", null, null)]
    [InlineData("From: x@y.example, boss@corp.example\r\nSender: x@y.example\r\n", null, null)]
    [InlineData("From: <<x@y.example>>\r\n", "boss@corp.example", null)]
    [InlineData("Subject: x\r\n", null, "boss@corp.example")]
    public void A_required_signature_is_not_evaded_by_another_field_or_client(string header, string? login, string? sender)
    {
        foreach (var section in (string[])["boss@corp.example", "@corp.example"])
        {
            var result = Process(
                header + "\r\nHello\r\n", Options() with { Senders = Required(section) }, Envelope(Here, login, sender));

            Assert.Equal("5.7", Assert.IsType<Outcome.Refused>(result).Reply.EnhancedStatusCode[..3]);
        }
    }

    [Theory]
    [InlineData("From: alice@example.org <bob@example.org>\r\n", true)]
    [InlineData("Sender: alice@example.org\r\n", true)]
    [InlineData("From: bob@example.org <carol@example.org>\r\n", false)]
    public void Where_a_sender_with_a_certificate_goes_unsigned_as_From_is_unclear_somebody_is_told(string header, bool told)
    {
        var result = Process(header + "\r\nHello\r\n", envelope: Envelope(Here, null, null));

        Assert.Equal(told, Assert.IsType<Outcome.Unchanged>(result).NeedsAttention);
    }

    [Fact]
    public void A_From_too_long_to_look_into_may_be_of_anybody_who_must_sign()
    {
        var message = "From: <<" + string.Concat(Enumerable.Repeat("a@y.example,\r\n ", 5000)) + "\r\n\r\nHello\r\n";

        Assert.IsType<Outcome.Refused>(Process(message, Options() with { Senders = Required("@corp.example") }));
        Assert.True(Assert.IsType<Outcome.Unchanged>(Process(message)).NeedsAttention);
    }

    private static Dictionary<AddressPattern, SenderOverrides> Required(string sender) =>
        new() { [AddressPattern.Parse(sender)] = new(SigningMode.Required) };

    [Theory]
    [InlineData(1024, RsaPadding.Pss, Digest.SHA384, true)]
    [InlineData(1024, RsaPadding.Pss, Digest.SHA512, false)]
    [InlineData(1032, RsaPadding.Pss, Digest.SHA512, false)]
    [InlineData(1040, RsaPadding.Pss, Digest.SHA512, true)]
    [InlineData(1024, RsaPadding.Pkcs1, Digest.SHA512, true)]
    public void A_key_too_short_for_the_digest_is_a_certificate_that_cannot_be_used(
        int bits, RsaPadding padding, Digest digest, bool signed)
    {
        using var key = RSA.Create(bits);
        folder.WriteSelfSigned("carol@example.org", key);
        var options = Options() with { Signing = new SigningRules { RsaPadding = padding, Digest = digest } };

        var result = Process(From("carol@example.org"), options);

        if (signed)
            Assert.IsType<Outcome.Replaced>(result);
        else
            Assert.Contains($"RSA-{bits}) is too short", Assert.IsType<Outcome.Unchanged>(result).Why.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Where_a_signature_is_required_mail_from_outside_still_passes()
    {
        Assert.IsType<Outcome.Unchanged>(
            Process(From("stranger@example.com"), Options(SigningMode.Required), Envelope(Elsewhere, null, "stranger@example.com")));
    }

    // ---- Rules ------------------------------------------------------------------------------------------------

    [Theory]
    [InlineData(SigningMode.Never, null, null, false)]
    [InlineData(SigningMode.Never, SigningMode.IfPossible, null, true)]
    [InlineData(SigningMode.Never, SigningMode.Never, SigningMode.Required, true)]
    [InlineData(SigningMode.IfPossible, SigningMode.Never, null, false)]
    [InlineData(SigningMode.IfPossible, SigningMode.IfPossible, SigningMode.Never, false)]
    public void The_senders_own_section_goes_before_its_domains_and_that_before_the_general_one(
        SigningMode general, SigningMode? domain, SigningMode? address, bool signed)
    {
        var senders = new Dictionary<AddressPattern, SenderOverrides>();
        if (domain is not null)
            senders[AddressPattern.Parse("@example.org")] = new(domain);
        if (address is not null)
            senders[AddressPattern.Parse("alice@example.org")] = new(address);

        Assert.Equal(signed, Process(FromAlice, Options(general) with { Senders = senders }) is Outcome.Replaced);
    }

    [Theory]
    [InlineData("k", "\u212A")] // the Kelvin sign
    [InlineData("\u03BC", "\u00B5")] // the Greek mu, the micro sign
    [InlineData("\u03C3", "\u03C2")] // the two small sigmas
    public void A_letter_that_only_looks_like_another_is_another_sender(string one, string other)
    {
        var result = Process(From(other + "@example.org"), Options() with { Senders = Required(one + "@example.org") });

        Assert.IsType<Outcome.Unchanged>(result);
    }

    // ---- The signed message -----------------------------------------------------------------------------------

    [Theory]
    [InlineData(SignatureForm.Detached, SignatureType.Standard)]
    [InlineData(SignatureForm.Detached, SignatureType.Legacy)]
    [InlineData(SignatureForm.Opaque, SignatureType.Standard)]
    [InlineData(SignatureForm.Opaque, SignatureType.Legacy)]
    public void The_signed_message_is_verified_by_openssl_and_says_the_same(SignatureForm form, SignatureType type)
    {
        Assert.SkipUnless(OpenSsl.IsHere, "openssl is not on this machine");
        var options = Options() with { Signing = new SigningRules { Form = form, SignatureType = type } };

        var signed = Assert.IsType<Outcome.Replaced>(Process(FromAlice, options));

        var (verified, content, errors) = OpenSsl.Verify(BytesOf(signed.Message), folder.Ca.Root);
        Assert.True(verified, errors);
        Assert.EndsWith("\r\n\r\nHello Bob\r\n", Encoding.UTF8.GetString(content), StringComparison.Ordinal);
    }

    [Fact]
    public void A_detached_signature_has_the_fields_the_standard_names()
    {
        var text = Encoding.UTF8.GetString(BytesOf(Assert.IsType<Outcome.Replaced>(Process(FromAlice)).Message));

        Assert.Contains("Content-Type: multipart/signed; protocol=\"application/pkcs7-signature\";\r\n micalg=sha-256; boundary=\"", text, StringComparison.Ordinal);
        Assert.Contains("Content-Type: application/pkcs7-signature; name=\"smime.p7s\"\r\n", text, StringComparison.Ordinal);
        Assert.Contains("Content-Disposition: attachment; filename=\"smime.p7s\"\r\n", text, StringComparison.Ordinal);
        Assert.Equal(1, text.Split("MIME-Version: 1.0").Length - 1);
        Assert.StartsWith("From: Alice <alice@example.org>\r\nTo: bob@example.net\r\nSubject: Hello\r\n", text, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("RSA-2048", Digest.SHA256, "sha-256")]
    [InlineData("P-256", Digest.SHA256, "sha-256")]
    [InlineData("P-384", Digest.SHA256, "sha-384")]
    [InlineData("P-384", Digest.SHA512, "sha-512")]
    [InlineData("P-521", Digest.SHA256, "sha-512")]
    public void An_EC_key_takes_a_digest_as_long_as_itself(string key, Digest digest, string micalg)
    {
        folder.Add("alice@example.org", key);
        var options = Options() with { Signing = new SigningRules { Digest = digest } };

        var text = Encoding.UTF8.GetString(BytesOf(Assert.IsType<Outcome.Replaced>(Process(FromAlice, options)).Message));

        Assert.Contains($"micalg={micalg};", text, StringComparison.Ordinal);
    }

    [Fact]
    public void An_opaque_signature_has_the_fields_the_standard_names()
    {
        var options = Options() with { Signing = new SigningRules { Form = SignatureForm.Opaque } };
        var text = Encoding.UTF8.GetString(BytesOf(Assert.IsType<Outcome.Replaced>(Process(FromAlice, options)).Message));

        Assert.Contains("Content-Type: application/pkcs7-mime; smime-type=signed-data; name=\"smime.p7m\"\r\n", text, StringComparison.Ordinal);
        Assert.Contains("Content-Transfer-Encoding: base64\r\n", text, StringComparison.Ordinal);
        Assert.DoesNotContain("Hello Bob", text, StringComparison.Ordinal);
    }

    [Fact]
    public void A_signature_of_the_legacy_type_has_the_fields_that_Mautic_writes()
    {
        var options = Options() with { Signing = new SigningRules { SignatureType = SignatureType.Legacy } };
        var text = Encoding.UTF8.GetString(BytesOf(Assert.IsType<Outcome.Replaced>(Process(FromAlice, options)).Message));

        Assert.Contains("Content-Type: multipart/signed; protocol=\"application/x-pkcs7-signature\";", text, StringComparison.Ordinal);
        Assert.Contains("Content-Type: application/x-pkcs7-signature; name=\"smime.p7s\"\r\n", text, StringComparison.Ordinal);
        Assert.DoesNotContain("application/pkcs7-signature", text, StringComparison.Ordinal);
    }

    [Fact]
    public void A_signed_message_is_not_signed_again()
    {
        var signed = Assert.IsType<Outcome.Replaced>(Process(FromAlice)).Message;

        var again = Assert.IsType<Outcome.Unchanged>(Processor(Options()).Process(signed, Envelope(Here, null, null)));

        Assert.Contains("protected already", again.Why.Message, StringComparison.Ordinal);
    }

    public void Dispose() => folder.Dispose();

    private static string From(string address) => $"From: {address}\r\nSubject: Hello\r\n\r\nHello\r\n";

    private static Envelope Envelope(IPAddress? client, string? login, string? sender) => new()
    {
        ClientAddress = client,
        AuthenticatedUser = login,
        Sender = MailAddress.TryParse(sender, out var address) ? address : null,
    };

    private PostsealOptions Options(SigningMode mode = SigningMode.IfPossible) => new()
    {
        Certificates = folder.Options,
        Signing = new SigningRules { Mode = mode },
    };

    private OutgoingProcessor Processor(PostsealOptions options) => new(options, folder.Open(), folder.Time);

    private Outcome Process(string message, PostsealOptions? options = null, Envelope? envelope = null) =>
        Processor(options ?? Options()).Process(Parse(message), envelope ?? Envelope(Here, null, "alice@example.org"));

    private static MailMessage Parse(string message) => MailMessage.Parse(Encoding.UTF8.GetBytes(message));
}
