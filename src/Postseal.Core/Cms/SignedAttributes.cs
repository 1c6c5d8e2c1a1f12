using System.Formats.Asn1;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Postseal.Cms;

/// <summary>
/// The attributes that are signed together with the content's digest (RFC 5652 section 11, RFC 8551 section 2.5,
/// RFC 5035 section 3), as the DER SET that the signature is made over.
/// </summary>
internal static class SignedAttributes
{
    public static byte[] Encode(
        ReadOnlySpan<byte> contentDigest, X509Certificate2 signer, Digest digest, DateTimeOffset signingTime)
    {
        var writer = new AsnWriter(AsnEncodingRules.DER);
        using (writer.PushSetOf())
        {
            using (Attribute(writer, Oids.ContentType))
                writer.WriteObjectIdentifier(Oids.Data);
            using (Attribute(writer, Oids.MessageDigest))
                writer.WriteOctetString(contentDigest);
            using (Attribute(writer, Oids.SigningTime))
                WriteTime(writer, signingTime);
            using (Attribute(writer, Oids.SmimeCapabilities))
                WriteCapabilities(writer);
            using (Attribute(writer, Oids.SigningCertificateV2))
                WriteSigningCertificate(writer, signer, digest);
        }

        return writer.Encode();
    }

    /// <summary>Attribute ::= SEQUENCE { attrType OBJECT IDENTIFIER, attrValues SET OF AttributeValue }, of one value.</summary>
    private static AttributeScope Attribute(AsnWriter writer, string type)
    {
        var sequence = writer.PushSequence();
        writer.WriteObjectIdentifier(type);
        return new AttributeScope(sequence, writer.PushSetOf());
    }

    private readonly struct AttributeScope(AsnWriter.Scope sequence, AsnWriter.Scope values) : IDisposable
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

    /// <summary>
    /// SMIMECapabilities ::= SEQUENCE OF SEQUENCE { capabilityID, parameters OPTIONAL }. They promise what the sender's
    /// own reader can decrypt, and that is a program we do not know: so only what every S/MIME reader can.
    /// </summary>
    private static void WriteCapabilities(AsnWriter writer)
    {
        using (writer.PushSequence())
        {
            foreach (var capability in (ReadOnlySpan<string>)[Oids.Aes256Cbc, Oids.Aes128Cbc])
            {
                using (writer.PushSequence())
                    writer.WriteObjectIdentifier(capability);
            }
        }
    }

    /// <summary>
    /// SigningCertificateV2 (RFC 5035 section 3) with one ESSCertIDv2: the certificate's hash, issuer and serial
    /// number. It keeps another certificate with the same key from taking this one's place.
    /// </summary>
    private static void WriteSigningCertificate(AsnWriter writer, X509Certificate2 signer, Digest digest)
    {
        using (writer.PushSequence())
        using (writer.PushSequence()) // certs
        using (writer.PushSequence()) // ESSCertIDv2
        {
            if (digest != Digest.SHA256) // the DEFAULT, which DER leaves out
                SignatureAlgorithm.WriteDigestIdentifier(writer, digest);
            writer.WriteOctetString(CryptographicOperations.HashData(digest.HashName(), signer.RawDataMemory.Span));
            using (writer.PushSequence()) // IssuerSerial
            {
                using (writer.PushSequence()) // GeneralNames
                using (writer.PushSequence(new Asn1Tag(TagClass.ContextSpecific, 4))) // directoryName, explicit
                    writer.WriteEncodedValue(signer.IssuerName.RawData);
                writer.WriteInteger(signer.SerialNumberBytes.Span);
            }
        }
    }
}
