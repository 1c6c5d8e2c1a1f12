using System.Buffers;
using Microsoft.Extensions.Logging;

namespace Milter;

/// <summary>Parses the payload of a command and invokes the handler's method for it.</summary>
internal delegate ValueTask<MilterReply> HandlerMethod(
    MilterHandler handler, MilterContext context, ReadOnlySequence<byte> payload, CancellationToken cancellationToken);

/// <summary>Specifies what fails because the handler has failed.</summary>
internal enum FailureScope
{
    None, Message, Client,
}

/// <summary>
/// Invokes the handler of a connection, command by command. Its exceptions are logged and become a temporary failure of
/// the message; at CONNECT and HELO, of all messages of that client.
/// </summary>
internal sealed class GuardedHandler(
    MilterHandler handler, MilterContext context, ILogger log, CancellationToken lifetime)
{
    private FailureScope failure;

    /// <summary>Gets whether the message fails; the handler is not invoked for it any more.</summary>
    public bool HasFailed => failure != FailureScope.None;

    public MilterNegotiation Negotiate(MilterNegotiation offer) => handler.Negotiate(offer);

    /// <summary>Invokes the handler for a command before the end of a message.</summary>
    /// <param name="command">The command.</param>
    /// <param name="payload">Its payload.</param>
    /// <param name="isSilent">Whether no reply is sent: then only Continue is possible.</param>
    /// <param name="method">The handler's method for the command.</param>
    public async ValueTask<MilterReply> TryInvokeAsync(
        MilterCommand command, ReadOnlySequence<byte> payload, bool isSilent, HandlerMethod method)
    {
        if (HasFailed)
            return MilterReply.TempFail;
        try
        {
            var reply = await method(handler, context, payload, lifetime).ConfigureAwait(false);
            return Checked(reply, command, isSilent);
        }
        catch (Exception e) when (IsFailure(e))
        {
            return Fail(e, command);
        }
    }

    /// <summary>Invokes the handler at the end of a message. Exceptions are the caller's to handle: it also sees
    /// timeouts and a peer that has gone.</summary>
    public async Task<MilterReply> InvokeEndOfMessageAsync(ReadOnlySequence<byte> payload, MilterChanges changes)
    {
        // libmilter takes a last body chunk in this frame, so an MTA may put one there.
        if (!payload.IsEmpty)
        {
            var reply = await handler.BodyAsync(context, payload, lifetime).ConfigureAwait(false);
            if (reply.IsFinal)
                return Checked(reply, MilterCommand.EndOfMessage, isSilent: false);
        }
        var last = await handler.EndOfMessageAsync(context, changes, lifetime).ConfigureAwait(false);
        return Checked(last, MilterCommand.EndOfMessage, isSilent: false);
    }

    /// <summary>Distinguishes a failure of the handler from one of the peer and from the end of the
    /// connection.</summary>
    public bool IsFailure(Exception e) =>
        e is not MilterProtocolException && !(e is OperationCanceledException && lifetime.IsCancellationRequested);

    /// <summary>Logs a failure of the handler, and makes the message fail.</summary>
    public MilterReply Fail(Exception e, MilterCommand command)
    {
        log.HandlerFailed(e, context.Peer, context.LogId, command.Name());
        failure = command is MilterCommand.Connect or MilterCommand.Helo ? FailureScope.Client : FailureScope.Message;
        return MilterReply.TempFail;
    }

    /// <summary>Ends the message in progress.</summary>
    public void EndMessage()
    {
        handler.Reset();
        if (failure == FailureScope.Message)
            failure = FailureScope.None;
    }

    /// <summary>Ends the MTA's client, after its message.</summary>
    public void EndClient()
    {
        handler.Close();
        failure = FailureScope.None;
    }

    /// <summary>Ends the handler with its connection; it never throws.</summary>
    public async ValueTask EndAsync(bool isInMessage)
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
            await handler.DisposeAsync().ConfigureAwait(false);
        }
        catch (Exception e)
        {
            log.SessionFailed(e, context.Peer, context.LogId);
        }
    }

    private MilterReply Checked(MilterReply reply, MilterCommand command, bool isSilent)
    {
        var isLegal = reply.Response switch
        {
            MilterResponse.Continue => true,
            _ when isSilent => false,
            MilterResponse.Skip => context.Negotiation.Steps.HasFlag(MilterSteps.Skip)
                && command is (MilterCommand.Header or MilterCommand.Body),
            MilterResponse.Discard =>
                command is not (MilterCommand.Connect or MilterCommand.Helo or MilterCommand.Unknown),
            _ => true,
        };
        return isLegal ? reply : throw new InvalidOperationException(
            $"The handler's reply '{reply}' is not possible for {command.Name()} as it was negotiated.");
    }
}
