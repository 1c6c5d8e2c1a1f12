using System.Formats.Asn1;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Postseal.Cms;

namespace Postseal.Certificates.Revocation;

/// <summary>
/// Asks a responder for one certificate (RFC 6960 section 4.1, as RFC 5019 section 2.1 narrows it): without a nonce, which the
/// responders of public CAs do not answer, and with SHA-1, which all know. It only names the certificate: nothing rests on it.
/// </summary>
internal static class OcspRequest
{
    /// <summary>OCSPRequest ::= SEQUENCE { SEQUENCE { requestList SEQUENCE OF SEQUENCE { reqCert CertID } } }</summary>
    public static byte[] Write(RevocationSubject subject)
    {
        var writer = new AsnWriter(AsnEncodingRules.DER);
        using (writer.PushSequence())
        using (writer.PushSequence())
        using (writer.PushSequence())
        using (writer.PushSequence())
            WriteCertId(writer, subject);
        return writer.Encode();
    }

    /// <summary>
    /// Determines whether an answer is about a certificate. CertID ::= SEQUENCE { hashAlgorithm, issuerNameHash OCTET STRING,
    /// issuerKeyHash OCTET STRING, serialNumber INTEGER }
    /// </summary>
    public static bool IsAbout(AsnReader certId, RevocationSubject subject)
    {
        var hash = certId.ReadSequence().ReadObjectIdentifier() switch
        {
            Oids.Sha1 => HashAlgorithmName.SHA1,
            var oid when oid == Digest.SHA256.Oid() => HashAlgorithmName.SHA256,
            _ => default,
        };
        var (name, key) = (certId.ReadOctetString(), certId.ReadOctetString());
        return hash.Name is not null
            && name.AsSpan().SequenceEqual(CryptographicOperations.HashData(hash, subject.Certificate.IssuerName.RawData))
            && key.AsSpan().SequenceEqual(CryptographicOperations.HashData(hash, KeyOf(subject)))
            && certId.ReadIntegerBytes().Span.SequenceEqual(subject.Serial.Span);
    }

    private static void WriteCertId(AsnWriter writer, RevocationSubject subject)
    {
        using (writer.PushSequence())
        {
            using (writer.PushSequence())
            {
                writer.WriteObjectIdentifier(Oids.Sha1);
                writer.WriteNull();
            }

            writer.WriteOctetString(CryptographicOperations.HashData(HashAlgorithmName.SHA1, subject.Certificate.IssuerName.RawData));
            writer.WriteOctetString(CryptographicOperations.HashData(HashAlgorithmName.SHA1, KeyOf(subject)));
            writer.WriteInteger(subject.Serial.Span);
        }
    }

    /// <summary>Returns the octets of the issuer's subjectPublicKey, without its tag and length.</summary>
    private static byte[] KeyOf(RevocationSubject subject) => subject.Issuers[0].PublicKey.EncodedKeyValue.RawData;
}
