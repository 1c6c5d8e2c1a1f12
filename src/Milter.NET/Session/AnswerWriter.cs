using System.IO.Pipelines;

namespace Milter;

/// <summary>Reports that the MTA cannot be reached any more: no failure of the filter.</summary>
internal sealed class PeerGoneException(Exception inner) : IOException("the MTA does not take the answer", inner);

/// <summary>Writes what must not be cut off half-way: the answer to the end of a message, and progress before it. Half
/// of the changes would make another message, so once an answer has begun nothing stops it but an MTA that does not
/// read.</summary>
internal sealed class AnswerWriter(PipeWriter output, SessionHost host) : IDisposable
{
    /// <summary>How long an MTA may take to read a part of what is written. One that reads, however slowly, has as long
    /// for the next part.</summary>
    public static readonly TimeSpan WriteTimeout = TimeSpan.FromMinutes(1);

    private readonly CancellationTokenSource writeTimer = new(Timeout.InfiniteTimeSpan, host.Time);

    /// <summary>Sends the changes and the reply.</summary>
    public ValueTask WriteAsync(MilterChanges changes, MilterReply reply) =>
        changes.WriteAsync(output, reply, FlushAsync);

    /// <summary>Reports progress until the work is done, however it ends. It does not wait for the work once the
    /// token is cancelled.</summary>
    public async ValueTask ReportProgressAsync(Task work, CancellationToken cancellationToken)
    {
        while (true)
        {
            await work.WaitAsync(host.Limits.ProgressInterval, host.Time, cancellationToken)
                .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            if (work.IsCompleted)
                return;
            cancellationToken.ThrowIfCancellationRequested();
            FrameWriter.Write(output, (byte)MilterResponse.Progress);
            await FlushAsync().ConfigureAwait(false);
        }
    }

    public void Dispose() => writeTimer.Dispose();

    private async ValueTask FlushAsync()
    {
        host.Diagnostics.Sent(output.UnflushedBytes);
        var flush = output.FlushAsync(writeTimer.Token);
        if (flush.IsCompletedSuccessfully)
            return;
        writeTimer.CancelAfter(WriteTimeout);
        try
        {
            await flush.ConfigureAwait(false);
        }
        catch (Exception e) when (e is IOException or OperationCanceledException)
        {
            throw new PeerGoneException(e);
        }
        writeTimer.CancelAfter(Timeout.InfiniteTimeSpan);
    }
}
