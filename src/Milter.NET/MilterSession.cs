using System.Buffers;
using System.IO.Pipelines;

namespace Milter;

/// <summary>One milter connection, from the negotiation to the end: reads a command, asks the handler,
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

    private bool negotiated;
    private bool isClientNew;
    private bool hasLoggedIgnored;
    private bool over;
    private bool timesContent;
    private bool timedOut;

    public MilterSession(Stream stream, string peer, MilterHandler handler, SessionHost host)
    {
        this.host = host;
        memory = new ConnectionMemory(host.Memory, host.Options.MaxConnectionMemory);
        context = new MilterContext(peer, memory);
        var reading = new StreamPipeReaderOptions(bufferSize: ReadBufferSize, leaveOpen: true);
        var writing = new StreamPipeWriterOptions(minimumBufferSize: WriteBufferSize, leaveOpen: true);
        input = new FrameReader(PipeReader.Create(stream, reading), host.Options.MaxFrameSize, memory);
        output = PipeWriter.Create(stream, writing);
        answer = new AnswerWriter(output, host);
        progress = new MessageProgress(host.Options, host.Time);
        lifetime = CancellationTokenSource.CreateLinkedTokenSource(host.Aborting);
        idle = CancellationTokenSource.CreateLinkedTokenSource(lifetime.Token, host.Stopping);
        this.handler = new GuardedHandler(handler, context, host.Log, lifetime.Token);
        timer = host.Time.CreateTimer(_ => TimeOut(), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    private MilterSteps Steps => context.Negotiation.Steps;

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
            while (!over && await ReadAsync().ConfigureAwait(false) is { } frame)
                await TakeAsync((MilterCommand)frame.Code, frame.Payload).ConfigureAwait(false);
            return timedOut ? ConnectionEnd.Timeout : over ? ConnectionEnd.Quit : ConnectionEnd.Closed;
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
        catch (OperationCanceledException) when (timedOut)
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

    /// <summary>Cancels the handler if it is still at work, waits until it has ended, and only then gives back memory and
    /// place. It never throws.</summary>
    public async ValueTask DisposeAsync()
    {
        await lifetime.CancelAsync().ConfigureAwait(false);
        await timer.DisposeAsync().ConfigureAwait(false);
        answer.Dispose();
        await work.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        if (work.Exception?.InnerException is { } e and not OperationCanceledException)
            handler.Fail(e, MilterCommand.EndOfMessage);
        handler.End(progress.IsInMessage);
        memory.End();
        idle.Dispose();
        lifetime.Dispose();
    }

    // The protocol, command by command.
    private async ValueTask TakeAsync(MilterCommand command, ReadOnlySequence<byte> payload)
    {
        if (!negotiated && command != MilterCommand.Negotiate)
            throw new MilterProtocolException($"{command.Name()} before the negotiation");
        command.CheckLength(payload.Length, host.Options.MaxCommandSize);
        switch (command)
        {
            case MilterCommand.Negotiate when !negotiated:
                await NegotiateAsync(payload).ConfigureAwait(false);
                break;
            case MilterCommand.Macro:
                context.Macros.Set(payload);
                context.Count();
                break;
            case MilterCommand.Connect when isClientNew:
                isClientNew = false;
                context.Client = MilterClientInfo.Parse(payload);
                context.Count();
                await AnswerAsync(command, payload, MilterSteps.NoReplyConnect).ConfigureAwait(false);
                break;
            case MilterCommand.Negotiate or MilterCommand.Connect:
                GiveUpMessage();
                Ignore(command);
                break;
            case MilterCommand.Helo:
                GiveUpMessage(); // RFC 5321 section 4.1.4: as if it were RSET
                isClientNew = false;
                context.Helo = new PayloadReader(payload).ReadString();
                context.Count();
                await AnswerAsync(command, payload, MilterSteps.NoReplyHelo).ConfigureAwait(false);
                break;
            case MilterCommand.Mail:
                BeginMessage();
                await AnswerAsync(command, payload, MilterSteps.NoReplyMail).ConfigureAwait(false);
                break;
            case MilterCommand.Recipient when Advance(MessageStage.Recipient, command):
                await AnswerAsync(command, payload, MilterSteps.NoReplyRecipient).ConfigureAwait(false);
                break;
            case MilterCommand.Data when Advance(MessageStage.Data, command):
                await AnswerAsync(command, payload, MilterSteps.NoReplyData).ConfigureAwait(false);
                break;
            case MilterCommand.Unknown:
                isClientNew = false;
                if (progress.Stage >= MessageStage.Data)
                    GiveUpMessage();
                await AnswerAsync(command, payload, MilterSteps.NoReplyUnknown).ConfigureAwait(false);
                break;
            case MilterCommand.Header when Advance(MessageStage.Headers, command):
                await AnswerAsync(command, payload, MilterSteps.NoReplyHeader).ConfigureAwait(false);
                break;
            case MilterCommand.EndOfHeaders when Advance(MessageStage.EndOfHeaders, command):
                await AnswerAsync(command, payload, MilterSteps.NoReplyEndOfHeaders).ConfigureAwait(false);
                break;
            case MilterCommand.Body when Advance(MessageStage.Body, command):
                CheckChunk(payload);
                await AnswerAsync(command, payload, MilterSteps.NoReplyBody).ConfigureAwait(false);
                break;
            case MilterCommand.EndOfMessage when Advance(MessageStage.EndOfMessage, command):
                CheckChunk(payload);
                await FinishAsync(payload).ConfigureAwait(false);
                break;
            case MilterCommand.Abort:
                isClientNew = false;
                GiveUpMessage();
                break;
            case MilterCommand.QuitNewConnection:
                BeginClient();
                break;
            case MilterCommand.Quit:
                over = true;
                break;
            default:
                if (!Enum.IsDefined(command))
                    throw new MilterProtocolException($"an unknown command, byte 0x{(byte)command:x2}");
                break; // out of order, and ignored
        }
    }

    private void Ignore(MilterCommand command)
    {
        if (!hasLoggedIgnored)
            host.Log.Ignored(context.Peer, context.LogId, command.Name());
        hasLoggedIgnored = true;
    }

    private async ValueTask NegotiateAsync(ReadOnlySequence<byte> payload)
    {
        var offer = MilterNegotiation.ParseOffer(payload);
        context.Negotiation = Agreement.Reach(offer, handler.Handler, host.Options.MaxFrameSize);
        negotiated = isClientNew = true;
        context.Negotiation.Write(output);
        await FlushAsync().ConfigureAwait(false);
    }

    private async ValueTask FlushAsync()
    {
        host.Diagnostics.Sent(output.UnflushedBytes);
        var flush = output.FlushAsync(lifetime.Token);
        if (!flush.IsCompleted)
            timer.Change(AnswerWriter.Patience, Timeout.InfiniteTimeSpan);
        await flush.ConfigureAwait(false);
    }

    /// <summary>Asks the handler and replies, unless it was agreed that this command has no reply.</summary>
    private async ValueTask AnswerAsync(MilterCommand command, ReadOnlySequence<byte> payload, MilterSteps noReply)
    {
        var silent = Steps.HasFlag(noReply);
        var reply = await handler.AskAsync(command, payload, silent).ConfigureAwait(false);
        if (silent)
            return;
        // What stands beside the message must not pay for its failure, least of all one recipient: it fails as a whole.
        var isAside = command is MilterCommand.Recipient or MilterCommand.Unknown;
        if (handler.HasFailed && isAside && progress.IsInMessage && reply == MilterReply.TempFail)
            reply = MilterReply.Continue;
        reply.Write(output);
        await FlushAsync().ConfigureAwait(false);
        if (!reply.IsFinal || !progress.IsInMessage || (isAside && reply != MilterReply.Accept))
            return;
        host.Diagnostics.Answered(reply);
        EndMessage();
    }

    private async ValueTask<Frame?> ReadAsync()
    {
        var read = input.ReadAsync(progress.Stage == MessageStage.Idle ? idle.Token : lifetime.Token);
        // Frames that are there already need no timer each; but the content's time begins with its first one.
        if (!read.IsCompleted || timesContent != progress.IsInContent)
            SetTimer();
        var frame = await read.ConfigureAwait(false);
        host.Diagnostics.Received(frame?.Length ?? 0);
        return frame;
    }

    private void SetTimer()
    {
        timesContent = progress.IsInContent;
        timer.Change(negotiated ? progress.Patience : host.Options.NegotiationTimeout, Timeout.InfiniteTimeSpan);
    }

    private void TimeOut()
    {
        timedOut = true;
        lifetime.Cancel();
    }

    private void BeginClient()
    {
        GiveUpMessage();
        handler.EndClient();
        context.Reset();
        context.Count();
        isClientNew = true;
    }
}
