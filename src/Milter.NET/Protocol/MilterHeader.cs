using System.Buffers;
using System.Text;

namespace Milter;

/// <summary>Holds one header field as it crosses the wire. Its value is all that follows the colon, the space after it
/// included, with folds as LF and white space (never CRLF) and without the line end.</summary>
/// <param name="Name">The name as it was written, in bytes.</param>
/// <param name="Value">The value in bytes, usually beginning with a space.</param>
public readonly record struct MilterHeader(ReadOnlyMemory<byte> Name, ReadOnlyMemory<byte> Value)
{
    /// <summary>Creates a field from text, in UTF-8. The space after the colon is the value's first
    /// character.</summary>
    public MilterHeader(string name, string value)
        : this(Encoding.UTF8.GetBytes(name), Encoding.UTF8.GetBytes(value))
    {
    }

    /// <summary>Determines whether the field has that name; names are compared without case (RFC 5322 section
    /// 1.2.2).</summary>
    public bool Is(string name) => Ascii.EqualsIgnoreCase(Name.Span, name);

    /// <summary>Determines whether both fields are the same bytes.</summary>
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

    /// <summary>Returns the field as text, for logs of a program and for tests.</summary>
    public override string ToString() => $"{Encoding.UTF8.GetString(Name.Span)}:{Encoding.UTF8.GetString(Value.Span)}";

    /// <summary>Parses the payload of SMFIC_HEADER.</summary>
    /// <param name="payload">The payload; its bytes are copied.</param>
    /// <param name="agreed">With HDR_LEADSPC the value comes as it is in the message; without it the MTA has left out
    /// one space, which is put back in the place of the NUL.</param>
    /// <exception cref="MilterProtocolException">A NUL or the name is missing.</exception>
    internal static MilterHeader Parse(in ReadOnlySequence<byte> payload, MilterSteps agreed)
    {
        var bytes = payload.ToArray().AsMemory();
        var name = bytes.Span.IndexOf((byte)0);
        var length = bytes.Span[(name + 1)..].IndexOf((byte)0);
        if (name < 0 || length < 0)
            throw PayloadReader.Unterminated();
        if (name == 0)
            throw new MilterProtocolException("a header field without a name");
        if (agreed.HasFlag(MilterSteps.HeaderLeadingSpace))
            return new MilterHeader(bytes[..name], bytes.Slice(name + 1, length));
        bytes.Span[name] = (byte)' ';
        return new MilterHeader(bytes[..name], bytes.Slice(name, length + 1));
    }

    internal bool HasNameOf(MilterHeader other) => Ascii.EqualsIgnoreCase(Name.Span, other.Name.Span);
}
