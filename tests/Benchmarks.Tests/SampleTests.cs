using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Security.Cryptography.Pkcs;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Milter;
using Milter.Testing;
using Postseal.Benchmarks.Judging;
using Postseal.Benchmarks.Load;
using Postseal.Certificates;
using Postseal.Policy;
using Postseal.TestKit;

namespace Postseal.Benchmarks.Tests;

/// <summary>Messages signed by .NET's SignedCms, as a milter would answer them.</summary>
public sealed class SampleTests : IDisposable
{
    private const string Author = "alice@example.org";

    private readonly TrialAuthority authority = new("Test", TimeProvider.System);
    private readonly MtaMessage sent = Letter.Text(Author, 1000);

    public void Dispose() => authority.Dispose();

    [Fact]
    public async Task A_rightly_signed_message_is_verified()
    {
        Assert.SkipUnless(OpenSsl.IsHere, "openssl is not on this machine");
        var sample = new LoadSample(sent, Answer(Sign(Author)));

        Assert.Equal(new Verification(1, null), await Verification.OfSmimeAsync([sample], authority.Root));
    }

    [Fact]
    public async Task A_changed_byte_in_what_was_signed_is_seen()
    {
        var body = Sign(Author);
        body[body.Length / 4] ^= 1;

        Assert.Equal("what is signed is not what was sent", await FaultAsync(body));
    }

    [Fact]
    public async Task A_signature_of_something_else_is_seen()
    {
        var (own, other) = (Sign(Author), Sign(Author, "Something else\r\n"u8.ToArray()));
        byte[] exchanged = [.. own[..SignatureStart(own)], .. other[SignatureStart(other)..]];

        Assert.NotNull(await FaultAsync(exchanged));

        static int SignatureStart(byte[] body) => body.AsSpan().LastIndexOf("--=_s\r\n"u8);
    }

    [Fact]
    public async Task A_signer_who_is_not_the_author_is_seen() =>
        Assert.Equal("the signer is not the author", await FaultAsync(Sign("eve@example.org")));

    [Fact]
    public async Task A_message_that_came_back_unsigned_is_seen()
    {
        var verification = await Verification.OfSmimeAsync([new LoadSample(sent, [.. Opening, .. Accept])], authority.Root);

        Assert.Equal("it is not multipart/signed of two parts", verification.Fault);
    }

    [Fact]
    public async Task No_sample_is_no_verification() =>
        Assert.NotNull((await Verification.OfSmimeAsync([], authority.Root)).Fault);

    private static byte[] Accept => Frame('a');

    /// <summary>The filter wants every step and answers none but the end, so that its answer is all there is to record.</summary>
    private static byte[] Opening
    {
        get
        {
            var steps = MilterSteps.NoReplyConnect | MilterSteps.NoReplyHelo | MilterSteps.NoReplyMail | MilterSteps.NoReplyRecipient
                | MilterSteps.NoReplyData | MilterSteps.NoReplyHeader | MilterSteps.NoReplyEndOfHeaders | MilterSteps.NoReplyBody
                | MilterSteps.HeaderLeadingSpace;
            var choice = new byte[12];
            BinaryPrimitives.WriteUInt32BigEndian(choice, 6);
            BinaryPrimitives.WriteUInt32BigEndian(choice.AsSpan(4), 0x1ff);
            BinaryPrimitives.WriteUInt32BigEndian(choice.AsSpan(8), (uint)steps);
            return Frame('O', choice);
        }
    }

    private async Task<string?> FaultAsync(byte[] body) =>
        (await Verification.OfSmimeAsync([new LoadSample(sent, Answer(body))], authority.Root)).Fault;

    private static byte[] Answer(byte[] body) =>
    [
        .. Opening,
        .. Frame('m', [0, 0, 0, 1, .. "Content-Type\0 multipart/signed; protocol=\"application/pkcs7-signature\"; micalg=sha-256; boundary=\"=_s\"\0"u8]),
        .. Frame('m', [0, 0, 0, 1, .. "Content-Transfer-Encoding\0\0"u8]),
        .. Frame('b', body),
        .. Accept,
    ];

    private byte[] Sign(string signer, byte[]? content = null)
    {
        byte[] entity =
        [
            .. "Content-Type: text/plain; charset=us-ascii\r\nContent-Transfer-Encoding: 7bit\r\n\r\n"u8, .. content ?? sent.Body.ToArray(),
        ];
        var issued = authority.Issue(new TrialRequest(signer));
        using var certificate = X509Certificate2.CreateFromPem(issued.CertificatePem, issued.KeyPem);
        var cms = new SignedCms(new ContentInfo(entity), detached: true);
        cms.ComputeSignature(new CmsSigner(certificate) { IncludeOption = X509IncludeOption.EndCertOnly, DigestAlgorithm = new Oid("2.16.840.1.101.3.4.2.1") });
        cms.AddCertificate(authority.Intermediate);
        var signature = Convert.ToBase64String(cms.Encode(), Base64FormattingOptions.InsertLineBreaks);
        return
        [
            .. "--=_s\r\n"u8, .. entity, .. "\r\n--=_s\r\nContent-Type: application/pkcs7-signature\r\nContent-Transfer-Encoding: base64\r\n\r\n"u8,
            .. Encoding.ASCII.GetBytes(signature), .. "\r\n--=_s--\r\n"u8,
        ];
    }

    private static byte[] Frame(char code, params byte[] payload)
    {
        var frame = new byte[payload.Length + 5];
        BinaryPrimitives.WriteInt32BigEndian(frame, payload.Length + 1);
        frame[4] = (byte)code;
        payload.CopyTo(frame, 5);
        return frame;
    }
}
