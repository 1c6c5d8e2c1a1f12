using System.Formats.Asn1;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Postseal.TestKit;

namespace Postseal.Tests.Cms.Signed;

/// <summary>A signed message put together of any parts, right ones and others.</summary>
internal sealed record SignedParts(Correspondent Signer, byte[] Content)
{
    public const string Data = "1.2.840.113549.1.7.1", ContentTypeAttribute = "1.2.840.113549.1.9.3";
    public const string MessageDigest = "1.2.840.113549.1.9.4", SigningTime = "1.2.840.113549.1.9.5";
    public const string Sha256 = "2.16.840.1.101.3.4.2.1", Sha1 = "1.3.14.3.2.26";
    public const string RsaEncryption = "1.2.840.113549.1.1.1", EcdsaWithSha256 = "1.2.840.10045.4.3.2";

    public string ContentType { get; init; } = Data;

    /// <summary>The whole eContent, with its tag; the content as one OCTET STRING where it is not said.</summary>
    public byte[]? EncapsulatedContent { get; init; }

    public bool IsDetached { get; init; }

    public byte[][]? Certificates { get; init; }

    /// <summary>digestAlgorithm.</summary>
    public byte[] DigestAlgorithm { get; init; } = Algorithm(Sha256);

    /// <summary>digestAlgorithms of the message; the signer's where it is not said.</summary>
    public byte[][]? Announced { get; init; }

    /// <summary>signatureAlgorithm; the usual one of the signer's key where it is not said.</summary>
    public byte[]? SignatureAlgorithm { get; init; }

    /// <summary>Attributes in the order they are sent in; none where there are none.</summary>
    public byte[][]? Attributes { get; init; }

    /// <summary>The tag and length of signedAttrs; what DER has where it is not said.</summary>
    public byte[]? AttributesHeader { get; init; }

    /// <summary>What is signed; the attributes as they are sent where it is not said.</summary>
    public byte[]? Signed { get; init; }

    /// <summary>The signature; one over what is signed where it is not said.</summary>
    public byte[]? Signature { get; init; }

    public byte[]? UnsignedAttributes { get; init; }

    /// <summary>How many SignerInfos; the same each time.</summary>
    public int Signers { get; init; } = 1;

    public byte[] Trailer { get; init; } = [];

    /// <summary>contentType and messageDigest, as they should be.</summary>
    public static SignedParts Of(Correspondent signer, byte[] content, params byte[][] more) => new(signer, content)
    {
        Attributes = [ContentTypeOf(Data), DigestOf(content), .. more],
    };

    public static byte[] ContentTypeOf(string type) => Attribute(ContentTypeAttribute, Oid(type));

    public static byte[] DigestOf(byte[] content) => Attribute(MessageDigest, Octets(SHA256.HashData(content)));

    public static byte[] TimeOf(DateTimeOffset time) => Attribute(SigningTime, Write(writer => writer.WriteUtcTime(time)));

    public static byte[] Attribute(string type, params byte[][] values) =>
        Sequence(Oid(type), Set(values));

    public static byte[] Algorithm(string oid, params byte[][] parameters) => Sequence([Oid(oid), .. parameters]);

    public static byte[] Null => [0x05, 0x00];

    public static byte[] Oid(string oid) => Write(writer => writer.WriteObjectIdentifier(oid));

    public static byte[] Octets(byte[] value) => Write(writer => writer.WriteOctetString(value));

    public static byte[] Number(int value) => Write(writer => writer.WriteInteger(value));

    public static byte[] Sequence(params byte[][] elements) => Element(0x30, elements);

    /// <summary>A SET in the order given.</summary>
    public static byte[] Set(params byte[][] elements) => Element(0x31, elements);

    public static byte[] Element(byte identifier, params byte[][] contents)
    {
        var length = contents.Sum(content => content.Length);
        return [.. Header(identifier, length), .. contents.SelectMany(content => content)];
    }

    public static byte[] Header(byte identifier, int length) => length < 0x80 ? [identifier, (byte)length]
        : length < 0x100 ? [identifier, 0x81, (byte)length]
        : length < 0x10000 ? [identifier, 0x82, (byte)(length >> 8), (byte)length]
        : [identifier, 0x84, (byte)(length >> 24), (byte)(length >> 16), (byte)(length >> 8), (byte)length];

    public byte[] Encode()
    {
        byte[] encapsulated = IsDetached ? [] : EncapsulatedContent ?? Element(0xA0, Octets(Content));
        var signerInfo = SignerInfo();
        return
        [
            .. Sequence(
                Oid("1.2.840.113549.1.7.2"),
                Element(0xA0, Sequence(
                    Number(1), Set(Announced ?? [DigestAlgorithm]), Sequence(Oid(ContentType), encapsulated),
                    Element(0xA0, Certificates ?? [Signer.Certificate.RawData]),
                    Set([.. Enumerable.Repeat(signerInfo, Signers)])))),
            .. Trailer,
        ];
    }

    /// <summary>Signs bytes with the signer's key and SHA-256.</summary>
    public byte[] Sign(byte[] signed) => Sign(signed, HashAlgorithmName.SHA256);

    public byte[] Sign(byte[] signed, HashAlgorithmName hash)
    {
        if (IsEc)
        {
            using var key = ECDsa.Create();
            key.ImportPkcs8PrivateKey(Signer.Pkcs8, out _);
            return key.SignData(signed, hash, DSASignatureFormat.Rfc3279DerSequence);
        }

        using var rsa = RSA.Create();
        rsa.ImportPkcs8PrivateKey(Signer.Pkcs8, out _);
        return rsa.SignData(signed, hash, RSASignaturePadding.Pkcs1);
    }

    private bool IsEc => Signer.Certificate.PublicKey.Oid.Value == "1.2.840.10045.2.1";

    private byte[] SignerInfo()
    {
        byte[] contents = [.. (Attributes ?? []).SelectMany(attribute => attribute)];
        byte[] attributes = Attributes is null ? []
            : [.. AttributesHeader ?? Header(0xA0, contents.Length), .. contents, .. (byte[])(AttributesHeader is [_, 0x80] ? [0, 0] : [])];
        return Sequence(
            Number(1),
            Sequence(Signer.Certificate.IssuerName.RawData, Write(writer => writer.WriteInteger(Signer.Certificate.SerialNumberBytes.Span))),
            DigestAlgorithm,
            attributes,
            SignatureAlgorithm ?? (IsEc ? Algorithm(EcdsaWithSha256) : Algorithm(RsaEncryption, Null)),
            Octets(Signature ?? Sign(Signed ?? (Attributes is null ? Content : Element(0x31, contents)))),
            UnsignedAttributes ?? []);
    }

    private static byte[] Write(Action<AsnWriter> write)
    {
        var writer = new AsnWriter(AsnEncodingRules.DER);
        write(writer);
        return writer.Encode();
    }
}
