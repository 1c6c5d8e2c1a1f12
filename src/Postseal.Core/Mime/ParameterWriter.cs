using System.Buffers;
using System.Text;

namespace Postseal.Mime;

/// <summary>Writes the parameters of Content-Type and Content-Disposition, with RFC 2231 where they need it.</summary>
internal static class ParameterWriter
{
    // A continuation line with its name and charset stays within 76 octets for all but the oddest names.
    private const int MaxPieceLength = 45;
    // In one line even when each octet needs a backslash.
    private const int MaxQuotedLength = 450;

    private static readonly SearchValues<byte> AttributeChars = SearchValues.Create(
        "!#$&+-.0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ^_`abcdefghijklmnopqrstuvwxyz{|}~"u8);

    /// <summary>Writes a field's value afresh, 8bit and overlong parameters encoded.</summary>
    /// <param name="value">What comes before the parameters.</param>
    /// <param name="parameters">The parameters in their order.</param>
    /// <param name="output">What is written to.</param>
    public static void Write(string value, IEnumerable<FieldParameter> parameters, IBufferWriter<byte> output)
    {
        output.Write(Encoding.ASCII.GetBytes(value));
        foreach (var parameter in parameters)
            Write(parameter, output);
    }

    private static void Write(FieldParameter parameter, IBufferWriter<byte> output)
    {
        var name = Encoding.ASCII.GetBytes(parameter.Name);
        var value = parameter.Value.Span;
        output.Write("; "u8);
        output.Write(name);
        if (parameter.Charset is null && Ascii.IsValid(value) && value.Length <= MaxQuotedLength)
            WriteQuoted(value, output);
        else
            WriteExtended(name, $"{parameter.Charset ?? HeaderRepair.CharsetOf(value)}''", value, output);
    }

    private static void WriteQuoted(ReadOnlySpan<byte> value, IBufferWriter<byte> output)
    {
        output.Write("=\""u8);
        foreach (var b in value)
            output.Write(b is (byte)'"' or (byte)'\\' ? [(byte)'\\', b] : [b]);
        output.Write("\""u8);
    }

    // name*=charset''%41 in one piece, or name*0*=charset''…; name*1*=… in several.
    private static void WriteExtended(byte[] name, string charset, ReadOnlySpan<byte> value, IBufferWriter<byte> output)
    {
        var pieces = Split(value);
        output.Write(pieces.Count == 1 ? "*="u8 : "*0*="u8);
        output.Write(Encoding.ASCII.GetBytes(charset));
        output.Write(pieces[0].Span);
        for (var i = 1; i < pieces.Count; i++)
        {
            output.Write("; "u8);
            output.Write(name);
            output.Write(Encoding.ASCII.GetBytes($"*{i}*="));
            output.Write(pieces[i].Span);
        }
    }

    private static List<ReadOnlyMemory<byte>> Split(ReadOnlySpan<byte> value)
    {
        var encoded = new ArrayBufferWriter<byte>();
        var pieces = new List<ReadOnlyMemory<byte>>();
        foreach (var b in value)
        {
            if (encoded.WrittenCount > MaxPieceLength - 3)
            {
                pieces.Add(encoded.WrittenSpan.ToArray());
                encoded.ResetWrittenCount();
            }
            if (AttributeChars.Contains(b))
                encoded.Write([b]);
            else
                encoded.Write(Encoding.ASCII.GetBytes($"%{b:X2}"));
        }
        pieces.Add(encoded.WrittenSpan.ToArray());
        return pieces;
    }
}
