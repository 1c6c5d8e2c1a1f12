namespace Postseal.Certificates.Formats;

/// <summary>
/// The lines of a PEM text, whatever ends them, without blanks and a byte order mark around them. Two files that were
/// joined where the first had no line end (<c>-----END A----------BEGIN B-----</c>) are two lines here: nothing else can be
/// meant, since no label has dashes in it.
/// </summary>
/// <param name="text">The text.</param>
internal ref struct PemLines(ReadOnlySpan<byte> text)
{
    /// <summary>Longer than any END line that there is, so that joined ones are found without looking far.</summary>
    private const int MaxEndLine = 100;

    /// <summary>Gets the line.</summary>
    public ReadOnlySpan<byte> Current { get; private set; }

    /// <summary>Gets what follows the line.</summary>
    public ReadOnlySpan<byte> Rest { get; private set; } = text;

    /// <summary>This, for <see langword="foreach"/>.</summary>
    public readonly PemLines GetEnumerator() => this;

    /// <summary>Goes to the next line.</summary>
    public bool MoveNext()
    {
        if (Rest.IsEmpty)
            return false;
        if (LengthOfJoinedEnd(Rest) is var joined and > 0)
        {
            Current = Rest[..joined];
            Rest = Rest[joined..];
            return true;
        }

        var end = Rest.IndexOfAny((byte)'\n', (byte)'\r');
        Current = (end < 0 ? Rest : Rest[..end]).Trim(" \t\uFEFF"u8);
        var next = end >= 0 && Rest[end..].StartsWith("\r\n"u8) ? end + 2 : end + 1;
        Rest = end < 0 ? default : Rest[next..];
        return true;
    }

    private static int LengthOfJoinedEnd(ReadOnlySpan<byte> rest)
    {
        if (!rest.StartsWith("-----END "u8))
            return 0;
        var begin = rest[..Math.Min(rest.Length, MaxEndLine)].IndexOf("----------BEGIN "u8);
        return begin < 0 || rest[..begin].ContainsAny((byte)'\n', (byte)'\r') ? 0 : begin + 5;
    }
}
