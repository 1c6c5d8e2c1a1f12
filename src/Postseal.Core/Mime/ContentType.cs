using System.Buffers;
using System.Text;
using System.Text.Unicode;

namespace Postseal.Mime;

/// <summary>A Content-Type field, read as mail readers do (RFC 2045 section 5, RFC 2231).</summary>
internal sealed class ContentType
{
    private readonly IReadOnlyList<FieldParameter> parameters;

    private ContentType(string type, string subtype, IReadOnlyList<FieldParameter> parameters)
    {
        Type = type;
        Subtype = subtype;
        this.parameters = parameters;
    }

    /// <summary>Gets the type in lower case, such as <c>multipart</c>.</summary>
    public string Type { get; }

    /// <summary>Gets the subtype in lower case, such as <c>signed</c>.</summary>
    public string Subtype { get; }

    /// <summary>Gets type and subtype in lower case, such as <c>multipart/signed</c>.</summary>
    public string MediaType => $"{Type}/{Subtype}";

    /// <summary>Gets what separates the parts of a multipart (RFC 2046 section 5.1.1), without the two dashes; empty
    /// when there is none.</summary>
    public ReadOnlyMemory<byte> Boundary
    {
        get
        {
            var value = Find("boundary")?.Value ?? default;
            // The grammar forbids white space at the end, and transport may strip it.
            return value[..value.Span.TrimEnd(" \t"u8).Length];
        }
    }

    /// <summary>Reads a field's value.</summary>
    /// <param name="fieldValue">What follows the colon, folds included.</param>
    /// <returns>Null when there is no type or no subtype; a reader then takes it for text/plain (RFC 2045 section
    /// 5.2).</returns>
    public static ContentType? Parse(ReadOnlySpan<byte> fieldValue)
    {
        var value = ParameterParser.Parse(fieldValue, out var parameters);
        return value.Split('/') is [{ Length: > 0 } type, { Length: > 0 } subtype]
            ? new(type, subtype, parameters)
            : null;
    }

    /// <summary>Returns the value of a parameter; null when there is none of that name.</summary>
    /// <param name="name">In lower case.</param>
    public string? Parameter(string name) => Find(name)?.Value is { } value
        ? (Utf8.IsValid(value.Span) ? Encoding.UTF8 : Encoding.Latin1).GetString(value.Span)
        : null;

    /// <summary>Returns the field's value with another boundary in it.</summary>
    internal string WithBoundary(string boundary)
    {
        var fresh = new FieldParameter("boundary", Encoding.ASCII.GetBytes(boundary), Charset: null);
        var output = new ArrayBufferWriter<byte>();
        ParameterWriter.Write(MediaType, parameters.Select(p => p.Name == fresh.Name ? fresh : p), output);
        return Encoding.ASCII.GetString(output.WrittenSpan);
    }

    private FieldParameter? Find(string name) => parameters.FirstOrDefault(p => p.Name == name);
}
