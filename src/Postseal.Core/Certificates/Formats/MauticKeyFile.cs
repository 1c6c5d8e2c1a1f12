using System.Buffers.Text;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace Postseal.Certificates.Formats;

/// <summary>
/// Mautic's encrypted keys, <c>ADDRESS.pem.enc</c>, read and written as its EncryptionHelper does:
/// <c>BASE64(BASE64(ciphertext))|BASE64(iv)</c>, AES-256-CBC over a serialized PHP string and its HMAC-SHA256 in
/// hexadecimal.
/// </summary>
internal static class MauticKeyFile
{
    private const int HmacLength = 2 * HMACSHA256.HashSizeInBytes;

    /// <summary>Decrypts the content of a <c>.pem.enc</c> file.</summary>
    /// <param name="path">The file, for errors.</param>
    /// <param name="content">Its content.</param>
    /// <param name="secret">Mautic's <c>secret_key</c>: hexadecimal text, normally 64 digits.</param>
    /// <returns>The PEM text; the caller clears it.</returns>
    /// <exception cref="CertificateFileException">The file is damaged or the secret does not open it.</exception>
    public static byte[] Decrypt(string path, ReadOnlySpan<byte> content, ReadOnlySpan<byte> secret)
    {
        if (!TrySplit(content, out var ciphertext, out var iv))
        {
            throw new CertificateFileException(
                path, CertificateFileProblem.Damaged, "is not what Mautic writes: base64, '|', and base64 of 16 bytes");
        }

        using var key = new Key(secret);
        byte[] plain = [];
        try
        {
            plain = key.Cipher.DecryptCbc(ciphertext, iv);
            return Unserialize(path, Authenticated(key, plain));
        }
        catch (CryptographicException e)
        {
            throw new CertificateFileException(
                path, CertificateFileProblem.WrongPassphrase,
                "is a key that Mautic encrypted with another secret, or it is damaged; see [Certificates] SecretFile", e);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(plain);
        }
    }

    /// <summary>Encrypts a key for Mautic to read.</summary>
    /// <param name="pem">The PEM text of the key.</param>
    /// <param name="secret">Mautic's <c>secret_key</c>: hexadecimal text, normally 64 digits.</param>
    /// <returns>The content of the <c>.pem.enc</c> file.</returns>
    public static string Encrypt(ReadOnlySpan<byte> pem, ReadOnlySpan<byte> secret) =>
        Encrypt(pem, secret, RandomNumberGenerator.GetBytes(IvLength));

    internal static string Encrypt(ReadOnlySpan<byte> pem, ReadOnlySpan<byte> secret, ReadOnlySpan<byte> iv)
    {
        using var key = new Key(secret);
        byte[] payload = [.. Encoding.ASCII.GetBytes($"s:{pem.Length}:\""), .. pem, .. "\";"u8];
        byte[] plain = [.. payload, .. key.Hmac(payload)];
        try
        {
            var inner = Convert.ToBase64String(key.Cipher.EncryptCbc(plain, iv));
            return $"{Convert.ToBase64String(Encoding.ASCII.GetBytes(inner))}|{Convert.ToBase64String(iv)}";
        }
        finally
        {
            CryptographicOperations.ZeroMemory(payload);
            CryptographicOperations.ZeroMemory(plain);
        }
    }

    /// <summary>Determines whether it has the outer form: nothing but base64 around one '|'.</summary>
    public static bool LooksLikeOne(ReadOnlySpan<byte> content) => TrySplit(content, out _, out _);

    private const int IvLength = 16;

    private static bool TrySplit(ReadOnlySpan<byte> content, out byte[] ciphertext, out byte[] iv)
    {
        (ciphertext, iv) = ([], []);
        var bar = content.IndexOf((byte)'|');
        return bar >= 0
            && TryDecode(content[..bar], out var inner)
            && TryDecode(inner, out ciphertext)
            && TryDecode(content[(bar + 1)..], out iv)
            && iv.Length == IvLength;
    }

    private static bool TryDecode(ReadOnlySpan<byte> base64, out byte[] bytes)
    {
        bytes = [];
        if (!Base64.IsValid(base64, out var length))
            return false;
        bytes = new byte[length];
        Base64.DecodeFromUtf8(base64, bytes, out _, out _);
        return true;
    }

    /// <summary>Returns the payload, if the HMAC behind it is right. Nothing of it is looked at before.</summary>
    private static ReadOnlySpan<byte> Authenticated(Key key, ReadOnlySpan<byte> plain)
    {
        var length = Math.Max(0, plain.Length - HmacLength);
        return CryptographicOperations.FixedTimeEquals(key.Hmac(plain[..length]), plain[length..])
            ? plain[..length]
            : throw new CryptographicException("The HMAC is wrong.");
    }

    /// <summary>
    /// PHP's serialized string, <c>s:LENGTH:"BYTES";</c>, and nothing else: its unserialize() makes objects of what it
    /// reads, which has been many programs' undoing.
    /// </summary>
    private static byte[] Unserialize(string path, ReadOnlySpan<byte> payload)
    {
        if (payload.StartsWith("s:"u8) && payload.EndsWith("\";"u8))
        {
            var digits = payload[2..].IndexOf(":\""u8);
            if (digits is > 0 and < 10
                && int.TryParse(payload.Slice(2, digits), NumberStyles.None, CultureInfo.InvariantCulture, out var length)
                && length == payload.Length - 2 - digits - 2 - 2)
            {
                return payload.Slice(2 + digits + 2, length).ToArray();
            }
        }

        throw new CertificateFileException(
            path, CertificateFileProblem.NotACertificate, "holds something else than the text of a key (a serialized PHP string)");
    }

    /// <summary>The secret in the two forms Mautic uses it in: raw for the cipher, its last 32 hex digits for the HMAC.</summary>
    private sealed class Key : IDisposable
    {
        private const int HmacKeyLength = 32;

        private readonly byte[] hmacKey;

        public Key(ReadOnlySpan<byte> secret)
        {
            var raw = Pack(secret);
            // OpenSSL as PHP calls it: a short key is filled with zeros, a long one cut.
            var padded = new byte[32];
            raw.AsSpan(0, Math.Min(raw.Length, padded.Length)).CopyTo(padded);
            Cipher = Aes.Create();
            Cipher.SetKey(padded);

            var hex = new byte[raw.Length * 2];
            Convert.TryToHexStringLower(raw, hex, out _);
            hmacKey = hex.Length > HmacKeyLength ? hex[^HmacKeyLength..] : [.. hex];
            CryptographicOperations.ZeroMemory(hex);
            CryptographicOperations.ZeroMemory(padded);
            CryptographicOperations.ZeroMemory(raw);
        }

        public Aes Cipher { get; }

        public byte[] Hmac(ReadOnlySpan<byte> payload) =>
            Encoding.ASCII.GetBytes(Convert.ToHexStringLower(HMACSHA256.HashData(hmacKey, payload)));

        public void Dispose()
        {
            CryptographicOperations.ZeroMemory(hmacKey);
            Cipher.Dispose();
        }

        /// <summary>PHP's pack('H*'): a digit that is not hexadecimal counts as 0, an odd one out is the high half.</summary>
        private static byte[] Pack(ReadOnlySpan<byte> hex)
        {
            var raw = new byte[(hex.Length + 1) / 2];
            for (var i = 0; i < hex.Length; i++)
            {
                var digit = char.IsAsciiHexDigit((char)hex[i]) ? Convert.FromHexString($"0{(char)hex[i]}")[0] : 0;
                raw[i / 2] |= (byte)(i % 2 == 0 ? digit << 4 : digit);
            }

            return raw;
        }
    }
}
