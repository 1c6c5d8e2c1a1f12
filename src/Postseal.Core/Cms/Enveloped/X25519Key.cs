using System.Formats.Asn1;
using System.Security.Cryptography;
using Org.BouncyCastle.Math.EC.Rfc7748;

namespace Postseal.Cms.Enveloped;

/// <summary>A private key of X25519 (RFC 7748), which the platform lacks.</summary>
internal sealed class X25519Key : PrivateKey
{
    private readonly byte[] scalar;

    private X25519Key(byte[] scalar)
        : base(KeyKind.X25519, X25519.PointSize * 8)
    {
        this.scalar = scalar;
        var publicKey = new byte[X25519.PointSize];
        X25519.ScalarMultBase(scalar, 0, publicKey, 0);
        PublicKey = publicKey;
    }

    /// <summary>Gets the public key, as a certificate has it.</summary>
    public ReadOnlyMemory<byte> PublicKey { get; }

    /// <summary>
    /// Reads OneAsymmetricKey ::= SEQUENCE { version, privateKeyAlgorithm, privateKey OCTET STRING, … }, in which the key is
    /// an OCTET STRING once more (RFC 5958 section 2, RFC 8410 section 7).
    /// </summary>
    /// <returns><see langword="null"/> for a key of another algorithm.</returns>
    /// <exception cref="AsnContentException">It is broken.</exception>
    public static X25519Key? ReadPkcs8(ReadOnlyMemory<byte> encoded)
    {
        var key = new AsnReader(encoded, AsnEncodingRules.BER).ReadSequence();
        key.ReadIntegerBytes();
        if (key.ReadSequence().ReadObjectIdentifier() != Oids.X25519)
            return null;
        var wrapped = key.ReadOctetString();
        try
        {
            var scalar = AsnDecoder.ReadOctetString(wrapped, AsnEncodingRules.BER, out var read);
            if (read == wrapped.Length && scalar.Length == X25519.ScalarSize)
                return new X25519Key(scalar);
            CryptographicOperations.ZeroMemory(scalar);
            throw new AsnContentException("the key is not 32 bytes long");
        }
        finally
        {
            CryptographicOperations.ZeroMemory(wrapped);
        }
    }

    /// <inheritdoc/>
    public override ValueTask<byte[]> SignHashAsync(
        ReadOnlyMemory<byte> hash, SignatureScheme scheme, CancellationToken cancellationToken = default) =>
        throw new CryptographicException("A key of X25519 signs nothing.");

    /// <inheritdoc/>
    public override ValueTask<byte[]?> AgreeAsync(
        ReadOnlyMemory<byte> publicKey, CancellationToken cancellationToken = default)
    {
        var secret = new byte[X25519.PointSize];
        // False for all zeros (RFC 8418 section 2).
        return new(publicKey.Length == X25519.PointSize && X25519.CalculateAgreement(scalar, publicKey.Span, secret) ? secret : null);
    }
}
