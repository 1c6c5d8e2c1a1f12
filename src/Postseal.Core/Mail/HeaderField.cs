namespace Postseal.Mail;

/// <summary>
/// One header field as it came (RFC 5322 section 2.2): name, colon, body and the folds in it, but not the line end
/// that ends it. Lines inside it end with CRLF. It is never taken apart and put together again: what is not
/// changed goes out byte for byte.
/// </summary>
public readonly struct HeaderField : IEquatable<HeaderField>
{
    private readonly ReadOnlyMemory<byte> raw;
    private readonly int nameLength;

    /// <summary>Takes a field of which <paramref name="nameLength"/> bytes before the colon are the name.</summary>
    /// <param name="raw">The whole field, without its final line end. It is kept, not copied.</param>
    /// <param name="nameLength">The length of the name in bytes; the byte after it is the colon.</param>
    public HeaderField(ReadOnlyMemory<byte> raw, int nameLength)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(nameLength);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(nameLength, raw.Length);
        if (raw.Span[nameLength] != (byte)':')
            throw new ArgumentException("The byte after the name is not a colon.", nameof(nameLength));
        this.raw = raw;
        this.nameLength = nameLength;
    }

    /// <summary>Makes a field from an ASCII name and the text after the colon, usually with a leading space.</summary>
    public HeaderField(string name, string value)
        : this(System.Text.Encoding.UTF8.GetBytes($"{name}:{value}"), System.Text.Encoding.UTF8.GetByteCount(name))
    {
    }

    /// <summary>Gets the whole field: name, colon, body. No line end after it.</summary>
    public ReadOnlyMemory<byte> Raw => raw;

    /// <summary>Gets the name, as it was written; compare it with <see cref="Is"/>.</summary>
    public ReadOnlySpan<byte> Name => raw.Span[..nameLength];

    /// <summary>Gets all that follows the colon, the space after it and the folds included.</summary>
    public ReadOnlyMemory<byte> Value => raw[(nameLength + 1)..];

    /// <summary>Determines whether this is the field of that name; names compare without case (RFC 5322 section 1.2.2).</summary>
    public bool Is(string name) => System.Text.Ascii.EqualsIgnoreCase(Name.TrimEnd(" \t"u8), name);

    /// <summary>Gets whether it describes the content and moves with it: <c>Content-*</c> (RFC 2045 section 9).</summary>
    internal bool IsOfContent => System.Text.Ascii.EqualsIgnoreCase(Name[..Math.Min(nameLength, 8)], "Content-"u8);

    /// <inheritdoc/>
    public bool Equals(HeaderField other) => nameLength == other.nameLength && raw.Span.SequenceEqual(other.raw.Span);

    /// <inheritdoc/>
    public override bool Equals(object? obj) => obj is HeaderField other && Equals(other);

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(nameLength, raw.Length);

    /// <summary>Returns the field as text, for logs and tests.</summary>
    public override string ToString() => System.Text.Encoding.UTF8.GetString(raw.Span);

    /// <summary>Determines whether two fields are the same bytes.</summary>
    public static bool operator ==(HeaderField left, HeaderField right) => left.Equals(right);

    /// <summary>Determines whether two fields differ in a byte.</summary>
    public static bool operator !=(HeaderField left, HeaderField right) => !left.Equals(right);
}
