using System.Formats.Asn1;
using System.Security.Cryptography.X509Certificates;

namespace Postseal.Cms;

/// <summary>IssuerAndSerialNumber ::= SEQUENCE { issuer Name, serialNumber } (RFC 5652 section 10.2.4)</summary>
internal static class IssuerAndSerialNumber
{
    /// <summary>Encodes that of a certificate.</summary>
    public static byte[] Encode(X509Certificate2 certificate)
    {
        var writer = new AsnWriter(AsnEncodingRules.DER);
        using (writer.PushSequence())
        {
            writer.WriteEncodedValue(certificate.IssuerName.RawData);
            writer.WriteInteger(certificate.SerialNumberBytes.Span);
        }

        return writer.Encode();
    }
}
