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
        var length = PieceLength(value);
        output.Write(length == value.Length ? "*="u8 : "*0*="u8);
        output.Write(Encoding.ASCII.GetBytes(charset));
        WriteEncoded(value[..length], output);
        for (var i = 1; length < value.Length; i++)
        {
            value = value[length..];
            length = PieceLength(value);
            output.Write("; "u8);
            output.Write(name);
            output.Write(Encoding.ASCII.GetBytes($"*{i}*="));
            WriteEncoded(value[..length], output);
        }
    }

    /// <summary>Computes how much of a value goes into one piece.</summary>
    private static int PieceLength(ReadOnlySpan<byte> value)
    {
        var length = 0;
        for (var encoded = 0; length < value.Length && encoded <= MaxPieceLength - 3; length++)
            encoded += AttributeChars.Contains(value[length]) ? 1 : 3;
        return length;
    }

    private static void WriteEncoded(ReadOnlySpan<byte> value, IBufferWriter<byte> output)
    {
        foreach (var b in value)
        {
            var escape = output.GetSpan(3);
            var isEscaped = !AttributeChars.Contains(b);
            escape[0] = isEscaped ? (byte)'%' : b;
            if (isEscaped)
                b.TryFormat(escape[1..], out _, "X2");
            output.Advance(isEscaped ? 3 : 1);
        }
    }
}
