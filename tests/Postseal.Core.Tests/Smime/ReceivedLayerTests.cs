using System.Buffers;
using System.Security.Cryptography.Pkcs;
using Postseal.Mail;
using Postseal.Smime;
using Postseal.TestKit;

namespace Postseal.Tests.Smime;

/// <summary>What of a message is signed. Where we find anything, openssl has to find the same.</summary>
public sealed class ReceivedLayerTests(ReceivedLayerTests.Person person) : IClassFixture<ReceivedLayerTests.Person>
{
    private const string Signed = "multipart/signed; protocol=\"application/pkcs7-signature\"; micalg=sha-256; boundary=b";
    private const string Entity = "Content-Type: text/plain\r\n\r\nHello\r\n--\r\nAlice\r\n";
    private const string Signature = "Content-Type: application/pkcs7-signature; name=smime.p7s\r\nContent-Transfer-Encoding: base64\r\n\r\n";
    private const string First = "--b\r\n{E}\r\n";
    private const string Second = "--b\r\n" + Signature + "{S}\r\n";
    private const string Close = "--b--\r\n";
    private const string Parts = First + Second + Close;

    // Content-Type, body, and what stands beside.
    public static TheoryData<string, string, string?> Whole => new()
    {
        { Signed, Parts, null },
        { Signed, "\r\n" + Parts, null },
        { Signed, "This is an S/MIME signed message\r\n\r\n" + Parts, null },
        { Signed, "Pay Mallory 1000.\r\n\r\n" + Parts, "text before it is not signed" },
        { Signed, Parts + "\r\n \t\r\n", null },
        { Signed, Parts + "_____\r\nThe list\r\n", "text behind it is not signed" },
        { Signed, "Pay\r\n" + Parts + "Mallory", "text before and behind it is not signed" },
        { Signed, First + Second + "--b--", null },
        { Signed, First + Second + "--b--   ", null },
        { Signed, "--b \t\r\n{E}\r\n--b  \r\n" + Signature + "{S}\r\n--b-- \r\n", null },
        { Signed, "x--b\r\n" + Parts, "text before it is not signed" },
        { Signed, First + "--b\r\n" + Signature + "{S}\r\n\r\n \r\n" + Close, null },
        { Signed, First + "--b\r\nX: y\r\n\tz\r\n" + Signature + "{S}\r\n" + Close, null },
        { Signed, First + "--b\r\nContent-Type: application/x-pkcs7-signature\r\ncontent-transfer-encoding:BASE64\r\n\r\n{S}\r\n" + Close, null },
        { "multipart/signed; protocol=\"application/x-pkcs7-signature\"; micalg=sha1;\r\n boundary=\"bb\"", Parts.Replace("--b", "--bb", StringComparison.Ordinal), null },
        { "multipart/signed; boundary=b; protocol=\"application/pkcs7-signature\"; x=\"\\\"\"", Parts, null },
        { "multipart/signed; protocol=\"application/pkcs7-signature\"; boundary=\"'()+_,-./:?= b\"", Parts.Replace("--b", "--'()+_,-./:?= b", StringComparison.Ordinal), null },
        { "multipart/signed; protocol=\"application/pkcs7-signature\"; boundary=\"--b--\"", Parts.Replace("--b", "----b--", StringComparison.Ordinal), null },
    };

    // Those that openssl does not read, and others do.
    public static TheoryData<string, string> WholeForOthers => new()
    {
        { "multipart/signed; boundary=b", Parts },
        { "multipart/signed; protocol=\"x/odd\"; boundary=b", Parts },
        { "multipart/signed; protocol=\"application/x-pkcs7-signature\";\r\n\tMicAlg=sha1;\r\n Boundary=\"b\"", Parts },
        { "MULTIPART/Signed; PROTOCOL=\"APPLICATION/PKCS7-SIGNATURE\"; BOUNDARY=b", Parts },
        { "multipart/signed; protocol=application/pkcs7-signature; boundary=b", Parts },
        { "multipart/signed; protocol=\"application/pkcs7-signature\"; boundary=b;", Parts },
        { Signed, First + "--b\r\nContent-Type: application/pkcs7-signature\r\n\r\n{DER}\r\n" + Close },
        { Signed, First + "--b\r\nContent-Type: application/pkcs7-signature\r\nContent-Transfer-Encoding: 8bit\r\n\r\n{DER}\r\n" + Close },
        { Signed, First + "--b\r\nContent-Type: application/pkcs7-signature\r\nContent-Transfer-Encoding: binary\r\n\r\n{DER}\r\n" + Close },
        { Signed, First + "--b\r\nContent-Type: application/pkcs7-signature\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n{QP}\r\n" + Close },
        { Signed + "\r\nContent-Transfer-Encoding: 7bit", Parts },
        { Signed + "\r\nContent-Transfer-Encoding: Binary", Parts },
    };

    public static TheoryData<string, string> Ambiguous => new()
    {
        // the boundary
        { "multipart/signed; protocol=\"application/pkcs7-signature\"", Parts },
        { "multipart/signed; protocol=\"application/pkcs7-signature\"; boundary=\"\"", Parts },
        { "multipart/signed; protocol=\"application/pkcs7-signature\"; boundary=c; boundary=b", Parts },
        { "multipart/signed; protocol=\"application/pkcs7-signature\"; boundary*0=b", Parts },
        { "multipart/signed; protocol=\"application/pkcs7-signature\"; boundary*=us-ascii''b", Parts },
        { "multipart/signed; protocol=\"application/pkcs7-signature\"; boundary=\"\\b\"", Parts },
        { "multipart/signed; protocol=\"application/pkcs7-signature\"; boundary=\"b\r\n\"", Parts },
        { "multipart/signed; protocol=\"application/pkcs7-signature\"; boundary=\"b \"", Parts },
        { "multipart/signed; protocol=\"application/pkcs7-signature\"; boundary=b (comment)", Parts },
        { "multipart/signed (c); protocol=\"application/pkcs7-signature\"; boundary=b", Parts },
        { "(c) multipart/signed; protocol=\"application/pkcs7-signature\"; boundary=b", Parts },
        { "multipart/signed; protocol=\"application/pkcs7-signature\"; boundary=b; x=\"\xFC\"", Parts },
        { "multipart/signed protocol=\"application/pkcs7-signature\"; boundary=b", Parts },
        { "multipart/signed; protocol=\"application/pkcs7-signature\"; boundary==?us-ascii?q?b?=", Parts.Replace("--b", "--=?us-ascii?q?b?=", StringComparison.Ordinal) },
        { "multipart/signed; protocol=\"application/pkcs7-signature\"; boundary=" + new string('b', 201), Parts.Replace("--b", "--" + new string('b', 201), StringComparison.Ordinal) },

        // lines that may be delimiters
        { Signed, "--b\r\n{E}\r\n--bb\r\nmore\r\n" + Second + Close },
        { Signed, "--b\r\n{E}\r\n--b--x\r\nmore\r\n" + Second + Close },
        { Signed, "--b\r\n{E}\n--b\n" + Signature + "{S}\r\n" + Close },
        { Signed, "--b\n{E}\r\n" + Second + Close },
        { Signed, "--b\r\n{E}\r\n--b\rx\r\n" + Second + Close },
        { Signed, "--b\r\n{E}\r--b\r\n" + Second + Close },
        { Signed, "--b\r\nContent-Type: multipart/mixed; boundary=bc\r\n\r\n--bc\r\n\r\nHello\r\n--bc--\r\n" + Second + Close },
        { Signed, "--b\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nHello\r\n--b--\r\n" + Second + Close },
        { Signed, "--b" + new string(' ', 300) + "\r\n{E}\r\n" + Second + Close },

        // the parts
        { Signed, "" },
        { Signed, "Hello\r\n" },
        { Signed, First + Close },
        { Signed, Close },
        { Signed, Second + Close },
        { Signed, First + Second },
        { Signed, First + "--b\r\n" + Signature + "{S}" + "--b--\r\n" },
        { Signed, First + Second + "--b\r\n\r\nPay Mallory\r\n" + Close },
        { Signed, First + "--b\r\n\r\nPay Mallory\r\n" + Second + Close },
        { Signed, Second + First + Close },
        { Signed, Parts + Close },
        { Signed, Parts + "--b\r\n\r\nPay Mallory\r\n" },
        { Signed, Close + Parts },
        { Signed, "--b\r\n" + Second + Close },
        { Signed, "--b\r\n\r\n" + Second + Close },

        // the signature
        { Signed, First + "--b\r\nContent-Type: application/octet-stream; name=smime.p7s\r\nContent-Transfer-Encoding: base64\r\n\r\n{S}\r\n" + Close },
        { Signed, First + "--b\r\nContent-Type: text/plain\r\n" + Signature + "{S}\r\n" + Close },
        { Signed, First + "--b\r\nContent-Transfer-Encoding: 7bit\r\n" + Signature + "{S}\r\n" + Close },
        { Signed, First + "--b\r\nContent-Type: application/pkcs7-signature\r\nContent-Transfer-Encoding: x-uuencode\r\n\r\n{S}\r\n" + Close },
        { Signed, First + "--b\r\nContent-Type: application/pkcs7-signature\r\nContent-Transfer-Encoding: (c) base64\r\n\r\n{S}\r\n" + Close },
        { Signed, First + "--b\r\nContent-Type: application/pkcs7-signature\r\n\r\n{S}\r\n" + Close },
        { Signed, First + "--b\r\n" + Signature + "*{S}\r\n" + Close },
        { Signed, First + "--b\r\n" + Signature + "\0{S}\r\n" + Close },
        { Signed, First + "--b\r\n" + Signature + "={S}\r\n" + Close },
        { Signed, First + "--b\r\n" + Signature + "MIIB\r\n" + Close },
        { Signed, First + "--b\r\n" + Signature + "\r\n" + Close },
        { "multipart/signed; protocol=\"application/pgp-signature\"; boundary=b", Parts },

        // the header
        { Signed + "\r\nContent-Transfer-Encoding: base64", Parts },
        { Signed + "\r\nContent-Transfer-Encoding: quoted-printable", Parts },
        { Signed + "\r\nContent-Transfer-Encoding: x-odd", Parts },
        { Signed + "\r\nContent-Transfer-Encoding: 7bit\r\nContent-Transfer-Encoding: 7bit", Parts },
        { Signed + "\r\nContent-Type: " + Signed, Parts },
        { "text/plain\r\nContent-Type: " + Signed, Parts },
        { Signed + "\r\nContent-Type : text/html", Parts },
    };

    public static TheoryData<string, string> NotOurs => new()
    {
        { "text/plain", Parts },
        { "multipart/mixed; boundary=b", Parts },
        { "multipart/signed; boundary=b", "--b\r\n\r\nHello\r\n--b\r\nContent-Type: application/pgp-signature\r\n\r\nx\r\n" + Close },
        { "multipart/signed; protocol=\"application/pgp-signature\"; boundary=b (c)", First + "--b\r\n\r\nHello\r\n" + Close },
        { "multipart/signed", Parts },
        { "multipart/signed; boundary=x", Parts },
        { "application/pkcs7-signature", "{S}" },
        { "=?utf-8?q?multipart/signed?=; boundary=b", Parts },
        { "text/plain\r\nContent-Type: text/html", Parts },
        { "application/octet-stream", "{S}" },
        { "application/octet-stream; name=smime.p7m", "Hello" },
        { "application/octet-stream; name=smime.p7m\r\nContent-Transfer-Encoding: base64", "Hello!" },
        { "message/rfc822", "Content-Type: " + Signed + "\r\n\r\n" + Parts },
        { "multipart/signed/x; protocol=\"application/pkcs7-signature\"; boundary=b", Parts },
    };

    [Theory]
    [MemberData(nameof(Whole))]
    public void The_first_part_is_signed_as_openssl_finds_it(string type, string body, string? beside)
    {
        var message = Message(type, body);

        var signed = Assert.IsType<ReceivedLayer.Signed>(Layer(message));

        Assert.Equal((Entity, true, beside), (Text.Of(signed.Entity), signed.IsDetached, signed.Beside));
        Assert.Equal((true, Entity, ""), OpenSslReads(message));
        Assert.False(signed.SignedData.HasContent);
    }

    [Theory]
    [MemberData(nameof(WholeForOthers))]
    public void What_names_its_protocol_or_encodes_its_signature_otherwise_is_signed_too(string type, string body)
    {
        var signed = Assert.IsType<ReceivedLayer.Signed>(Layer(Message(type, body)));

        Assert.Equal((Entity, null), (Text.Of(signed.Entity), signed.Beside));
    }

    [Theory]
    [MemberData(nameof(Ambiguous))]
    public void What_readers_may_find_different_parts_in_is_broken(string type, string body)
    {
        var broken = Assert.IsType<ReceivedLayer.Broken>(Layer(Message(type, body)));

        Assert.NotEmpty(broken.Why);
    }

    [Theory]
    [MemberData(nameof(NotOurs))]
    public void What_does_not_say_that_it_is_SMIME_is_not(string type, string body) =>
        Assert.IsType<ReceivedLayer.NotSmime>(Layer(Message(type, body)));

    [Theory]
    [InlineData("Hello\r\n\r\n", "\r\n")]
    [InlineData("Pay\r\n\r\n", "Mallory\r\n")]
    public void Text_beside_what_is_signed_is_shown_where_there_is_no_MIME_Version(string before, string behind)
    {
        var message = Text.Of(Message(Signed, before + Parts + behind)).Replace("MIME-Version: 1.0\r\n", "", StringComparison.Ordinal);

        Assert.IsType<ReceivedLayer.Broken>(Layer(Text.Bytes(message)));
    }

    [Theory]
    [InlineData("Content-Type : application/pkcs7-mime\r\n", "base64", "{S}")]
    [InlineData("Content-Type: application/pkcs7-mime\r\nContent-Type: text/html\r\n", "base64", "{S}")]
    [InlineData("Content-Type: application/pkcs7-mime\r\nContent-Transfer-Encoding: 8bit\r\n", "base64", "{S}")]
    [InlineData("Content-Type: application/pkcs7-mime\r\n", "base64", "!{S}")]
    [InlineData("Content-Type: application/pkcs7-mime\r\n", "base64", "{S}!")]
    [InlineData("Content-Type: application/pkcs7-mime\r\n", "base64", "\0{S}")]
    [InlineData("Content-Type: application/pkcs7-mime\r\n", "base64", "={S}")]
    [InlineData("Content-Type: application/pkcs7-mime\r\n", "base64", "QQ=={S}")]
    [InlineData("Content-Type: application/pkcs7-mime\r\n", "7bit", "{S}")]
    [InlineData("Content-Type: application/pkcs7-mime\r\n", "x-odd", "{S}")]
    public void An_object_that_readers_may_decode_to_another_is_broken(string fields, string encoding, string body)
    {
        var message = Text.Bytes($"MIME-Version: 1.0\r\n{fields}Content-Transfer-Encoding: {encoding}\r\n\r\n")
            .Concat(Text.Bytes(body.Replace("{S}", Base64(person.Opaque(padded: false)), StringComparison.Ordinal))).ToArray();

        Assert.IsType<ReceivedLayer.Broken>(Layer(message));
    }

    [Theory]
    [InlineData("= \r\n")]
    [InlineData("=\n")]
    [InlineData(" =\r\n \r\n")]
    [InlineData("\r\n")]
    [InlineData("=3d")]
    [InlineData("=X0")]
    [InlineData("=")]
    [InlineData("\t")]
    public void Quoted_printable_that_some_decoders_forgive_is_broken(string added)
    {
        var message = Text.Of(Wrapped("application/pkcs7-mime", "quoted-printable", person.Opaque(padded: true)));

        var layer = Layer(Text.Bytes(message.Replace("\r\n\r\n", $"\r\n\r\n{added}", StringComparison.Ordinal)));

        Assert.Contains("encoded so that readers", Assert.IsType<ReceivedLayer.Broken>(layer).Why, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("application/pkcs7-mime; smime-type=signed-data", "base64")]
    [InlineData("application/x-pkcs7-mime; smime-type=enveloped-data", "base64")]
    [InlineData("Application/(c)PKCS7-mime", "Base64")]
    [InlineData("application/pkcs7-mime; smime-type=certs-only; name=\"\xFC.p7c\"", "binary")]
    [InlineData("application/pkcs7-mime; smime-type=compressed-data", "8bit")]
    [InlineData("application/octet-stream; name=smime.p7m", "quoted-printable")]
    public void What_is_in_an_object_is_said_by_the_object(string type, string encoding)
    {
        var signed = Assert.IsType<ReceivedLayer.Signed>(Layer(Wrapped(type, encoding, person.Opaque(padded: true))));

        Assert.Equal((Entity, false, null), (Text.Of(signed.Entity), signed.IsDetached, signed.Beside));
        Assert.IsType<ReceivedLayer.Certificates>(Layer(Wrapped(type, encoding, Decoded(person.Letter.CertificatesOnly()))));
        Assert.IsType<ReceivedLayer.Broken>(Layer(Wrapped("application/pkcs7-mime", encoding, person.Detached)));
        Assert.IsType<ReceivedLayer.Encrypted>(Layer(Wrapped(type, encoding, person.Encrypted)));
    }

    [Theory]
    [InlineData("\r\n-- \r\nThe list", "text behind it is not signed")]
    [InlineData("QUJD", "text behind it is not signed")]
    [InlineData("\r\n \r\n", null)]
    public void What_stands_behind_the_padding_is_not_signed(string behind, string? beside)
    {
        var message = Wrapped("application/pkcs7-mime", "base64", person.Opaque(padded: true));

        var signed = Assert.IsType<ReceivedLayer.Signed>(Layer([.. message[..^2], .. Text.Bytes(behind)]));

        Assert.Equal((Entity, beside), (Text.Of(signed.Entity), signed.Beside));
    }

    [Fact]
    public void A_content_that_a_detached_signature_brings_does_not_hide_the_part()
    {
        var body = Parts.Replace("{S}", Base64(person.Opaque(padded: true)), StringComparison.Ordinal);

        var signed = Assert.IsType<ReceivedLayer.Signed>(Layer(Message(Signed, body)));

        Assert.Equal((Entity, true, true), (Text.Of(signed.Entity), signed.IsDetached, signed.SignedData.HasContent));
    }

    [Fact]
    public void A_layer_inside_is_read_as_one_outside()
    {
        var inner = person.Letter.Detached(SignedLetter.Text);
        var outer = person.Letter with { Boundary = "outer" };

        var first = Assert.IsType<ReceivedLayer.Signed>(Layer(SignedLetter.From("a@example.org", outer.Detached(outer.Opaque(inner)))));
        var second = Assert.IsType<ReceivedLayer.Signed>(ReceivedLayer.Of(first.Entity));
        var third = Assert.IsType<ReceivedLayer.Signed>(ReceivedLayer.Of(second.Entity));

        Assert.Equal((true, false, true), (first.IsDetached, second.IsDetached, third.IsDetached));
        Assert.Equal(SignedLetter.Text, third.Entity.ToArray());
        Assert.IsType<ReceivedLayer.NotSmime>(ReceivedLayer.Of(third.Entity));
    }

    [Theory]
    [InlineData("text/plain; charset=utf-8", false)]
    [InlineData("multipart/alternative;\r\n boundary=x", false)]
    [InlineData("multipart/signed", true)]
    [InlineData("application/pdf", false)]
    [InlineData("application/octet-stream\r\n ; name=smime.p7m", true)]
    [InlineData("APPLICATION/X-PKCS7-MIME;x", true)]
    [InlineData("(c)multipart(c)/(c)signed(c)", true)]
    [InlineData("multipart / signed", true)]
    [InlineData("\r\n multipart/signed", true)]
    [InlineData("", false)]
    [InlineData("/", false)]
    [InlineData("multipart", false)]
    public void The_header_alone_tells_what_need_not_be_read(string type, bool mayBe) =>
        Assert.Equal(mayBe, ReceivedLayer.MayBe(Text.Message($"Subject: x\r\nContent-Type: {type}\r\n\r\n").Headers));

    [Fact]
    public void Asking_the_header_of_plain_mail_allocates_nothing()
    {
        var headers = Text.Message("From: a@example.org\r\nContent-Type: multipart/mixed; boundary=x\r\nSubject: x\r\n\r\n").Headers;
        ReceivedLayer.MayBe(headers);
        var before = GC.GetAllocatedBytesForCurrentThread();

        for (var i = 0; i < 1000; i++)
            ReceivedLayer.MayBe(headers);

        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
    }

    private static ReceivedLayer Layer(byte[] message)
    {
        var layer = ReceivedLayer.Of(MailMessage.Parse(message));
        // However a message lies in memory, it is the same.
        foreach (var length in (int[])[1, 7, 64])
        {
            var other = ReceivedLayer.Of(Text.InPieces(MailMessage.Parse(message), length));
            Assert.Equal(layer.GetType(), other.GetType());
            if (layer is ReceivedLayer.Signed signed)
                Assert.Equal(signed.Entity.ToArray(), ((ReceivedLayer.Signed)other).Entity.ToArray());
        }

        return layer;
    }

    private (bool Verified, string Content, string Errors) OpenSslReads(byte[] message)
    {
        Assert.SkipUnless(OpenSsl.IsHere, "openssl is not installed");
        var (verified, content, errors) = OpenSsl.Verify(message, person.Folder.Ca.Root);
        return (verified, Text.Of(content), verified ? "" : errors);
    }

    private byte[] Message(string type, string body) => Text.Bytes($"From: a@example.org\r\nMIME-Version: 1.0\r\nContent-Type: {type}\r\n\r\n"
        + body.Replace("{E}", Entity, StringComparison.Ordinal)
            .Replace("{S}", Base64(person.Detached), StringComparison.Ordinal)
            .Replace("{DER}", Text.Of(person.Detached), StringComparison.Ordinal)
            .Replace("{QP}", QuotedPrintable(person.Detached), StringComparison.Ordinal));

    private static byte[] Wrapped(string type, string encoding, byte[] der) => Text.Bytes(
        $"MIME-Version: 1.0\r\nContent-Type: {type}\r\nContent-Transfer-Encoding: {encoding}\r\n\r\n"
        + encoding.ToUpperInvariant() switch
        {
            "BASE64" => Base64(der) + "\r\n",
            "QUOTED-PRINTABLE" => QuotedPrintable(der),
            _ => Text.Of(der),
        });

    private static byte[] Decoded(byte[] entity) =>
        Convert.FromBase64String(Text.Of(entity)[(Text.Of(entity).IndexOf("\r\n\r\n", StringComparison.Ordinal) + 4)..]);

    private static string Base64(byte[] der) => Convert.ToBase64String(der, Base64FormattingOptions.InsertLineBreaks);

    private static string QuotedPrintable(byte[] der) => string.Concat(der.Select((b, i) => $"={b:X2}" + (i % 20 == 19 && i < der.Length - 1 ? "=\r\n" : "")));

    /// <summary>Who signs.</summary>
    public sealed class Person : IDisposable
    {
        private readonly LetterSigner alice;

        public Person()
        {
            alice = LetterSigner.Of(Folder.Ca, "alice@example.org");
            Letter = new SignedLetter(alice);
            Detached = Letter.Sign(Text.Bytes(Entity), isDetached: true);
            Encrypted = Encrypt();
        }

        public CertificateFolder Folder { get; } = new();

        public SignedLetter Letter { get; }

        public byte[] Detached { get; }

        public byte[] Encrypted { get; }

        /// <summary>Makes an opaque signature that base64 pads, or does not.</summary>
        public byte[] Opaque(bool padded)
        {
            while (true)
            {
                // A signature on a curve is not always of the same length.
                var der = Letter.Sign(Text.Bytes(Entity), isDetached: false);
                if (der.Length % 3 != 0 == padded)
                    return der;
            }
        }

        public void Dispose()
        {
            alice.Dispose();
            Folder.Dispose();
        }

        private static byte[] Encrypt()
        {
            using var bob = Correspondent.Create("RSA-2048");
            var cms = new EnvelopedCms(new ContentInfo(Text.Bytes(Entity)));
            cms.Encrypt(new CmsRecipient(bob.Certificate));
            return cms.Encode();
        }
    }
}
