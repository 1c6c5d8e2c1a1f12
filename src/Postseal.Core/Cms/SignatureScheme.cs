using System.Formats.Asn1;

namespace Postseal.Cms;

/// <summary>The signature algorithms of S/MIME 4.0 (RFC 8551 section 2.2) that are written.</summary>
public enum SignatureAlgorithm
{
    /// <summary>RSASSA-PKCS1-v1_5 (RFC 8017 section 8.2).</summary>
    RsaPkcs1,

    /// <summary>RSASSA-PSS (RFC 8017 section 8.1), MGF1 with the same digest, the salt as long as it.</summary>
    RsaPss,

    /// <summary>ECDSA (RFC 5753 section 2.1).</summary>
    Ecdsa,
}

/// <summary>How a digest is signed: what the signatureAlgorithm of a SignerInfo says, and what the key has to do.</summary>
/// <param name="Algorithm">The algorithm.</param>
/// <param name="Digest">The digest of content and attributes.</param>
public readonly record struct SignatureScheme(SignatureAlgorithm Algorithm, Digest Digest)
{
    /// <summary>Chooses the scheme for a key.</summary>
    /// <param name="kind">RSA or EC.</param>
    /// <param name="size">The size of the modulus or the curve, in bits.</param>
    /// <param name="digest">The digest that is wanted. An EC key of more bits takes a longer one: the digest would be the
    /// weaker half of the signature (FIPS 186-5 section 6.4), and gpgsm rejects it.</param>
    /// <param name="padding">The padding, for RSA.</param>
    public static SignatureScheme For(KeyKind kind, int size, Digest digest, RsaPadding padding)
    {
        if (kind == KeyKind.X25519)
            throw new ArgumentOutOfRangeException(nameof(kind), kind, "It signs nothing.");
        if (kind == KeyKind.Rsa)
            return new(padding == RsaPadding.Pss ? SignatureAlgorithm.RsaPss : SignatureAlgorithm.RsaPkcs1, digest);
        var least = size > 384 ? Digest.SHA512 : size > 256 ? Digest.SHA384 : Digest.SHA256;
        return new(SignatureAlgorithm.Ecdsa, digest > least ? digest : least);
    }

    /// <summary>
    /// Determines whether the encoded digest fits into the modulus: with PSS that is digest, salt and two octets (RFC 8017
    /// section 9.1.1). With PKCS #1 v1.5 each fits into the shortest key that may sign at all.
    /// </summary>
    /// <param name="size">The size of the key, in bits.</param>
    internal bool Fits(int size) => Algorithm != SignatureAlgorithm.RsaPss || 2 * Digest.Length() + 2 <= (size + 6) / 8;

    /// <summary>Writes the signatureAlgorithm of a SignerInfo.</summary>
    internal void WriteIdentifier(AsnWriter writer)
    {
        using (writer.PushSequence())
        {
            switch (Algorithm)
            {
                case SignatureAlgorithm.Ecdsa:
                    writer.WriteObjectIdentifier(Digest.EcdsaOid()); // parameters absent: RFC 5754 section 3.3
                    break;
                case SignatureAlgorithm.RsaPss:
                    writer.WriteObjectIdentifier(Oids.RsaPss);
                    WritePssParameters(writer);
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
    private void WritePssParameters(AsnWriter writer)
    {
        using (writer.PushSequence())
        {
            using (writer.PushSequence(new Asn1Tag(TagClass.ContextSpecific, 0)))
                Digest.WriteIdentifier(writer);
            using (writer.PushSequence(new Asn1Tag(TagClass.ContextSpecific, 1)))
            using (writer.PushSequence())
            {
                writer.WriteObjectIdentifier(Oids.Mgf1);
                Digest.WriteIdentifier(writer);
            }

            using (writer.PushSequence(new Asn1Tag(TagClass.ContextSpecific, 2)))
                writer.WriteInteger(Digest.Length());
        }
    }
}
