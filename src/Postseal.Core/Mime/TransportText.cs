using System.Buffers;
using Postseal.Bytes;

namespace Postseal.Mime;

/// <summary>Tells what SMTP carries to every server as it is (RFC 5321 section 4.5.3.1.6, RFC 2045 section 2.7).</summary>
internal static class TransportText
{
    private const Flaws Illegal = Flaws.EightBit | Flaws.Nul | Flaws.BareCr | Flaws.BareLf | Flaws.LongLine;

    /// <summary>Determines whether lines are ASCII without NUL, of at most 998 octets, and end with CRLF; the last may have no end.</summary>
    public static bool IsLegal(in ReadOnlySequence<byte> text)
    {
        var line = new LineScanner(new ByteSource(text));
        for (line.MoveNext(); !line.AtEnd; line.MoveNext())
        {
            if ((line.Flaws & Illegal) != Flaws.None || line.LineEndLength == 1)
                return false;
        }

        return true;
    }
}
