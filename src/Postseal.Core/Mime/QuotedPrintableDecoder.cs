using System.Buffers;
using Postseal.Bytes;

namespace Postseal.Mime;

/// <summary>Decodes quoted-printable (RFC 2045 section 6.7) leniently: what is no escape stays as it is, line ends become
/// CRLF.</summary>
internal sealed class QuotedPrintableDecoder(IContentSink next) : ContentFilter(maxHeld: 1 + MaxPadding + 1)
{
    // White space between a soft break and the line end, which some transports add; as much as this none does.
    private const int MaxPadding = 200;

    private static readonly SearchValues<byte> Marks = SearchValues.Create("=\r\n"u8);
    private static readonly SearchValues<byte> UpperHex = SearchValues.Create("0123456789ABCDEF"u8);

    /// <summary>Determines whether all decoders make the same bytes of it: none of them forgives what another takes as it is, and only line
    /// ends that are encoded are content, but for those at the end.</summary>
    public static bool IsUnambiguous(in ReadOnlySequence<byte> encoded)
    {
        var text = (encoded.IsSingleSegment ? encoded.FirstSpan : encoded.ToArray()).TrimEnd("\r\n"u8);
        for (var i = 0; i < text.Length; i++)
        {
            if (text[i] == '=' && i + 2 < text.Length
                && (text.Slice(i + 1, 2).SequenceEqual("\r\n"u8) || UpperHex.Contains(text[i + 1]) && UpperHex.Contains(text[i + 2])))
                i += 2;
            else if (text[i] is (byte)'=' or < (byte)' ' or > (byte)'~' || (text[i] == ' ' && (i + 1 == text.Length || text[i + 1] == '\r')))
                return false;
        }

        return true;
    }

    protected override int Transform(ReadOnlySpan<byte> bytes) => bytes.Length - Decode(bytes, isEnd: false);

    protected override void Finish(ReadOnlySpan<byte> rest)
    {
        Decode(rest, isEnd: true);
        next.End();
    }

    /// <summary>Decodes, and returns how much is left: everything from a mark on whose meaning depends on what follows.</summary>
    private int Decode(ReadOnlySpan<byte> text, bool isEnd)
    {
        while (true)
        {
            var mark = text.IndexOfAny(Marks);
            next.Write(mark < 0 ? text : text[..mark]);
            if (mark < 0)
                return 0;
            text = text[mark..];
            var length = text[0] == '=' ? DecodeEscape(text, isEnd) : DecodeLineEnd(text, isEnd);
            if (length == 0)
                return text.Length;
            text = text[length..];
        }
    }

    private int DecodeLineEnd(ReadOnlySpan<byte> text, bool isEnd)
    {
        var length = text.StartsWith("\r\n"u8) ? 2 : 1;
        if (text.Length == 1 && text[0] == '\r' && !isEnd)
            return 0;
        next.Write(length == 2 || text[0] == '\n' ? "\r\n"u8 : "\r"u8);
        return length;
    }

    private int DecodeEscape(ReadOnlySpan<byte> text, bool isEnd)
    {
        Span<byte> value = stackalloc byte[1];
        if (text.Length >= 3 && Convert.FromHexString(text.Slice(1, 2), value, out _, out _) == OperationStatus.Done)
        {
            next.Write(value);
            return 3;
        }
        // A soft break goes away with its line end, and with the white space before that.
        var padding = text[1..].IndexOfAnyExcept(" \t"u8);
        padding = padding < 0 ? text.Length - 1 : padding;
        var after = text[(1 + padding)..];
        var isSoft = padding <= MaxPadding && (after is [(byte)'\n', ..] or [(byte)'\r', (byte)'\n', ..] || after.IsEmpty && isEnd);
        if (isSoft)
            return 1 + padding + (after.IsEmpty ? 0 : after[0] == '\r' ? 2 : 1);
        var mayBecomeOne = padding <= MaxPadding && (after is [] or [(byte)'\r'] || text.Length == 2);
        if (mayBecomeOne && !isEnd)
            return 0;
        next.Write("="u8);
        return 1;
    }
}
