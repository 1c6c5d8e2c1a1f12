using System.Formats.Asn1;
using System.Numerics;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Postseal.Cms;

/// <summary>An RSA key (RFC 8017 section 3.1).</summary>
internal sealed class RsaVerificationKey : VerificationKey
{
    // Verifying takes time with the square of the modulus and the length of the exponent.
    private const int MaxModulusBits = 8192;
    private const int MinModulusBits = 512;
    private const int MaxExponentBits = 33; // up to 2^32 + 1

    // For what the platform does not do, and numbers of .NET do twenty times slower.
    private const int MaxOddModulusBits = 4096;

    private readonly RSA key;
    private readonly BigInteger modulus;
    private readonly BigInteger exponent;
    private readonly bool isForPssOnly;
    private readonly PssParameters? restriction;

    private RsaVerificationKey(BigInteger modulus, BigInteger exponent, bool isForPssOnly, PssParameters? restriction)
        : base($"RSA-{modulus.GetBitLength()}")
    {
        key = RSA.Create(new RSAParameters { Modulus = Unsigned(modulus), Exponent = Unsigned(exponent) });
        this.modulus = modulus;
        this.exponent = exponent;
        this.isForPssOnly = isForPssOnly;
        this.restriction = restriction;
    }

    /// <summary>Opens a key: RSAPublicKey ::= SEQUENCE { modulus, publicExponent } (RFC 8017 appendix A.1.1). One whose
    /// algorithm is id-RSASSA-PSS is for that alone, and may say with which padding (RFC 4055 section 1.2).</summary>
    public static VerificationKey Open(PublicKey publicKey)
    {
        try
        {
            var reader = new AsnReader(publicKey.EncodedKeyValue.RawData, AsnEncodingRules.DER);
            var fields = reader.ReadSequence();
            reader.ThrowIfNotEmpty();
            var modulus = fields.ReadInteger();
            var exponent = fields.ReadInteger();
            fields.ThrowIfNotEmpty();
            var bits = (int)modulus.GetBitLength();
            if (modulus.Sign <= 0 || modulus.IsEven)
                return new UnusableKey($"RSA-{bits}", "its RSA key has a modulus that is even or negative");
            if (bits is < MinModulusBits or > MaxModulusBits)
                return new UnusableKey($"RSA-{bits}", $"its RSA key has {bits} bits; from {MinModulusBits} to {MaxModulusBits} are read");
            if (exponent < 3 || exponent.IsEven || exponent.GetBitLength() > MaxExponentBits)
                return new UnusableKey($"RSA-{bits}", "its RSA key has a public exponent that is 1, even or too large");
            var isForPssOnly = publicKey.Oid.Value == Oids.RsaPss;
            var restriction = isForPssOnly ? ReadRestriction(publicKey.EncodedParameters) : null;
            return new RsaVerificationKey(modulus, exponent, isForPssOnly, restriction);
        }
        catch (Exception e) when (e is AsnContentException or CryptographicException)
        {
            return new UnusableKey("RSA", "its RSA key is broken");
        }
    }

    /// <inheritdoc/>
    public override bool Takes(SignatureMethod method) => method.Family switch
    {
        SignatureFamily.RsaPkcs1 => !isForPssOnly,
        SignatureFamily.RsaPss => (restriction is null || restriction.Allow(method.Pss!))
            && (method.Pss!.IsUsual || key.KeySize <= MaxOddModulusBits),
        _ => false,
    };

    /// <inheritdoc/>
    public override bool VerifyHash(
        SignatureMethod method, HashFunction hash, ReadOnlySpan<byte> value, ReadOnlySpan<byte> signature)
    {
        // RFC 8017 sections 8.1.2 and 8.2.2, step 1.
        if (signature.Length != (key.KeySize + 7) / 8)
            return false;
        if (method.Pss is { IsUsual: false } pss)
            return OddPss.Verify(modulus, exponent, pss, value, signature);
        var padding = method.Family == SignatureFamily.RsaPss ? RSASignaturePadding.Pss : RSASignaturePadding.Pkcs1;
        return key.VerifyHash(value, signature, hash.PlatformName!.Value, padding);
    }

    private static PssParameters? ReadRestriction(AsnEncodedData? parameters)
    {
        if (parameters is null || parameters.RawData.Length == 0)
            return null;
        var reader = new AsnReader(parameters.RawData, AsnEncodingRules.DER);
        var restriction = PssParameters.Read(reader);
        reader.ThrowIfNotEmpty();
        return restriction;
    }

    private static byte[] Unsigned(BigInteger number) => number.ToByteArray(isUnsigned: true, isBigEndian: true);
}
