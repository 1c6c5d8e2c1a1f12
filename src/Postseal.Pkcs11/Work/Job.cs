namespace Postseal.Pkcs11.Work;

/// <summary>Something to be done in a session.</summary>
internal abstract class Job
{
    private const int Waiting = 0, Running = 1, GivenUp = 2, Stuck = 3, Over = 4;

    private int state;

    /// <summary>Takes it up; <see langword="false"/> when nobody waits any more.</summary>
    public bool TryStart() => Interlocked.CompareExchange(ref state, Running, Waiting) == Waiting;

    /// <summary>Puts it back, so that another takes it up; <see langword="false"/> when nobody waits any more.</summary>
    public bool TryPutBack() => Interlocked.CompareExchange(ref state, Waiting, Running) == Running;

    /// <summary>Gives it up; <see langword="true"/> when it is under way, in a library that cannot be interrupted.</summary>
    public bool Abandon()
    {
        Interlocked.CompareExchange(ref state, GivenUp, Waiting);
        return Interlocked.CompareExchange(ref state, Stuck, Running) == Running;
    }

    /// <summary>Ends it; <see langword="true"/> when it was given up while it was under way.</summary>
    public bool End() => Interlocked.Exchange(ref state, Over) == Stuck;

    /// <summary>Does it.</summary>
    public abstract void Run(SessionCache sessions);

    /// <summary>Says that it cannot be done.</summary>
    public abstract void Fail(Exception e);

    /// <summary>Gets whether it was given up.</summary>
    protected bool IsAbandoned => Volatile.Read(ref state) is GivenUp or Stuck;
}

/// <inheritdoc cref="Job"/>
/// <param name="work">Does it.</param>
/// <param name="discard">Clears a result that nobody waits for any more.</param>
internal sealed class Job<T>(Func<SessionCache, T> work, Action<T>? discard) : Job
{
    // Those who wait go on elsewhere: this thread belongs to the token.
    private readonly TaskCompletionSource<T> result = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public Task<T> Result => result.Task;

    /// <inheritdoc/>
    public override void Run(SessionCache sessions)
    {
        var value = work(sessions);
        if (IsAbandoned || !result.TrySetResult(value))
            discard?.Invoke(value);
    }

    /// <inheritdoc/>
    public override void Fail(Exception e)
    {
        result.TrySetException(e);
        _ = result.Task.Exception; // nobody may be waiting
    }
}
