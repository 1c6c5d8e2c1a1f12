using System.Buffers;
using Microsoft.Extensions.Logging;

namespace Milter;

/// <summary>
/// Asks the handler of a connection, command by command. What goes wrong in it is logged and becomes a temporary failure of
/// the message, of all messages of the client where it is at the client's own commands.
/// </summary>
internal sealed class GuardedHandler(
    MilterHandler handler, MilterContext context, ILogger log, CancellationToken lifetime)
{
    private bool hasFailedForAll;

    public MilterHandler Handler => handler;

    /// <summary>Whether the message fails, and is not asked about any more.</summary>
    public bool HasFailed { get; private set; }

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

    /// <summary>Asks at the end of a message, unguarded: whoever waits for it knows what to make of the time it takes.</summary>
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

    /// <summary>Whether it is the handler that failed, not the peer, nor that the connection has to end.</summary>
    public bool IsFailure(Exception e) =>
        e is not MilterProtocolException && !(e is OperationCanceledException && lifetime.IsCancellationRequested);

    public MilterReply Fail(Exception e, MilterCommand command)
    {
        log.HandlerFailed(e, context.Peer, context.LogId, command.Name());
        HasFailed = true;
        hasFailedForAll |= command is MilterCommand.Connect or MilterCommand.Helo;
        return MilterReply.TempFail;
    }

    public void EndMessage()
    {
        handler.Reset();
        HasFailed = hasFailedForAll;
    }

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

    private async ValueTask<MilterReply> CallAsync(MilterCommand command, ReadOnlySequence<byte> payload) => command switch
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

    // With HDR_LEADSPC a value is as it stands in the message; without it, the MTA has eaten one space, which is put where
    // the NUL was.
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
