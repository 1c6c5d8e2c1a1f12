using System.Formats.Asn1;
using System.Numerics;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Postseal.TestKit;

/// <summary>Public keys as certificates may have them, whether or not anybody has the private one.</summary>
public static class OddKeys
{
    public const string RsaEncryption = "1.2.840.113549.1.1.1";
    public const string RsaesOaep = "1.2.840.113549.1.1.7";
    public const string X25519 = "1.3.101.110";

    /// <summary>Returns an RSA key whose modulus has that many bits and no known factors.</summary>
    public static PublicKey Rsa(int bits, BigInteger exponent, string algorithm = RsaEncryption)
    {
        var modulus = RandomNumberGenerator.GetBytes(bits / 8);
        modulus[0] |= 0x80;
        modulus[^1] |= 1;
        return Rsa(modulus, exponent, algorithm);
    }

    /// <summary>Returns the public part of a key under another label.</summary>
    public static PublicKey Rsa(RSA key, string algorithm) =>
        Rsa(key.ExportParameters(false).Modulus!, new BigInteger(key.ExportParameters(false).Exponent, isUnsigned: true, isBigEndian: true), algorithm);

    /// <summary>Returns a point, on the curve or not, in the form its first octet says.</summary>
    public static PublicKey Point(string curve, byte[] point)
    {
        var writer = new AsnWriter(AsnEncodingRules.DER);
        writer.WriteObjectIdentifier(curve);
        return new PublicKey(new Oid("1.2.840.10045.2.1"), new AsnEncodedData(writer.Encode()), new AsnEncodedData(point));
    }

    /// <summary>Returns the public part of a new key on a curve, as an uncompressed point.</summary>
    public static byte[] PointOn(string curve)
    {
        using var key = ECDsa.Create(ECCurve.CreateFromValue(curve));
        var point = key.ExportParameters(false).Q;
        return [0x04, .. point.X!, .. point.Y!];
    }

    /// <summary>Returns a key for X25519, which has no parameters (RFC 8410 section 3).</summary>
    public static PublicKey Montgomery(byte[] point)
    {
        var writer = new AsnWriter(AsnEncodingRules.DER);
        using (writer.PushSequence())
        {
            using (writer.PushSequence())
                writer.WriteObjectIdentifier(X25519);
            writer.WriteBitString(point);
        }

        return PublicKey.CreateFromSubjectPublicKeyInfo(writer.Encode(), out _);
    }

    /// <summary>Returns an RSA key with that modulus, whatever it is.</summary>
    public static PublicKey Rsa(byte[] modulus, BigInteger exponent, string algorithm = RsaEncryption)
    {
        var writer = new AsnWriter(AsnEncodingRules.DER);
        using (writer.PushSequence())
        {
            writer.WriteIntegerUnsigned(modulus);
            writer.WriteInteger(exponent);
        }

        return new PublicKey(new Oid(algorithm), new AsnEncodedData([0x05, 0x00]), new AsnEncodedData(writer.Encode()));
    }
}
