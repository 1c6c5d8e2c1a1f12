using System.Formats.Asn1;
using System.Security.Cryptography;

namespace Postseal.Cms.Enveloped;

/// <summary>A curve on which keys are agreed upon.</summary>
/// <param name="Name">Its name, for people.</param>
/// <param name="Oid">The object identifier of the curve (RFC 5480, RFC 5639); for X25519 that of the algorithm.</param>
/// <param name="FieldLength">The length of a coordinate in bytes.</param>
/// <param name="Derivation">What is derived with, when we send: a hash as strong as the curve (RFC 5753 section 8).</param>
internal sealed record AgreementCurve(string Name, string Oid, int FieldLength, KeyDerivation Derivation)
{
    /// <summary>Gets X25519 (RFC 7748), with what RFC 8551 section 2.3 demands.</summary>
    public static AgreementCurve X25519 { get; } = new("X25519", Oids.X25519, 32, KeyDerivation.HkdfSha256);

    /// <summary>Those of id-ecPublicKey. All are of cofactor 1; Brainpool's are there where the platform has them.</summary>
    private static readonly AgreementCurve[] Named =
    [
        new("P-256", Oids.P256, 32, KeyDerivation.Sha256),
        new("P-384", Oids.P384, 48, KeyDerivation.Sha384),
        new("P-521", Oids.P521, 66, KeyDerivation.Sha512),
        new("brainpoolP256r1", Oids.BrainpoolP256, 32, KeyDerivation.Sha256),
        new("brainpoolP384r1", Oids.BrainpoolP384, 48, KeyDerivation.Sha384),
        new("brainpoolP512r1", Oids.BrainpoolP512, 64, KeyDerivation.Sha512),
    ];

    /// <summary>Gets whether its points have two coordinates, and the platform calculates with them.</summary>
    public bool IsNamed => this != X25519;

    /// <summary>Finds a curve of id-ecPublicKey; <see langword="null"/> for one that no mail is encrypted on.</summary>
    public static AgreementCurve? Find(string? oid) => Array.Find(Named, curve => curve.Oid == oid);

    /// <summary>Returns the platform's name for it.</summary>
    public ECCurve ToPlatform() => ECCurve.CreateFromValue(Oid);

    /// <summary>
    /// The AlgorithmIdentifier of a public key on it. The parameters name the curve, which RFC 5753 section 3.1.1 leaves
    /// open: readers that know it from their own key do not mind.
    /// </summary>
    public void WriteKeyIdentifier(AsnWriter writer)
    {
        using (writer.PushSequence())
        {
            writer.WriteObjectIdentifier(IsNamed ? Oids.EcPublicKey : Oid);
            if (IsNamed)
                writer.WriteObjectIdentifier(Oid);
        }
    }
}
