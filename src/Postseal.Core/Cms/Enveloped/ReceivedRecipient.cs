using System.Security.Cryptography;

namespace Postseal.Cms.Enveloped;

/// <summary>One who can read a message, and the content's key as it was encrypted to him.</summary>
/// <param name="Id">His certificate, as the sender named it.</param>
internal abstract record ReceivedRecipient(CertificateId Id)
{
    /// <summary>Returns why no key of a kind decrypts it, as the end of a sentence that begins with the message;
    /// <see langword="null"/> when one may.</summary>
    public abstract string? WhyNotWith(KeyKind kind);

    /// <summary>Decrypts the content's key.</summary>
    /// <param name="key">A key with which nothing is against it.</param>
    /// <param name="length">How long the content's key has to be, in bytes.</param>
    /// <param name="cancellationToken">Gives up waiting for a token.</param>
    /// <returns>What came out, of any length, which the caller clears; <see langword="null"/> when nothing did.</returns>
    /// <exception cref="CryptographicException">The key could not be used; it may the next time.</exception>
    public abstract ValueTask<byte[]?> DecryptKeyAsync(PrivateKey key, int length, CancellationToken cancellationToken);
}
