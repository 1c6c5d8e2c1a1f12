using System.Buffers;
using Microsoft.Extensions.Logging;

namespace Milter;

/// <summary>
/// Asks the handler of a connection, command by command. Its exceptions are logged and become a temporary failure of the
/// message; at CONNECT and HELO, of all messages of that client.
/// </summary>
internal sealed class GuardedHandler(
    MilterHandler handler, MilterContext context, ILogger log, CancellationToken lifetime)
{
    private bool hasFailedForAll;

    public MilterHandler Handler => handler;

    /// <summary>Whether the message fails, and is not asked about any more.</summary>
    public bool HasFailed { get; private set; }

    /// <summary>Asks about a command before the end of a message.</summary>
    /// <param name="command">The command.</param>
    /// <param name="payload">What came with it.</param>
    /// <param name="silent">Whether no reply is sent: then only Continue is possible.</param>
    public async ValueTask<MilterReply> AskAsync(MilterCommand command, ReadOnlySequence<byte> payload, bool silent)
    {
        if (HasFailed)
            return MilterReply.TempFail;
        try
        {
            return Checked(await CallAsync(command, payload).ConfigureAwait(false), command, silent);
        }
        catch (Exception e) when (IsFailure(e))
        {
            return Fail(e, command);
        }
    }

    /// <summary>Asks at the end of a message. Exceptions are the caller's to handle: it also sees timeouts and a peer that has
    /// gone.</summary>
    public async Task<MilterReply> AskLastAsync(ReadOnlySequence<byte> payload, MilterChanges changes)
    {
        // libmilter takes a last body chunk in this frame, so an MTA may put one there.
        if (!payload.IsEmpty)
        {
            var reply = await handler.BodyAsync(context, payload, lifetime).ConfigureAwait(false);
            if (reply.IsFinal)
                return Checked(reply, MilterCommand.EndOfMessage, silent: false);
        }
        var last = await handler.EndOfMessageAsync(context, changes, lifetime).ConfigureAwait(false);
        return Checked(last, MilterCommand.EndOfMessage, silent: false);
    }

    /// <summary>Tells a failure of the handler from one of the peer and from the end of the connection.</summary>
    public bool IsFailure(Exception e) =>
        e is not MilterProtocolException && !(e is OperationCanceledException && lifetime.IsCancellationRequested);

    /// <summary>Logs a failure of the handler, and lets the message fail.</summary>
    public MilterReply Fail(Exception e, MilterCommand command)
    {
        log.HandlerFailed(e, context.Peer, context.LogId, command.Name());
        HasFailed = true;
        hasFailedForAll |= command is MilterCommand.Connect or MilterCommand.Helo;
        return MilterReply.TempFail;
    }

    /// <summary>Ends the message in progress.</summary>
    public void EndMessage()
    {
        handler.Reset();
        HasFailed = hasFailedForAll;
    }

    /// <summary>Ends the MTA's client, whose message has ended before.</summary>
    public void EndClient()
    {
        handler.Close();
        HasFailed = hasFailedForAll = false;
    }

    /// <summary>Ends the handler with its connection; it never throws.</summary>
    public void End(bool isInMessage)
    {
        try
        {
            if (isInMessage)
                handler.Reset();
            handler.Close();
        }
        catch (Exception e)
        {
            log.SessionFailed(e, context.Peer, context.LogId);
        }
        try
        {
            (handler as IDisposable)?.Dispose();
        }
        catch (Exception e)
        {
            log.SessionFailed(e, context.Peer, context.LogId);
        }
    }

    private async ValueTask<MilterReply> CallAsync(MilterCommand command, ReadOnlySequence<byte> payload) =>
        command switch
        {
            MilterCommand.Connect => await handler.ConnectAsync(context, lifetime).ConfigureAwait(false),
            MilterCommand.Helo => await handler.HeloAsync(context, lifetime).ConfigureAwait(false),
            MilterCommand.Mail =>
                await handler.MailAsync(context, EnvelopeAddress.Parse(payload), lifetime).ConfigureAwait(false),
            MilterCommand.Recipient =>
                await handler.RecipientAsync(context, EnvelopeAddress.Parse(payload), lifetime).ConfigureAwait(false),
            MilterCommand.Data => await handler.DataAsync(context, lifetime).ConfigureAwait(false),
            MilterCommand.Header =>
                await handler.HeaderAsync(context, ParseHeader(payload), lifetime).ConfigureAwait(false),
            MilterCommand.EndOfHeaders => await handler.EndOfHeadersAsync(context, lifetime).ConfigureAwait(false),
            MilterCommand.Body => await handler.BodyAsync(context, payload, lifetime).ConfigureAwait(false),
            _ => await handler.UnknownAsync(context, new PayloadReader(payload).ReadString(), lifetime)
                .ConfigureAwait(false),
        };

    // With HDR_LEADSPC the value comes as it is in the message; without it the MTA has left out one space, which is put back
    // in the place of the NUL.
    private MilterHeader ParseHeader(in ReadOnlySequence<byte> payload)
    {
        var bytes = payload.ToArray().AsMemory();
        var name = bytes.Span.IndexOf((byte)0);
        var length = bytes.Span[(name + 1)..].IndexOf((byte)0);
        if (name < 0 || length < 0)
            throw PayloadReader.Unterminated();
        if (name == 0)
            throw new MilterProtocolException("a header field without a name");
        if (context.Negotiation.Steps.HasFlag(MilterSteps.HeaderLeadingSpace))
            return new MilterHeader(bytes[..name], bytes.Slice(name + 1, length));
        bytes.Span[name] = (byte)' ';
        return new MilterHeader(bytes[..name], bytes.Slice(name, length + 1));
    }

    private MilterReply Checked(MilterReply reply, MilterCommand command, bool silent)
    {
        var isLegal = reply.Response switch
        {
            MilterResponse.Continue => true,
            _ when silent => false,
            MilterResponse.Skip => context.Negotiation.Steps.HasFlag(MilterSteps.Skip)
                && command is MilterCommand.Header or MilterCommand.Body,
            MilterResponse.Discard =>
                command is not (MilterCommand.Connect or MilterCommand.Helo or MilterCommand.Unknown),
            _ => true,
        };
        return isLegal ? reply : throw new InvalidOperationException(
            $"The handler's reply '{reply}' is not possible for {command.Name()} as it was negotiated.");
    }
}
