using System.Buffers;
using System.Buffers.Text;
using System.Text;

namespace Postseal.Mime;

/// <summary>Raw 8bit text in header fields as RFC 2047 encoded words.</summary>
internal static class EncodedWord
{
    // RFC 2047 allows 75; less leaves the first word room on the line of the field's name.
    private const int MaxLength = 60;

    private static readonly SearchValues<byte> Specials = SearchValues.Create("\"()<>,:;"u8);

    /// <summary>Writes a field's value, unfolded, with all 8bit text in it encoded.</summary>
    /// <param name="value">What follows the colon.</param>
    /// <param name="isStructured">Whether quotes, brackets and commas have a meaning in it.</param>
    /// <param name="output">What is written to.</param>
    public static void WriteValue(ReadOnlySpan<byte> value, bool isStructured, IBufferWriter<byte> output)
    {
        while (isStructured && !value.IsEmpty)
        {
            var special = value.IndexOfAny(Specials);
            WriteText(special < 0 ? value : value[..special], output);
            if (special < 0)
                return;
            var length = value[special] == '"' ? WriteQuotedString(value[special..], output) : 1;
            if (value[special] != '"')
                output.Write(value.Slice(special, 1));
            value = value[(special + length)..];
        }
        WriteText(value, output);
    }

    // From the first word with 8bit in it to the last: the space between two encoded words is not shown.
    private static void WriteText(ReadOnlySpan<byte> text, IBufferWriter<byte> output)
    {
        var first = text.IndexOfAnyInRange((byte)0x80, (byte)0xFF);
        if (first < 0)
        {
            output.Write(text);
            return;
        }
        var start = text[..first].LastIndexOfAny(" \t"u8) + 1;
        var last = text.LastIndexOfAnyInRange((byte)0x80, (byte)0xFF);
        var afterLast = text[last..].IndexOfAny(" \t"u8);
        var end = afterLast < 0 ? text.Length : last + afterLast;
        output.Write(text[..start]);
        WriteWords(text[start..end], output);
        output.Write(text[end..]);
    }

    // An encoded word must not stand in a quoted string, so it takes its place.
    private static int WriteQuotedString(ReadOnlySpan<byte> text, IBufferWriter<byte> output)
    {
        var content = new ArrayBufferWriter<byte>();
        var i = 1;
        for (; i < text.Length && text[i] != '"'; i++)
        {
            if (text[i] == '\\' && i + 1 < text.Length)
                i++;
            content.Write(text.Slice(i, 1));
        }
        i = Math.Min(i + 1, text.Length);
        if (Ascii.IsValid(content.WrittenSpan))
            output.Write(text[..i]);
        else
            WriteWords(content.WrittenSpan, output);
        return i;
    }

    private static void WriteWords(ReadOnlySpan<byte> text, IBufferWriter<byte> output)
    {
        var charset = HeaderRepair.CharsetOf(text);
        var opening = Encoding.ASCII.GetBytes($"=?{charset}?B?");
        var room = (MaxLength - opening.Length - 2) / 4 * 3;
        while (true)
        {
            var length = Math.Min(text.Length, room);
            // A character must not be split between two words (RFC 2047 section 5).
            while (charset == "utf-8" && length < text.Length && (text[length] & 0xC0) == 0x80)
                length--;
            output.Write(opening);
            Base64.EncodeToUtf8(text[..length], output.GetSpan(MaxLength), out _, out var written);
            output.Advance(written);
            output.Write("?="u8);
            text = text[length..];
            if (text.IsEmpty)
                return;
            output.Write(" "u8);
        }
    }
}
