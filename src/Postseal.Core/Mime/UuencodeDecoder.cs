using Postseal.Bytes;

namespace Postseal.Mime;

/// <summary>Decodes uuencode as readers do: from the line that begins with "begin", a mode and a name, to the one that says
/// "end". It is in no RFC; POSIX has it.</summary>
internal sealed class UuencodeDecoder(IContentSink next) : IContentSink
{
    private const int DigitsPerGroup = 4;
    private const int BytesPerGroup = 3;

    // A longer line cannot be one of data: its beginning is enough.
    private const int MaxLineLength = 1 + 63 / BytesPerGroup * DigitsPerGroup;

    private readonly byte[] line = new byte[MaxLineLength];
    private int length;
    private bool hasEnded;

    /// <summary>Gets whether the line that begins the data has come. Without it there are none.</summary>
    public bool HasBegun { get; private set; }

    public void Write(ReadOnlySpan<byte> piece)
    {
        for (int lf; (lf = piece.IndexOf((byte)'\n')) >= 0; piece = piece[(lf + 1)..])
        {
            Hold(piece[..lf]);
            EndLine();
        }
        Hold(piece);
    }

    public void End()
    {
        EndLine();
        next.End();
    }

    private void Hold(ReadOnlySpan<byte> part)
    {
        part = part[..Math.Min(part.Length, MaxLineLength - length)];
        part.CopyTo(line.AsSpan(length));
        length += part.Length;
    }

    private void EndLine()
    {
        var text = line.AsSpan(0, length).TrimEnd("\r"u8);
        length = 0;
        if (hasEnded || text.IsEmpty)
            return;
        if (!HasBegun)
            HasBegun = IsBegin(text);
        else if (text.TrimEnd(" \t"u8).SequenceEqual("end"u8))
            hasEnded = true;
        else
            DecodeLine(text);
    }

    // begin 644 name
    private static bool IsBegin(ReadOnlySpan<byte> text) =>
        text.StartsWith("begin "u8) && text[6..].IndexOfAnyExceptInRange((byte)'0', (byte)'7') is 3 or 4;

    // The first character is the number of bytes; digits that are missing were white space that got lost.
    private void DecodeLine(ReadOnlySpan<byte> text)
    {
        Span<byte> decoded = stackalloc byte[64 + BytesPerGroup];
        var count = Digit(text, 0);
        for (var (at, written) = (1, 0); written < count; at += DigitsPerGroup, written += BytesPerGroup)
        {
            var group = Digit(text, at) << 18 | Digit(text, at + 1) << 12 | Digit(text, at + 2) << 6 | Digit(text, at + 3);
            decoded[written] = (byte)(group >> 16);
            decoded[written + 1] = (byte)(group >> 8);
            decoded[written + 2] = (byte)group;
        }
        next.Write(decoded[..count]);
    }

    private static int Digit(ReadOnlySpan<byte> text, int index) => index < text.Length ? (text[index] - ' ') & 63 : 0;
}
