using System.Globalization;
using System.Text.RegularExpressions;
using Milter.Tests.Conformance;

namespace Milter.Tests.Support;

/// <summary>Parses frames as the data files write them: a command and its payload, without the length.</summary>
internal static partial class FrameText
{
    /// <summary>Returns a frame, a character for each byte. <c>O</c> alone is the offer of a recent MTA, <c>B*N</c> a body
    /// chunk of so many bytes.</summary>
    public static string Parse(string text) => text switch
    {
        "O" => RawPeer.Offer(6),
        ['B', '*', .. var size] => "B" + new string('x', int.Parse(size, CultureInfo.InvariantCulture)),
        _ => Unescape(text),
    };

    public static string Unescape(string text) => Escape().Replace(text, match => match.Value switch
    {
        @"\0" => "\0",
        @"\r" => "\r",
        @"\n" => "\n",
        var hex => ((char)Convert.ToInt32(hex[2..], 16)).ToString(),
    });

    [GeneratedRegex(@"\\(0|r|n|x[0-9a-f]{2})")]
    private static partial Regex Escape();
}
