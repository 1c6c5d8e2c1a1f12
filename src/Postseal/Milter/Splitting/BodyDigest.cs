using System.Buffers;
using System.Security.Cryptography;

namespace Postseal.Program.Milter.Splitting;

/// <summary>Makes a digest of a body that is the same on both sides of a transfer by SMTP.</summary>
internal static class BodyDigest
{
    /// <summary>Returns the SHA-256 of the body with CRLF as its line ends, and without the empty lines at its end: an MTA may end the
    /// last line, and Postfix drops each CR before a line end.</summary>
    public static byte[] Of(ReadOnlySequence<byte> body)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var reader = new SequenceReader<byte>(body);
        var emptyLines = 0L;
        while (!reader.End)
        {
            if (!reader.TryReadTo(out ReadOnlySequence<byte> line, (byte)'\n'))
            {
                line = reader.UnreadSequence;
                reader.AdvanceToEnd();
            }

            line = WithoutCrAtEnd(line);
            if (line.IsEmpty)
            {
                emptyLines++;
                continue;
            }

            for (; emptyLines > 0; emptyLines--)
                hash.AppendData("\r\n"u8);
            foreach (var piece in line)
                hash.AppendData(piece.Span);
            hash.AppendData("\r\n"u8);
        }

        return hash.GetHashAndReset();
    }

    private static ReadOnlySequence<byte> WithoutCrAtEnd(ReadOnlySequence<byte> line)
    {
        while (!line.IsEmpty && line.Slice(line.Length - 1).FirstSpan[0] == '\r')
            line = line.Slice(0, line.Length - 1);
        return line;
    }
}
