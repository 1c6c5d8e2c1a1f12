using System.Buffers;
using System.Formats.Asn1;
using System.Text;
using Postseal.Certificates;
using Postseal.Mail;
using Postseal.Program.Trial;
using Postseal.Smime;
using Postseal.TestKit;

namespace Postseal.Tests.Smime;

public sealed class ProtectionClassifierTests(ProtectionClassifierTests.Person person) : IClassFixture<ProtectionClassifierTests.Person>
{
    private const string Opaque = "Content-Type: application/pkcs7-mime; smime-type=signed-data; name=smime.p7m\r\n";

    private const string Armor = "-----BEGIN PGP MESSAGE-----\r\n\r\nhQ\r\n-----END PGP MESSAGE-----\r\n";

    private readonly ProtectedMail mail = person.Mail;

    [Theory]
    [InlineData(nameof(ProtectionKind.SmimeSigned), "-md", "sha256")]
    [InlineData(nameof(ProtectionKind.SmimeSigned), "-nocerts")]
    [InlineData(nameof(ProtectionKind.SmimeSigned), "-keyid")]
    [InlineData(nameof(ProtectionKind.SmimeOpaque), "-nodetach")]
    [InlineData(nameof(ProtectionKind.SmimeOpaque), "-nodetach", "-stream")]
    public void What_openssl_signs_is_signed(string kind, params string[] options)
    {
        var protection = Classify(mail.Signed(options));

        Assert.Equal(kind, protection.Kind.ToString());
        var certificate = Assert.Single(protection.Signers!.Certificates());
        if (options.Contains("-nocerts"))
            Assert.Null(certificate);
        else
            Assert.Equal(["alice@example.org"], CertificateAddresses.Of(certificate!).Select(address => address.ToString()));
    }

    [Theory]
    [InlineData(nameof(ProtectionKind.SmimeEnveloped), "-aes256")]
    [InlineData(nameof(ProtectionKind.SmimeEnveloped), "-aes256", "-stream")]
    [InlineData(nameof(ProtectionKind.SmimeAuthEnveloped), "-aes-256-gcm")]
    public void What_openssl_encrypts_is_encrypted(string kind, params string[] options) =>
        Assert.Equal(kind, Classify(mail.Encrypted(options)).Kind.ToString());

    [Theory]
    [InlineData("base64")]
    [InlineData("BASE64; x")]
    [InlineData("quoted-printable")]
    [InlineData("binary")]
    public void A_CMS_object_is_read_in_any_transfer_encoding(string encoding)
    {
        Assert.Equal(ProtectionKind.SmimeCertificates, Classify(Wrapped(Opaque, encoding, mail.Certificates())).Kind);
        Assert.Equal(ProtectionKind.SmimeCompressed, Classify(Wrapped(Opaque, encoding, Compressed())).Kind);
    }

    [Theory]
    [InlineData("Content-Type: Application/(c)X-PKCS7-MIME\r\n")]
    [InlineData("Content-Type: application/octet-stream; name*0=smime.; name*1=P7C\r\n")]
    [InlineData("Content-Type: application/octet-stream\r\nContent-Disposition: attachment; filename=\"smime.p7c\"\r\n")]
    public void The_label_is_recognized_in_any_spelling(string header) =>
        Assert.Equal(ProtectionKind.SmimeCertificates, Classify(Wrapped(header, "base64", mail.Certificates())).Kind);

    [Theory]
    [InlineData("Content-Type: text/plain; name=smime.p7m\r\n")]
    [InlineData("Content-Type: application/octet-stream; name=smime.p7m.txt\r\n")]
    [InlineData("Content-Type: application/pkcs7-signature; name=smime.p7s\r\n")]
    [InlineData("Content-Type: text/plain\r\nContent-Disposition: attachment; filename=smime.p7m\r\n")]
    [InlineData("Content-Type: application/pkcs7-mime\r\nContent-Type: application/pkcs7-mime\r\n")]
    [InlineData("Content-Type: application/pkcs7-mime\r\nContent-Transfer-Encoding: base64\r\n")]
    public void A_label_that_readers_do_not_take_for_SMIME_protects_nothing(string header) =>
        Assert.Equal(ProtectionKind.None, Classify(Wrapped(header, "base64", mail.Certificates())).Kind);

    [Theory]
    [InlineData("Subject: x\r\n\r\nhello\r\n")]
    [InlineData("Content-Type: text/plain; name=x.p7s\r\n\r\nhello\r\n")]
    [InlineData("Content-Type: text/plain\r\nContent-Type: multipart/signed\r\n\r\nhello\r\n")]
    [InlineData("Content-Type: application/pkcs7-mime\r\n\r\nhello\r\n")]
    [InlineData("Content-Type: application/pkcs7-mime; smime-type=enveloped-data\r\nContent-Transfer-Encoding: base64\r\n\r\nMIIBogYJ\r\n")]
    [InlineData("Content-Type: multipart/signed; boundary=b\r\n\r\n--b\r\nContent-Type: text/plain\r\n\r\nhello\r\n--b--\r\n")]
    [InlineData("Content-Type: multipart/signed\r\n\r\nhello\r\n")]
    [InlineData("Content-Type: multipart/signed; boundary=b\r\n\r\n--b\r\n\r\nhello\r\n--b\r\nContent-Type: application/pkcs7-signature\r\n\r\nMIIB\r\n--b--\r\n")]
    [InlineData("Content-Type: multipart/signed; boundary=b\r\n\r\n--b\r\n\r\nhello\r\n--b\r\nContent-Type: application/pgp-signature\r\n\r\nhi\r\n--b--\r\n")]
    [InlineData("Content-Type: multipart/encrypted; boundary=b\r\n\r\n--b\r\nContent-Type: text/plain\r\n\r\nhello\r\n--b--\r\n")]
    [InlineData("Content-Type: multipart/encrypted; boundary=b\r\n\r\n--b\r\nContent-Type: text/plain\r\n\r\nVersion: 1\r\n--b\r\nContent-Type: application/octet-stream\r\n\r\n" + Armor + "--b--\r\n")]
    [InlineData("Content-Type: multipart/encrypted; boundary=b\r\n\r\n--b\r\nContent-Type: application/pgp-encrypted\r\n\r\nVersion: 1\r\n--b\r\nContent-Type: application/octet-stream\r\n\r\nhello\r\n--b--\r\n")]
    public void What_is_hollow_behind_its_label_protects_nothing(string message) =>
        Assert.Equal(ProtectionKind.None, Classify(Text.Bytes(message)).Kind);

    [Theory]
    [InlineData("", ProtectionKind.SmimeSigned)]
    [InlineData("Content-Transfer-Encoding: base64\r\n", ProtectionKind.None)]
    [InlineData("Content-Type: text/plain\r\n", ProtectionKind.None)]
    public void Fields_that_readers_choose_from_differently_protect_nothing(string fields, object kind) =>
        Assert.Equal(kind, Classify(ProtectedMail.With(fields, WithCrLf(mail.Signed("-keyid")))).Kind);

    [Fact]
    public void A_third_part_is_not_signed_by_the_second()
    {
        var signed = Text.Of(mail.Signed("-keyid"));
        var boundary = signed.Split("boundary=\"")[1].Split('"')[0];
        var close = $"--{boundary}--";

        var message = signed.Replace(close, $"--{boundary}\n\nhello\n{close}", StringComparison.Ordinal);

        Assert.Equal(ProtectionKind.None, Classify(Text.Bytes(message)).Kind);
    }

    [Theory]
    [InlineData("application/pgp-signature", "-----BEGIN PGP SIGNATURE-----\r\n\r\niQ\r\n-----END PGP SIGNATURE-----\r\n")]
    [InlineData("application/PGP-signature; name=signature.asc", "\r\n-----BEGIN PGP MESSAGE-----\r\n\r\niQ\r\n-----END PGP MESSAGE-----\r\n")]
    public void PGP_signs_with_an_armored_signature(string type, string signature) => Assert.Equal(
        ProtectionKind.PgpSigned,
        Classify(Text.Bytes(
            $"Content-Type: multipart/signed; boundary=b\r\n\r\n--b\r\n\r\nhello\r\n--b\r\nContent-Type: {type}\r\n\r\n{signature}--b--\r\n")).Kind);

    [Theory]
    [InlineData("Version: 1\r\n", Armor, "")]
    [InlineData("Version: 1\r\n", "LS0tLS1CRUdJTiBQR1AgTUVTU0FHRS0tLS0tDQo=\r\n", "Content-Transfer-Encoding: base64\r\n")]
    public void PGP_encrypts_in_two_parts(string control, string data, string fields) => Assert.Equal(
        ProtectionKind.PgpEncrypted,
        Classify(Text.Bytes(
            "Content-Type: multipart/encrypted; protocol=\"application/pgp-encrypted\"; boundary=b\r\n\r\n"
            + $"--b\r\nContent-Type: application/pgp-encrypted\r\n\r\n{control}--b\r\n"
            + $"Content-Type: application/octet-stream\r\n{fields}\r\n{data}--b--\r\n")).Kind);

    [Theory]
    [InlineData("base64", "", true)]
    [InlineData("base64", "\r\n \r\n", true)]
    [InlineData("base64", "\r\nThe plans: attack at dawn\r\n", false)]
    [InlineData("base64", "\r\nplans\r\n", false)]
    [InlineData("binary", "", true)]
    [InlineData("binary", "\r\n\0", true)]
    [InlineData("binary", "\r\nplans\r\n", false)]
    [InlineData("quoted-printable", "\r\n\r\nplans\r\n", false)]
    public void What_follows_the_encrypted_is_not_encrypted(string encoding, string behind, bool isEncrypted)
    {
        var encrypted = MailMessage.Parse(mail.Encrypted("-aes256"));
        var der = Convert.FromBase64String(Encoding.ASCII.GetString(encrypted.Body.ToArray()));

        var protection = Classify([.. Wrapped(Opaque, encoding, der), .. Text.Bytes(behind)]);

        Assert.Equal((ProtectionKind.SmimeEnveloped, isEncrypted), (protection.Kind, protection.IsEncrypted));
    }

    [Fact]
    public void What_is_encrypted_elsewhere_protects_nothing()
    {
        var writer = new AsnWriter(AsnEncodingRules.DER);
        using (writer.PushSequence())
        {
            writer.WriteObjectIdentifier("1.2.840.113549.1.7.3");
            using (writer.PushSequence(new Asn1Tag(TagClass.ContextSpecific, 0)))
            using (writer.PushSequence())
            {
                writer.WriteInteger(0);
                using (writer.PushSetOf())
                    writer.WriteNull();
                using (writer.PushSequence())
                {
                    writer.WriteObjectIdentifier("1.2.840.113549.1.7.1");
                    using (writer.PushSequence())
                        writer.WriteObjectIdentifier("2.16.840.1.101.3.4.1.42");
                }
            }
        }

        Assert.Equal(ProtectionKind.None, Classify(Wrapped(Opaque, "base64", writer.Encode())).Kind);
    }

    [Theory]
    [InlineData(Armor, true)]
    [InlineData("-----BEGIN PGP MESSAGE-----\r\nComment: by a program\r\nVersion: 1\r\n\r\nhQ==\r\n=AAAA\r\n-----END PGP MESSAGE-----\r\n\r\n", true)]
    [InlineData("-----BEGIN PGP MESSAGE-----\n\nhQ\n-----END PGP MESSAGE-----\n", true)]
    [InlineData(Armor + "The plans\r\n", false)]
    [InlineData("-----BEGIN PGP MESSAGE-----\r\nThe plans\r\n", false)]
    [InlineData("-----BEGIN PGP MESSAGE-----\r\n\r\nThe plans: attack at dawn\r\n-----END PGP MESSAGE-----\r\n", false)]
    public void Only_an_armor_from_its_begin_to_its_end_is_encrypted(string data, bool isEncrypted)
    {
        var protection = Classify(Text.Bytes(
            "Content-Type: multipart/encrypted; protocol=\"application/pgp-encrypted\"; boundary=b\r\n\r\n"
            + "--b\r\nContent-Type: application/pgp-encrypted\r\n\r\nVersion: 1\r\n--b\r\n"
            + $"Content-Type: application/octet-stream\r\n\r\n{data}--b--\r\n"));

        Assert.Equal((ProtectionKind.PgpEncrypted, isEncrypted), (protection.Kind, protection.IsEncrypted));
    }

    private static MessageProtection Classify(byte[] message) =>
        ProtectionClassifier.Classify(Text.InPieces(MailMessage.Parse(message), 777));

    private static byte[] Wrapped(string header, string encoding, byte[] der) =>
    [
        .. Text.Bytes($"{header}Content-Transfer-Encoding: {encoding}\r\n\r\n"),
        .. encoding switch
        {
            "binary" => der,
            "quoted-printable" => Text.Bytes(string.Concat(der.Select((b, i) => $"={b:X2}" + (i % 20 == 19 ? "=\r\n" : "")))),
            _ => Text.Bytes(Convert.ToBase64String(der, Base64FormattingOptions.InsertLineBreaks) + "\r\n"),
        },
    ];

    /// <summary>CompressedData (RFC 3274 section 1.1), written by hand: openssl often comes without zlib.</summary>
    private static byte[] Compressed()
    {
        var writer = new AsnWriter(AsnEncodingRules.DER);
        var explicitTag = new Asn1Tag(TagClass.ContextSpecific, 0);
        using (writer.PushSequence())
        {
            writer.WriteObjectIdentifier("1.2.840.113549.1.9.16.1.9");
            using (writer.PushSequence(explicitTag))
            using (writer.PushSequence())
            {
                writer.WriteInteger(0);
                using (writer.PushSequence())
                    writer.WriteObjectIdentifier("1.2.840.113549.1.9.16.3.8");
                using (writer.PushSequence())
                {
                    writer.WriteObjectIdentifier("1.2.840.113549.1.7.1");
                    using (writer.PushSequence(explicitTag))
                        writer.WriteOctetString(Encoding.ASCII.GetBytes("zlib"));
                }
            }
        }

        return writer.Encode();
    }

    private static byte[] WithCrLf(byte[] message) =>
        Text.Bytes(Text.Of(message).ReplaceLineEndings("\r\n"));

    /// <summary>Who signs, and whom it is encrypted to: an RSA key for all tests.</summary>
    public sealed class Person : IDisposable
    {
        private readonly CertificateFolder folder = new();

        public Person()
        {
            var alice = folder.Ca.Issue(new TestCaRequest("alice@example.org") { Key = "RSA-2048" });
            Mail = new ProtectedMail(alice.KeyPem, alice.CertificatePem);
        }

        internal ProtectedMail Mail { get; }

        public void Dispose()
        {
            Mail.Dispose();
            folder.Dispose();
        }
    }
}
