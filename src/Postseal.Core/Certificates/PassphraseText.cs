using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;

namespace Postseal.Certificates;

/// <summary>A passphrase as text, which the key derivation of PKCS #12 wants, cleared when it is disposed.</summary>
internal readonly ref struct PassphraseText
{
    private readonly char[] text;
    private readonly int length;

    public PassphraseText(ReadOnlySpan<byte> utf8)
    {
        text = new char[Encoding.UTF8.GetMaxCharCount(utf8.Length)];
        length = Encoding.UTF8.GetChars(utf8, text);
    }

    public ReadOnlySpan<char> Span => text.AsSpan(0, length);

    public void Dispose() => CryptographicOperations.ZeroMemory(MemoryMarshal.AsBytes(text.AsSpan()));
}
