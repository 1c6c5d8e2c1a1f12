using System.Buffers;
using System.Text;
using System.Text.Unicode;
using Postseal.Bytes;
using Postseal.Mail;

namespace Postseal.Mime;

/// <summary>
/// Makes header fields fit for what is signed: 7bit, lines of at most 998 octets that end with CRLF. A field that is
/// fit already is written byte for byte.
/// </summary>
internal static class HeaderRepair
{
    private const int MaxNameLength = 900;

    private static readonly SearchValues<byte> Controls = SearchValues.Create("\0\r\n"u8);

    /// <summary>Writes a field and its line end. One whose very name does not fit a line cannot be sent by any means,
    /// and is left out.</summary>
    public static void Write(HeaderField field, IBufferWriter<byte> output)
    {
        if (field.Name.Length > MaxNameLength)
            return;
        if (IsFit(field.Raw.Span))
            output.Write(field.Raw.Span);
        else
            WriteRepaired(field, output);
        output.Write("\r\n"u8);
    }

    /// <summary>
    /// Returns a Content-* field as it goes from the header of the message into the signed entity: folds that a relay may
    /// rewrite or lose, those made with TAB and those of nothing but white space, are made with a space.
    /// </summary>
    public static HeaderField WithSafeFolds(HeaderField field)
    {
        var raw = field.Raw.Span;
        if (raw.IndexOf((byte)'\n') < 0)
            return field;
        var output = new ArrayBufferWriter<byte>(raw.Length);
        foreach (var range in raw.Split((byte)'\n'))
        {
            var line = raw[range].TrimEnd((byte)'\r');
            if (output.WrittenCount == 0)
            {
                output.Write(line);
            }
            else if (!line.Trim(" \t"u8).IsEmpty)
            {
                output.Write("\r\n "u8);
                output.Write(IsSpace(line[0]) ? line[1..] : line);
            }
        }
        return new(output.WrittenMemory, field.Name.Length);
    }

    /// <summary>Returns what raw bytes in a header are taken for. Readers agree on UTF-8; for anything else they guess, and
    /// ISO 8859-1 gives every byte a character.</summary>
    public static string CharsetOf(ReadOnlySpan<byte> text) =>
        Ascii.IsValid(text) ? "us-ascii" : Utf8.IsValid(text) ? "utf-8" : "iso-8859-1";

    private static bool IsFit(ReadOnlySpan<byte> raw)
    {
        if (!Ascii.IsValid(raw) || raw.StartsWith("From "u8))
            return false;
        for (int end; (end = raw.IndexOfAny(Controls)) >= 0; raw = raw[(end + 2)..])
        {
            if (end > LineScanner.MaxLineLength || !raw[end..].StartsWith("\r\n"u8))
                return false;
        }
        return raw.Length <= LineScanner.MaxLineLength;
    }

    /// <summary>Writes a Content-Type or Content-Disposition field and its line end, with all parameters written anew: without comments, junk
    /// and anything else that readers differ about.</summary>
    public static void WriteParameters(HeaderField field, IBufferWriter<byte> output)
    {
        WriteRepaired(field, output);
        output.Write("\r\n"u8);
    }

    private static void WriteRepaired(HeaderField field, IBufferWriter<byte> output)
    {
        var line = new LineFolder(output);
        foreach (var b in field.Name.TrimEnd(" \t"u8))
            line.Write([Ascii.IsValid(b) ? b : (byte)'?']);
        line.Write(": "u8);
        var value = Utf8Repair.ReplaceCut(Unfold(field.Value.Span)).TrimStart(" \t"u8);
        if (field.Is("Content-Type") || field.Is("Content-Disposition"))
            ParameterWriter.Write(ParameterParser.Parse(value, out var parameters), parameters, line);
        else
            EncodedWord.WriteValue(value, IsAddressField(field), line);
        line.End();
    }

    // RFC 5322 section 2.2.3; NUL and a bare CR or LF can stand in no header, and a space parts what they parted.
    private static ReadOnlySpan<byte> Unfold(ReadOnlySpan<byte> value)
    {
        var control = value.IndexOfAny(Controls);
        if (control < 0)
            return value;
        var output = new ArrayBufferWriter<byte>(value.Length);
        for (; control >= 0; control = value.IndexOfAny(Controls))
        {
            output.Write(value[..control]);
            var isFold = value[control..].StartsWith("\r\n"u8);
            if (!isFold)
                output.Write(" "u8);
            value = value[(control + (isFold ? 2 : 1))..];
        }
        output.Write(value);
        return output.WrittenSpan;
    }

    private static bool IsSpace(byte value) => value is (byte)' ' or (byte)'\t';

    private static bool IsAddressField(HeaderField field) =>
        field.Is("From") || field.Is("Sender") || field.Is("Reply-To")
        || field.Is("To") || field.Is("Cc") || field.Is("Bcc")
        || Ascii.EqualsIgnoreCase(field.Name[..Math.Min(field.Name.Length, 7)], "Resent-"u8)
        || field.Is("Disposition-Notification-To") || field.Is("Return-Receipt-To");
}
