using System.Text.Unicode;
using Postseal.Bytes;

namespace Postseal.Mime;

/// <summary>Counts what decides how text is encoded and which charset it is labelled with.</summary>
internal sealed class ContentSurvey() : ContentFilter(maxHeld: 3)
{
    private const int MinGain = 512;

    private long length;
    private long escapes;

    /// <summary>Gets whether there is a NUL: text in UTF-16 has some, and no line ends a reader could see.</summary>
    public bool HasNul { get; private set; }

    /// <summary>Gets whether all is UTF-8, as ASCII is too.</summary>
    public bool IsUtf8 { get; private set; } = true;

    /// <summary>Gets whether quoted-printable, which takes three octets for each that it escapes, would be larger than base64,
    /// which takes four for three. A short text stays readable all the same.</summary>
    public bool IsShorterInBase64 => 2 * escapes > length / 3 + MinGain;

    protected override int Transform(ReadOnlySpan<byte> bytes)
    {
        var whole = bytes[..WholeCharacters(bytes)];
        Count(whole);
        return whole.Length;
    }

    protected override void Finish(ReadOnlySpan<byte> rest) => Count(rest);

    private void Count(ReadOnlySpan<byte> bytes)
    {
        length += bytes.Length;
        IsUtf8 = IsUtf8 && Utf8.IsValid(bytes);
        for (int next; (next = bytes.IndexOfAnyExcept(QuotedPrintableEncoder.LiteralBytes)) >= 0;)
        {
            var isLineEnd = bytes[next..].StartsWith("\r\n"u8);
            HasNul |= bytes[next] == 0;
            escapes += isLineEnd ? 0 : 1;
            bytes = bytes[(next + (isLineEnd ? 2 : 1))..];
        }
    }

    // Without a character of UTF-8, or a line end, of which the rest is in the next piece.
    private static int WholeCharacters(ReadOnlySpan<byte> bytes)
    {
        var length = bytes.Length;
        if (length > 0 && bytes[^1] == '\r')
            return length - 1;
        for (var back = 1; back <= Math.Min(3, length); back++)
        {
            var lead = bytes[^back];
            if (lead >= 0xC0)
                return length - back;
            if (lead < 0x80)
                break;
        }
        return length;
    }
}
