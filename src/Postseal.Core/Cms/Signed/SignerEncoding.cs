using System.Formats.Asn1;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Postseal.Cms.Signed;

/// <summary>What of a SignedData is the signer's and the same in each of his messages, encoded once.</summary>
internal sealed class SignerEncoding(X509Certificate2 signer, IReadOnlyList<X509Certificate2> intermediates)
{
    private readonly byte[][] signingCertificates =
        [.. Enum.GetValues<Digest>().Select(digest => EncodeSigningCertificate(signer, digest))];

    /// <summary>certificates [0] IMPLICIT CertificateSet (RFC 5652 section 10.2.3)</summary>
    public byte[] CertificateSet { get; } = EncodeCertificateSet([signer, .. intermediates]);

    /// <summary>Gets the signer's name in a SignerInfo.</summary>
    public byte[] IssuerAndSerialNumber { get; } = Cms.IssuerAndSerialNumber.Encode(signer);

    /// <summary>Returns the signed attribute that names the certificate by its digest.</summary>
    public byte[] SigningCertificate(Digest digest) => signingCertificates[(int)digest];

    private static byte[] EncodeCertificateSet(ReadOnlySpan<X509Certificate2> certificates)
    {
        var writer = new AsnWriter(AsnEncodingRules.DER);
        using (writer.PushSetOf(new Asn1Tag(TagClass.ContextSpecific, 0)))
        {
            foreach (var certificate in certificates)
                writer.WriteEncodedValue(certificate.RawDataMemory.Span);
        }

        return writer.Encode();
    }

    /// <summary>
    /// SigningCertificateV2 (RFC 5035 section 3) with one ESSCertIDv2: the certificate's hash, issuer and serial
    /// number. It keeps another certificate with the same key from taking this one's place.
    /// </summary>
    private static byte[] EncodeSigningCertificate(X509Certificate2 signer, Digest digest)
    {
        var writer = new AsnWriter(AsnEncodingRules.DER);
        using (SignedAttributes.Attribute(writer, Oids.SigningCertificateV2))
        using (writer.PushSequence())
        using (writer.PushSequence()) // certs
        using (writer.PushSequence()) // ESSCertIDv2
        {
            if (digest != Digest.SHA256) // the DEFAULT, which DER leaves out
                digest.WriteIdentifier(writer);
            writer.WriteOctetString(CryptographicOperations.HashData(digest.HashName(), signer.RawDataMemory.Span));
            using (writer.PushSequence()) // IssuerSerial
            {
                using (writer.PushSequence()) // GeneralNames
                using (writer.PushSequence(new Asn1Tag(TagClass.ContextSpecific, 4))) // directoryName, explicit
                    writer.WriteEncodedValue(signer.IssuerName.RawData);
                writer.WriteInteger(signer.SerialNumberBytes.Span);
            }
        }

        return writer.Encode();
    }
}
