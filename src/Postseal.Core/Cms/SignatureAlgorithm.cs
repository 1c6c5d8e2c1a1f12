using System.Formats.Asn1;
using System.Security.Cryptography;

namespace Postseal.Cms;

/// <summary>
/// A private key's way of signing: the AlgorithmIdentifier that names it in a SignerInfo, and the signature itself,
/// made by the platform.
/// </summary>
internal static class SignatureAlgorithm
{
    /// <summary>Signs a digest's value.</summary>
    /// <exception cref="CryptographicException">The key is neither RSA nor EC, or the platform could not sign.</exception>
    public static byte[] SignHash(AsymmetricAlgorithm key, byte[] hash, Digest digest, RsaPadding padding) =>
        key switch
        {
            RSA rsa => rsa.SignHash(hash, digest.HashName(), padding switch
            {
                RsaPadding.Pss => RSASignaturePadding.Pss,
                _ => RSASignaturePadding.Pkcs1,
            }),
            ECDsa ecdsa => ecdsa.SignHash(hash, DSASignatureFormat.Rfc3279DerSequence),
            _ => throw new CryptographicException($"A key of type {key.GetType().Name} cannot sign mail."),
        };

    /// <summary>Explains why a key cannot sign that way, as the end of a sentence that begins with the certificate;
    /// <see langword="null"/> when it can, as any but an RSA key can.</summary>
    /// <remarks>
    /// The encoded digest has to fit into the modulus: with PSS that is digest, salt and two octets (RFC 8017 section
    /// 9.1.1). With PKCS #1 v1.5 each fits into the shortest key that may sign at all.
    /// </remarks>
    public static string? WhyNot(AsymmetricAlgorithm key, Digest digest, RsaPadding padding)
    {
        if (key is not RSA || padding != RsaPadding.Pss)
            return null;
        var length = digest.Length();
        return length + length + 2 <= (key.KeySize + 6) / 8
            ? null
            : $"its key (RSA-{key.KeySize}) is too short for {digest} with {padding} padding; have one issued for a longer key";
    }

    /// <summary>Writes the signatureAlgorithm of a SignerInfo.</summary>
    public static void WriteIdentifier(AsnWriter writer, AsymmetricAlgorithm key, Digest digest, RsaPadding padding)
    {
        using (writer.PushSequence())
        {
            switch (key)
            {
                case ECDsa:
                    writer.WriteObjectIdentifier(digest.EcdsaOid()); // parameters absent: RFC 5754 section 3.3
                    break;
                case RSA when padding == RsaPadding.Pss:
                    writer.WriteObjectIdentifier(Oids.RsaPss);
                    WritePssParameters(writer, digest);
                    break;
                default:
                    // rsaEncryption, not sha256WithRSAEncryption: every reader must take it (RFC 3370 section 3.2).
                    writer.WriteObjectIdentifier(Oids.RsaEncryption);
                    writer.WriteNull();
                    break;
            }
        }
    }

    /// <summary>RSASSA-PSS-params (RFC 4055 section 3.1): hash, MGF1 with the same hash, salt as long as the hash.</summary>
    private static void WritePssParameters(AsnWriter writer, Digest digest)
    {
        using (writer.PushSequence())
        {
            using (writer.PushSequence(new Asn1Tag(TagClass.ContextSpecific, 0)))
                WriteDigestIdentifier(writer, digest);
            using (writer.PushSequence(new Asn1Tag(TagClass.ContextSpecific, 1)))
            using (writer.PushSequence())
            {
                writer.WriteObjectIdentifier(Oids.Mgf1);
                WriteDigestIdentifier(writer, digest);
            }

            using (writer.PushSequence(new Asn1Tag(TagClass.ContextSpecific, 2)))
                writer.WriteInteger(digest.Length());
        }
    }

    /// <summary>The AlgorithmIdentifier of a digest; its parameters are absent (RFC 5754 section 2).</summary>
    public static void WriteDigestIdentifier(AsnWriter writer, Digest digest)
    {
        using (writer.PushSequence())
            writer.WriteObjectIdentifier(digest.Oid());
    }
}
