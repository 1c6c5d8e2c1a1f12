using MailKit.Net.Smtp;
using MimeKit;

namespace Postseal.MailKit;

/// <summary>
/// A message as the bytes that MailKit sends to a server with 8BITMIME (RFC 6152), as every MTA that has milters is one:
/// what the milter would see of it. From the same bytes the core makes the same signature, whatever this server can take.
/// </summary>
internal static class MessageBytes
{
    /// <summary>Text lines of SMTP (RFC 5321 section 4.5.3.1.6), without their line end.</summary>
    private const int MaxLineLength = 998;

    /// <summary>As MailKit writes where no options are given: without the fields that are not for the recipients.</summary>
    public static FormatOptions DefaultOptions { get; } = CreateDefaultOptions();

    // Changing the body of a message that carries one of these is left to whoever signed it: MailKit has the same rule.
    private static readonly HeaderId[] TransportSignatures =
        [HeaderId.DomainKeySignature, HeaderId.DkimSignature, HeaderId.ArcSeal];

    private static FormatOptions CreateDefaultOptions()
    {
        var options = FormatOptions.Default.Clone();
        options.HiddenHeaders.Add(HeaderId.Bcc);
        options.HiddenHeaders.Add(HeaderId.ResentBcc);
        options.HiddenHeaders.Add(HeaderId.ContentLength);
        return options;
    }

    /// <summary>How MailKit writes a message for a server of these capabilities.</summary>
    public static FormatOptions FormatFor(FormatOptions options, SmtpCapabilities capabilities)
    {
        ArgumentNullException.ThrowIfNull(options);
        if (!options.International || capabilities.HasFlag(SmtpCapabilities.UTF8))
            return options;
        var format = options.Clone();
        format.International = false;
        return format;
    }

    /// <summary>Writes a message without changing it, the fields that <paramref name="options"/> hides left out.</summary>
    public static ReadOnlyMemory<byte> Of(MimeMessage message, FormatOptions options, CancellationToken cancellationToken)
    {
        var format = options.Clone();
        format.NewLineFormat = NewLineFormat.Dos;
        format.EnsureNewLine = true;
        var isFinal = TransportSignatures.Any(message.Headers.Contains);
        if (isFinal)
            format.International = false;

        using var stream = new MemoryStream();
        Final(message, isFinal).WriteTo(format, stream, cancellationToken);
        return stream.GetBuffer().AsMemory(0, (int)stream.Length);
    }

    /// <summary>
    /// The message with the body to send: itself where nothing has to be done, else a copy. Writing, too, would add a
    /// missing MIME-Version to the message.
    /// </summary>
    private static MimeMessage Final(MimeMessage message, bool isFinal)
    {
        var body = message.Body is null || isFinal ? message.Body : Prepared(message.Body);
        return body == message.Body && message.Headers.Contains(HeaderId.MimeVersion)
            ? message
            : new MimeMessage(Clones(message.Headers)) { Body = body };
    }

    /// <summary>
    /// What <see cref="MimeEntity.Prepare"/> would make of an entity, made of copies: the parts that need a transfer
    /// encoding, and what they lie in. All else is shared.
    /// </summary>
    private static MimeEntity Prepared(MimeEntity entity) => entity switch
    {
        global::MimeKit.Cryptography.MultipartSigned => entity, // another encoding would break its signature
        Multipart multipart => Prepared(multipart),
        MessagePart part => Prepared(part),
        MimePart part => Prepared(part),
        _ => entity,
    };

    private static Multipart Prepared(Multipart multipart)
    {
        var parts = multipart.Select(Prepared).ToList();
        if (multipart.Boundary is not { } boundary || parts.SequenceEqual(multipart))
            return multipart;
        var copy = new Multipart(multipart.ContentType.MediaSubtype)
        {
            Boundary = boundary, Preamble = multipart.Preamble, Epilogue = multipart.Epilogue,
        };
        Replace(copy.Headers, multipart.Headers);
        parts.ForEach(copy.Add);
        return copy;
    }

    private static MessagePart Prepared(MessagePart part)
    {
        if (part.Message is not { Body: { } body } message)
            return part;
        var prepared = Prepared(body);
        if (prepared == body)
            return part;
        var copy = new MessagePart(part.ContentType.MediaSubtype)
        {
            Message = new MimeMessage(Clones(message.Headers)) { Body = prepared },
        };
        Replace(copy.Headers, part.Headers);
        return copy;
    }

    private static MimePart Prepared(MimePart part)
    {
        if (part.Content is null || part.ContentTransferEncoding
            is ContentEncoding.Base64 or ContentEncoding.QuotedPrintable or ContentEncoding.UUEncode)
        {
            return part;
        }

        var best = part.GetBestEncoding(EncodingConstraint.EightBit, MaxLineLength);
        var plain = best == ContentEncoding.SevenBit && part.ContentTransferEncoding == ContentEncoding.Default;
        if (plain || best == part.ContentTransferEncoding)
            return part;
        var copy = new MimePart(part.ContentType.MediaType, part.ContentType.MediaSubtype);
        Replace(copy.Headers, part.Headers);
        copy.Content = part.Content;
        copy.Prepare(EncodingConstraint.EightBit, MaxLineLength);
        return copy;
    }

    private static void Replace(HeaderList headers, HeaderList others)
    {
        headers.Clear();
        foreach (var header in Clones(others))
            headers.Add(header);
    }

    private static IEnumerable<Header> Clones(HeaderList headers) => headers.Select(header => header.Clone());
}
