using System.Buffers;

namespace Milter.Testing;

/// <summary>Sends one message through a filter.</summary>
internal sealed class MtaTransaction(
    MilterClient client, MtaKind kind, MtaMessage message, CancellationToken cancellationToken)
{
    private readonly MtaHeaders headers = MtaHeaders.Of(kind, message.Headers);
    private readonly List<EnvelopeAddress> recipients = [.. message.Recipients.Select(to => new EnvelopeAddress(to))];
    private readonly List<MilterResponseFrame> frames = [];
    private EnvelopeAddress sender = new(message.Sender, message.SenderParameters);
    private MemoryStream? newBody;
    private bool newBodyEnded;
    private bool bodyWasSent;
    private bool skipped;
    private string? quarantineReason;

    private MilterSteps Steps => client.Agreed.Steps;

    /// <summary>Announces the client; returns a result when the filter refuses it.</summary>
    public async Task<MtaResult?> GreetAsync()
    {
        var macros = new Dictionary<string, string>
        {
            ["j"] = "mail.example.org",
            ["v"] = kind == MtaKind.Postfix ? "Postfix 3.7.11" : "8.17.1.9",
            ["daemon_name"] = "mail.example.org",
            ["_"] = $"{message.ClientName} [{message.ClientAddress}]",
        };
        foreach (var (name, value) in message.Macros)
            macros[name] = value;
        await MacrosAsync(MilterCommand.Connect, macros).ConfigureAwait(false);
        var info = MilterClient.ClientInfo(message.ClientName, message.ClientAddress, port: 40000);
        var helo = MilterClient.Strings(message.Helo);
        return await StepAsync(MilterCommand.Connect, info).ConfigureAwait(false)
            ?? await StepAsync(MilterCommand.Helo, helo).ConfigureAwait(false);
    }

    public async Task<MtaResult> SendAsync() =>
        await ContentAsync().ConfigureAwait(false) ?? await EndAsync().ConfigureAwait(false);

    public async Task AbandonAsync()
    {
        _ = await ContentAsync().ConfigureAwait(false); // a verdict before the end means nothing to a client that is gone
        await client.SendAsync(MilterCommand.Abort, default, cancellationToken).ConfigureAwait(false);
    }

    private async Task<MtaResult?> ContentAsync() =>
        await SenderAsync().ConfigureAwait(false)
        ?? await RecipientsAsync().ConfigureAwait(false)
        ?? await HeadersAsync().ConfigureAwait(false)
        ?? await BodyAsync().ConfigureAwait(false);

    private async Task<MtaResult?> SenderAsync()
    {
        var macros = kind == MtaKind.Sendmail ? QueueId() : [];
        macros["mail_addr"] = message.Sender;
        if (message.AuthenticatedUser is { } user)
            (macros["auth_type"], macros["auth_authen"]) = ("PLAIN", user);
        await MacrosAsync(MilterCommand.Mail, macros).ConfigureAwait(false);
        return await StepAsync(MilterCommand.Mail, MilterClient.Strings([$"<{message.Sender}>", .. message.SenderParameters]))
            .ConfigureAwait(false);
    }

    private async Task<MtaResult?> RecipientsAsync()
    {
        foreach (var address in message.Recipients)
        {
            // Postfix has a queue file, and so a queue id, only after it accepted a recipient.
            var macros = kind == MtaKind.Sendmail || address != message.Recipients[0] ? QueueId() : [];
            macros["rcpt_addr"] = address;
            macros["rcpt_mailer"] = message.Mailers.GetValueOrDefault(address, kind == MtaKind.Sendmail ? "esmtp" : "smtp");
            await MacrosAsync(MilterCommand.Recipient, macros).ConfigureAwait(false);
            var path = MilterClient.Strings($"<{address}>");
            var refused = await StepAsync(MilterCommand.Recipient, path).ConfigureAwait(false);
            if (refused is not null)
                recipients.RemoveAll(recipient => recipient.Address == address);
            if (recipients.Count == 0)
                return refused;
        }
        if (client.Agreed.Version < 4)
            return null;
        await MacrosAsync(MilterCommand.Data, QueueId()).ConfigureAwait(false);
        return await StepAsync(MilterCommand.Data).ConfigureAwait(false);
    }

    private async Task<MtaResult?> HeadersAsync()
    {
        foreach (var header in message.Headers)
        {
            await MacrosAsync(MilterCommand.Header, QueueId()).ConfigureAwait(false);
            if (await StepAsync(MilterCommand.Header, client.Header(header)).ConfigureAwait(false) is { } result)
                return result;
            if (skipped)
                break;
        }
        await MacrosAsync(MilterCommand.EndOfHeaders, QueueId()).ConfigureAwait(false);
        return await StepAsync(MilterCommand.EndOfHeaders).ConfigureAwait(false);
    }

    private async Task<MtaResult?> BodyAsync()
    {
        var size = client.Agreed.MaxBodyChunk;
        for (var at = 0; at < message.Body.Length; at += size)
        {
            await MacrosAsync(MilterCommand.Body, QueueId()).ConfigureAwait(false);
            var chunk = message.Body.Slice(at, Math.Min(size, message.Body.Length - at));
            bodyWasSent |= !Steps.HasFlag(MilterSteps.NoBody);
            if (await StepAsync(MilterCommand.Body, chunk).ConfigureAwait(false) is { } result)
                return result;
            if (skipped)
                break;
        }
        return null;
    }

    private async Task<MtaResult> EndAsync()
    {
        await MacrosAsync(MilterCommand.EndOfMessage, QueueId()).ConfigureAwait(false);
        await client.SendAsync(MilterCommand.EndOfMessage, default, cancellationToken).ConfigureAwait(false);
        while (true)
        {
            var frame = await client.ReceiveAsync(cancellationToken).ConfigureAwait(false);
            frames.Add(frame);
            if (Apply(frame))
                continue;
            return Verdict(frame, atEnd: true)
                ?? throw new MilterProtocolException($"{frame.Response} ends no message");
        }
    }

    /// <summary>Sends one command, if it is wanted; returns a result when its reply ends the message.</summary>
    private async Task<MtaResult?> StepAsync(MilterCommand command, ReadOnlyMemory<byte> payload = default)
    {
        skipped = false;
        var (leftOut, noReply) = StepsOf(command);
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

    private static (MilterSteps LeftOut, MilterSteps NoReply) StepsOf(MilterCommand command) => command switch
    {
        MilterCommand.Connect => (MilterSteps.NoConnect, MilterSteps.NoReplyConnect),
        MilterCommand.Helo => (MilterSteps.NoHelo, MilterSteps.NoReplyHelo),
        MilterCommand.Mail => (MilterSteps.NoMail, MilterSteps.NoReplyMail),
        MilterCommand.Recipient => (MilterSteps.NoRecipient, MilterSteps.NoReplyRecipient),
        MilterCommand.Data => (MilterSteps.NoData, MilterSteps.NoReplyData),
        MilterCommand.Header => (MilterSteps.NoHeaders, MilterSteps.NoReplyHeader),
        MilterCommand.EndOfHeaders => (MilterSteps.NoEndOfHeaders, MilterSteps.NoReplyEndOfHeaders),
        MilterCommand.Body => (MilterSteps.NoBody, MilterSteps.NoReplyBody),
        _ => throw new ArgumentOutOfRangeException(nameof(command), command, "It is no step of a message."),
    };

    private Dictionary<string, string> QueueId() => new() { ["i"] = message.QueueId };

    private Task MacrosAsync(MilterCommand command, Dictionary<string, string> macros) =>
        client.SendMacrosAsync(command, macros, cancellationToken);

    private MtaResult? Verdict(MilterResponseFrame frame, bool atEnd) => frame.Response switch
    {
        MilterResponse.Continue when !atEnd => null,
        MilterResponse.Continue or MilterResponse.Accept =>
            Result(quarantineReason is null ? MtaVerdict.Accepted : MtaVerdict.Quarantined),
        MilterResponse.Reject => Result(MtaVerdict.Rejected),
        MilterResponse.TempFail or MilterResponse.Shutdown => Result(MtaVerdict.TempFailed),
        MilterResponse.Discard => Result(MtaVerdict.Discarded),
        MilterResponse.ReplyCode =>
            Result(frame.Payload.Span[0] == '4' ? MtaVerdict.TempFailed : MtaVerdict.Rejected) with
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

    /// <summary>Applies a change; returns false when the frame is none.</summary>
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
                    throw new MilterProtocolException(
                        "a new body whose chunks do not follow one another, or are too large");
                (newBody ??= new MemoryStream()).Write(frame.Payload.Span);
                return true;
            case MilterResponse.ChangeSender:
                sender = ChangedSender(ReadAddress(ref reader));
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

    // Postfix's cleanup_chg_from takes two of the parameters and keeps the others; Sendmail's milter_chgfrom drops all of them when it
    // gets any.
    private EnvelopeAddress ChangedSender(EnvelopeAddress changed)
    {
        if (kind == MtaKind.Sendmail)
            return changed.Parameters.Count > 0 ? changed : changed with { Parameters = sender.Parameters };
        var taken = changed.Parameters.Where(parameter => Name(parameter) is "RET" or "ENVID").ToList();
        return changed with
        {
            Parameters = [.. sender.Parameters.Where(kept => !taken.Exists(parameter => Name(parameter) == Name(kept))), .. taken],
        };

        static string Name(string parameter) => parameter.Split('=')[0].ToUpperInvariant();
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
