using System.Net;
using System.Text;
using Postseal.Mail;
using Postseal.Policy;
using Postseal.Settings;
using Postseal.Smime;
using Postseal.TestKit;
using static Postseal.TestKit.TestMail;

namespace Postseal.Tests;

/// <summary>Somebody's signature over 8-bit text, forwarded: not a byte of it may change, and a detached signature is 7bit.
/// </summary>
public sealed class ForwardedSignatureTests : IDisposable
{
    private const string Forwarded =
        "--s\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\nGrüße \r\n"
        + "--s\r\nContent-Type: application/pgp-signature\r\n\r\nx\r\n--s--\r\n";

    private const string Mail =
        "From: alice@example.org\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=f\r\n"
        + "Content-Transfer-Encoding: 8bit\r\n\r\n--f\r\nContent-Type: message/rfc822\r\n\r\nSubject: x\r\n"
        + "Content-Type: multipart/signed; protocol=\"application/pgp-signature\"; boundary=s\r\n\r\n" + Forwarded + "--f--\r\n";

    private readonly CertificateFolder folder = new(new SettableTime(new(2026, 11, 22, 12, 0, 0, TimeSpan.Zero)));

    public ForwardedSignatureTests() => folder.Add("alice@example.org");

    [Theory]
    [InlineData(SignatureForm.Detached, SigningMode.Required)]
    [InlineData(SignatureForm.Opaque, SigningMode.Required)]
    [InlineData(SignatureForm.Opaque, SigningMode.IfPossible)]
    public void A_forwarded_signature_over_8_bit_text_is_signed_in_the_opaque_form_byte_for_byte(
        SignatureForm form, SigningMode mode)
    {
        Assert.SkipUnless(OpenSsl.IsHere, "openssl is not on this machine");

        var signed = Assert.IsType<Outcome.Replaced>(Process(form, mode)).Message;

        var (verified, content, errors) = OpenSsl.Verify(BytesOf(signed), folder.Ca.Root);
        Assert.True(verified, errors);
        Assert.StartsWith(
            "Content-Type: multipart/mixed; boundary=f\r\nContent-Transfer-Encoding: 8bit\r\n\r\n--f\r\n",
            Encoding.UTF8.GetString(content), StringComparison.Ordinal);
        Assert.EndsWith(Forwarded + "--f--\r\n", Encoding.UTF8.GetString(content), StringComparison.Ordinal);
    }

    [Fact]
    public void Where_the_detached_form_is_asked_for_and_no_signature_required_it_leaves_unsigned_with_the_reason()
    {
        var unchanged = Assert.IsType<Outcome.Unchanged>(Process(SignatureForm.Detached, SigningMode.IfPossible));

        Assert.True(unchanged.NeedsAttention);
        Assert.Equal(
            "a part that is signed itself is not 7bit and must not be changed; the opaque form could carry it", unchanged.Why.Message);
    }

    public void Dispose() => folder.Dispose();

    private Outcome Process(SignatureForm form, SigningMode mode)
    {
        var options = new PostsealOptions
        {
            Certificates = folder.Options,
            Signing = new SigningRules { Form = form, Mode = mode },
        };
        return new OutgoingProcessor(options, folder.Open(), folder.Time).Process(
            MailMessage.Parse(Encoding.UTF8.GetBytes(Mail)),
            new Envelope { ClientAddress = IPAddress.Loopback });
    }
}
