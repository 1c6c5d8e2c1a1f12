using System.Net;
using System.Text;
using Postseal.Mail;
using Postseal.Policy;
using Postseal.Program.Trial;
using Postseal.Settings;
using Postseal.Smime;
using Postseal.TestKit;

namespace Postseal.Tests;

/// <summary>What becomes of mail that its client protected, or labelled so.</summary>
public sealed class ProtectedMailTests : IDisposable
{
    private const string FromAlice = "From: alice@example.org\r\nTo: bob@example.net\r\nSubject: Hello\r\n";

    private readonly CertificateFolder folder = new();
    private readonly ProtectedMail alice;
    private readonly ProtectedMail mallory;

    public ProtectedMailTests()
    {
        folder.Add("alice@example.org");
        alice = MailOf("alice@example.org");
        mallory = MailOf("mallory@example.org");
    }

    public static TheoryData<string, string> Labels() => new()
    {
        { "a type without content", "Content-Type: application/pkcs7-mime\r\n\r\nhello\r\n" },
        { "a name", "Content-Type: text/plain; name=x.p7s\r\n\r\nhello\r\n" },
        { "a file name", "Content-Type: text/plain\r\nContent-Disposition: attachment; filename=a.p7m\r\n\r\nhello\r\n" },
        { "a second type", "Content-Type: text/plain\r\nContent-Type: multipart/signed\r\n\r\nhello\r\n" },
        { "a hollow multipart/signed", "Content-Type: multipart/signed; boundary=b\r\n\r\n--b\r\nContent-Type: text/plain\r\n\r\nhello\r\n--b--\r\n" },
        { "a hollow multipart/encrypted", "Content-Type: multipart/encrypted; boundary=b\r\n\r\n--b\r\nContent-Type: text/plain\r\n\r\nhello\r\n--b--\r\n" },
    };

    [Theory]
    [MemberData(nameof(Labels))]
    public void A_label_keeps_nothing_from_being_signed(string _, string rest)
    {
        foreach (var mode in (SigningMode[])[SigningMode.IfPossible, SigningMode.Required])
            Assert.IsType<Outcome.Replaced>(Process(Encoding.ASCII.GetBytes(FromAlice + rest), mode));
    }

    [Theory]
    [InlineData("-md", "sha256")]
    [InlineData("-nodetach")]
    [InlineData("-keyid")]
    public void A_signature_of_the_author_is_enough(params string[] options)
    {
        var message = ProtectedMail.With(FromAlice, alice.Signed(options));

        Assert.Equal("it is protected already", Unchanged(message, SigningMode.IfPossible)[..23]);
        Assert.Equal("it is signed already with a certificate of alice@example.org", Unchanged(message, SigningMode.Required));
    }

    public static TheoryData<string, string> OtherProtection() => new()
    {
        { "signed by another", "not by a certificate of alice@example.org" },
        { "signed without certificates", "not by a certificate of alice@example.org" },
        { "signed by two", "not by a certificate of alice@example.org" },
        { "encrypted", "came encrypted (SmimeEnveloped)" },
        { "certificates only", "came as SmimeCertificates" },
        { "PGP", "came as PgpSigned" },
    };

    [Theory]
    [MemberData(nameof(OtherProtection))]
    public void Where_a_signature_is_required_nothing_else_is_enough(string how, string reason)
    {
        var message = ProtectedMail.With(FromAlice, how switch
        {
            "signed by another" => mallory.Signed(),
            "signed without certificates" => alice.Signed("-nocerts"),
            "signed by two" => alice.Signed("-signer", mallory.PersonFile),
            "encrypted" => MailOf("bob@example.net", "RSA-2048").Encrypted("-aes256"),
            "certificates only" => Encoding.ASCII.GetBytes(
                "Content-Type: application/pkcs7-mime\r\nContent-Transfer-Encoding: base64\r\n\r\n" + Convert.ToBase64String(alice.Certificates())),
            _ => Encoding.ASCII.GetBytes(
                "Content-Type: multipart/signed; boundary=b\r\n\r\n--b\r\n\r\nhello\r\n--b\r\nContent-Type: application/pgp-signature\r\n\r\n"
                + "-----BEGIN PGP SIGNATURE-----\r\n--b--\r\n"),
        });

        Assert.Equal("it is protected already", Unchanged(message, SigningMode.IfPossible)[..23]);
        var refused = Assert.IsType<Outcome.Refused>(Process(message, SigningMode.Required));
        Assert.Equal("5.7.1", refused.Reply.EnhancedStatusCode);
        Assert.Contains(reason, refused.Why.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("From: alice@example.org <bob@example.org>\r\n")]
    [InlineData("From: alice@example.org\r\nFrom: alice@example.org\r\n")]
    public void Where_the_author_is_not_clear_no_signature_is_the_authors(string from) => Assert.Equal(
        "5.7.1",
        Assert.IsType<Outcome.Refused>(Process(ProtectedMail.With(from, alice.Signed()), SigningMode.Required)).Reply.EnhancedStatusCode);

    [Fact]
    public void A_client_that_may_not_write_as_the_author_gets_no_copied_signature_out()
    {
        var envelope = new Envelope { ClientAddress = IPAddress.Loopback, AuthenticatedUser = "mallory@example.org" };

        var result = Process(ProtectedMail.With(FromAlice, alice.Signed()), SigningMode.Required, envelope);

        Assert.Contains("mallory@example.org", Assert.IsType<Outcome.Refused>(result).Why.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(SignatureForm.Detached)]
    [InlineData(SignatureForm.Opaque)]
    public void What_we_signed_passes_when_it_comes_by_again_even_with_the_certificate_of_the_domain(SignatureForm form)
    {
        folder.Add("@example.net", new TestCaRequest("gateway@example.net"));
        var options = Options(SigningMode.Required) with
        {
            Certificates = folder.Options with { DomainCertificates = true },
            Signing = new SigningRules { Mode = SigningMode.Required, Form = form },
        };
        var processor = new OutgoingProcessor(options, folder.Open(options.Certificates), folder.Time);
        var message = MailMessage.Parse("From: carol@example.net\r\n\r\nHello\r\n"u8.ToArray());

        var signed = Assert.IsType<Outcome.Replaced>(processor.Process(message, Here)).Message;

        Assert.IsType<Outcome.Unchanged>(processor.Process(signed, Here));
    }

    [Fact]
    public void Explain_tells_what_the_client_s_own_signature_is_worth()
    {

        var steps = Processor(Options(SigningMode.Required)).Process(
            MailMessage.Parse(ProtectedMail.With(FromAlice, mallory.Signed())), Here).Steps;

        Assert.Contains(steps, step => step.Question == "is it protected already?" && step.Answer.StartsWith("yes (SmimeSigned)", StringComparison.Ordinal));
        Assert.Contains(steps, step => step.Question == "is it a signature of its author?" && step.Answer.StartsWith("no, ", StringComparison.Ordinal));
    }

    public void Dispose()
    {
        alice.Dispose();
        mallory.Dispose();
        folder.Dispose();
    }

    private static Envelope Here => new() { ClientAddress = IPAddress.Loopback };

    private ProtectedMail MailOf(string address, string key = "P-256")
    {
        var issued = folder.Ca.Issue(new TestCaRequest(address) { Key = key });
        return new ProtectedMail(issued.KeyPem, issued.CertificatePem);
    }

    private string Unchanged(byte[] message, SigningMode mode) =>
        Assert.IsType<Outcome.Unchanged>(Process(message, mode)).Why.Message;

    private Outcome Process(byte[] message, SigningMode mode, Envelope? envelope = null) =>
        Processor(Options(mode)).Process(MailMessage.Parse(message), envelope ?? Here);

    private OutgoingProcessor Processor(PostsealOptions options) => new(options, folder.Open(), folder.Time);

    private PostsealOptions Options(SigningMode mode) =>
        new() { Certificates = folder.Options, Signing = new SigningRules { Mode = mode } };
}
