using System.Buffers;
using System.Text;
using System.Text.Unicode;

namespace Postseal.Bytes;

/// <summary>Repairs UTF-8 that some program has cut in the middle of a character.</summary>
internal static class Utf8Repair
{
    /// <summary>
    /// Puts U+FFFD in the place of each piece of a character. Text that has more pieces than whole characters beyond ASCII
    /// is hardly UTF-8 at all, and is given back as it is.
    /// </summary>
    public static ReadOnlySpan<byte> ReplaceCut(ReadOnlySpan<byte> text)
    {
        if (Utf8.IsValid(text))
            return text;
        var mended = new ArrayBufferWriter<byte>(text.Length + 8);
        var (whole, pieces) = (0, 0);
        for (var rest = text; !rest.IsEmpty;)
        {
            var status = Rune.DecodeFromUtf8(rest, out _, out var length);
            if (status == OperationStatus.Done)
                whole += length > 1 ? 1 : 0;
            else
                pieces++;
            mended.Write(status == OperationStatus.Done ? rest[..length] : "\uFFFD"u8);
            rest = rest[length..];
        }
        return whole >= pieces ? mended.WrittenSpan : text;
    }
}
