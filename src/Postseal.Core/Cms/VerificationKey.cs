using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Postseal.Cms;

/// <summary>
/// A certificate's public key, opened once and kept so, for any number of signatures. Any number of threads may use it at once.
/// </summary>
/// <param name="name">What it is, for people: <c>RSA-2048</c>.</param>
internal abstract class VerificationKey(string name)
{
    private const int MaxHashLength = 64;

    /// <summary>Gets what it is, for people: <c>RSA-2048</c>.</summary>
    public string Name { get; } = name;

    /// <summary>Gets why it verifies nothing, as the end of a sentence that begins with the certificate;
    /// <see langword="null"/> where it does.</summary>
    public virtual string? WhyUnusable => null;

    /// <summary>Opens the key of a certificate. It is one that verifies nothing where its algorithm is unknown or it is broken.</summary>
    public static VerificationKey Of(X509Certificate2 certificate) => certificate.PublicKey.Oid.Value switch
    {
        Oids.RsaEncryption or Oids.RsaPss => RsaVerificationKey.Open(certificate.PublicKey),
        Oids.EcPublicKey => EcVerificationKey.Open(certificate),
        Oids.Ed25519 => Ed25519VerificationKey.Open(certificate.PublicKey),
        Oids.RsaesOaep or Oids.X25519 => new UnusableKey("encryption", "its key is for encryption alone"),
        { } other => new UnusableKey(SignatureNames.Of(other), $"its key's algorithm, {SignatureNames.Of(other)}, is not supported"),
        null => new UnusableKey("", "it has no key"),
    };

    /// <summary>Determines whether signatures of this kind are made with such a key.</summary>
    public abstract bool Takes(SignatureMethod method);

    /// <summary>Verifies a signature.</summary>
    /// <param name="method">How it was made: one that the key takes.</param>
    /// <param name="hash">The hash function of it, one that the platform has.</param>
    /// <param name="signed">What was signed.</param>
    /// <param name="signature">The signature.</param>
    /// <exception cref="CryptographicException">The machine's own policy does not allow it.</exception>
    public virtual bool Verify(SignatureMethod method, HashFunction hash, ReadOnlySpan<byte> signed, ReadOnlySpan<byte> signature)
    {
        Span<byte> value = stackalloc byte[MaxHashLength];
        value = value[..CryptographicOperations.HashData(hash.PlatformName!.Value, signed, value)];
        return VerifyHash(method, hash, value, signature);
    }

    /// <summary>Verifies a signature over a hash.</summary>
    /// <inheritdoc cref="Verify"/>
    /// <param name="method">How it was made: one that the key takes and that is over a hash.</param>
    /// <param name="hash">The hash function of it, one that the platform has.</param>
    /// <param name="value">The hash of what was signed.</param>
    /// <param name="signature">The signature.</param>
    public virtual bool VerifyHash(
        SignatureMethod method, HashFunction hash, ReadOnlySpan<byte> value, ReadOnlySpan<byte> signature) => false;
}
