using System.Collections.Concurrent;
using System.Globalization;
using Net.Pkcs11Interop.Common;

namespace Postseal.Pkcs11.Work;

/// <summary>
/// Threads of our own that wait for the token, so that none of the thread pool does: a call of PKCS #11 takes as long as the token, and
/// other messages go on meanwhile. A call that hangs in the library cannot be ended; its thread is lost until it returns, and no other
/// is made in its place.
/// </summary>
/// <param name="name">What the threads are called.</param>
/// <param name="count">How many there are.</param>
/// <param name="timeout">How long a job may take, the wait for a thread included.</param>
/// <param name="time">The clock.</param>
/// <param name="openSessions">Makes the sessions of a thread; given what ends when the threads are to.</param>
internal sealed class WorkerPool(
    string name, int count, TimeSpan timeout, TimeProvider time, Func<CancellationToken, SessionCache> openSessions) : IAsyncDisposable
{
    // How long a thread waits whose session the token did not allow, while others have theirs.
    private static readonly TimeSpan SessionPause = TimeSpan.FromSeconds(1);

    // How long the end waits for those that are in the library. They end with the process.
    private static readonly TimeSpan EndPatience = TimeSpan.FromSeconds(5);

    private readonly BlockingCollection<Job> jobs = [];
    private readonly CancellationTokenSource stopping = new();
    private readonly Lock starting = new();
    private Task[] workers = [];
    private int stuck;
    private int withSession;
    private int busy;

    /// <summary>Gets how many threads are in the library for nobody any more.</summary>
    public int Stuck => Volatile.Read(ref stuck);

    /// <summary>Does something in a session.</summary>
    /// <param name="work">Does it, on one of the threads.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <param name="discard">Clears a result that nobody waits for any more.</param>
    /// <exception cref="IOException">It failed, or took too long.</exception>
    public async Task<T> RunAsync<T>(Func<SessionCache, T> work, CancellationToken cancellationToken, Action<T>? discard = null)
    {
        if (Stuck >= count)
        {
            throw new IOException(
                $"all {count} sessions hang in the token's library, which cannot be interrupted; restart Postseal if it does not recover");
        }

        var job = new Job<T>(work, discard);
        Add(job);
        try
        {
            return await job.Result.WaitAsync(timeout, time, cancellationToken).ConfigureAwait(false);
        }
        catch (Exception e) when (e is TimeoutException or OperationCanceledException && !job.Result.IsFaulted)
        {
            var isUnderWay = job.Abandon();
            if (isUnderWay)
                Interlocked.Increment(ref stuck);
            if (job.Result.IsCompletedSuccessfully)
                return await job.Result.ConfigureAwait(false); // in the last moment
            if (e is OperationCanceledException)
                throw;
            var within = string.Create(CultureInfo.InvariantCulture, $"within {timeout.TotalSeconds:0.#} s ([Pkcs11] Timeout)");
            throw new IOException(isUnderWay
                ? $"the token did not answer {within}; the call cannot be interrupted, and its session is lost until it returns"
                : $"no session was free {within}: the token is slower than mail comes in; more [Pkcs11] Sessions may help");
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        jobs.CompleteAdding();
        await stopping.CancelAsync().ConfigureAwait(false);
        await Task.WhenAny(Task.WhenAll(workers), Task.Delay(EndPatience, time)).ConfigureAwait(false);
    }

    private void Add(Job job)
    {
        lock (starting)
        {
            if (workers.Length == 0)
                workers = [.. Enumerable.Range(0, count).Select(_ => Start())];
        }

        if (!TryAdd(job))
            throw Over();
    }

    private bool TryAdd(Job job)
    {
        try
        {
            return jobs.TryAdd(job);
        }
        catch (InvalidOperationException)
        {
            return false;
        }
    }

    private static IOException Over() => new("the settings were read anew meanwhile; the next try uses the new ones");

    private Task Start()
    {
        var ended = new TaskCompletionSource();
        // In the background: one that hangs must not keep the process from its end.
        new Thread(() =>
        {
            Work();
            ended.SetResult();
        })
        { IsBackground = true, Name = name }.Start();
        return ended.Task;
    }

    private void Work()
    {
        var sessions = openSessions(stopping.Token);
        foreach (var job in jobs.GetConsumingEnumerable())
        {
            if (job.TryStart())
                Do(job, sessions);
        }

        try
        {
            sessions.Close();
        }
        catch (Exception)
        {
            // Nobody is there to hear of it, and a thread of our own must not end the process.
        }
    }

    private void Do(Job job, SessionCache sessions)
    {
        var (had, wasPutBack) = (sessions.HasAny, false);
        Interlocked.Increment(ref busy);
        try
        {
            job.Run(sessions);
        }
        catch (Pkcs11Exception e) when (e.RV == CKR.CKR_SESSION_COUNT && !jobs.IsAddingCompleted && OthersMayHaveSession(had))
        {
            // They do it.
            wasPutBack = job.TryPutBack();
            if (wasPutBack && !TryAdd(job))
                job.Fail(Over());
            stopping.Token.WaitHandle.WaitOne(SessionPause);
        }
        catch (Exception e)
        {
            job.Fail(e is Pkcs11Exception answer ? new IOException(Module.Answers.Describe(answer), e) : e);
        }
        finally
        {
            if (!wasPutBack && job.End())
                Interlocked.Decrement(ref stuck);
            if (had != sessions.HasAny)
                Interlocked.Add(ref withSession, had ? -1 : 1);
            Interlocked.Decrement(ref busy);
        }
    }

    /// <summary>Determines whether another thread has a session, or is at work and may just have opened its first.</summary>
    private bool OthersMayHaveSession(bool had) => Volatile.Read(ref withSession) > (had ? 1 : 0) || Volatile.Read(ref busy) > 1;
}
