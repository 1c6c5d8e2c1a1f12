using System.Formats.Asn1;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Postseal.Cms;

namespace Postseal.Certificates;

/// <summary>
/// What a certificate, a revocation list and the answer of a responder have in common: SEQUENCE { what is signed, signatureAlgorithm,
/// signatureValue BIT STRING, … }. Of what is signed only the digest is kept, so that a list of a million entries need not be; what
/// is signed without one (Ed25519) is not verified.
/// </summary>
internal sealed class SignedStructure
{
    private readonly SignatureMethod method;
    private readonly byte[] digest;
    private readonly byte[] signature;

    private SignedStructure(SignatureMethod method, ReadOnlySpan<byte> signed, byte[] signature)
    {
        (this.method, this.signature) = (method, signature);
        digest = method is { IsOverHash: true, Hash: { PlatformName: not null } hash } ? hash.Hash(signed) : [];
    }

    /// <summary>Gets the name of the digest that was signed where that proves little (<c>SHA-1</c>); <see langword="null"/> where it
    /// proves what it should.</summary>
    public string? WeakDigest => method.Hash is { IsWeak: true } weak ? weak.Name : null;

    /// <summary>Reads one.</summary>
    /// <exception cref="AsnContentException">It is none.</exception>
    public static SignedStructure Read(ReadOnlyMemory<byte> encoded)
    {
        var structure = new AsnReader(encoded, AsnEncodingRules.DER).ReadSequence();
        var signed = structure.ReadEncodedValue();
        var method = SignatureMethod.Read(structure);
        var signature = structure.ReadBitString(out var unused);
        return unused == 0 ? new SignedStructure(method, signed.Span, signature) : throw new AsnContentException("A signature is no number of octets.");
    }

    /// <summary>Determines whether the key of a certificate made the signature; what nobody here can verify, it did not.</summary>
    public bool IsBy(X509Certificate2 issuer)
    {
        if (digest.Length == 0 || VerificationKey.Of(issuer) is not { WhyUnusable: null } key || !key.Takes(method))
            return false;
        try
        {
            return key.VerifyHash(method, method.Hash!, digest, signature);
        }
        catch (CryptographicException)
        {
            return false; // The machine's own policy may forbid SHA-1.
        }
    }
}
