using System.Buffers;
using System.Text;

namespace Postseal.Tests.Mime;

internal static class SevenBit
{
    /// <summary>RFC 2045 section 2.7: CRLF line ends only, at most 998 octets between them, no NUL, nothing over 127.</summary>
    public static void AssertIs(ReadOnlySequence<byte> content)
    {
        var bytes = content.ToArray().AsSpan();
        Assert.True(Ascii.IsValid(bytes), "8bit");
        Assert.False(bytes.Contains((byte)0), "NUL");
        Assert.True(bytes.EndsWith("\r\n"u8), "no line end at the end");
        foreach (var range in bytes.Split("\r\n"u8))
        {
            Assert.False(bytes[range].ContainsAny((byte)'\r', (byte)'\n'), "bare CR or LF");
            Assert.InRange(bytes[range].Length, 0, 998);
        }
    }
}
