using System.Buffers;
using Postseal.Bytes;
using Postseal.Mail;

namespace Postseal.Mime.Canonical;

/// <summary>
/// The MIME entity to be signed (RFC 8551 section 3.1) and the header fields that stay outside of it.
/// </summary>
internal sealed record CanonicalEntity : Canonicalization
{
    private static readonly byte[] CrLf = "\r\n"u8.ToArray();

    private CanonicalEntity(ReadOnlySequence<byte> content, IReadOnlyList<HeaderField> outer, int contentTypeIndex) =>
        (Content, OuterHeaders, ContentTypeIndex) = (content, outer, contentTypeIndex);

    /// <summary>
    /// Gets the bytes to hash: the Content-* fields, an empty line, the body. All lines are 7bit, at most 998 octets long
    /// and end with CRLF, the last one too. Whatever did not change is shared with the message, not copied.
    /// </summary>
    public ReadOnlySequence<byte> Content { get; }

    /// <summary>Gets all fields that are not Content-*, byte for byte and in order, and exactly one MIME-Version.</summary>
    public IReadOnlyList<HeaderField> OuterHeaders { get; }

    /// <summary>Gets where in <see cref="OuterHeaders"/> the new Content-Type belongs: where the first Content-* field was,
    /// or the end.</summary>
    public int ContentTypeIndex { get; }

    /// <summary>
    /// Makes a message ready to be signed. What is 7bit already is left byte for byte, except that the preamble and the
    /// epilogue of the outermost multipart are dropped (Outlook rejects a signed entity with an epilogue), and so is white
    /// space behind a delimiter (Sendmail takes it away). Leaves with
    /// 8bit, NUL, bare CR or LF, overlong lines or a line that starts with "From " are encoded: text as quoted-printable, or
    /// base64 when it holds NUL or that is clearly shorter; all else as base64. Header fields inside are made 7bit with RFC 2047 and RFC 2231. A
    /// label of 8bit or binary on what is 7bit is corrected: a relay may go by the label and encode it again. An empty
    /// body becomes one CRLF, and a last line without an end gets one, as in transport.
    /// </summary>
    /// <remarks>
    /// <para>The message must not be protected already: that is not looked at here. A message without Content-
    /// Type gets one: text/plain with charset us-ascii or utf-8, or with none when it is neither, which leaves the
    /// reader to guess as before. Of several Content-Type or Content-Transfer-Encoding fields the first is kept, as
    /// readers do. In text, a bare CR or LF stays what it is, encoded; only in a text without one CRLF are the bare LFs
    /// its line ends.</para>
    /// <para>Some verifiers (MimeKit, JavaMail) hash what their parser makes of the entity, so its structure is made whole:
    /// a multipart whose last delimiter is missing gets it; one whose delimiter never comes, or that has no boundary, becomes
    /// text/plain, which shows what most readers show of it; of delimiters that follow one another at once one is kept;
    /// a part's header ends with an empty line. The first part of a multipart/signed is never changed, nor is a
    /// message/partial, so one that is not 7bit is a failure; so is what is nested over 100 deep and not 7bit, yEnc
    /// that is not 7bit, and a header of over 10,000 lines or 1 MiB inside.</para>
    /// </remarks>
    /// <param name="message">The message.</param>
    /// <param name="maxLength">The most bytes that <see cref="Content"/> may have.</param>
    public static Canonicalization Create(MailMessage message, long maxLength = long.MaxValue) =>
        Create(message, maxLength, leavesUnencodable: false);

    /// <summary>
    /// Makes a message ready to be signed in the opaque form, where base64 carries the entity: what is not 7bit and cannot be
    /// made so is left as it is (RFC 8551 section 3.1.2), and no failure.
    /// </summary>
    /// <inheritdoc cref="Create(MailMessage, long)" path="/param"/>
    public static Canonicalization CreateOpaque(MailMessage message, long maxLength = long.MaxValue) =>
        Create(message, maxLength, leavesUnencodable: true);

    /// <summary>Takes the entity of a message as it is, since a signature covers these bytes.</summary>
    public static CanonicalEntity AsItIs(MailMessage message)
    {
        var content = new ByteRope();
        foreach (var field in message.Headers.Where(header => header.IsOfContent))
            content.Append(field.Raw).Append(CrLf);
        content.Append(CrLf).Append(message.Body);
        var outer = OuterFields(message.Headers, out var contentTypeIndex);
        return new CanonicalEntity(content.ToSequence(), outer, contentTypeIndex);
    }

    private static Canonicalization Create(MailMessage message, long maxLength, bool leavesUnencodable)
    {
        var canonicalizer = new EntityCanonicalizer(new(message.Body), maxLength, leavesUnencodable);
        var content = canonicalizer.Run(PartHeader.OfMessage(message.Headers.Where(field => field.IsOfContent)));
        if (canonicalizer.IsOverLimit)
            return new CanonicalTooLong();
        if (canonicalizer.Failure is { } reason)
            return new CannotCanonicalize(reason);
        var outer = OuterFields(message.Headers, out var contentTypeIndex);
        return new CanonicalEntity(content, outer, contentTypeIndex);
    }

    /// <summary>Returns the fields outside, with others in the place of the Content-* fields that went in.</summary>
    internal IReadOnlyList<HeaderField> HeadersWith(params ReadOnlySpan<HeaderField> fields) =>
        [.. OuterHeaders.Take(ContentTypeIndex), .. fields, .. OuterHeaders.Skip(ContentTypeIndex)];

    private static List<HeaderField> OuterFields(IReadOnlyList<HeaderField> headers, out int contentTypeIndex)
    {
        var outer = new List<HeaderField>(headers.Count);
        var hasVersion = false;
        contentTypeIndex = -1;
        foreach (var field in headers)
        {
            if (field.IsOfContent)
            {
                if (contentTypeIndex < 0)
                    contentTypeIndex = outer.Count;
                continue;
            }
            var isVersion = field.Is("MIME-Version");
            if (!isVersion || !hasVersion)
                outer.Add(field);
            hasVersion |= isVersion;
        }
        if (contentTypeIndex < 0)
            contentTypeIndex = outer.Count;
        if (!hasVersion)
            outer.Insert(contentTypeIndex++, new("MIME-Version", " 1.0"));
        return outer;
    }
}
