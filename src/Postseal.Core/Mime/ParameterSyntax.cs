using System.Buffers;
using System.Text;

namespace Postseal.Mime;

/// <summary>Checks what <see cref="ParameterParser"/> reads leniently for what all readers understand alike.</summary>
internal static class ParameterSyntax
{
    /// <summary>RFC 2045 section 5.1: all but white space, controls, 8bit and the tspecials are a token.</summary>
    public static readonly SearchValues<byte> TokenEnds = SearchValues.Create(
        [.. Enumerable.Range(0, 256).Where(b => b is <= ' ' or > '~' || "()<>@,;:\\\"/[]?=".Contains((char)b)).Select(b => (byte)b)]);

    // "boundary=----=_Part/1:2?" is not allowed, and read by all.
    private static readonly SearchValues<byte> UnquotedEnds = SearchValues.Create(
        [.. Enumerable.Range(0, 256).Where(b => b is <= ' ' or > '~' or '"' or '(' or ')' or ';' or '\\').Select(b => (byte)b)]);

    private static readonly SearchValues<byte> QuotedEnds = SearchValues.Create(
        [.. Enumerable.Range(0, 256).Where(b => b is (< ' ' and not ('\t' or '\r' or '\n')) or > '~' or '"' or '\\').Select(b => (byte)b)]);

    /// <summary>
    /// Determines whether a Content-Type's value is <c>type/subtype; name=value; …</c> with one boundary at most, and without what
    /// readers differ about: comments, junk, white space at the end of a boundary, RFC 2231 or RFC 2047 in it.
    /// </summary>
    public static bool IsPlain(ReadOnlySpan<byte> field) => IsPlain(field, out _);

    /// <inheritdoc cref="IsPlain(ReadOnlySpan{byte})"/>
    /// <param name="field">The value.</param>
    /// <param name="boundary">The boundary as it is written, quotes left out: with the folds and escapes that a reader may or may
    /// not take out of it.</param>
    public static bool IsPlain(ReadOnlySpan<byte> field, out ReadOnlySpan<byte> boundary)
    {
        boundary = default;
        var rest = field.TrimStart(" \t\r\n"u8);
        if (!Take(ref rest, TokenEnds, out _) || !Take(ref rest, (byte)'/') || !Take(ref rest, TokenEnds, out _))
            return false;
        var boundaries = 0;
        while (!(rest = rest.TrimStart(" \t\r\n"u8)).IsEmpty)
        {
            if (!Take(ref rest, (byte)';'))
                return false;
            rest = rest.TrimStart("; \t\r\n"u8);
            if (rest.IsEmpty)
                break;
            if (!Take(ref rest, TokenEnds, out var name) || !Take(ref rest, (byte)'=') || !TakeValue(ref rest, out var value))
                return false;
            if (!Ascii.EqualsIgnoreCase(name[..Math.Min(name.Length, "boundary".Length)], "boundary"u8))
                continue;
            if (name.Length > "boundary".Length || ++boundaries > 1 || !IsPlainBoundary(value))
                return false;
            boundary = value;
        }
        return true;
    }

    private static bool IsPlainBoundary(ReadOnlySpan<byte> value) =>
        !value.EndsWith(" "u8) && !value.EndsWith("\t"u8) && value.IndexOf("=?"u8) < 0;

    private static bool TakeValue(scoped ref ReadOnlySpan<byte> rest, out ReadOnlySpan<byte> value)
    {
        if (!Take(ref rest, (byte)'"'))
            return Take(ref rest, UnquotedEnds, out value);
        var length = 0;
        while (true)
        {
            var run = rest[length..].IndexOfAny(QuotedEnds);
            length += Math.Max(run, 0);
            if (run < 0 || rest[length] != '\\' || length + 1 == rest.Length || rest[length + 1] is < (byte)' ' or > (byte)'~')
                break;
            length += 2;
        }
        value = rest[..length];
        rest = rest[length..];
        return Take(ref rest, (byte)'"');
    }

    private static bool Take(ref ReadOnlySpan<byte> rest, byte expected)
    {
        if (rest.IsEmpty || rest[0] != expected)
            return false;
        rest = rest[1..];
        return true;
    }

    private static bool Take(scoped ref ReadOnlySpan<byte> rest, SearchValues<byte> ends, out ReadOnlySpan<byte> taken)
    {
        var length = rest.IndexOfAny(ends);
        length = length < 0 ? rest.Length : length;
        taken = rest[..length];
        rest = rest[length..];
        return length > 0;
    }
}
