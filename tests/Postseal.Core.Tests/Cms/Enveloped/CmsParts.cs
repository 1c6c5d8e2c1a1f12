using System.Formats.Asn1;
using System.Security.Cryptography;
using Postseal.Cms.Enveloped;
using Postseal.TestKit;

namespace Postseal.Tests.Cms.Enveloped;

/// <summary>An encrypted message put together of any parts, right ones and others.</summary>
internal sealed record CmsParts
{
    public const string EnvelopedData = "1.2.840.113549.1.7.3", AuthEnvelopedData = "1.2.840.113549.1.9.16.1.23";
    public const string Data = "1.2.840.113549.1.7.1";

    public string Type { get; init; } = EnvelopedData;

    public IReadOnlyList<byte[]> Recipients { get; init; } = [];

    public string ContentType { get; init; } = Data;

    public byte[] Algorithm { get; init; } = [];

    /// <summary>The whole element: [0] IMPLICIT OCTET STRING.</summary>
    public byte[]? Content { get; init; }

    /// <summary>authAttrs, with their tag.</summary>
    public byte[]? Attributes { get; init; }

    public byte[]? Mac { get; init; }

    public byte[] Encode()
    {
        // It would grow by a kilobyte at a time.
        var writer = new AsnWriter(AsnEncodingRules.BER, 1024 + Recipients.Sum(recipient => recipient.Length) + (Content?.Length ?? 0));
        using (writer.PushSequence())
        {
            writer.WriteObjectIdentifier(Type);
            using (writer.PushSequence(new Asn1Tag(TagClass.ContextSpecific, 0)))
            using (writer.PushSequence())
            {
                writer.WriteInteger(0);
                using (writer.PushSetOf())
                {
                    foreach (var recipient in Recipients)
                        writer.WriteEncodedValue(recipient);
                }

                using (writer.PushSequence())
                {
                    writer.WriteObjectIdentifier(ContentType);
                    writer.WriteEncodedValue(Algorithm);
                    if (Content is not null)
                        writer.WriteEncodedValue(Content);
                }

                if (Attributes is not null)
                    writer.WriteEncodedValue(Attributes);
                if (Mac is not null)
                    writer.WriteOctetString(Mac);
            }
        }

        return writer.Encode();
    }

    /// <summary>A RecipientInfo of RSA with PKCS #1 v1.5.</summary>
    public static byte[] KeyTransport(Correspondent recipient, byte[] contentKey)
    {
        using var key = RSA.Create();
        key.ImportPkcs8PrivateKey(recipient.Pkcs8, out _);
        return KeyTransportOf(recipient, key.Encrypt(contentKey, RSAEncryptionPadding.Pkcs1));
    }

    /// <summary>The same with whatever encrypted key.</summary>
    public static byte[] KeyTransportOf(Correspondent recipient, byte[] encryptedKey) =>
        KeyTransport(RecipientKey.Create(recipient.Certificate).Identifier, encryptedKey);

    /// <summary>The same, which names the certificate by its key.</summary>
    public static byte[] KeyTransportByKey(Correspondent recipient, byte[] encryptedKey) =>
        KeyTransport(RecipientKey.Create(recipient.Certificate, RecipientNaming.SubjectKeyIdentifier).Identifier, encryptedKey);

    /// <summary>A RecipientInfo for a key of Diffie and Hellman (RFC 2630 section 6.2.2), or of whatever other algorithm.</summary>
    public static byte[] UnknownKeyOf(Correspondent recipient)
    {
        var known = KeyTransportOf(recipient, new byte[256]);
        var rsa = known.AsSpan().LastIndexOf((ReadOnlySpan<byte>)[0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01, 0x01, 0x01]);
        known[rsa + 8] = 0x63;
        return known;
    }

    private static byte[] KeyTransport(byte[] identifier, byte[] encryptedKey)
    {
        var writer = new AsnWriter(AsnEncodingRules.DER);
        using (writer.PushSequence())
        {
            writer.WriteInteger(0);
            writer.WriteEncodedValue(identifier);
            using (writer.PushSequence())
            {
                writer.WriteObjectIdentifier("1.2.840.113549.1.1.1");
                writer.WriteNull();
            }

            writer.WriteOctetString(encryptedKey);
        }

        return writer.Encode();
    }

    /// <summary>An AlgorithmIdentifier with an IV.</summary>
    public static byte[] WithIv(string oid, byte[] iv)
    {
        var writer = new AsnWriter(AsnEncodingRules.DER);
        using (writer.PushSequence())
        {
            writer.WriteObjectIdentifier(oid);
            writer.WriteOctetString(iv);
        }

        return writer.Encode();
    }

    /// <summary>An AlgorithmIdentifier with GCMParameters.</summary>
    public static byte[] Gcm(string oid, byte[] nonce, int? tagLength)
    {
        var writer = new AsnWriter(AsnEncodingRules.DER);
        using (writer.PushSequence())
        {
            writer.WriteObjectIdentifier(oid);
            using (writer.PushSequence())
            {
                writer.WriteOctetString(nonce);
                if (tagLength is { } length)
                    writer.WriteInteger(length);
            }
        }

        return writer.Encode();
    }

    /// <summary>Content in one piece.</summary>
    public static byte[] Primitive(byte[] content)
    {
        var writer = new AsnWriter(AsnEncodingRules.DER);
        writer.WriteOctetString(content, new Asn1Tag(TagClass.ContextSpecific, 0));
        return writer.Encode();
    }
}
