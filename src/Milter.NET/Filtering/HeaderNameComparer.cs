namespace Milter;

/// <summary>Compares the names of header fields as MTAs do: the letters A to Z without case, all else as
/// bytes.</summary>
internal sealed class HeaderNameComparer : IEqualityComparer<ReadOnlyMemory<byte>>
{
    public static readonly HeaderNameComparer Instance = new();

    public bool Equals(ReadOnlyMemory<byte> x, ReadOnlyMemory<byte> y)
    {
        var left = x.Span;
        var right = y.Span;
        if (left.Length != right.Length)
            return false;
        for (var i = 0; i < left.Length; i++)
        {
            if (Upper(left[i]) != Upper(right[i]))
                return false;
        }
        return true;
    }

    public int GetHashCode(ReadOnlyMemory<byte> name)
    {
        var hash = new HashCode();
        foreach (var letter in name.Span)
            hash.Add(Upper(letter));
        return hash.ToHashCode();
    }

    private static byte Upper(byte letter) => letter is >= (byte)'a' and <= (byte)'z' ? (byte)(letter - 0x20) : letter;
}
