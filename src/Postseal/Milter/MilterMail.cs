using System.Buffers;
using Milter;
using Postseal.Mail;

namespace Postseal.Program.Milter;

/// <summary>
/// The same message in the two languages: the milter protocol's, where a field is a name and a value folded with LF, and
/// the core's, where it is the bytes of RFC 5322 folded with CRLF.
/// </summary>
internal static class MilterMail
{
    public static MailMessage ToCore(MilterMessage message) =>
        new([.. message.Headers.Select(ToCore)], message.Body);

    /// <summary>Makes the decision that replaces the message with the core's. What the core left alone comes out the same, so
    /// the MTA gets no change for it.</summary>
    /// <param name="message">The message in the core's language.</param>
    /// <param name="came">The body that came: where it is the same, none is sent back.</param>
    public static MilterDecision ToDecision(MailMessage message, in ReadOnlySequence<byte> came = default) => MilterDecision.Replace(
        [.. message.Headers.Select(ToMilter)], IsSame(message.Body, came) ? null : message.Body);

    /// <summary>Determines whether it is the same memory, not whether it has the same bytes.</summary>
    private static bool IsSame(in ReadOnlySequence<byte> one, in ReadOnlySequence<byte> other) =>
        one.Start.Equals(other.Start) && one.End.Equals(other.End);

    private static HeaderField ToCore(MilterHeader header)
    {
        var lineEnds = header.Value.Span.Count((byte)'\n');
        var raw = new byte[header.Name.Length + 1 + header.Value.Length + lineEnds];
        header.Name.CopyTo(raw);
        raw[header.Name.Length] = (byte)':';
        var written = header.Name.Length + 1;
        var rest = header.Value.Span;
        for (var lf = rest.IndexOf((byte)'\n'); lf >= 0; lf = rest.IndexOf((byte)'\n'))
        {
            rest[..lf].CopyTo(raw.AsSpan(written));
            "\r\n"u8.CopyTo(raw.AsSpan(written + lf));
            written += lf + 2;
            rest = rest[(lf + 1)..];
        }

        rest.CopyTo(raw.AsSpan(written));
        return new HeaderField(raw, header.Name.Length);
    }

    private static MilterHeader ToMilter(HeaderField field)
    {
        var (name, value) = (field.Raw[..field.Name.Length], field.Value);
        if (value.Span.IndexOf("\r\n"u8) < 0)
            return new MilterHeader(name, value);

        var folded = new ArrayBufferWriter<byte>(value.Length);
        var rest = value.Span;
        for (var fold = rest.IndexOf("\r\n"u8); fold >= 0; fold = rest.IndexOf("\r\n"u8))
        {
            folded.Write(rest[..fold]);
            rest = rest[(fold + 1)..]; // the LF stays
        }

        folded.Write(rest);
        return new MilterHeader(name, folded.WrittenMemory);
    }
}
