using System.Buffers;
using System.Buffers.Text;

namespace Postseal.Bytes;

/// <summary>Encodes as base64 in lines of 76 (RFC 2045 section 6.8), with CRLF between the lines and none after the last.
/// </summary>
internal sealed class Base64Encoder(IBufferWriter<byte> output) : ContentFilter(maxHeld: BytesPerLine - 1)
{
    private const int BytesPerLine = 57;

    private bool hasLine;

    protected override int Transform(ReadOnlySpan<byte> bytes)
    {
        var rest = bytes;
        for (; rest.Length >= BytesPerLine; rest = rest[BytesPerLine..])
            WriteLine(rest[..BytesPerLine]);
        return bytes.Length - rest.Length;
    }

    protected override void Finish(ReadOnlySpan<byte> rest)
    {
        if (!rest.IsEmpty)
            WriteLine(rest);
    }

    private void WriteLine(ReadOnlySpan<byte> bytes)
    {
        if (hasLine)
            output.Write("\r\n"u8);
        hasLine = true;
        Base64.EncodeToUtf8(bytes, output.GetSpan(Base64.GetMaxEncodedToUtf8Length(BytesPerLine)), out _, out var written);
        output.Advance(written);
    }
}
