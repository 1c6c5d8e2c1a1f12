using System.Security.Cryptography;
using Org.BouncyCastle.Math.EC.Rfc7748;

namespace Postseal.Cms.Enveloped;

/// <summary>The sender's key of one message on one curve, for all of its recipients (RFC 5753 section 3.1).</summary>
internal abstract class EphemeralKey : IDisposable
{
    /// <summary>Gets the public key as an OriginatorPublicKey has it.</summary>
    public abstract byte[] PublicKey { get; }

    /// <summary>Makes one.</summary>
    public static EphemeralKey Create(AgreementCurve curve) => curve.IsNamed ? new OfPlatform(curve) : new OfX25519();

    /// <summary>Agrees with a recipient's key on the same curve. The caller clears the secret.</summary>
    /// <exception cref="CryptographicException">They cannot agree.</exception>
    public abstract byte[] AgreeWith(RecipientKey recipient);

    /// <inheritdoc/>
    public abstract void Dispose();

    private sealed class OfPlatform : EphemeralKey
    {
        private readonly ECDiffieHellman key;

        public OfPlatform(AgreementCurve curve)
        {
            key = ECDiffieHellman.Create(curve.ToPlatform());
            var point = key.ExportParameters(includePrivateParameters: false).Q;
            PublicKey = [0x04, .. point.X!, .. point.Y!]; // uncompressed (RFC 5480 section 2.2)
        }

        public override byte[] PublicKey { get; }

        public override byte[] AgreeWith(RecipientKey recipient) => key.DeriveRawSecretAgreement(recipient.EcKey!);

        public override void Dispose() => key.Dispose();
    }

    private sealed class OfX25519 : EphemeralKey
    {
        private readonly byte[] key = new byte[X25519.ScalarSize];

        public OfX25519()
        {
            RandomNumberGenerator.Fill(key);
            PublicKey = new byte[X25519.PointSize];
            X25519.ScalarMultBase(key, 0, PublicKey, 0);
        }

        public override byte[] PublicKey { get; }

        public override byte[] AgreeWith(RecipientKey recipient)
        {
            var secret = new byte[X25519.PointSize];
            // All zeros: the recipient's key is one of the few that agree on that with everybody (RFC 8418 section 2).
            return X25519.CalculateAgreement(key, 0, recipient.X25519Key!, 0, secret, 0)
                ? secret
                : throw new CryptographicException("The recipient's X25519 key agrees on nothing secret.");
        }

        public override void Dispose() => CryptographicOperations.ZeroMemory(key);
    }
}
