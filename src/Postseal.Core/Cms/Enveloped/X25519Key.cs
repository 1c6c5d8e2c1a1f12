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

    /// <summary>SubjectPublicKeyInfo (RFC 8410 section 4)</summary>
    public byte[] EncodePublicKey()
    {
        var writer = new AsnWriter(AsnEncodingRules.DER);
        using (writer.PushSequence())
        {
            WriteAlgorithm(writer);
            writer.WriteBitString(PublicKey.Span);
        }

        return writer.Encode();
    }

    /// <summary>What <see cref="ReadPkcs8"/> reads. The caller clears it.</summary>
    public byte[] EncodePkcs8()
    {
        var wrapped = new byte[2 + X25519.ScalarSize];
        (wrapped[0], wrapped[1]) = (Der.OctetString, X25519.ScalarSize);
        scalar.CopyTo(wrapped, 2);
        var writer = new AsnWriter(AsnEncodingRules.DER);
        try
        {
            using (writer.PushSequence())
            {
                writer.WriteInteger(0);
                WriteAlgorithm(writer);
                writer.WriteOctetString(wrapped);
            }

            return writer.Encode();
        }
        finally
        {
            CryptographicOperations.ZeroMemory(wrapped);
            writer.Reset(); // clears what it wrote
        }
    }

    private static void WriteAlgorithm(AsnWriter writer)
    {
        using (writer.PushSequence())
            writer.WriteObjectIdentifier(Oids.X25519); // no parameters (RFC 8410 section 3)
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
