using System.Security.Cryptography;
using System.Text;

namespace Postseal.Certificates.Formats;

/// <summary>A passphrase in the two forms that key derivations take, cleared when it is disposed.</summary>
internal sealed class PassphraseText : IDisposable
{
    private readonly byte[] utf8;
    private readonly byte[] bmp;

    private PassphraseText(byte[] utf8, byte[] bmp) => (this.utf8, this.bmp) = (utf8, bmp);

    /// <summary>Gets the form for PBKDF1, PBKDF2 and PBMAC1.</summary>
    public ReadOnlySpan<byte> Utf8 => utf8;

    /// <summary>Gets the form for the key derivation of PKCS #12: UTF-16, the high byte first, closed by two zeros (RFC 7292 appendix B.1).</summary>
    public byte[] Bmp => bmp;

    public bool IsEmpty => utf8.Length == 0;

    /// <summary>
    /// Gets the absence of a passphrase, as some write it into PKCS #12: not even the two zeros. Others take an empty one instead, which is
    /// only those.
    /// </summary>
    public static PassphraseText Absent => new([], []);

    public static PassphraseText Of(ReadOnlySpan<byte> utf8)
    {
        var text = new char[Encoding.UTF8.GetCharCount(utf8) + 1];
        try
        {
            Encoding.UTF8.GetChars(utf8, text);
            return new PassphraseText(utf8.ToArray(), Encoding.BigEndianUnicode.GetBytes(text));
        }
        finally
        {
            text.AsSpan().Clear();
        }
    }

    public void Dispose()
    {
        CryptographicOperations.ZeroMemory(utf8);
        CryptographicOperations.ZeroMemory(bmp);
    }
}
