using System.Security.Cryptography;

namespace Postseal.Cms.Enveloped;

/// <summary>A key wrapped by another on which both agreed (RFC 5652 section 6.2.2).</summary>
/// <param name="Id">The certificate.</param>
/// <param name="EncryptedKey">The content's key.</param>
/// <param name="Agreement">What all recipients of the KeyAgreeRecipientInfo have in common.</param>
internal sealed record AgreedKey(CertificateId Id, byte[] EncryptedKey, ReceivedAgreement Agreement) : ReceivedRecipient(Id)
{
    /// <inheritdoc/>
    public override string? WhyNotWith(KeyKind kind) => kind == Agreement.Kind
        ? null
        : $"it was encrypted to an {(Agreement.Kind == KeyKind.Ec ? "EC" : "X25519")} key";

    /// <inheritdoc/>
    public override async ValueTask<byte[]?> DecryptKeyAsync(PrivateKey key, int length, CancellationToken cancellationToken)
    {
        var secret = await key.AgreeAsync(Agreement.OriginatorKey, cancellationToken).ConfigureAwait(false);
        if (secret is null)
            return null;
        byte[] wrappingKey = [];
        try
        {
            var sharedInfo = KeyDerivation.SharedInfo(Agreement.Wrap, Agreement.Ukm);
            wrappingKey = Agreement.Derivation.DeriveKey(secret, Agreement.Wrap, sharedInfo, Agreement.Ukm);
            return Agreement.Wrap.Unwrap(wrappingKey, EncryptedKey, length);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(secret);
            CryptographicOperations.ZeroMemory(wrappingKey);
        }
    }
}
