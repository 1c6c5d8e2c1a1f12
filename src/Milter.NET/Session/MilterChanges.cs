using System.Buffers;
using System.IO.Pipelines;
using System.Text;

namespace Milter;

/// <summary>Collects the changes to one message, to be sent with its last reply. Nothing is sent before, so a handler
/// that fails half-way leaves the message as it was.</summary>
/// <remarks>
/// Each method throws <see cref="InvalidOperationException"/> when the MTA did not agree to that action, and
/// <see cref="ArgumentException"/> for text that would change its meaning on the wire: a NUL, a line end without a fold
/// after it.
/// </remarks>
public sealed class MilterChanges
{
    // A small answer is one write; a large body is handed over as the MTA reads it.
    private const int FlushThreshold = 256 * 1024;

    private readonly ArrayBufferWriter<byte> frames = new();
    private readonly MilterNegotiation agreed;
    private ReadOnlySequence<byte>? body;

    internal MilterChanges(MilterNegotiation agreed) => this.agreed = agreed;

    /// <summary>Adds a field. Postfix puts it at the end; Sendmail before the first field of that name, deleted ones
    /// included, and at the end when there is none.</summary>
    public void AddHeader(MilterHeader header)
    {
        var frame = Begin(MilterResponse.AddHeader, MilterActions.AddHeaders);
        WriteHeader(frame, header);
        frame.End();
    }

    /// <summary>Inserts a field at an index that counts the MTA's own fields too. In Postfix, 0 is above its Received
    /// and 1 below it. Sendmail also counts the fields of its configuration and deleted ones; only 0, 1 and an index
    /// past the end, where both append, mean the same in both.</summary>
    public void InsertHeader(int index, MilterHeader header)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(index);
        var frame = Begin(MilterResponse.InsertHeader, MilterActions.AddHeaders);
        frame.WriteUInt32((uint)index);
        WriteHeader(frame, header);
        frame.End();
    }

    /// <summary>Changes the <paramref name="index"/>th field of the name, counted from 1, to a new value.</summary>
    /// <exception cref="ArgumentException">The value is empty on the wire, which would delete the field.</exception>
    public void ChangeHeader(int index, MilterHeader header)
    {
        if (IsEmptyOnTheWire(header))
            throw new ArgumentException(
                "A header field cannot be changed to an empty value: delete it and insert one.");
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(index);
        var frame = Begin(MilterResponse.ChangeHeader, MilterActions.ChangeHeaders);
        frame.WriteUInt32((uint)index);
        WriteHeader(frame, header);
        frame.End();
    }

    /// <summary>Deletes the <paramref name="index"/>th field of the name, counted from 1. In Postfix those after it
    /// move up, in Sendmail they do not: delete from the last to the first.</summary>
    public void DeleteHeader(int index, ReadOnlySpan<byte> name)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(index);
        var frame = Begin(MilterResponse.ChangeHeader, MilterActions.ChangeHeaders);
        frame.WriteUInt32((uint)index);
        frame.WriteString(Checked(name));
        frame.WriteString("");
        frame.End();
    }

    /// <summary>Replaces the whole body. Its memory is used until the reply is sent.</summary>
    /// <param name="newBody">The body with CRLF line ends.</param>
    public void ReplaceBody(ReadOnlySequence<byte> newBody)
    {
        Require(MilterActions.ChangeBody);
        body = newBody;
    }

    /// <summary>Changes the envelope sender and, if the new one has any, the parameters of the MAIL command. Postfix 3.3 and later takes RET
    /// and ENVID, ignores others with a warning in its log, and keeps parameters that are not given. Sendmail takes all parameters, and
    /// drops those that are not given, such as BODY.</summary>
    public void ChangeSender(EnvelopeAddress sender)
    {
        ArgumentNullException.ThrowIfNull(sender);
        var frame = Begin(MilterResponse.ChangeSender, MilterActions.ChangeSender);
        sender.Write(frame, withParameters: true);
        frame.End();
    }

    /// <summary>Adds a recipient; with parameters only if the MTA agreed to that.</summary>
    public void AddRecipient(EnvelopeAddress recipient)
    {
        ArgumentNullException.ThrowIfNull(recipient);
        var plain = recipient.Parameters.Count == 0;
        var frame = plain
            ? Begin(MilterResponse.AddRecipient, MilterActions.AddRecipients)
            : Begin(MilterResponse.AddRecipientWithParameters, MilterActions.AddRecipientsWithParameters);
        recipient.Write(frame, withParameters: !plain);
        frame.End();
    }

    /// <summary>Deletes a recipient, by the address as it came.</summary>
    public void DeleteRecipient(EnvelopeAddress recipient)
    {
        ArgumentNullException.ThrowIfNull(recipient);
        var frame = Begin(MilterResponse.DeleteRecipient, MilterActions.DeleteRecipients);
        recipient.Write(frame, withParameters: false);
        frame.End();
    }

    /// <summary>Quarantines the message: the MTA holds it for a person to look at.</summary>
    /// <param name="reason">The reason, as one line. Sendmail keeps it with the message; Postfix logs 100 bytes of it,
    /// and nothing before 3.10.</param>
    public void Quarantine(string reason)
    {
        ArgumentNullException.ThrowIfNull(reason);
        var frame = Begin(MilterResponse.Quarantine, MilterActions.Quarantine);
        frame.WriteString(new string([.. reason.Select(c => char.IsControl(c) ? ' ' : c)]));
        frame.End();
    }

    /// <summary>Determines whether a value looks like a deletion on the wire.</summary>
    internal bool IsEmptyOnTheWire(MilterHeader header) => OnTheWire(header.Value.Span).IsEmpty;

    /// <summary>Returns the changes for the log at level Trace.</summary>
    internal string ToTrace() => WireTrace.Of(frames.WrittenSpan) + (body is { } content ? $"b*{content.Length} " : "");

    /// <summary>Writes everything: the changes, the body, and the reply that ends the message.</summary>
    internal async ValueTask WriteAsync(PipeWriter output, MilterReply reply, Func<ValueTask> flush)
    {
        output.Write(frames.WrittenSpan);
        // Chunks follow one another: Postfix takes anything between two of them for the end of the new body.
        if (body is { } content)
            await WriteBodyAsync(output, content, flush).ConfigureAwait(false);
        reply.Write(output);
        await flush().ConfigureAwait(false);
    }

    private async ValueTask WriteBodyAsync(PipeWriter output, ReadOnlySequence<byte> content, Func<ValueTask> flush)
    {
        do
        {
            var chunk = content.Slice(0, Math.Min(content.Length, agreed.MaxBodyChunk));
            content = content.Slice(chunk.End);
            FrameWriter.Write(output, (byte)MilterResponse.ReplaceBody, chunk);
            if (output.UnflushedBytes >= FlushThreshold)
                await flush().ConfigureAwait(false);
        }
        while (!content.IsEmpty);
    }

    private FrameWriter Begin(MilterResponse response, MilterActions needed)
    {
        Require(needed);
        return new FrameWriter(frames, (byte)response);
    }

    private void Require(MilterActions needed)
    {
        if (!agreed.Actions.HasFlag(needed))
            throw new InvalidOperationException($"The MTA did not agree to {needed}: see its milter protocol version.");
    }

    private void WriteHeader(in FrameWriter frame, MilterHeader header)
    {
        frame.WriteString(Checked(header.Name.Span));
        var value = header.Value.Span;
        for (var i = value.IndexOf((byte)'\n'); i >= 0; i = Next(value, i))
        {
            if (i + 1 == value.Length || value[i + 1] is not ((byte)' ' or (byte)'\t'))
                throw new ArgumentException("A header value contains a line end without a fold after it.");
        }
        frame.WriteString(OnTheWire(value));

        static int Next(ReadOnlySpan<byte> value, int from)
        {
            var next = value[(from + 1)..].IndexOf((byte)'\n');
            return next < 0 ? next : from + 1 + next;
        }
    }

    // Without HDR_LEADSPC the MTA writes the space after the colon itself, as it removed the one that was there.
    private ReadOnlySpan<byte> OnTheWire(ReadOnlySpan<byte> value) =>
        !agreed.Steps.HasFlag(MilterSteps.HeaderLeadingSpace) && value is [(byte)' ', ..] ? value[1..] : value;

    // RFC 5322 section 3.6.8 allows less, but what came from the MTA must be deletable.
    private static ReadOnlySpan<byte> Checked(ReadOnlySpan<byte> name) =>
        name.IsEmpty || name.ContainsAny(":\r\n\0"u8)
            ? throw new ArgumentException($"'{Encoding.UTF8.GetString(name)}' is not the name of a header field.")
            : name;
}
