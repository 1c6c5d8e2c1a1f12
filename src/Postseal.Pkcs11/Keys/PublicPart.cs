using System.Formats.Asn1;
using System.Security.Cryptography.X509Certificates;
using Net.Pkcs11Interop.Common;
using Postseal.Cms;

namespace Postseal.Pkcs11.Keys;

/// <summary>The modulus or the point of a key, in the one form in which both are compared.</summary>
internal static class PublicPart
{
    private const byte OctetStringTag = 0x04;

    /// <summary>Returns that of a certificate; <see langword="null"/> for another kind of key.</summary>
    public static (CKK Type, byte[] Value)? Of(X509Certificate2 certificate)
    {
        try
        {
            switch (certificate.PublicKey.Oid.Value)
            {
                case Oids.RsaEncryption or Oids.RsaesOaep or Oids.RsaPss:
                    var key = new AsnReader(certificate.PublicKey.EncodedKeyValue.RawData, AsnEncodingRules.DER).ReadSequence();
                    return certificate.GetRSAPublicKey() is null ? null : (CKK.CKK_RSA, OfModulus(key.ReadIntegerBytes().ToArray()));
                case Oids.EcPublicKey:
                    return certificate.GetECDsaPublicKey() is null ? null : (CKK.CKK_EC, certificate.PublicKey.EncodedKeyValue.RawData);
                default:
                    return null;
            }
        }
        catch (Exception e) when (e is AsnContentException or System.Security.Cryptography.CryptographicException or PlatformNotSupportedException)
        {
            return null;
        }
    }

    /// <summary>Reads CKA_MODULUS.</summary>
    public static byte[] OfModulus(byte[] modulus) => modulus.AsSpan().TrimStart((byte)0).ToArray();

    /// <summary>Reads CKA_EC_POINT: a point in an OCTET STRING, or as it is with some libraries. An uncompressed point begins with the tag's
    /// octet, but its length is never what follows.</summary>
    public static byte[] OfPoint(byte[] point)
    {
        try
        {
            if (point is not [OctetStringTag, ..])
                return point;
            var inner = AsnDecoder.ReadOctetString(point, AsnEncodingRules.DER, out var consumed);
            return consumed == point.Length ? inner : point;
        }
        catch (AsnContentException)
        {
            return point;
        }
    }
}
