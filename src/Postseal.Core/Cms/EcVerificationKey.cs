using System.Formats.Asn1;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Postseal.Cms;

/// <summary>A key on a curve of NIST or Brainpool (RFC 5480, RFC 5639).</summary>
internal sealed class EcVerificationKey : VerificationKey
{
    private static readonly Dictionary<string, (string Name, int Length)> Curves = new()
    {
        [Oids.P256] = ("P-256", 32),
        [Oids.P384] = ("P-384", 48),
        [Oids.P521] = ("P-521", 66),
        [Oids.BrainpoolP256] = ("brainpoolP256r1", 32),
        [Oids.BrainpoolP384] = ("brainpoolP384r1", 48),
        [Oids.BrainpoolP512] = ("brainpoolP512r1", 64),
    };

    private readonly ECDsa key;

    private EcVerificationKey(string curve, ECDsa key)
        : base(curve) => this.key = key;

    /// <summary>Opens a key. Its curve has to be named (RFC 5480 section 2.1.1): who may describe one himself can describe
    /// one on which another's key is his.</summary>
    public static VerificationKey Open(X509Certificate2 certificate)
    {
        try
        {
            var parameters = new AsnReader(certificate.PublicKey.EncodedParameters?.RawData ?? [], AsnEncodingRules.DER);
            var oid = parameters.ReadObjectIdentifier();
            parameters.ThrowIfNotEmpty();
            if (!Curves.TryGetValue(oid, out var curve))
                return new UnusableKey($"EC {oid}", $"its key is on a curve that is not supported ({oid})");
            if (!IsPoint(certificate.PublicKey.EncodedKeyValue.RawData, curve.Length))
                return new UnusableKey(curve.Name, "its key is broken");
            // The platform sees to it that the point is on the curve.
            return certificate.GetECDsaPublicKey() is { } key
                ? new EcVerificationKey(curve.Name, key)
                : new UnusableKey(curve.Name, "its key is not for signatures");
        }
        catch (Exception e) when (e is AsnContentException or CryptographicException or PlatformNotSupportedException)
        {
            return new UnusableKey("EC", "its key is broken, or on a curve that this machine does not know");
        }
    }

    /// <inheritdoc/>
    public override bool Takes(SignatureMethod method) => method.Family == SignatureFamily.Ecdsa;

    /// <inheritdoc/>
    public override bool VerifyHash(
        SignatureMethod method, HashFunction hash, ReadOnlySpan<byte> value, ReadOnlySpan<byte> signature)
    {
        try
        {
            return key.VerifyHash(value, signature, DSASignatureFormat.Rfc3279DerSequence);
        }
        catch (CryptographicException)
        {
            return false; // The signature is not the SEQUENCE of two numbers.
        }
    }

    /// <summary>Determines whether it is a point in either form (SEC 1 section 2.3.3), and not the one at infinity, with whose key
    /// everybody can sign.</summary>
    private static bool IsPoint(ReadOnlySpan<byte> encoded, int length) => !encoded.IsEmpty && encoded[0] switch
    {
        0x04 => encoded.Length == 1 + 2 * length,
        0x02 or 0x03 => encoded.Length == 1 + length,
        _ => false,
    };
}
