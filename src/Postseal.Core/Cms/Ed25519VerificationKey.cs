using System.Security.Cryptography.X509Certificates;
using Org.BouncyCastle.Math.EC.Rfc8032;

namespace Postseal.Cms;

/// <summary>A key of Ed25519 (RFC 8032), which the platform lacks.</summary>
internal sealed class Ed25519VerificationKey : VerificationKey
{
    private readonly Ed25519.PublicPoint point;

    private Ed25519VerificationKey(Ed25519.PublicPoint point)
        : base("Ed25519") => this.point = point;

    /// <summary>Opens a key. It has no parameters (RFC 8410 section 3).</summary>
    public static VerificationKey Open(PublicKey publicKey)
    {
        var encoded = publicKey.EncodedKeyValue.RawData;
        var point = encoded.Length == Ed25519.PublicKeySize ? Ed25519.ValidatePublicKeyFullExport(encoded, 0) : null;
        return point is null
            ? new UnusableKey("Ed25519", "its key of Ed25519 is none")
            : new Ed25519VerificationKey(point);
    }

    /// <inheritdoc/>
    public override bool Takes(SignatureMethod method) => method.Family == SignatureFamily.Ed25519;

    /// <inheritdoc/>
    public override bool Verify(
        SignatureMethod method, HashFunction hash, ReadOnlySpan<byte> signed, ReadOnlySpan<byte> signature)
    {
        if (signature.Length != Ed25519.SignatureSize)
            return false;
        var message = signed.ToArray();
        return Ed25519.Verify(signature.ToArray(), 0, point, message, 0, message.Length);
    }
}
