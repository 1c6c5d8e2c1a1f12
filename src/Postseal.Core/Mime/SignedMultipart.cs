using System.Buffers;
using Postseal.Bytes;

namespace Postseal.Mime;

/// <summary>
/// The two parts of a multipart/signed (RFC 1847 section 2.1), read only where all readers find the same two. They differ about
/// lines that merely begin with the boundary (RFC 2046 section 5.1.1 compares no more of them, most readers do), about lines that
/// end with anything but CRLF, and about delimiters that are missing or too many.
/// </summary>
/// <param name="First">What is signed, exactly: header and content, without the line end that belongs to the delimiter.</param>
/// <param name="Second">The signature.</param>
/// <param name="HasPreamble">Whether text that nobody signed stands before the first delimiter.</param>
/// <param name="HasEpilogue">Whether such text stands behind the last one.</param>
internal sealed record SignedMultipart(ReadOnlySequence<byte> First, BodyPart Second, bool HasPreamble, bool HasEpilogue)
{
    /// <summary>RFC 2046 section 5.1.1 allows 70; some senders write more.</summary>
    private const int MaxBoundaryLength = 200;

    // Transport padding (RFC 2046 section 5.1.1).
    private const int MaxPadding = 200;

    /// <summary>Reads the parts.</summary>
    /// <param name="body">What follows the header of the multipart.</param>
    /// <param name="boundary">Its boundary.</param>
    /// <param name="why">Why readers may find others, or none.</param>
    public static SignedMultipart? TryRead(in ReadOnlySequence<byte> body, ReadOnlySpan<byte> boundary, out string why)
    {
        why = boundary.Length is 0 or > MaxBoundaryLength
            ? "it has no boundary that all readers take"
            : "";
        if (why.Length > 0)
            return null;
        var source = new ByteSource(body);
        var found = new List<Delimiter>(3);
        byte[] dashed = [.. "--"u8, .. boundary];
        for (var from = 0L; source.IndexOf(dashed, from) is >= 0 and var at;)
        {
            if (at > 0 && source.At(at - 1) is not ((byte)'\r' or (byte)'\n'))
            {
                from = at + 1;
                continue;
            }

            var isAfterLineEnd = at == 0 || at > 1 && source.At(at - 2) == '\r' && source.At(at - 1) == '\n';
            if (!isAfterLineEnd || Delimiter.TryRead(source, at, dashed.Length, MaxPadding) is not { } delimiter)
            {
                why = "a line in it begins with its boundary, and readers differ on whether that parts it";
                return null;
            }

            if (found.Count == 3 || delimiter.IsClose != (found.Count == 2))
            {
                why = "it has not the two parts that it should have, or its parts end twice";
                return null;
            }

            found.Add(delimiter);
            from = delimiter.End;
        }

        if (found is not [var opening, var middle, var closing])
        {
            why = "it ends before its second part does";
            return null;
        }

        var (first, second) = (middle.Start - 2 - opening.End, closing.Start - 2 - middle.End);
        if (first <= 0 || second <= 0)
        {
            why = "one of its parts is empty";
            return null;
        }

        return new SignedMultipart(
            body.Slice(opening.End, first),
            BodyPart.Parse(body.Slice(middle.End, second)),
            HasPreamble: !IsBlank(body.Slice(0, opening.Start)) && !IsUsual(body.Slice(0, opening.Start)),
            HasEpilogue: !IsBlank(body.Slice(closing.End)));
    }

    private static bool IsBlank(in ReadOnlySequence<byte> text)
    {
        foreach (var segment in text)
        {
            if (segment.Span.ContainsAnyExcept(" \t\r\n"u8))
                return false;
        }

        return true;
    }

    /// <summary>Determines whether a preamble is what programs that sign say to readers that know no MIME.</summary>
    private static bool IsUsual(in ReadOnlySequence<byte> preamble)
    {
        if (preamble.Length > 200)
            return false;
        var text = preamble.ToArray().AsSpan().Trim(" \t\r\n"u8);
        return text.SequenceEqual("This is an S/MIME signed message"u8)
            || text.SequenceEqual("This is a cryptographically signed message in MIME format."u8)
            || text.SequenceEqual("This is a multi-part message in MIME format."u8);
    }

    /// <param name="Start">Where its dashes are.</param>
    /// <param name="End">Where the line after it begins.</param>
    /// <param name="IsClose">Whether it is the last one.</param>
    private readonly record struct Delimiter(long Start, long End, bool IsClose)
    {
        /// <summary>Reads dash-boundary transport-padding CRLF, or close-delimiter transport-padding and CRLF or the end.</summary>
        public static Delimiter? TryRead(ByteSource source, long start, int length, int maxPadding)
        {
            var after = start + length;
            var rest = source.Range(after, Math.Min(source.Length, after + 2 + maxPadding + 2)).Span;
            var isClose = rest.StartsWith("--"u8);
            var padding = isClose ? 2 : 0;
            while (padding < rest.Length && rest[padding] is (byte)' ' or (byte)'\t')
                padding++;
            var end = after + padding;
            if (rest[padding..].StartsWith("\r\n"u8))
                return new(start, end + 2, isClose);
            return isClose && end == source.Length ? new(start, end, isClose) : null;
        }
    }
}
