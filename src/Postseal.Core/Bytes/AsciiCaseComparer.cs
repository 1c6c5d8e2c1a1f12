namespace Postseal.Bytes;

/// <summary>
/// Compares texts without the case of A to Z, as local parts compare, and with that of every other letter:
/// <see cref="StringComparer.OrdinalIgnoreCase"/> takes µ for μ and ς for σ, which are different mailboxes.
/// </summary>
internal sealed class AsciiCaseComparer : IEqualityComparer<string>
{
    public static AsciiCaseComparer Instance { get; } = new();

    public bool Equals(string? x, string? y)
    {
        if (x is null || y is null || x.Length != y.Length)
            return ReferenceEquals(x, y);
        for (var i = 0; i < x.Length; i++)
        {
            if (x[i] != y[i] && Lower(x[i]) != Lower(y[i]))
                return false;
        }

        return true;
    }

    public int GetHashCode(string obj)
    {
        var hash = new HashCode();
        foreach (var c in obj)
            hash.Add(Lower(c));
        return hash.ToHashCode();
    }

    /// <summary>Makes A to Z lower case, and changes nothing else.</summary>
    public static string Lower(string text) => string.Create(text.Length, text, static (lower, text) =>
    {
        for (var i = 0; i < text.Length; i++)
            lower[i] = Lower(text[i]);
    });

    private static char Lower(char c) => char.IsAsciiLetterUpper(c) ? (char)(c | 0x20) : c;
}
