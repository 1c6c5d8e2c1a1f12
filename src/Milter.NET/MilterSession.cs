using System.Buffers;
using System.IO.Pipelines;

namespace Milter;

/// <summary>One milter connection, from the negotiation to the end: reads a command, asks the handler,
/// replies.</summary>
internal sealed class MilterSession : IAsyncDisposable
{
    // A connection that waits holds one of these; a message of usual size is a read or two.
    private const int ReadBufferSize = 16 * 1024;

    // Each buffer is a write of its own, so it takes a usual answer whole, and the largest chunk of every version.
    private const int WriteBufferSize = 68 * 1024;

    private readonly SessionHost host;
    private readonly MilterHandler handler;
    private readonly MilterContext context;
    private readonly FrameReader input;
    private readonly PipeWriter output;
    private readonly AnswerWriter answer;
    private readonly MessageProgress progress;
    private readonly CancellationTokenSource lifetime;
    private readonly CancellationTokenSource idle;
    private readonly ITimer timer;

    private bool negotiated;
    private bool over;
    private bool timesContent;
    private bool timedOut;
    private bool failed;
    private bool failedForAll;

    public MilterSession(Stream stream, string peer, MilterHandler handler, SessionHost host)
    {
        this.host = host;
        this.handler = handler;
        context = new MilterContext(peer);
        var reading = new StreamPipeReaderOptions(bufferSize: ReadBufferSize, leaveOpen: true);
        var writing = new StreamPipeWriterOptions(minimumBufferSize: WriteBufferSize, leaveOpen: true);
        input = new FrameReader(PipeReader.Create(stream, reading), host.Options.MaxFrameSize);
        output = PipeWriter.Create(stream, writing);
        answer = new AnswerWriter(output, host);
        progress = new MessageProgress(host.Options, host.Time);
        lifetime = CancellationTokenSource.CreateLinkedTokenSource(host.Aborting);
        idle = CancellationTokenSource.CreateLinkedTokenSource(lifetime.Token, host.Stopping);
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

    public async ValueTask DisposeAsync()
    {
        // A filter that is still at work learns that nobody waits for it.
        await lifetime.CancelAsync().ConfigureAwait(false);
        await timer.DisposeAsync().ConfigureAwait(false);
        answer.Dispose();
        (handler as IDisposable)?.Dispose();
        idle.Dispose();
        lifetime.Dispose();
    }

    // The protocol, command by command.
    private async ValueTask TakeAsync(MilterCommand command, ReadOnlySequence<byte> payload)
    {
        if (!negotiated && command != MilterCommand.Negotiate)
            throw new MilterProtocolException($"{Name(command)} before the negotiation");
        if (payload.Length > host.Options.MaxCommandSize
            && command is not (MilterCommand.Header or MilterCommand.Body or MilterCommand.EndOfMessage))
            throw new MilterProtocolException(
                $"{Name(command)} of {payload.Length} bytes, more than the limit of {host.Options.MaxCommandSize}");
        switch (command)
        {
            case MilterCommand.Negotiate:
                await NegotiateAsync(payload).ConfigureAwait(false);
                break;
            case MilterCommand.Macro:
                context.Macros.Set(payload);
                break;
            case MilterCommand.Connect:
                progress.Expect(progress.Stage == MessageStage.Idle, command);
                context.Client = MilterClientInfo.Parse(payload);
                await AnswerAsync(command, payload, MilterSteps.NoReplyConnect).ConfigureAwait(false);
                break;
            case MilterCommand.Helo:
                // After MAIL too: Postfix tells about it first, and sends the abort of the message after it.
                progress.Expect(progress.Stage < MessageStage.Headers, command);
                context.Helo = new PayloadReader(payload).ReadString();
                await AnswerAsync(command, payload, MilterSteps.NoReplyHelo).ConfigureAwait(false);
                break;
            case MilterCommand.Mail:
                progress.Expect(progress.Stage < MessageStage.Headers, command);
                BeginMessage();
                await AnswerAsync(command, payload, MilterSteps.NoReplyMail).ConfigureAwait(false);
                break;
            case MilterCommand.Recipient:
                progress.Advance(MessageStage.Recipient, command, Steps);
                await AnswerAsync(command, payload, MilterSteps.NoReplyRecipient).ConfigureAwait(false);
                break;
            case MilterCommand.Data:
                progress.Advance(MessageStage.Data, command, Steps);
                await AnswerAsync(command, payload, MilterSteps.NoReplyData).ConfigureAwait(false);
                break;
            case MilterCommand.Unknown:
                await AnswerAsync(command, payload, MilterSteps.NoReplyUnknown).ConfigureAwait(false);
                break;
            case MilterCommand.Header:
                progress.Advance(MessageStage.Headers, command, Steps);
                await AnswerAsync(command, payload, MilterSteps.NoReplyHeader).ConfigureAwait(false);
                break;
            case MilterCommand.EndOfHeaders:
                progress.Expect(progress.Stage < MessageStage.EndOfHeaders, command);
                progress.Advance(MessageStage.EndOfHeaders, command, Steps);
                await AnswerAsync(command, payload, MilterSteps.NoReplyEndOfHeaders).ConfigureAwait(false);
                break;
            case MilterCommand.Body:
                progress.Advance(MessageStage.Body, command, Steps);
                await AnswerAsync(command, payload, MilterSteps.NoReplyBody).ConfigureAwait(false);
                break;
            case MilterCommand.EndOfMessage:
                progress.Advance(MessageStage.EndOfMessage, command, Steps);
                await FinishAsync(payload).ConfigureAwait(false);
                break;
            case MilterCommand.Abort:
                EndMessage();
                break;
            case MilterCommand.QuitNewConnection:
                EndMessage();
                context.Reset();
                failed = failedForAll = false;
                break;
            case MilterCommand.Quit:
                over = true;
                break;
            default:
                throw new MilterProtocolException($"an unknown command, byte 0x{(byte)command:x2}");
        }
    }

    private async ValueTask<MilterReply> AskAsync(
        MilterCommand command, ReadOnlySequence<byte> payload, CancellationToken token) => command switch
        {
            MilterCommand.Connect => await handler.ConnectAsync(context, token).ConfigureAwait(false),
            MilterCommand.Helo => await handler.HeloAsync(context, token).ConfigureAwait(false),
            MilterCommand.Mail =>
                await handler.MailAsync(context, EnvelopeAddress.Parse(payload), token).ConfigureAwait(false),
            MilterCommand.Recipient =>
                await handler.RecipientAsync(context, EnvelopeAddress.Parse(payload), token).ConfigureAwait(false),
            MilterCommand.Data => await handler.DataAsync(context, token).ConfigureAwait(false),
            MilterCommand.Header =>
                await handler.HeaderAsync(context, ParseHeader(payload), token).ConfigureAwait(false),
            MilterCommand.EndOfHeaders => await handler.EndOfHeadersAsync(context, token).ConfigureAwait(false),
            MilterCommand.Body => await handler.BodyAsync(context, payload, token).ConfigureAwait(false),
            _ => await handler.UnknownAsync(context, new PayloadReader(payload).ReadString(), token)
                .ConfigureAwait(false),
        };

    private async ValueTask NegotiateAsync(ReadOnlySequence<byte> payload)
    {
        progress.Expect(!negotiated, MilterCommand.Negotiate);
        var offer = MilterNegotiation.ParseOffer(payload);
        context.Negotiation = Agreement.Reach(offer, handler, host.Options.MaxFrameSize);
        negotiated = true;
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

    // With HDR_LEADSPC a value is as it stands in the message; without it, the MTA has eaten one space, which is put where
    // the NUL was.
    private MilterHeader ParseHeader(in ReadOnlySequence<byte> payload)
    {
        var bytes = payload.ToArray().AsMemory();
        var name = bytes.Span.IndexOf((byte)0);
        var length = bytes.Span[(name + 1)..].IndexOf((byte)0);
        if (name < 0 || length < 0)
            throw PayloadReader.Unterminated();
        if (Steps.HasFlag(MilterSteps.HeaderLeadingSpace))
            return new MilterHeader(bytes[..name], bytes.Slice(name + 1, length));
        bytes.Span[name] = (byte)' ';
        return new MilterHeader(bytes[..name], bytes.Slice(name, length + 1));
    }

    /// <summary>Asks the handler and replies, unless it was agreed that this command has no reply.</summary>
    private async ValueTask AnswerAsync(MilterCommand command, ReadOnlySequence<byte> payload, MilterSteps noReply)
    {
        var silent = Steps.HasFlag(noReply);
        var reply = failed ? MilterReply.TempFail : await AskGuardedAsync(command, payload, silent)
            .ConfigureAwait(false);
        if (silent)
            return;
        // What stands beside the message must not pay for its failure, least of all one recipient: it fails as a whole.
        var isAside = command is MilterCommand.Recipient or MilterCommand.Unknown or MilterCommand.Helo;
        if (failed && isAside && progress.Stage != MessageStage.Idle && reply == MilterReply.TempFail)
            reply = MilterReply.Continue;
        reply.Write(output);
        await FlushAsync().ConfigureAwait(false);
        if (!reply.IsFinal || progress.Stage == MessageStage.Idle || isAside)
            return;
        host.Diagnostics.Answered(reply);
        EndMessage();
    }

    private async ValueTask<MilterReply> AskGuardedAsync(
        MilterCommand command, ReadOnlySequence<byte> payload, bool silent)
    {
        try
        {
            var reply = await AskAsync(command, payload, lifetime.Token).ConfigureAwait(false);
            Check(reply, command, silent);
            return reply;
        }
        catch (Exception e) when (IsFailure(e))
        {
            return Fail(e, command);
        }
    }

    private bool IsFailure(Exception e) =>
        e is not MilterProtocolException && !(e is OperationCanceledException && lifetime.IsCancellationRequested);

    private MilterReply Fail(Exception e, MilterCommand command)
    {
        host.Log.HandlerFailed(e, context.Peer, context.LogId, Name(command));
        failed = true;
        failedForAll |= command is MilterCommand.Connect or MilterCommand.Helo;
        return MilterReply.TempFail;
    }

    private void Check(MilterReply reply, MilterCommand command, bool silent)
    {
        var legal = reply.Response switch
        {
            MilterResponse.Continue => true,
            _ when silent => false,
            MilterResponse.Skip =>
                Steps.HasFlag(MilterSteps.Skip) && command is MilterCommand.Header or MilterCommand.Body,
            MilterResponse.Discard =>
                command is not (MilterCommand.Connect or MilterCommand.Helo or MilterCommand.Unknown),
            _ => true,
        };
        if (!legal)
            throw new InvalidOperationException(
                $"The handler's reply '{reply}' is not possible for {Name(command)} as it was negotiated.");
    }

    /// <summary>The end of the message: the only stage with changes and progress.</summary>
    private async ValueTask FinishAsync(ReadOnlySequence<byte> payload)
    {
        using var activity = host.Diagnostics.Begin(out var began);
        var changes = new MilterChanges(context.Negotiation);
        var reply = failed ? MilterReply.TempFail : await AskLastAsync(payload, changes).ConfigureAwait(false);
        if (reply.Response is not (MilterResponse.Continue or MilterResponse.Accept))
            changes = new MilterChanges(context.Negotiation);
        await answer.WriteAsync(changes, reply).ConfigureAwait(false);
        host.Diagnostics.Answered(reply);
        host.Diagnostics.End(activity, began, reply, context.QueueId, failed || over);
        EndMessage();
    }

    private async ValueTask<MilterReply> AskLastAsync(ReadOnlySequence<byte> payload, MilterChanges changes)
    {
        timer.Change(progress.Remaining, Timeout.InfiniteTimeSpan);
        try
        {
            // On another thread: a filter that computes for long is seen at work, and cut off, like one that waits. And in
            // the order of all: a thread's own queue goes first, so an MTA that always has the next message ready would
            // keep the others waiting.
            var work = Task.Factory.StartNew(
                () => EndOfMessageAsync(payload, changes, lifetime.Token), CancellationToken.None,
                TaskCreationOptions.PreferFairness, TaskScheduler.Default).Unwrap();
            await answer.ReportProgressAsync(work, lifetime.Token).ConfigureAwait(false);
            var reply = await work.ConfigureAwait(false);
            Check(reply, MilterCommand.EndOfMessage, silent: false);
            return reply;
        }
        catch (OperationCanceledException) when (timedOut)
        {
            over = true;
            host.Log.FilterTimedOut(context.Peer, context.LogId, host.Options.MessageTimeout);
            return MilterReply.TempFail;
        }
        catch (Exception e) when (IsFailure(e) && e is not PeerGoneException)
        {
            return Fail(e, MilterCommand.EndOfMessage);
        }
        finally
        {
            // The filter's time is over, the answer has its own.
            timer.Change(Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        }
    }

    private async Task<MilterReply> EndOfMessageAsync(
        ReadOnlySequence<byte> payload, MilterChanges changes, CancellationToken token)
    {
        // libmilter takes a last body chunk in this frame, so an MTA may put one there.
        if (!payload.IsEmpty)
        {
            var reply = await handler.BodyAsync(context, payload, token).ConfigureAwait(false);
            if (reply.IsFinal)
                return reply;
        }
        return await handler.EndOfMessageAsync(context, changes, token).ConfigureAwait(false);
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

    private void BeginMessage()
    {
        if (progress.Stage != MessageStage.Idle)
            handler.Reset();
        progress.Begin();
        failed = failedForAll;
    }

    private void EndMessage()
    {
        // A filter that timed out may still be at work: its handler is left alone, as the connection ends now.
        if (progress.Stage != MessageStage.Idle && !over)
            handler.Reset();
        progress.End();
        failed = failedForAll;
        context.Macros.ForgetMessage();
    }

    private static string Name(MilterCommand command) => command.ToString().ToUpperInvariant();
}
