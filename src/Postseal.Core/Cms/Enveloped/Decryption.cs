using System.Security.Cryptography;

namespace Postseal.Cms.Enveloped;

/// <summary>What became of the attempt to decrypt a message.</summary>
internal abstract record Decryption;

/// <summary>The message was decrypted. Disposing of it clears the content, so that kept parts of it become zeros.</summary>
/// <param name="Plaintext">The content, which belongs to this object.</param>
/// <param name="ContentType">What it is: id-data for a MIME entity, or another content type of CMS.</param>
/// <param name="Algorithm">How it was encrypted, and so whether a change would have been noticed.</param>
/// <param name="Key">What opened it.</param>
internal sealed record DecryptedContent(
    Memory<byte> Plaintext, string ContentType, ContentAlgorithm Algorithm, DecryptionKey Key) : Decryption, IDisposable
{
    /// <summary>Gets the content.</summary>
    public ReadOnlyMemory<byte> Content => Plaintext;

    /// <inheritdoc/>
    public void Dispose() => CryptographicOperations.ZeroMemory(Plaintext.Span);
}

/// <summary>The message was not decrypted.</summary>
/// <param name="Reason">Why, only for the log: the end of a sentence that begins with the message. The sender must not even learn that it
/// failed.</param>
/// <param name="Kind">What that would tell about the keys.</param>
internal sealed record CannotDecrypt(string Reason, DecryptionFailure Kind) : Decryption;
