using System.Buffers;
using System.Text;

namespace Milter.Testing;

/// <summary>One message on its way through a filter.</summary>
internal sealed class MtaTransaction(MilterClient client, MtaKind kind, MtaMessage message, CancellationToken cancellationToken)
{
    private readonly MtaHeaders headers = MtaHeaders.Of(kind, message.Headers);
    private readonly List<EnvelopeAddress> recipients = [.. message.Recipients.Select(address => new EnvelopeAddress(address))];
    private readonly List<MilterResponseFrame> frames = [];
    private EnvelopeAddress sender = new(message.Sender);
    private MemoryStream? newBody;
    private bool newBodyEnded;
    private bool bodyWasSent;
    private string? quarantineReason;

    private MilterSteps Steps => client.Agreed.Steps;

    /// <summary>Tells about the client; a result when the filter refuses it.</summary>
    public async Task<MtaResult?> GreetAsync()
    {
        await MacrosAsync(MilterCommand.Connect, new()
        {
            ["j"] = "mail.example.org", ["daemon_name"] = "mail.example.org",
            ["v"] = kind == MtaKind.Postfix ? "Postfix 3.7.11" : "8.17.1.9",
            ["_"] = $"{message.ClientName} [{message.ClientAddress}]",
        }).ConfigureAwait(false);
        var info = MilterClient.ClientInfo(message.ClientName, message.ClientAddress, port: 40000);
        return await StepAsync(MilterCommand.Connect, info, MilterSteps.NoConnect, MilterSteps.NoReplyConnect).ConfigureAwait(false)
            ?? await StepAsync(MilterCommand.Helo, MilterClient.Strings(message.Helo), MilterSteps.NoHelo, MilterSteps.NoReplyHelo).ConfigureAwait(false);
    }

    public async Task<MtaResult> SendAsync() =>
        await EnvelopeAsync().ConfigureAwait(false)
        ?? await HeadersAsync().ConfigureAwait(false)
        ?? await BodyAsync().ConfigureAwait(false)
        ?? await EndAsync().ConfigureAwait(false);

    private async Task<MtaResult?> EnvelopeAsync()
    {
        await MacrosAsync(MilterCommand.Mail, MailMacros()).ConfigureAwait(false);
        var mail = MilterClient.Strings($"<{message.Sender}>");
        if (await StepAsync(MilterCommand.Mail, mail, MilterSteps.NoMail, MilterSteps.NoReplyMail).ConfigureAwait(false) is { } refused)
            return refused;
        foreach (var address in message.Recipients)
        {
            // Postfix has a queue file, and so a queue id, only after it accepted a recipient.
            var hasId = kind == MtaKind.Sendmail || address != message.Recipients[0];
            await MacrosAsync(MilterCommand.Recipient, hasId ? new() { ["rcpt_addr"] = address, ["i"] = message.QueueId } : new() { ["rcpt_addr"] = address })
                .ConfigureAwait(false);
            var reply = await StepAsync(
                MilterCommand.Recipient, MilterClient.Strings($"<{address}>"), MilterSteps.NoRecipient, MilterSteps.NoReplyRecipient).ConfigureAwait(false);
            if (reply is not null)
                recipients.RemoveAll(recipient => recipient.Address == address);
            if (recipients.Count == 0)
                return reply;
        }
        if (client.Agreed.Version < 4)
            return null;
        await MacrosAsync(MilterCommand.Data, new() { ["i"] = message.QueueId }).ConfigureAwait(false);
        return await StepAsync(MilterCommand.Data, default, MilterSteps.NoData, MilterSteps.NoReplyData).ConfigureAwait(false);
    }

    private Dictionary<string, string> MailMacros()
    {
        var macros = new Dictionary<string, string> { ["mail_addr"] = message.Sender };
        if (message.AuthenticatedUser is { } user)
            (macros["auth_type"], macros["auth_authen"]) = ("PLAIN", user);
        if (kind == MtaKind.Sendmail)
            macros["i"] = message.QueueId;
        return macros;
    }

    private async Task<MtaResult?> HeadersAsync()
    {
        foreach (var header in message.Headers)
        {
            await MacrosAsync(MilterCommand.Header, new() { ["i"] = message.QueueId }).ConfigureAwait(false);
            var result = await StepAsync(
                MilterCommand.Header, client.Header(header), MilterSteps.NoHeaders, MilterSteps.NoReplyHeader).ConfigureAwait(false);
            if (result is not null)
                return result;
            if (skipped)
                break;
        }
        await MacrosAsync(MilterCommand.EndOfHeaders, new() { ["i"] = message.QueueId }).ConfigureAwait(false);
        return await StepAsync(MilterCommand.EndOfHeaders, default, MilterSteps.NoEndOfHeaders, MilterSteps.NoReplyEndOfHeaders).ConfigureAwait(false);
    }

    private async Task<MtaResult?> BodyAsync()
    {
        var size = client.Agreed.MaxBodyChunk;
        for (var at = 0; at < message.Body.Length; at += size)
        {
            await MacrosAsync(MilterCommand.Body, new() { ["i"] = message.QueueId }).ConfigureAwait(false);
            var chunk = message.Body.Slice(at, Math.Min(size, message.Body.Length - at));
            bodyWasSent |= !Steps.HasFlag(MilterSteps.NoBody);
            if (await StepAsync(MilterCommand.Body, chunk, MilterSteps.NoBody, MilterSteps.NoReplyBody).ConfigureAwait(false) is { } result)
                return result;
            if (skipped)
                break;
        }
        return null;
    }

    private async Task<MtaResult> EndAsync()
    {
        await MacrosAsync(MilterCommand.EndOfMessage, new() { ["i"] = message.QueueId }).ConfigureAwait(false);
        await client.SendAsync(MilterCommand.EndOfMessage, default, cancellationToken).ConfigureAwait(false);
        while (true)
        {
            var frame = await client.ReceiveAsync(cancellationToken).ConfigureAwait(false);
            frames.Add(frame);
            if (Apply(frame))
                continue;
            return Verdict(frame, atEnd: true) ?? throw new MilterProtocolException($"{frame.Response} ends no message");
        }
    }

    /// <summary>Sends one command; a result when the reply ends the message.</summary>
    private async Task<MtaResult?> StepAsync(MilterCommand command, ReadOnlyMemory<byte> payload, MilterSteps leftOut, MilterSteps noReply)
    {
        skipped = false;
        if (Steps.HasFlag(leftOut))
            return null;
        await client.SendAsync(command, payload, cancellationToken).ConfigureAwait(false);
        if (Steps.HasFlag(noReply))
            return null;
        var frame = await client.ReceiveAsync(cancellationToken).ConfigureAwait(false);
        frames.Add(frame);
        skipped = frame.Response == MilterResponse.Skip;
        return skipped ? null : Verdict(frame, atEnd: false);
    }

    private bool skipped;

    private Task MacrosAsync(MilterCommand command, Dictionary<string, string> macros) =>
        client.SendMacrosAsync(command, macros, cancellationToken);

    private MtaResult? Verdict(MilterResponseFrame frame, bool atEnd) => frame.Response switch
    {
        MilterResponse.Continue when !atEnd => null,
        MilterResponse.Continue or MilterResponse.Accept => Result(quarantineReason is null ? MtaVerdict.Accepted : MtaVerdict.Quarantined),
        MilterResponse.Reject => Result(MtaVerdict.Rejected),
        MilterResponse.TempFail or MilterResponse.Shutdown => Result(MtaVerdict.TempFailed),
        MilterResponse.Discard => Result(MtaVerdict.Discarded),
        MilterResponse.ReplyCode => Result(frame.Payload.Span[0] == '4' ? MtaVerdict.TempFailed : MtaVerdict.Rejected) with
        {
            Reply = frame.Text.Replace("%%", "%", StringComparison.Ordinal),
        },
        _ => throw new MilterProtocolException($"{frame.Response} is not a reply here"),
    };

    private MtaResult Result(MtaVerdict verdict) => new()
    {
        Verdict = verdict,
        QuarantineReason = quarantineReason,
        Headers = headers.Fields,
        Body = newBody?.ToArray() ?? message.Body,
        Sender = sender,
        Recipients = recipients,
        Frames = frames,
        BodyWasSent = bodyWasSent,
    };

    /// <summary>Applies a change; false when the frame is none.</summary>
    private bool Apply(MilterResponseFrame frame)
    {
        var reader = new PayloadReader(new ReadOnlySequence<byte>(frame.Payload));
        newBodyEnded |= newBody is not null && frame.Response != MilterResponse.ReplaceBody;
        switch (frame.Response)
        {
            case MilterResponse.Progress:
                return true;
            case MilterResponse.AddHeader:
                headers.Add(ReadHeader(ref reader));
                return true;
            case MilterResponse.InsertHeader:
                headers.Insert(reader.ReadUInt32(), ReadHeader(ref reader));
                return true;
            case MilterResponse.ChangeHeader:
                headers.Change(reader.ReadUInt32(), ReadHeader(ref reader, deletes: true));
                return true;
            case MilterResponse.ReplaceBody:
                if (newBodyEnded || frame.Payload.Length > client.Agreed.MaxBodyChunk)
                    throw new MilterProtocolException("a new body whose chunks do not follow one another, or are too large");
                (newBody ??= new MemoryStream()).Write(frame.Payload.Span);
                return true;
            case MilterResponse.ChangeSender:
                sender = ReadAddress(ref reader);
                return true;
            case MilterResponse.AddRecipient or MilterResponse.AddRecipientWithParameters:
                recipients.Add(ReadAddress(ref reader));
                return true;
            case MilterResponse.DeleteRecipient:
                var address = ReadAddress(ref reader).Address;
                recipients.RemoveAll(recipient => recipient.Address == address);
                return true;
            case MilterResponse.Quarantine:
                quarantineReason = reader.ReadString();
                return true;
            default:
                return false;
        }
    }

    // Without HDR_LEADSPC the MTA writes the space after the colon.
    private MilterHeader ReadHeader(ref PayloadReader reader, bool deletes = false)
    {
        var name = reader.ReadBytes().ToArray();
        var value = reader.ReadBytes().ToArray();
        var writesSpace = !Steps.HasFlag(MilterSteps.HeaderLeadingSpace) && !(deletes && value.Length == 0);
        return new MilterHeader(name, writesSpace ? [(byte)' ', .. value] : value);
    }

    private static EnvelopeAddress ReadAddress(ref PayloadReader reader)
    {
        var path = reader.ReadString();
        var parameters = reader.AtEnd ? [] : reader.ReadString().Split(' ');
        return new EnvelopeAddress(path.Trim('<', '>'), parameters);
    }
}
