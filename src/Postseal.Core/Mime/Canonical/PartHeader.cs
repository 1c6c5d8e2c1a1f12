using System.Security.Cryptography;
using System.Text;
using Postseal.Mail;

namespace Postseal.Mime.Canonical;

/// <summary>What is inside a part.</summary>
internal enum PartKind
{
    /// <summary>Content without parts of its own.</summary>
    Leaf,

    /// <summary>A multipart to look into.</summary>
    Multipart,

    /// <summary>A multipart/signed, whose first part must not change in a byte.</summary>
    SignedMultipart,

    /// <summary>A message to look into.</summary>
    Message,

    /// <summary>A piece of a message, which must not change in a byte.</summary>
    Fragment,
}

/// <summary>The header of a part: what it says of the content, and how it is written.</summary>
internal sealed class PartHeader
{
    private const string TransferEncodingName = "Content-Transfer-Encoding";

    // Read once, and not for each of a million parts without a header.
    private static readonly ContentType TextType = ContentType.Parse("text/plain"u8)!;
    private static readonly ContentType MessageType = ContentType.Parse("message/rfc822"u8)!;

    private readonly List<HeaderField> fields;
    private readonly Stretch lines;
    private ContentType? type;
    private string encoding = "7bit";
    private bool changed;

    // No empty line comes before the content.
    private bool lacksEnd;

    // Of a Content-Type that only some readers take for a multipart, or not all find the same boundary in.
    private bool isNearMultipart;
    private bool hasDoubtfulBoundary;

    private PartHeader(List<HeaderField> fields, Stretch lines, bool isMessage, string defaultType, bool changed)
    {
        (this.fields, this.lines, IsMessage, this.changed) = (fields, lines, isMessage, changed);
        var typeField = fields.FindIndex(f => f.Is("Content-Type"));
        HasContentType = typeField >= 0;
        type = HasContentType
            ? ContentType.Parse(fields[typeField].Value.Span)
            : (defaultType == "message/rfc822" ? MessageType : TextType);
        if (HasContentType && (type is null || type.Type == "multipart"))
            Distrust(fields[typeField].Value.Span);
        var encodingField = fields.FindIndex(f => f.Is(TransferEncodingName));
        if (encodingField < 0)
            return;
        var value = fields[encodingField].Value.Span;
        if (value.TrimStart(" \t\r\n"u8) is [(byte)'(', ..])
            return; // whatever follows the comment, no reader looks there
        encoding = ParameterParser.Parse(value, out _);
        IsEncodingClear = Ascii.EqualsIgnoreCase(value.Trim(" \t\r\n"u8), encoding);
    }

    /// <summary>Returns the header of the entity to be signed.</summary>
    public static PartHeader OfMessage(IEnumerable<HeaderField> contentFields)
    {
        var fields = contentFields.Select(HeaderRepair.WithSafeFolds).ToList();
        KeepFirst(fields, "Content-Type");
        KeepFirst(fields, TransferEncodingName);
        return new(fields, lines: default, isMessage: false, "text/plain", changed: true);
    }

    /// <summary>Returns the header of a part inside the body.</summary>
    /// <param name="fields">Its fields.</param>
    /// <param name="lines">Its lines, the empty one included.</param>
    /// <param name="hasEnd">Whether there was an empty line.</param>
    /// <param name="isMessage">Whether it is a whole message that starts here.</param>
    /// <param name="defaultType">What it is without Content-Type.</param>
    public static PartHeader OfPart(
        List<HeaderField> fields, Stretch lines, bool hasEnd, bool isMessage, string defaultType) =>
        new(fields, lines, isMessage, defaultType, changed: lines.Flaws != Flaws.None) { lacksEnd = !hasEnd };

    /// <summary>Determines whether it is fields and the empty line after them, nothing else, and none of them announces a message
    /// inside, or a multipart that is open already.</summary>
    public static bool IsHeaderOfLeaf(ReadOnlyMemory<byte> bytes, OpenMultiparts open)
    {
        var fields = HeaderBlock.Parse(bytes, out var length);
        if (fields.Count == 0 || length != bytes.Length || bytes.Span is not [.., (byte)'\n', (byte)'\r', (byte)'\n'])
            return false;
        var header = new PartHeader(fields, lines: default, isMessage: true, "text/plain", changed: false);
        return header.Kind != PartKind.Message && !header.IsHeaderText && !open.Contains(header.Boundary);
    }

    /// <summary>Gets whether a whole message starts with it, inside of another.</summary>
    public bool IsMessage { get; }

    public bool HasContentType { get; private set; }

    /// <summary>Gets whether it is text. A broken type is text/plain (RFC 2045 section 5.2); message types not looked into
    /// are lines of text.</summary>
    public bool IsText => type is null or { Type: "text" or "message" };

    public bool IsQuotedPrintable => encoding == "quoted-printable";

    public bool IsBase64 => encoding == "base64";

    /// <summary>Gets whether the encoding stands in its field alone. Where a parameter or a comment follows, which is not allowed
    /// (RFC 2045 section 6.1), some readers believe it and some do not.</summary>
    public bool IsEncodingClear { get; private set; } = true;

    /// <summary>Gets whether it is uuencoded, which readers decode though no standard has it.</summary>
    public bool IsUuencoded => encoding is "x-uuencode" or "uuencode" or "x-uue" or "uue";

    /// <summary>Gets whether it has an encoding of Usenet, which few readers of mail know.</summary>
    public bool IsYenc => encoding is "x-yenc" or "yenc";

    public bool IsEncoded => IsQuotedPrintable || IsBase64 || IsUuencoded || IsYenc;

    public ReadOnlyMemory<byte> Boundary => type?.Boundary ?? default;

    public PartKind Kind => type switch
    {
        { MediaType: "message/partial" } => PartKind.Fragment,
        { MediaType: "multipart/signed" } when !Boundary.IsEmpty => PartKind.SignedMultipart,
        { Type: "multipart" } when !Boundary.IsEmpty => PartKind.Multipart,
        {
            MediaType: "message/rfc822" or "message/rfc2822" or "message/global" or "message/news" or "message/external-body"
        } when !IsEncoded => PartKind.Message,
        _ => PartKind.Leaf,
    };

    /// <summary>Gets whether what turned out to be a leaf says that it has parts.</summary>
    public bool IsBrokenMultipart => isNearMultipart || type is { Type: "multipart" };

    /// <summary>Gets whether it is the header of some message, which is text to most readers and a message to some.</summary>
    public bool IsHeaderText =>
        !IsEncoded && type is { MediaType: "text/rfc822-headers" or "message/global-headers" };

    /// <summary>Gets what the parts of this multipart are without Content-Type (RFC 2046 section 5.1.5).</summary>
    public string DefaultPartType => type?.Subtype == "digest" ? "message/rfc822" : "text/plain";

    /// <summary>
    /// Calls 7bit what is 7bit now but labelled otherwise: Postfix goes by the label when it has to convert for a next
    /// hop without 8BITMIME.
    /// </summary>
    public void CorrectLabel()
    {
        if (encoding is "8bit" or "binary")
            SetTransferEncoding("7bit");
    }

    public void SetTransferEncoding(string value)
    {
        Set(TransferEncodingName, value, atTop: false);
        encoding = value;
        IsEncodingClear = true;
        // Content-* means something only in a MIME message (RFC 2045 section 4).
        if (IsMessage && !fields.Exists(f => f.Is("MIME-Version")))
            fields.Insert(0, new("MIME-Version", " 1.0"));
    }

    /// <summary>
    /// Calls text what has no usable type. The charset is told where the bytes tell it; else there is none, and the
    /// reader guesses as it did before.
    /// </summary>
    /// <param name="charset">What the content is read as: see <see cref="HeaderRepair.CharsetOf"/>.</param>
    public void SetTextType(string charset)
    {
        var isKnown = !IsEncoded && charset is ("us-ascii" or "utf-8");
        SetContentType(isKnown ? $"text/plain; charset={charset}" : "text/plain");
    }

    /// <summary>
    /// Takes another boundary when the one it has makes no delimiter that is 7bit and fits a line, or when readers differ
    /// about it.
    /// </summary>
    /// <param name="isAmbiguous">Whether its delimiters could be another multipart's.</param>
    /// <returns>The boundary to write.</returns>
    public ReadOnlyMemory<byte> WritableBoundary(bool isAmbiguous)
    {
        var boundary = Boundary;
        if (!isAmbiguous && !hasDoubtfulBoundary && Ascii.IsValid(boundary.Span)
            && boundary.Length + 4 <= LineScanner.MaxLineLength && !boundary.Span.ContainsAny("\0\r\n"u8))
            return boundary;
        // Made of the old one, so that the same message always gives the same bytes.
        var fresh = $"=_postseal_{Convert.ToHexStringLower(SHA256.HashData(boundary.Span)[..16])}";
        SetContentType(type!.WithBoundary(fresh));
        return Encoding.ASCII.GetBytes(fresh);
    }

    /// <summary>
    /// Leaves out the missing empty line where the content up to its first empty line is broken lines of the header, as some
    /// readers have it: a line of base64 does not break a header, and after an empty line all readers would decode it.
    /// </summary>
    public void LeaveBrokenLines(Stretch content)
    {
        if (IsBase64 && HasContentType && content.HasEmptyLine)
            lacksEnd = false;
    }

    /// <summary>Writes the header and the empty line after it.</summary>
    public void WriteTo(EntityOutput output)
    {
        if (!changed && !lacksEnd)
        {
            output.Append(lines.Start, lines.End);
            return;
        }
        foreach (var field in fields)
            HeaderRepair.Write(field, output);
        output.Write("\r\n"u8);
    }

    private void Distrust(ReadOnlySpan<byte> typeValue)
    {
        var start = typeValue.TrimStart(" \t\r\n"u8);
        isNearMultipart = type is null
            && Ascii.EqualsIgnoreCase(start[..Math.Min(start.Length, "multipart".Length)], "multipart"u8);
        hasDoubtfulBoundary = type is not null && !ParameterSyntax.IsPlain(typeValue);
    }

    private void SetContentType(string value)
    {
        Set("Content-Type", value, atTop: true);
        type = ContentType.Parse(Encoding.ASCII.GetBytes(value));
        HasContentType = true;
        isNearMultipart = hasDoubtfulBoundary = false;
    }

    private void Set(string name, string value, bool atTop)
    {
        changed = true;
        var field = new HeaderField(name, $" {value}");
        var index = fields.FindIndex(f => f.Is(name));
        if (index >= 0)
            fields[index] = field;
        else
            fields.Insert(atTop ? 0 : fields.Count, field);
        KeepFirst(fields, name);
    }

    private static void KeepFirst(List<HeaderField> fields, string name)
    {
        var found = false;
        fields.RemoveAll(field => field.Is(name) && (found || !(found = true)));
    }
}
