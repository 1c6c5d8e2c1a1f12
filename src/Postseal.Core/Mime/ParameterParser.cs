using System.Buffers;
using System.Globalization;
using System.Text;

namespace Postseal.Mime;

/// <summary>One parameter of Content-Type or Content-Disposition, its RFC 2231 pieces joined and decoded.</summary>
/// <param name="Name">In lower case, without the marks of RFC 2231.</param>
/// <param name="Value">The bytes, without quotes and escapes.</param>
/// <param name="Charset">What RFC 2231 named as their charset; null when it did not.</param>
internal sealed record FieldParameter(string Name, ReadOnlyMemory<byte> Value, string? Charset);

/// <summary>
/// Reads <c>value; name=value; …</c> (RFC 2045 section 5.1, RFC 2231) as mail readers do: comments and folds skipped,
/// doubled semicolons, missing quotes and junk between parameters forgiven. Of two equal names the first counts.
/// </summary>
internal ref struct ParameterParser
{
    // More are junk, and each costs an object.
    private const int MaxParameters = 1000;
    private const int MaxCommentDepth = 32;

    private static readonly SearchValues<byte> NameEnds = SearchValues.Create(
        [.. Enumerable.Range(0, ' ' + 1).Select(b => (byte)b), (byte)';', (byte)'=', (byte)'(']);

    private readonly List<(string Name, byte[] Value)> raw = [];
    private ReadOnlySpan<byte> rest;

    private ParameterParser(ReadOnlySpan<byte> field) => rest = field;

    /// <summary>Reads a whole field value.</summary>
    /// <param name="field">What follows the colon.</param>
    /// <param name="parameters">The parameters in the order of their first appearance.</param>
    /// <returns>The value before the parameters in lower case, such as <c>text/plain</c> or <c>inline</c>.</returns>
    public static string Parse(ReadOnlySpan<byte> field, out IReadOnlyList<FieldParameter> parameters)
    {
        var parser = new ParameterParser(field);
        var value = parser.ReadValue();
        parser.SkipToSemicolon();
        while (parser.raw.Count < MaxParameters && parser.ReadParameter())
        {
        }
        parameters = Join(parser.raw);
        return value;
    }

    private string ReadValue()
    {
        var value = ReadToken(ParameterSyntax.TokenEnds);
        SkipWhiteSpace();
        if (rest is not [(byte)'/', ..])
            return value;
        rest = rest[1..];
        value = $"{value}/{ReadToken(ParameterSyntax.TokenEnds)}";
        SkipWhiteSpace();
        // With a second slash it is no type at all, and must not look like one.
        return rest is [(byte)'/', ..] ? $"{value}/" : value;
    }

    // Without one there are no parameters to most readers, whatever follows.
    private void SkipToSemicolon()
    {
        var semicolon = rest.IndexOf((byte)';');
        rest = semicolon < 0 ? [] : rest[semicolon..];
    }

    private string ReadToken(SearchValues<byte> ends)
    {
        SkipWhiteSpace();
        var length = rest.IndexOfAny(ends);
        length = length < 0 ? rest.Length : length;
        var token = Encoding.Latin1.GetString(rest[..length]).ToLowerInvariant();
        rest = rest[length..];
        return token;
    }

    private bool ReadParameter()
    {
        SkipWhiteSpace();
        while (rest is [(byte)';', ..])
        {
            rest = rest[1..];
            SkipWhiteSpace();
        }
        if (rest.IsEmpty)
            return false;
        var name = ReadToken(NameEnds);
        SkipWhiteSpace();
        if (rest is [(byte)'=', ..])
        {
            rest = rest[1..];
            SkipWhiteSpace();
            raw.Add((name, rest is [(byte)'"', ..] ? ReadQuoted() : ReadUnquoted()));
        }
        else if (name.Length == 0 && rest is not ([] or [(byte)';', ..]))
        {
            rest = rest[1..];
        }
        return true;
    }

    private byte[] ReadQuoted()
    {
        var value = new List<byte>();
        var i = 1;
        for (; i < rest.Length && rest[i] != '"'; i++)
        {
            if (rest[i] is (byte)'\r' or (byte)'\n')
                continue;
            if (rest[i] == '\\' && i + 1 < rest.Length)
                i++;
            value.Add(rest[i]);
        }
        rest = rest[Math.Min(i + 1, rest.Length)..];
        return [.. value];
    }

    // A file name with spaces and no quotes is common enough: only a semicolon or a comment ends it.
    private byte[] ReadUnquoted()
    {
        var end = rest.IndexOf((byte)';');
        end = end < 0 ? rest.Length : end;
        var comment = rest[..end].IndexOf(" ("u8);
        end = comment < 0 ? end : comment;
        var value = rest[..end].Trim(" \t\r\n"u8).ToArray();
        rest = rest[end..];
        return Array.FindAll(value, b => b is not ((byte)'\r' or (byte)'\n'));
    }

    private void SkipWhiteSpace()
    {
        while (true)
        {
            rest = rest.TrimStart(" \t\r\n"u8);
            if (rest is not [(byte)'(', ..])
                return;
            rest = rest[CommentLength(rest)..];
        }
    }

    private static int CommentLength(ReadOnlySpan<byte> text)
    {
        var depth = 0;
        for (var i = 0; i < text.Length; i++)
        {
            switch (text[i])
            {
                case (byte)'\\':
                    i++;
                    break;
                case (byte)'(' when depth < MaxCommentDepth:
                    depth++;
                    break;
                case (byte)')' when --depth == 0:
                    return i + 1;
            }
        }
        return text.Length;
    }

    // RFC 2231 sections 3 and 4: name*0, name*1* and so on are one value, name* and name*0* carry a charset.
    private static List<FieldParameter> Join(List<(string Name, byte[] Value)> raw)
    {
        var pieces = raw.Select(p => Piece.Of(p.Name, p.Value)).GroupBy(p => p.Name);
        return [.. pieces.Where(group => group.Key.Length > 0).Select(group => Join(group.Key, [.. group]))];
    }

    private static FieldParameter Join(string name, List<Piece> pieces)
    {
        if (pieces.Find(p => p.Section is null) is { } whole)
            return new(name, whole.Decode(out var charset), charset);
        var value = new List<byte>();
        string? firstCharset = null;
        var next = 0;
        var inOrder = pieces.OrderBy(p => p.Section).DistinctBy(p => p.Section);
        foreach (var piece in inOrder.TakeWhile(p => p.Section == next++))
        {
            value.AddRange(piece.Decode(out var charset));
            firstCharset ??= charset;
        }
        return new(name, value.ToArray(), firstCharset);
    }

    private sealed record Piece(string Name, int? Section, bool IsExtended, byte[] Value)
    {
        public static Piece Of(string name, byte[] value)
        {
            var isExtended = name.EndsWith('*');
            var parts = name.TrimEnd('*').Split('*', 2);
            var hasSection = int.TryParse(
                parts.ElementAtOrDefault(1), NumberStyles.None, CultureInfo.InvariantCulture, out var section);
            return new(parts[0], hasSection ? section : null, isExtended, value);
        }

        // charset'language'%41bc; only the first piece has the two quotes.
        public byte[] Decode(out string? charset)
        {
            charset = null;
            if (!IsExtended)
                return Value;
            var text = Value.AsSpan();
            if (Section is null or 0 && text.IndexOf((byte)'\'') is >= 0 and var first
                && text[(first + 1)..].IndexOf((byte)'\'') is >= 0 and var second)
            {
                charset = Encoding.Latin1.GetString(text[..first]);
                text = text[(first + second + 2)..];
            }
            return PercentDecode(text);
        }

        private static byte[] PercentDecode(ReadOnlySpan<byte> text)
        {
            var value = new List<byte>(text.Length);
            for (var i = 0; i < text.Length; i++)
            {
                Span<byte> escaped = [text[i]];
                var isEscape = text[i] == '%' && i + 2 < text.Length
                    && Convert.FromHexString(text.Slice(i + 1, 2), escaped, out _, out _) == OperationStatus.Done;
                value.Add(isEscape ? escaped[0] : text[i]);
                i += isEscape ? 2 : 0;
            }
            return [.. value];
        }
    }
}
