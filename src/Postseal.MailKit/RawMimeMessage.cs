using System.Buffers;
using System.Runtime.InteropServices;
using MimeKit;
using MimeKit.IO;
using MimeKit.IO.Filters;
using Postseal.Mail;

using ContentType = MimeKit.ContentType;

namespace Postseal.MailKit;

/// <summary>
/// Makes a <see cref="MimeMessage"/> that is written as exactly the bytes it was made of, but for the line ends where the
/// options ask for LF.
/// </summary>
internal static class RawMimeMessage
{
    public static MimeMessage FromBytes(MailMessage message)
    {
        // Read as one block: MimeKit writes the fields of message and body in the order they were read in.
        using var block = new MemoryStream();
        new MailMessage(message.Headers, default).WriteTo(block);
        block.Position = 0;
        var headers = HeaderList.Load(block);
        // A value that was set as bytes is not folded or encoded anew, by no options.
        foreach (var header in headers)
            header.SetRawValue(header.RawValue);
        var fields = headers.ToLookup(IsOfBody);
        return new MimeMessage(fields[false]) { Body = new Entity(TypeOf(fields[true]), fields[true], message.Body) };
    }

    private static bool IsOfBody(Header header) => header.Field.StartsWith("Content-", StringComparison.OrdinalIgnoreCase);

    /// <summary>For those who look at the message; what is written is the field.</summary>
    private static ContentType TypeOf(IEnumerable<Header> headers) =>
        headers.FirstOrDefault(header => header.Id == HeaderId.ContentType) is { } field
        && ContentType.TryParse(field.RawValue, out var type)
            ? type
            : new ContentType("application", "octet-stream");

    /// <summary>A body that is written as bytes. It needs no preparation for any server: it is signed, so it is 7bit.</summary>
    private sealed class Entity : MimeEntity
    {
        private readonly ReadOnlySequence<byte> content;

        public Entity(ContentType type, IEnumerable<Header> headers, ReadOnlySequence<byte> content)
            : base(type)
        {
            this.content = content;
            Headers.Clear();
            foreach (var header in headers)
                Headers.Add(header);
        }

        public override void Prepare(EncodingConstraint constraint, int maxLineLength = 78)
        {
        }

        public override void WriteTo(
            FormatOptions options, Stream stream, bool contentOnly, CancellationToken cancellationToken = default)
        {
            base.WriteTo(options, stream, contentOnly, cancellationToken);
            using var lines = LinesTo(stream, options);
            foreach (var piece in content)
            {
                var bytes = MemoryMarshal.TryGetArray(piece, out var array) ? array : piece.ToArray();
                lines.Write(bytes.Array!, bytes.Offset, bytes.Count, cancellationToken);
            }

            lines.Flush(cancellationToken);
        }

        public override async Task WriteToAsync(
            FormatOptions options, Stream stream, bool contentOnly, CancellationToken cancellationToken = default)
        {
            await base.WriteToAsync(options, stream, contentOnly, cancellationToken).ConfigureAwait(false);
            using var lines = LinesTo(stream, options);
            foreach (var piece in content)
                await lines.WriteAsync(piece, cancellationToken).ConfigureAwait(false);
            await lines.FlushAsync(cancellationToken).ConfigureAwait(false);
        }

        /// <summary>For SMTP it changes nothing: what is signed has no line end but CRLF. A file may want LF throughout.</summary>
        private static FilteredStream LinesTo(Stream stream, FormatOptions options)
        {
            var lines = new FilteredStream(stream);
            lines.Add(options.NewLineFormat == NewLineFormat.Unix ? new Dos2UnixFilter() : new Unix2DosFilter());
            return lines;
        }
    }
}
