using System.Buffers;
using Postseal.Certificates.Formats;

namespace Postseal.Program.Store;

/// <summary>Looks at PEM without opening what is locked in it.</summary>
internal static class PemText
{
    /// <summary>The text without its private keys; its certificates can then be read without a passphrase.</summary>
    /// <param name="text">The content of a PEM file.</param>
    /// <param name="hadKeys">Whether there were any.</param>
    public static byte[] WithoutKeys(ReadOnlySpan<byte> text, out bool hadKeys)
    {
        var (rest, keys) = Split(text);
        hadKeys = keys.WrittenCount > 0;
        return rest.WrittenSpan.ToArray();
    }

    /// <summary>The one private key as it stands there, if it is encrypted.</summary>
    public static byte[]? EncryptedKey(ReadOnlySpan<byte> text)
    {
        var keys = Split(text).Keys.WrittenSpan;
        var isEncrypted = keys.StartsWith("-----BEGIN ENCRYPTED PRIVATE KEY"u8) || keys.IndexOf("Proc-Type: 4,ENCRYPTED"u8) >= 0;
        return isEncrypted && keys.Count("-----BEGIN "u8) == 1 ? keys.ToArray() : null;
    }

    private static (ArrayBufferWriter<byte> Others, ArrayBufferWriter<byte> Keys) Split(ReadOnlySpan<byte> text)
    {
        var (rest, keys) = (new ArrayBufferWriter<byte>(), new ArrayBufferWriter<byte>());
        var inKey = false;
        foreach (var line in new PemLines(text))
        {
            inKey |= line.StartsWith("-----BEGIN "u8) && line.EndsWith("PRIVATE KEY-----"u8);
            (inKey ? keys : rest).Write([.. line, (byte)'\n']);
            inKey &= !line.StartsWith("-----END "u8);
        }

        return (rest, keys);
    }
}
