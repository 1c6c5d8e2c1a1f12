using System.Buffers;
using System.Security.Cryptography;

namespace Postseal.Cms.Enveloped;

/// <summary>Encrypts content that lies in pieces, into the place where it is sent from.</summary>
internal static class ContentCipher
{
    /// <summary>The length of a block, and so of the IV of CBC, in bytes.</summary>
    public const int BlockLength = 16;

    /// <summary>The length of the nonce of GCM in bytes (RFC 5084 section 3.2).</summary>
    public const int NonceLength = 12;

    /// <summary>The length of the tag that GCM is used with in bytes: the longest there is.</summary>
    public const int TagLength = 16;

    // Copied and encrypted while it is still in the processor's cache.
    private const int ChunkLength = 32 << 10;

    /// <summary>Computes how long content is with the padding of CBC (RFC 5652 section 6.3).</summary>
    public static long PaddedLength(long length) => (length / BlockLength + 1) * BlockLength;

    /// <summary>Encrypts with AES in CBC mode and pads.</summary>
    /// <param name="key">The content's key.</param>
    /// <param name="iv">The IV; afterwards the last block.</param>
    /// <param name="content">The content.</param>
    /// <param name="output">As long as the padded content.</param>
    public static void EncryptCbc(byte[] key, Span<byte> iv, in ReadOnlySequence<byte> content, Span<byte> output)
    {
        using var aes = Aes.Create();
        aes.SetKey(key);
        output[(int)content.Length..].Fill((byte)(output.Length - content.Length));
        var rest = content;
        while (!output.IsEmpty)
        {
            var chunk = output[..Math.Min(ChunkLength, output.Length)];
            var piece = rest.Slice(0, Math.Min(chunk.Length, rest.Length));
            piece.CopyTo(chunk);
            rest = rest.Slice(piece.End);
            aes.EncryptCbc(chunk, iv, chunk, PaddingMode.None);
            chunk[^BlockLength..].CopyTo(iv);
            output = output[chunk.Length..];
        }
    }

    /// <summary>Encrypts with AES in GCM mode, all at once, as the platform can do no other.</summary>
    /// <param name="key">The content's key.</param>
    /// <param name="nonce">The nonce.</param>
    /// <param name="content">The content.</param>
    /// <param name="output">As long as the content.</param>
    /// <param name="tag">Takes the tag.</param>
    public static void EncryptGcm(
        byte[] key, ReadOnlySpan<byte> nonce, in ReadOnlySequence<byte> content, Span<byte> output, Span<byte> tag)
    {
        using var aes = new AesGcm(key, tag.Length);
        content.CopyTo(output);
        aes.Encrypt(nonce, output, output, tag);
    }
}
