using System.Buffers;
using Postseal.Mail;
using Postseal.Smime;
using Postseal.TestKit;
using Postseal.Tests.Mime;

namespace Postseal.Tests.Smime;

/// <summary>What was encrypted is signed: openssl and MimeKit verify what is delivered.</summary>
public sealed class OpenedSignatureTests : IDisposable
{
    private const string Plain = "Content-Type: text/plain\r\n\r\nPay Bob 10.\r\n";

    private static readonly MailMessage Outer = Text.Message(
        "From: alice@example.org\nSubject: x\nContent-Type: application/pkcs7-mime\nContent-Transfer-Encoding: base64\n\nMIAG\n");

    private readonly LetterRoom room = new();

    // What was signed, and in which form it is delivered.
    public static TheoryData<string, string, SignatureForm> Entities => new()
    {
        { "7bit", Plain, SignatureForm.Detached },
        { "a line that begins with From", Plain + "From here on\r\n", SignatureForm.Detached },
        { "8bit", "Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\nGr\xC3\xBC\xC3\x9F" + "e\r\n", SignatureForm.Opaque },
        { "binary", "Content-Type: image/png\r\nContent-Transfer-Encoding: binary\r\n\r\n\0\r\xFF\n\n", SignatureForm.Opaque },
        { "a long line", $"{Plain}{new string('x', 999)}\r\n", SignatureForm.Opaque },
        { "a bare CR", Plain + "x\rx\r\n", SignatureForm.Opaque },
        { "a bare LF", Plain + "x\nx\r\n", SignatureForm.Opaque },
        { "no line end at the end, and 8bit", "Content-Type: text/plain\r\n\r\n\xFC", SignatureForm.Opaque },
        { "parts", "Content-Type: multipart/mixed; boundary=p\r\n\r\n--p\r\n\r\n\xFC\r\n--p--\r\n", SignatureForm.Opaque },
    };

    [Theory]
    [MemberData(nameof(Entities))]
    public void A_signature_is_good_when_it_is_delivered(string name, string signed, SignatureForm form)
    {
        Assert.SkipUnless(OpenSsl.IsHere, "openssl is not here");
        var letter = LetterRoom.By(room.Alice, room.Mallory);

        var composed = Composed(letter.Detached(Text.Bytes(signed)));

        Assert.Equal(form == SignatureForm.Detached, Text.Of(composed).Contains("multipart/signed", StringComparison.Ordinal));
        AssertVerifies(name, composed, signed);
        var layer = Assert.IsType<ReceivedLayer.Signed>(ReceivedLayer.Of(MailMessage.Parse(composed)));
        Assert.Equal(signed, Text.Of(layer.Entity));
        Assert.Equal(2, layer.SignedData.Signers.Count);
    }

    [Fact]
    public void MimeKit_takes_the_opaque_form_too()
    {
        var composed = Composed(LetterRoom.By(room.Alice).Detached(Text.Bytes("Content-Type: text/plain\r\n\r\n\xFC\r\n")));

        Assert.Equal((room.Alice.Certificate.Thumbprint.ToLowerInvariant(), null), MimeKitJudge.Verify(new MemoryStream(composed)));
    }

    [Fact]
    public void What_is_7bit_stays_byte_for_byte()
    {
        var entity = LetterRoom.By(room.Alice).Detached(Text.Bytes(Plain));

        Assert.EndsWith(Text.Of(entity)[(Text.Of(entity).IndexOf("\r\n\r\n", StringComparison.Ordinal) + 4)..], Text.Of(Composed(entity)), StringComparison.Ordinal);
    }

    [Fact]
    public void A_signature_in_the_opaque_form_and_binary_is_in_base64_then()
    {
        Assert.SkipUnless(OpenSsl.IsHere, "openssl is not here");
        var signature = LetterRoom.By(room.Alice).Sign(Text.Bytes("Content-Type: text/plain\r\n\r\n\xFC\r\n"), isDetached: false);
        byte[] entity =
        [
            .. "Content-Type: application/pkcs7-mime; smime-type=signed-data; name=smime.p7m\r\nContent-Transfer-Encoding: binary\r\n\r\n"u8, .. signature,
        ];

        var composed = Composed(entity);

        SevenBit.AssertIs(new(composed));
        AssertVerifies("binary", composed, "Content-Type: text/plain\r\n\r\n\xFC\r\n");
        Assert.Contains(Convert.ToBase64String(signature), Text.Of(composed).Replace("\r\n", "", StringComparison.Ordinal), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("")]
    [InlineData("\xC3\xBC")]
    public void What_openssl_wrote_on_Unix_is_good_when_it_is_delivered(string text)
    {
        Assert.SkipUnless(OpenSsl.IsHere, "openssl is not here");
        // It signs lines that end in CRLF, and writes them as the system does.
        var entity = LetterRoom.By(room.Alice).Detached(Text.Bytes(Plain + text)).Where(b => b != '\r').ToArray();

        var composed = Composed(entity);

        AssertVerifies("LF", composed, Plain + text);
        Assert.Equal(Plain + text, Text.Of(Assert.IsType<ReceivedLayer.Signed>(ReceivedLayer.Of(new ReadOnlySequence<byte>(entity))).Entity));
    }

    [Theory]
    [InlineData("Click here.\r\n")]
    [InlineData("\xFC\r\n")]
    public void What_stands_beside_what_is_signed_is_neither_lost_nor_taken_for_signed(string preamble)
    {
        var entity = Text.Of(LetterRoom.By(room.Alice).Detached(Text.Bytes("Content-Type: text/plain\r\n\r\n\xFC\r\n")));
        var start = entity.IndexOf("\r\n\r\n", StringComparison.Ordinal) + 4;

        Assert.Null(OpenedMail.Compose(Outer, new(Text.Bytes(entity.Insert(start, preamble))), out var why));
        Assert.Contains("beside", why, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(false, "cannot be sent")]
    [InlineData(true, "not 7bit")]
    public void What_is_signed_in_a_way_that_cannot_be_written_again_is_refused(bool isDamaged, string expected)
    {
        var letter = LetterRoom.By(room.Alice);
        var content = Text.Bytes("Content-Type: text/plain\r\n\r\n\xFC\r\n");
        // A signature that has content, of which readers may take either.
        var entity = letter.Detached(content, isDamaged ? [0x30, 0x80] : letter.Sign(Text.Bytes(Plain), isDetached: false));

        Assert.Null(OpenedMail.Compose(Outer, new(entity), out var why));
        Assert.Contains(expected, why, StringComparison.Ordinal);
    }

    public void Dispose() => room.Dispose();

    private static byte[] Composed(byte[] entity)
    {
        var message = OpenedMail.Compose(Outer, new(entity), out var why);
        Assert.True(message is not null, why);
        SevenBit.AssertIs(new(TestMail.BytesOf(message)));
        return TestMail.BytesOf(message);
    }

    private void AssertVerifies(string name, byte[] composed, string signed)
    {
        using var directory = new TemporaryDirectory();
        File.WriteAllBytes(directory.File("message"), composed);
        var root = directory.Write("root.pem", room.Folder.Ca.Root.ExportCertificatePem());
        // Of the detached form it hashes lines as text, unless it is told not to, and then it hashes them without their CR.
        string[] form = Text.Of(composed).Contains("multipart/signed", StringComparison.Ordinal) ? [] : ["-binary"];
        var (exitCode, _, errors) = OpenSsl.Run(
        [
            "cms", "-verify", .. form, "-in", directory.File("message"), "-CAfile", root, "-attime", $"{LetterRoom.Noon.ToUnixTimeSeconds()}", "-out", directory.File("content"),
        ]);
        Assert.True(exitCode == 0, $"{name}: {errors}");
        Assert.Equal(signed, Text.Of(File.ReadAllBytes(directory.File("content"))));
    }
}
