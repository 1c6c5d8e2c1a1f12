using System.Buffers;

namespace Postseal.Mime;

/// <summary>
/// Folds a header field as it is written (RFC 5322 section 2.2.3): before a word that would pass 76 octets, and inside one
/// that would pass 998, as Postfix's smtp_line_length_limit does. No line is of white space alone. White space at the end is left
/// out, and so is what one run of it has over the length of a line.
/// </summary>
internal sealed class LineFolder(IBufferWriter<byte> output) : IBufferWriter<byte>
{
    private const int PreferredLineLength = 76;

    // A word of which so much is known does not fit the preferred length, however long it is.
    private const int MaxPendingWord = 512;

    private byte[] pending = new byte[256];
    private int pendingLength;
    private int column;

    /// <inheritdoc/>
    public void Advance(int count)
    {
        pendingLength += count;
        if (pendingLength >= 2 * MaxPendingWord)
            Fold(isEnd: false);
    }

    /// <inheritdoc/>
    public Memory<byte> GetMemory(int sizeHint = 0)
    {
        if (pending.Length - pendingLength < Math.Max(sizeHint, 1))
            Array.Resize(ref pending, Math.Max(2 * pending.Length, pendingLength + sizeHint));
        return pending.AsMemory(pendingLength);
    }

    /// <inheritdoc/>
    public Span<byte> GetSpan(int sizeHint = 0) => GetMemory(sizeHint).Span;

    /// <summary>Writes what is left.</summary>
    public void End() => Fold(isEnd: true);

    private void Fold(bool isEnd)
    {
        var rest = pending.AsSpan(0, pendingLength);
        while (!rest.IsEmpty)
        {
            var blanks = rest.IndexOfAnyExcept(" \t"u8);
            if (blanks < 0)
            {
                // More is not written of one run.
                rest = isEnd ? default : rest[..Math.Min(rest.Length, PreferredLineLength)];
                break;
            }
            var word = rest[blanks..];
            var wordLength = word.IndexOfAny(" \t"u8);
            if (wordLength < 0 && word.Length < MaxPendingWord && !isEnd)
                break;
            word = word[..(wordLength < 0 ? word.Length : wordLength)];
            Write(rest[..Math.Min(blanks, PreferredLineLength)], word);
            rest = rest[(blanks + word.Length)..];
        }
        rest.CopyTo(pending);
        pendingLength = rest.Length;
    }

    private void Write(ReadOnlySpan<byte> blanks, ReadOnlySpan<byte> word)
    {
        if (!blanks.IsEmpty && column > 0 && column + blanks.Length + word.Length > PreferredLineLength)
        {
            output.Write("\r\n"u8);
            column = 0;
        }
        Put(blanks);
        for (int room; (room = LineScanner.MaxLineLength - column) < word.Length; word = word[room..])
        {
            Put(word[..room]);
            output.Write("\r\n "u8);
            column = 1;
        }
        Put(word);
    }

    private void Put(ReadOnlySpan<byte> bytes)
    {
        output.Write(bytes);
        column += bytes.Length;
    }
}
