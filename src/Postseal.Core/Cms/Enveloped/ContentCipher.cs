using System.Buffers;
using System.Security.Cryptography;

namespace Postseal.Cms.Enveloped;

/// <summary>Encrypts content that lies in pieces, into the place where it is sent from, and decrypts it in place.</summary>
internal static class ContentCipher
{
    /// <summary>The length of a block of AES, and so of the IV of CBC, in bytes.</summary>
    public const int BlockLength = 16;

    /// <summary>The length of a block of triple DES.</summary>
    public const int TripleDesBlockLength = 8;

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
        if (content.IsSingleSegment)
        {
            aes.Encrypt(nonce, content.FirstSpan, output, tag);
            return;
        }

        content.CopyTo(output);
        aes.Encrypt(nonce, output, output, tag);
    }

    /// <summary>Decrypts AES or triple DES in CBC mode in place. Where it returns <see langword="false"/>, nothing is left of
    /// it.</summary>
    /// <param name="cipher">The cipher, which has the content's key.</param>
    /// <param name="iv">The IV.</param>
    /// <param name="content">Whole blocks, at least one.</param>
    /// <param name="length">How many bytes are left of it without the padding.</param>
    /// <returns>Whether it ends with a padding, as it does one time in 256 with any other key.</returns>
    public static bool TryDecryptCbc(SymmetricAlgorithm cipher, ReadOnlySpan<byte> iv, Span<byte> content, out int length)
    {
        var blockLength = iv.Length;
        Span<byte> before = stackalloc byte[blockLength];
        Span<byte> last = stackalloc byte[blockLength];
        iv.CopyTo(before);
        for (var rest = content; !rest.IsEmpty;)
        {
            var chunk = rest[..Math.Min(ChunkLength, rest.Length)];
            chunk[^blockLength..].CopyTo(last);
            cipher.DecryptCbc(chunk, before, chunk, PaddingMode.None);
            last.CopyTo(before);
            rest = rest[chunk.Length..];
        }

        int padding = content[^1];
        length = content.Length - padding;
        if (padding >= 1 && padding <= blockLength && !content[length..].ContainsAnyExcept((byte)padding))
            return true;
        CryptographicOperations.ZeroMemory(content);
        return false;
    }

    /// <summary>Decrypts AES in GCM mode in place. Where it returns <see langword="false"/>, nothing is left of it.</summary>
    /// <param name="key">The content's key.</param>
    /// <param name="nonce">The nonce.</param>
    /// <param name="content">The content.</param>
    /// <param name="tag">The tag.</param>
    /// <param name="associated">What is authenticated besides.</param>
    public static bool TryDecryptGcm(
        byte[] key, ReadOnlySpan<byte> nonce, Span<byte> content, ReadOnlySpan<byte> tag, ReadOnlySpan<byte> associated)
    {
        using var aes = new AesGcm(key, tag.Length);
        try
        {
            aes.Decrypt(nonce, content, tag, content, associated);
            return true;
        }
        catch (AuthenticationTagMismatchException)
        {
            CryptographicOperations.ZeroMemory(content);
            return false;
        }
    }
}
