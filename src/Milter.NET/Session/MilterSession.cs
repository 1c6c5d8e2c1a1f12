using System.Buffers;
using System.IO.Pipelines;
using Microsoft.Extensions.Logging;

namespace Milter;

/// <summary>The states of a milter connection.</summary>
internal enum ConnectionState
{
    /// <summary>Nothing was negotiated yet.</summary>
    New,
    /// <summary>A client may be announced (SMFIC_CONNECT).</summary>
    Negotiated,
    /// <summary>The commands of a client follow.</summary>
    Serving,
    /// <summary>The MTA has ended the connection.</summary>
    Quit,
    /// <summary>The filter took too long, and may still be at work.</summary>
    TimedOut,
}

/// <summary>Serves one milter connection, from the negotiation to its end: reads a command, invokes the handler,
/// replies.</summary>
internal sealed partial class MilterSession : IAsyncDisposable
{
    // A connection that waits holds one of these; a message of usual size is a read or two.
    private const int ReadBufferSize = 16 * 1024;

    // Each buffer is a write of its own, so it takes a usual answer whole, and the largest chunk of every version.
    private const int WriteBufferSize = 68 * 1024;

    private readonly SessionHost host;
    private readonly GuardedHandler handler;
    private readonly MilterContext context;
    private readonly FrameReader input;
    private readonly PipeWriter output;
    private readonly AnswerWriter answer;
    private readonly MessageProgress progress;
    private readonly ConnectionMemory memory;
    private readonly CancellationTokenSource lifetime;
    private readonly CancellationTokenSource idle;
    private readonly ITimer timer;

    private ConnectionState state;
    private bool isContentTimed;
    private bool hasLoggedIgnored;
    private long unread; // bytes, as counted

    public MilterSession(Stream stream, string peer, MilterHandler handler, SessionHost host)
    {
        this.host = host;
        memory = new ConnectionMemory(host.Memory, host.Limits.MaxConnectionMemory);
        context = new MilterContext(peer, memory);
        var reading = new StreamPipeReaderOptions(bufferSize: ReadBufferSize, leaveOpen: true);
        var writing = new StreamPipeWriterOptions(minimumBufferSize: WriteBufferSize, leaveOpen: true);
        input = new FrameReader(PipeReader.Create(stream, reading), host.Limits.MaxFrameSize, CountUnread);
        output = PipeWriter.Create(stream, writing);
        answer = new AnswerWriter(output, host);
        progress = new MessageProgress(host.Limits, host.Time);
        lifetime = CancellationTokenSource.CreateLinkedTokenSource(host.Aborting);
        idle = CancellationTokenSource.CreateLinkedTokenSource(lifetime.Token, host.Stopping);
        this.handler = new GuardedHandler(handler, context, host.Log, lifetime.Token);
        timer = host.Time.CreateTimer(
            _ => lifetime.Cancel(), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    private MilterSteps Steps => context.Negotiation.Steps;

    private bool IsTimedOut => lifetime.IsCancellationRequested && !host.Aborting.IsCancellationRequested;

    /// <summary>Serves the connection until it ends; it never throws.</summary>
    public async Task RunAsync()
    {
        var opened = host.Diagnostics.Opened();
        host.Diagnostics.Closed(opened, await ServeAsync().ConfigureAwait(false));
    }

    private async Task<string> ServeAsync()
    {
        try
        {
            while (state < ConnectionState.Quit && await ReadAsync().ConfigureAwait(false) is { } frame)
                await DispatchAsync((MilterCommand)frame.Code, frame.Payload).ConfigureAwait(false);
            return state switch
            {
                ConnectionState.Quit => ConnectionEnd.Quit,
                ConnectionState.TimedOut => ConnectionEnd.Timeout,
                _ => ConnectionEnd.Closed,
            };
        }
        catch (MemoryLimitException e)
        {
            host.Log.OutOfMemory(context.Peer, context.LogId, e.Message);
            return ConnectionEnd.OutOfMemory;
        }
        catch (MilterProtocolException e)
        {
            host.Log.ProtocolError(context.Peer, context.LogId, e.Message);
            return ConnectionEnd.ProtocolError;
        }
        catch (OperationCanceledException) when (IsTimedOut)
        {
            host.Log.TimedOut(context.Peer, context.LogId, progress.Stage.ToString());
            return ConnectionEnd.Timeout;
        }
        catch (OperationCanceledException) when (idle.IsCancellationRequested)
        {
            host.Log.Stopped(context.Peer, context.LogId, progress.Stage.ToString());
            return ConnectionEnd.Stopped;
        }
        catch (Exception e) when (e is IOException or OperationCanceledException)
        {
            host.Log.ConnectionLost(context.Peer, context.LogId, e.Message);
            return ConnectionEnd.Lost;
        }
        catch (Exception e)
        {
            host.Log.SessionFailed(e, context.Peer, context.LogId);
            return ConnectionEnd.Error;
        }
    }

    /// <summary>Cancels the handler if it is still at work, waits until it has ended, and only then releases its
    /// memory. It never throws.</summary>
    public async ValueTask DisposeAsync()
    {
        await lifetime.CancelAsync().ConfigureAwait(false);
        await timer.DisposeAsync().ConfigureAwait(false);
        answer.Dispose();
        await work.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        if (work.Exception?.InnerException is { } e and not OperationCanceledException)
            handler.Fail(e, MilterCommand.EndOfMessage);
        await handler.EndAsync(progress.IsInMessage).ConfigureAwait(false);
        memory.End();
        idle.Dispose();
        lifetime.Dispose();
    }

    /// <summary>Takes one command: its place in the protocol, the flag by which it has no reply, and the handler's
    /// method for it. A command out of order is ignored.</summary>
    private ValueTask DispatchAsync(MilterCommand command, ReadOnlySequence<byte> payload)
    {
        if (host.Log.IsEnabled(LogLevel.Trace))
            host.Log.Received(context.Peer, context.LogId, WireTrace.Of(command, payload));
        if (state == ConnectionState.New && command != MilterCommand.Negotiate)
            throw new MilterProtocolException($"{command.Name()} before the negotiation");
        command.CheckLength(payload.Length, host.Limits.MaxCommandSize);
        var awaitsClient = state == ConnectionState.Negotiated;
        if (awaitsClient && command is not (MilterCommand.Negotiate or MilterCommand.Macro))
            state = ConnectionState.Serving;
        switch (command)
        {
            case MilterCommand.Negotiate when state == ConnectionState.New:
                return NegotiateAsync(payload);
            case MilterCommand.Macro:
                context.Macros.Set(payload);
                context.Count();
                break;
            case MilterCommand.Connect when awaitsClient:
                context.Client = MilterClientInfo.Parse(payload);
                context.Count();
                return RespondAsync(command, payload, MilterSteps.NoReplyConnect,
                    static (handler, context, _, cancel) => handler.ConnectAsync(context, cancel));
            case MilterCommand.Negotiate or MilterCommand.Connect:
                AbandonMessage();
                Ignore(command);
                break;
            case MilterCommand.Helo:
                AbandonMessage(); // RFC 5321 section 4.1.4: as if it were RSET
                context.Helo = new PayloadReader(payload).ReadString();
                context.Count();
                return RespondAsync(command, payload, MilterSteps.NoReplyHelo,
                    static (handler, context, _, cancel) => handler.HeloAsync(context, cancel));
            case MilterCommand.Mail:
                BeginMessage();
                return RespondAsync(command, payload, MilterSteps.NoReplyMail,
                    static (handler, context, sender, cancel) =>
                        handler.MailAsync(context, EnvelopeAddress.Parse(sender), cancel));
            case MilterCommand.Recipient when Advance(MessageStage.Recipient, command):
                return RespondAsync(command, payload, MilterSteps.NoReplyRecipient,
                    static (handler, context, recipient, cancel) =>
                        handler.RecipientAsync(context, EnvelopeAddress.Parse(recipient), cancel));
            case MilterCommand.Data when Advance(MessageStage.Data, command):
                return RespondAsync(command, payload, MilterSteps.NoReplyData,
                    static (handler, context, _, cancel) => handler.DataAsync(context, cancel));
            case MilterCommand.Unknown:
                if (progress.Stage >= MessageStage.Data)
                    AbandonMessage();
                return RespondAsync(command, payload, MilterSteps.NoReplyUnknown,
                    static (handler, context, line, cancel) =>
                        handler.UnknownAsync(context, new PayloadReader(line).ReadString(), cancel));
            case MilterCommand.Header when Advance(MessageStage.Headers, command):
                return RespondAsync(command, payload, MilterSteps.NoReplyHeader,
                    static (handler, context, field, cancel) =>
                        handler.HeaderAsync(context, MilterHeader.Parse(field, context.Negotiation.Steps), cancel));
            case MilterCommand.EndOfHeaders when Advance(MessageStage.EndOfHeaders, command):
                return RespondAsync(command, payload, MilterSteps.NoReplyEndOfHeaders,
                    static (handler, context, _, cancel) => handler.EndOfHeadersAsync(context, cancel));
            case MilterCommand.Body when Advance(MessageStage.Body, command):
                CheckChunk(payload);
                return RespondAsync(command, payload, MilterSteps.NoReplyBody,
                    static (handler, context, chunk, cancel) => handler.BodyAsync(context, chunk, cancel));
            case MilterCommand.EndOfMessage when Advance(MessageStage.EndOfMessage, command):
                CheckChunk(payload);
                return CompleteMessageAsync(payload);
            case MilterCommand.Abort:
                AbandonMessage();
                break;
            case MilterCommand.QuitNewConnection:
                EndClient();
                break;
            case MilterCommand.Quit:
                state = ConnectionState.Quit;
                break;
            default:
                if (!Enum.IsDefined(command))
                    throw new MilterProtocolException($"an unknown command, byte 0x{(byte)command:x2}");
                break; // out of order
        }
        return ValueTask.CompletedTask;
    }

    private void Ignore(MilterCommand command)
    {
        if (!hasLoggedIgnored)
            host.Log.Ignored(context.Peer, context.LogId, command.Name());
        hasLoggedIgnored = true;
    }

    private ValueTask NegotiateAsync(ReadOnlySequence<byte> payload)
    {
        context.Negotiation = Negotiator.Negotiate(
            MilterNegotiation.ParseOffer(payload), handler.Negotiate, host.Limits.MaxFrameSize);
        state = ConnectionState.Negotiated;
        if (host.Log.IsEnabled(LogLevel.Trace))
            host.Log.Sent(context.Peer, context.LogId, context.Negotiation.ToString());
        context.Negotiation.Write(output);
        return FlushAsync();
    }

    private async ValueTask FlushAsync()
    {
        host.Diagnostics.Sent(output.UnflushedBytes);
        var flush = output.FlushAsync(lifetime.Token);
        if (!flush.IsCompleted)
            timer.Change(AnswerWriter.WriteTimeout, Timeout.InfiniteTimeSpan);
        await flush.ConfigureAwait(false);
    }

    /// <summary>Invokes the handler and replies, unless it was agreed that this command has no reply.</summary>
    private async ValueTask RespondAsync(
        MilterCommand command, ReadOnlySequence<byte> payload, MilterSteps noReply, HandlerMethod method)
    {
        var isSilent = Steps.HasFlag(noReply);
        var reply = await handler.TryInvokeAsync(command, payload, isSilent, method).ConfigureAwait(false);
        if (isSilent)
            return;
        // A failure is the message's as a whole: it must not refuse one recipient, or an unknown command beside it.
        var isAside = command is MilterCommand.Recipient or MilterCommand.Unknown;
        if (handler.HasFailed && isAside && progress.IsInMessage && reply == MilterReply.TempFail)
            reply = MilterReply.Continue;
        if (host.Log.IsEnabled(LogLevel.Trace))
            host.Log.Sent(context.Peer, context.LogId, reply.ToString());
        reply.Write(output);
        await FlushAsync().ConfigureAwait(false);
        if (!reply.IsFinal || !progress.IsInMessage || (isAside && reply != MilterReply.Accept))
            return;
        host.Diagnostics.Answered(reply);
        EndMessage();
    }

    private async ValueTask<Frame?> ReadAsync()
    {
        var read = input.ReadAsync(progress.IsInMessage ? lifetime.Token : idle.Token);
        // Frames that are there already need no timer each; but the content's time begins with its first one.
        if (!read.IsCompleted || isContentTimed != progress.IsInContent)
            SetTimer();
        var frame = await read.ConfigureAwait(false);
        host.Diagnostics.Received(frame?.Length ?? 0);
        return frame;
    }

    private void CountUnread(long size) => memory.Recount(ref unread, size);

    private void SetTimer()
    {
        isContentTimed = progress.IsInContent;
        var timeout = state == ConnectionState.New ? host.Limits.NegotiationTimeout : progress.ReadTimeout;
        timer.Change(timeout, Timeout.InfiniteTimeSpan);
    }

    private void EndClient()
    {
        AbandonMessage();
        handler.EndClient();
        context.Reset();
        context.Count();
        state = ConnectionState.Negotiated;
    }
}
