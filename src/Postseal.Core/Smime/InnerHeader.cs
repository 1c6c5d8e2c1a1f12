using System.Buffers;
using System.Text;
using Postseal.Mail;
using Postseal.Mime;

namespace Postseal.Smime;

/// <summary>
/// What is taken from the header of an encrypted entity: its Content-* fields, one of each, written so that all readers read the same.
/// Nothing else is taken, as nobody knows who wrote it: a Received, an Authentication-Results or a second From from inside would be
/// mistaken for one that was checked outside.
/// </summary>
/// <param name="Fields">The fields, 7bit and in lines that SMTP carries; the names as they were written, without white space behind.</param>
/// <param name="Type">The media type; <see langword="null"/> for text (RFC 2045 section 5.2).</param>
/// <param name="HasDoubtfulBoundary">Whether some readers may find another boundary, or none.</param>
/// <param name="Length">How many bytes of the entity are its header.</param>
internal sealed record InnerHeader(IReadOnlyList<HeaderField> Fields, ContentType? Type, bool HasDoubtfulBoundary, int Length)
{
    public const string TypeName = "Content-Type";
    public const string EncodingName = "Content-Transfer-Encoding";

    // No honest header has a tenth of it.
    private const int MaxLength = 1 << 18;

    // Not a field of MIME: with some mailbox files it says where the next message starts.
    private const string LengthName = "Content-Length";

    /// <summary>Gets the transfer encoding in lower case.</summary>
    public string Encoding => Find(EncodingName) is { } encoding
        ? System.Text.Encoding.ASCII.GetString(encoding.Value.Span.Trim(" \t\r\n"u8)).ToLowerInvariant()
        : "7bit";

    /// <summary>Reads the header of an entity.</summary>
    /// <param name="entity">The entity, which need not have a header.</param>
    /// <param name="why">Why the fields cannot be written so, as a clause.</param>
    public static InnerHeader? Read(in ReadOnlySequence<byte> entity, out string? why)
    {
        var start = entity.Slice(0, Math.Min(entity.Length, MaxLength));
        var all = HeaderBlock.Parse(start.IsSingleSegment ? start.First : start.ToArray(), out var length);
        why = length == MaxLength && entity.Length > MaxLength ? "its inner header is longer than any" : null;
        if (why is not null)
            return null;
        var fields = new List<HeaderField>();
        var names = new HashSet<string>(StringComparer.OrdinalIgnoreCase);
        foreach (var field in all.Where(CanBeTaken))
        {
            // Some readers take the first of several, others the last: from here on there is one.
            var name = System.Text.Encoding.ASCII.GetString(field.Name.TrimEnd(" \t"u8));
            if (names.Add(name) && Repair(field, name.Length) is { } repaired)
                fields.Add(repaired);
        }

        return new InnerHeader(fields, null, false, length).WithClearType().WithClearEncoding(out why);
    }

    /// <summary>Returns the fields with one more, which replaces the field of its name, or comes last.</summary>
    public IReadOnlyList<HeaderField> With(string name, string value)
    {
        var field = new HeaderField(name, $" {value}");
        return Find(name) is null ? [.. Fields, field] : [.. Fields.Select(old => old.Is(name) ? field : old)];
    }

    public HeaderField? Find(string name) => Fields.Where(field => field.Is(name)).Cast<HeaderField?>().FirstOrDefault();

    private static bool CanBeTaken(HeaderField field) => field.IsOfContent && !field.Is(LengthName);

    private static HeaderField? Repair(HeaderField field, int nameLength)
    {
        byte[] raw = [.. field.Name[..nameLength], (byte)':', .. field.Value.Span];
        var output = new ArrayBufferWriter<byte>(raw.Length + 2);
        HeaderRepair.Write(HeaderRepair.WithSafeFolds(new HeaderField(raw, nameLength)), output);
        return HeaderBlock.Parse(output.WrittenMemory, out _) is [var repaired] ? repaired : null;
    }

    private InnerHeader WithClearType()
    {
        if (Find(TypeName) is not { } field)
            return this;
        var type = ContentType.Parse(field.Value.Span);
        if (ParameterSyntax.IsPlain(field.Value.Span))
            return this with { Type = type, HasDoubtfulBoundary = type is { Type: "multipart", Boundary.IsEmpty: true } };
        // For some readers it is a multipart, so its parts are encoded one by one, with a new boundary.
        var start = field.Value.Span.TrimStart(" \t\r\n"u8);
        if (Ascii.EqualsIgnoreCase(start[..Math.Min(start.Length, "multipart".Length)], "multipart"u8))
            return this with { Type = type, HasDoubtfulBoundary = true };
        var output = new ArrayBufferWriter<byte>();
        HeaderRepair.WriteParameters(field, output);
        // A type that cannot be read means text (RFC 2045 section 5.2).
        var clear = HeaderBlock.Parse(output.WrittenMemory, out _) is [var written] && ParameterSyntax.IsPlain(written.Value.Span)
            ? written
            : new HeaderField(TypeName, " text/plain");
        return this with { Type = type, Fields = [.. Fields.Select(old => old.Is(TypeName) ? clear : old)] };
    }

    private InnerHeader? WithClearEncoding(out string? why)
    {
        why = null;
        if (Find(EncodingName) is null)
            return this;
        if (Encoding.Length == 0 || System.Text.Encoding.ASCII.GetBytes(Encoding).AsSpan().ContainsAny(ParameterSyntax.TokenEnds))
        {
            why = "its inner Content-Transfer-Encoding is written so that readers decode different things";
            return null;
        }

        // Only these three may stand there (RFC 2045 section 6.4), but some readers decode whatever does.
        return Type is { Type: "multipart" } && Encoding is not ("7bit" or "8bit" or "binary")
            ? this with { Fields = [.. Fields.Where(field => !field.Is(EncodingName))] }
            : this;
    }
}
