using System.Buffers;
using Microsoft.Extensions.Logging;

namespace Milter;

/// <content>The message in progress, from its MAIL command to its answer.</content>
internal sealed partial class MilterSession
{
    // The work of the handler on a whole message, until it has been seen to end.
    private Task work = Task.CompletedTask;

    private void BeginMessage()
    {
        if (progress.IsInMessage)
            handler.EndMessage();
        context.Macros.BeginMessage();
        context.Count();
        progress.End();
        progress.TryAdvance(MessageStage.Mail, Steps);
    }

    private void AbandonMessage()
    {
        if (progress.IsInMessage)
            EndMessage();
    }

    /// <summary>
    /// Takes the message to the stage of a command. As in libmilter, a command that may not follow the stage before it
    /// ends the message silently, and is then taken only if it may begin another.
    /// </summary>
    private bool Advance(MessageStage next, MilterCommand command)
    {
        if (progress.TryAdvance(next, Steps))
            return true;
        AbandonMessage();
        if (progress.TryAdvance(next, Steps))
            return true;
        Ignore(command);
        return false;
    }

    private void CheckChunk(in ReadOnlySequence<byte> chunk)
    {
        if (chunk.Length > context.Negotiation.MaxBodyChunk)
            throw new MilterProtocolException(
                $"a body chunk of {chunk.Length} bytes, more than the {context.Negotiation.MaxBodyChunk} agreed");
    }

    /// <summary>Invokes the handler for the whole message and sends the answer: the only stage with changes, progress
    /// and a timeout for the handler.</summary>
    private async ValueTask CompleteMessageAsync(ReadOnlySequence<byte> payload)
    {
        using var activity = host.Diagnostics.Begin(out var began);
        var changes = new MilterChanges(context.Negotiation);
        var reply = handler.HasFailed
            ? MilterReply.TempFail : await FilterMessageAsync(payload, changes).ConfigureAwait(false);
        if (reply.Response is not (MilterResponse.Continue or MilterResponse.Accept))
            changes = new MilterChanges(context.Negotiation);
        if (host.Log.IsEnabled(LogLevel.Trace))
            host.Log.Sent(context.Peer, context.LogId, $"{changes.ToTrace()}{reply}");
        await answer.WriteAsync(changes, reply).ConfigureAwait(false);
        host.Diagnostics.Answered(reply);
        var hasFailed = handler.HasFailed || state == ConnectionState.TimedOut;
        host.Diagnostics.End(activity, began, reply, context.QueueId, hasFailed);
        EndMessage();
    }

    private async ValueTask<MilterReply> FilterMessageAsync(ReadOnlySequence<byte> payload, MilterChanges changes)
    {
        timer.Change(progress.Remaining, Timeout.InfiniteTimeSpan);
        try
        {
            // On another thread: a filter that computes for long has its progress reported, and is cut off, like one
            // that waits. And in the order of all: a thread's own queue goes first, so an MTA that always has the next
            // message ready would keep the others waiting.
            var filtering = Task.Factory.StartNew(
                () => handler.InvokeEndOfMessageAsync(payload, changes), CancellationToken.None,
                TaskCreationOptions.PreferFairness, TaskScheduler.Default).Unwrap();
            work = filtering;
            await answer.ReportProgressAsync(filtering, lifetime.Token).ConfigureAwait(false);
            work = Task.CompletedTask; // seen to its end
            return await filtering.ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (IsTimedOut)
        {
            state = ConnectionState.TimedOut;
            host.Log.FilterTimedOut(context.Peer, context.LogId, host.Limits.MessageTimeout);
            return MilterReply.TempFail;
        }
        catch (Exception e) when (handler.IsFailure(e) && e is not PeerGoneException)
        {
            return handler.Fail(e, MilterCommand.EndOfMessage);
        }
        finally
        {
            // The filter's timeout is over, the answer has its own.
            timer.Change(Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        }
    }

    private void EndMessage()
    {
        // A filter that timed out may still be at work: its handler is left alone until it has ended.
        if (state == ConnectionState.TimedOut)
            return;
        handler.EndMessage();
        progress.End();
        context.Macros.ForgetMessage();
        context.Count();
    }
}
