using System.Buffers;
using Postseal.Bytes;

namespace Postseal.Mime;

/// <summary>Tells text that SMTP carries unchanged to any server (RFC 5321 section 4.5.3.1.6, RFC 2045 section 2.7).</summary>
internal static class TransportText
{
    private const Flaws Illegal = Flaws.EightBit | Flaws.Nul | Flaws.BareCr | Flaws.BareLf | Flaws.LongLine;

    /// <summary>Determines whether all lines are ASCII without NUL, have at most 998 octets, and end with CRLF, which the last one may
    /// lack.</summary>
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
