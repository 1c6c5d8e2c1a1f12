using System.Text;

namespace Milter;

/// <summary>
/// One header field as it crosses the wire. Its value is all that follows the colon, the space after it included, with
/// folds as LF and white space (never CRLF) and without the line end.
/// </summary>
/// <param name="Name">The name as it was written, in bytes.</param>
/// <param name="Value">The value in bytes, usually beginning with a space.</param>
public readonly record struct MilterHeader(ReadOnlyMemory<byte> Name, ReadOnlyMemory<byte> Value)
{
    /// <summary>Makes a field from text, in UTF-8. The space after the colon is the value's first character.</summary>
    public MilterHeader(string name, string value)
        : this(Encoding.UTF8.GetBytes(name), Encoding.UTF8.GetBytes(value))
    {
    }

    /// <summary>Whether this is the field of that name; names compare without case (RFC 5322 section 1.2.2).</summary>
    public bool Is(string name) => Ascii.EqualsIgnoreCase(Name.Span, name);

    /// <summary>Whether both are the same bytes.</summary>
    public bool Equals(MilterHeader other) =>
        Name.Span.SequenceEqual(other.Name.Span) && Value.Span.SequenceEqual(other.Value.Span);

    /// <inheritdoc/>
    public override int GetHashCode()
    {
        var hash = new HashCode();
        hash.AddBytes(Name.Span);
        hash.AddBytes(Value.Span);
        return hash.ToHashCode();
    }

    /// <summary>The field as text, for logs of a program and for tests.</summary>
    public override string ToString() => $"{Encoding.UTF8.GetString(Name.Span)}:{Encoding.UTF8.GetString(Value.Span)}";

    internal bool HasNameOf(MilterHeader other) => Ascii.EqualsIgnoreCase(Name.Span, other.Name.Span);
}
