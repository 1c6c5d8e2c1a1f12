using System.Buffers;
using System.Text;
using Postseal.Mail;

namespace Postseal.Mime;

/// <summary>The header of a part, if all readers find the same in it.</summary>
/// <param name="Boundary">The boundary of a multipart; empty if it is not one.</param>
/// <param name="IsDigest">Whether its parts are messages unless they say otherwise (RFC 2046 section 5.1.5).</param>
/// <param name="IsMessage">Whether the part is a message, which is read too.</param>
/// <param name="Encoding">The transfer encoding: 7bit, 8bit, base64 or quoted-printable.</param>
internal sealed record CleanPartHeader(ReadOnlyMemory<byte> Boundary, bool IsDigest, bool IsMessage, string Encoding)
{
    /// <summary>Gets the bytes that no line of a header has: all but printable ASCII, space and TAB.</summary>
    public static readonly SearchValues<byte> NoHeaderBytes = SearchValues.Create(
        [.. Enumerable.Range(0, 256).Where(b => b is (< ' ' and not '\t') or > '~').Select(b => (byte)b)]);

    private const string TypeName = "Content-Type";
    private const string EncodingName = "Content-Transfer-Encoding";

    /// <summary>Reads the header of a part; <see langword="null"/> if readers may differ about it.</summary>
    /// <param name="fields">The fields.</param>
    /// <param name="isInDigest">Whether the part is in a multipart/digest.</param>
    /// <param name="problem">What is wrong with the header, as a clause, where it is not read.</param>
    public static CleanPartHeader? Read(IReadOnlyList<HeaderField> fields, bool isInDigest, out string? problem)
    {
        var types = fields.Where(field => field.Is(TypeName)).ToList();
        var encodings = fields.Where(field => field.Is(EncodingName)).ToList();
        problem = types.Count > 1 || encodings.Count > 1 ? "a header in it has fields from which readers choose differently" : null;
        var encoding = encodings is [var field, ..]
            ? System.Text.Encoding.Latin1.GetString(field.Value.Span.Trim(" \t\r\n"u8)).ToLowerInvariant()
            : "7bit";
        problem ??= encoding is "7bit" or "8bit" or "base64" or "quoted-printable"
            ? null
            : "it has a part that is binary, or in an encoding that nobody knows";
        if (problem is not null)
            return null;
        var value = types is [var typeField] ? typeField.Value : default;
        var type = ContentType.Parse(value.Span);
        var isPlain = encoding is "7bit" or "8bit";
        if (type is not { Type: "multipart" })
        {
            var isMessage = isPlain && IsMessageType(type?.MediaType ?? (isInDigest ? "message/rfc822" : ""));
            return new CleanPartHeader(default, IsDigest: false, isMessage, encoding);
        }

        problem = !ParameterSyntax.IsPlain(value.Span) || type.Boundary.IsEmpty
            ? "a multipart in it has a boundary that not all readers find"
            : !isPlain ? "a multipart in it is encoded, which some readers decode"
            : null;
        return problem is null ? new CleanPartHeader(type.Boundary, type.Subtype == "digest", IsMessage: false, encoding) : null;
    }

    private static bool IsMessageType(string mediaType) =>
        mediaType is "message/rfc822" or "message/rfc2822" or "message/global" or "message/news";
}
