using MimeKit;
using MimeKit.Cryptography;

namespace Postseal.MailKit;

/// <summary>
/// Makes a message ready to be written to a server with 8BITMIME as <see cref="MimeMessage.Prepare"/> does, and takes all
/// of it back when disposed. Parts that need a transfer encoding are not changed themselves: others stand in for them.
/// A copy of the whole would not do: MimeKit keeps to itself how a message it read was spelt.
/// </summary>
internal sealed class TemporaryEncoding : IDisposable
{
    /// <summary>Text lines of SMTP (RFC 5321 section 4.5.3.1.6), without their line end.</summary>
    private const int MaxLineLength = 998;

    private readonly Stack<Action> undo = new();

    public void Prepare(MimeMessage message)
    {
        if (message.Body is not { } body)
            return;
        if (body.Headers.Count > 0 && !message.Headers.Contains(HeaderId.MimeVersion))
        {
            message.MimeVersion = new Version(1, 0);
            undo.Push(() => message.Headers.Remove(HeaderId.MimeVersion));
        }

        Put(body, prepared => message.Body = prepared);
    }

    public void Dispose()
    {
        while (undo.TryPop(out var step))
            step();
    }

    /// <summary>Prepares what lies in one place, which <paramref name="put"/> fills.</summary>
    private void Put(MimeEntity entity, Action<MimeEntity> put)
    {
        switch (entity)
        {
            case MultipartSigned:
                break; // another encoding would break the signature
            case Multipart multipart:
                for (var i = 0; i < multipart.Count; i++)
                {
                    var place = i;
                    Put(multipart[place], prepared => multipart[place] = prepared);
                }

                break;
            case MessagePart { Message: { } message }:
                Prepare(message);
                break;
            case MimePart part when NeedsEncoding(part):
                put(Substitute(part));
                undo.Push(() => put(part));
                break;
        }
    }

    private static bool NeedsEncoding(MimePart part)
    {
        var encoding = part.ContentTransferEncoding;
        if (part.Content is null
            || encoding is ContentEncoding.Base64 or ContentEncoding.QuotedPrintable or ContentEncoding.UUEncode)
        {
            return false;
        }

        var best = part.GetBestEncoding(EncodingConstraint.EightBit, MaxLineLength);
        return best != encoding && (best, encoding) != (ContentEncoding.SevenBit, ContentEncoding.Default);
    }

    /// <summary>Returns a part with the same header fields and content, but for the encoding.</summary>
    private MimePart Substitute(MimePart part)
    {
        var substitute = new MimePart(part.ContentType.MediaType, part.ContentType.MediaSubtype) { Content = part.Content };
        substitute.Headers.Clear();
        // The fields themselves and no copies of them, which would not know their places.
        foreach (var header in part.Headers)
        {
            if (header is { Id: HeaderId.ContentTransferEncoding, RawValue: [.., (byte)'\n'] value })
                undo.Push(() => header.SetRawValue(value));
            substitute.Headers.Add(header);
        }

        undo.Push(substitute.Headers.Clear);
        substitute.Prepare(EncodingConstraint.EightBit, MaxLineLength);
        return substitute;
    }
}
