using System.Text;
using System.Text.RegularExpressions;

namespace Postseal.Soak;

/// <summary>
/// A part of a message as its reader gets it: the type, and the content decoded. Read by a search for the parts that
/// shares nothing with the code that signs, and knows no more than the messages made here need.
/// </summary>
internal sealed partial record MimeLeaf(string MediaType, byte[] Content)
{
    /// <summary>Whether both are the same to the reader.</summary>
    public bool IsSameAs(MimeLeaf other) => MediaType == other.MediaType && Content.AsSpan().SequenceEqual(other.Content);

    /// <summary>The leaves of an entity, from the first to the last.</summary>
    public static IReadOnlyList<MimeLeaf> Of(ReadOnlyMemory<byte> entity)
    {
        var end = entity.Span.StartsWith("\r\n"u8) ? 0 : entity.Span.IndexOf("\r\n\r\n"u8) + 2;
        var header = Encoding.Latin1.GetString(entity.Span[..end]);
        var type = Type().Match(header) is { Success: true } match ? match.Groups[1].Value.ToLowerInvariant() : "text/plain";
        if (type.StartsWith("multipart/", StringComparison.Ordinal))
            return [.. Parts(entity[end..], Boundary().Match(header).Groups[1].Value).SelectMany(Of)];
        return [new MimeLeaf(type, Decode(entity.Span[(end + 2)..], Encoded().Match(header).Groups[1].Value.ToLowerInvariant()))];
    }

    /// <summary>What lies between the delimiters.</summary>
    /// <param name="text">The body, with the line end before it: it may begin with the first delimiter.</param>
    /// <param name="boundary">What the delimiters are made of.</param>
    public static IEnumerable<ReadOnlyMemory<byte>> Parts(ReadOnlyMemory<byte> text, string boundary)
    {
        var delimiter = Encoding.Latin1.GetBytes($"\r\n--{boundary}");
        var at = Find(text, delimiter);
        for (var rest = text[at..]; !rest.Span.StartsWith("--"u8); rest = rest[at..])
        {
            at = Find(rest, delimiter);
            // Behind the delimiter stands its line end.
            yield return rest[2..(at - delimiter.Length)];
        }
    }

    /// <summary>Where the text behind the next delimiter begins.</summary>
    private static int Find(ReadOnlyMemory<byte> text, byte[] delimiter)
    {
        var found = text.Span.IndexOf(delimiter);
        return found >= 0 ? found + delimiter.Length : throw new InvalidDataException("a multipart without its delimiter");
    }

    private static byte[] Decode(ReadOnlySpan<byte> content, string encoding) => encoding switch
    {
        "base64" => Convert.FromBase64String(Encoding.ASCII.GetString(content)),
        "quoted-printable" => QuotedPrintable(content),
        _ => content.ToArray(),
    };

    private static byte[] QuotedPrintable(ReadOnlySpan<byte> content)
    {
        var decoded = new List<byte>(content.Length);
        for (var i = 0; i < content.Length; i++)
        {
            if (content[i] != '=')
            {
                decoded.Add(content[i]);
                continue;
            }

            if (content[i + 1] != '\r')
                decoded.AddRange(Convert.FromHexString(Encoding.ASCII.GetString(content.Slice(i + 1, 2))));
            i += 2; // the two digits, or the line end of a soft break
        }

        return [.. decoded];
    }

    [GeneratedRegex(@"^Content-Type:\s*([^;\s]+)", RegexOptions.IgnoreCase | RegexOptions.Multiline)]
    private static partial Regex Type();

    [GeneratedRegex("boundary=\"?([^\";\r\n]+)", RegexOptions.IgnoreCase)]
    private static partial Regex Boundary();

    [GeneratedRegex(@"^Content-Transfer-Encoding:\s*(\S+)", RegexOptions.IgnoreCase | RegexOptions.Multiline)]
    private static partial Regex Encoded();
}
