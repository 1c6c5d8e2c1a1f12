using System.Buffers;
using System.Buffers.Text;
using System.Text;

namespace Postseal.Mime;

/// <summary>Raw 8bit text in header fields as RFC 2047 encoded words.</summary>
internal static class EncodedWord
{
    // RFC 2047 allows 75; less leaves the first word room on the line of the field's name.
    private const int MaxLength = 60;

    private static readonly SearchValues<byte> Specials = SearchValues.Create("\"()<>:;"u8);

    /// <summary>Writes a field's value, unfolded, with all 8bit text in it encoded.</summary>
    /// <param name="value">What follows the colon.</param>
    /// <param name="isStructured">Whether quotes, brackets and commas have a meaning in it.</param>
    /// <param name="output">What is written to.</param>
    public static void WriteValue(ReadOnlySpan<byte> value, bool isStructured, IBufferWriter<byte> output)
    {
        while (isStructured && !value.IsEmpty)
        {
            var special = value.IndexOfAny(Specials);
            WriteList(special < 0 ? value : value[..special], output);
            if (special < 0)
                return;
            var length = value[special] == '"' ? WriteQuotedString(value[special..], output) : 1;
            if (value[special] != '"')
                output.Write(value.Slice(special, 1));
            value = value[(special + length)..];
        }
        WriteText(value, output);
    }

    // Commas part mailboxes, and a line can be folded behind one. Where no text between 8bit ones is an address they part
    // nothing, and are encoded with the text: "Müller, Jörg" is one name that lacks its quotes.
    private static void WriteList(ReadOnlySpan<byte> list, IBufferWriter<byte> output)
    {
        var encoded = EightBitWords(list, " \t,"u8);
        if (!list[encoded].Contains((byte)'@'))
        {
            WriteElements(list[..encoded.Start], output);
            WriteWords(list[encoded], output);
            list = list[encoded.End..];
        }
        WriteElements(list, output);
    }

    private static void WriteElements(ReadOnlySpan<byte> list, IBufferWriter<byte> output)
    {
        for (int comma; (comma = list.IndexOf((byte)',')) >= 0;)
        {
            WriteText(list[..comma], output);
            list = list[(comma + 1)..];
            output.Write(list is [(byte)' ' or (byte)'\t', ..] ? ","u8 : ", "u8);
        }
        WriteText(list, output);
    }

    private static void WriteText(ReadOnlySpan<byte> text, IBufferWriter<byte> output)
    {
        var encoded = EightBitWords(text, " \t"u8);
        output.Write(text[..encoded.Start]);
        WriteWords(text[encoded], output);
        output.Write(text[encoded.End..]);
    }

    // From the first word with 8bit in it to the last: the space between two encoded words is not shown.
    private static Range EightBitWords(ReadOnlySpan<byte> text, ReadOnlySpan<byte> separators)
    {
        var first = text.IndexOfAnyInRange((byte)0x80, (byte)0xFF);
        if (first < 0)
            return ..0;
        var start = text[..first].LastIndexOfAny(separators) + 1;
        var last = text.LastIndexOfAnyInRange((byte)0x80, (byte)0xFF);
        var afterLast = text[last..].IndexOfAny(separators);
        return start..(afterLast < 0 ? text.Length : last + afterLast);
    }

    // An encoded word must not stand in a quoted string, so it takes its place.
    private static int WriteQuotedString(ReadOnlySpan<byte> text, IBufferWriter<byte> output)
    {
        var length = 1;
        while (length < text.Length && text[length] != '"')
            length += text[length] == '\\' ? 2 : 1;
        length = Math.Min(length + 1, text.Length);
        text = text[..length];
        if (Ascii.IsValid(text))
            output.Write(text);
        else
            WriteWords(Unquote(text), output);
        return length;
    }

    private static byte[] Unquote(ReadOnlySpan<byte> text)
    {
        var content = new byte[text.Length];
        var length = 0;
        for (var i = 1; i < text.Length && text[i] != '"'; i++)
        {
            if (text[i] == '\\' && i + 1 < text.Length)
                i++;
            content[length++] = text[i];
        }
        return content[..length];
    }

    private static void WriteWords(ReadOnlySpan<byte> text, IBufferWriter<byte> output)
    {
        if (text.IsEmpty)
            return;
        var charset = HeaderRepair.CharsetOf(text);
        var opening = charset == "utf-8" ? "=?utf-8?B?"u8 : "=?iso-8859-1?B?"u8;
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
