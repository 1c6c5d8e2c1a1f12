using System.Security.Cryptography;

namespace Postseal.Cms.Enveloped;

/// <summary>What became of the attempt to decrypt a message.</summary>
internal abstract record Decryption;

/// <summary>It was decrypted. Disposing of it clears the content, and whoever kept a part of it is left with zeros.</summary>
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

/// <summary>It was not.</summary>
/// <param name="Reason">Why, for the log alone: the end of a sentence that begins with the message. Whoever sent it must not
/// learn even that it failed.</param>
/// <param name="Kind">What that tells of the keys.</param>
internal sealed record CannotDecrypt(string Reason, DecryptionFailure Kind) : Decryption;
