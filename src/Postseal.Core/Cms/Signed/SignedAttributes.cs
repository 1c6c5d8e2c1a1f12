using System.Formats.Asn1;

namespace Postseal.Cms.Signed;

/// <summary>
/// The attributes that are signed together with the content's digest (RFC 5652 section 11, RFC 8551 section 2.5,
/// RFC 5035 section 3), as the DER SET that the signature is made over.
/// </summary>
internal static class SignedAttributes
{
    private static readonly byte[] ContentType = EncodeContentType();
    private static readonly byte[] SmimeCapabilities = EncodeCapabilities();

    public static byte[] Encode(
        ReadOnlySpan<byte> contentDigest, SignerEncoding signer, Digest digest, DateTimeOffset signingTime)
    {
        var writer = new AsnWriter(AsnEncodingRules.DER, initialCapacity: 512);
        using (writer.PushSetOf())
        {
            writer.WriteEncodedValue(ContentType);
            using (Attribute(writer, Oids.MessageDigest))
                writer.WriteOctetString(contentDigest);
            using (Attribute(writer, Oids.SigningTime))
                WriteTime(writer, signingTime);
            writer.WriteEncodedValue(SmimeCapabilities);
            writer.WriteEncodedValue(signer.SigningCertificate(digest));
        }

        return writer.Encode();
    }

    /// <summary>Attribute ::= SEQUENCE { attrType OBJECT IDENTIFIER, attrValues SET OF AttributeValue }, of one value.</summary>
    public static AttributeScope Attribute(AsnWriter writer, string type)
    {
        var sequence = writer.PushSequence();
        writer.WriteObjectIdentifier(type);
        return new AttributeScope(sequence, writer.PushSetOf());
    }

    public readonly struct AttributeScope(AsnWriter.Scope sequence, AsnWriter.Scope values) : IDisposable
    {
        public void Dispose()
        {
            values.Dispose();
            sequence.Dispose();
        }
    }

    /// <summary>Time is UTCTime through 2049 and GeneralizedTime after, both in whole seconds (RFC 5652 section 11.3).</summary>
    private static void WriteTime(AsnWriter writer, DateTimeOffset time)
    {
        if (time.UtcDateTime.Year is >= 1950 and < 2050)
            writer.WriteUtcTime(time.ToUniversalTime());
        else
            writer.WriteGeneralizedTime(time.ToUniversalTime(), omitFractionalSeconds: true);
    }

    private static byte[] EncodeContentType()
    {
        var writer = new AsnWriter(AsnEncodingRules.DER);
        using (Attribute(writer, Oids.ContentType))
            writer.WriteObjectIdentifier(Oids.Data);
        return writer.Encode();
    }

    /// <summary>
    /// SMIMECapabilities ::= SEQUENCE OF SEQUENCE { capabilityID, parameters OPTIONAL }. They promise what the sender's
    /// own reader can decrypt, and that is a program we do not know: so only what every S/MIME reader can.
    /// </summary>
    private static byte[] EncodeCapabilities()
    {
        var writer = new AsnWriter(AsnEncodingRules.DER);
        using (Attribute(writer, Oids.SmimeCapabilities))
        using (writer.PushSequence())
        {
            foreach (var capability in (ReadOnlySpan<string>)[Oids.Aes256Cbc, Oids.Aes128Cbc])
            {
                using (writer.PushSequence())
                    writer.WriteObjectIdentifier(capability);
            }
        }

        return writer.Encode();
    }
}
