namespace Postseal.Certificates.Sources;

/// <summary>Ends what takes too long.</summary>
internal static class TimeLimit
{
    /// <summary>Runs something that may take no longer than a time.</summary>
    /// <param name="work">What is run; it ends when its token is cancelled.</param>
    /// <param name="limit">The time; where none is left, the token is cancelled from the beginning.</param>
    /// <param name="time">The clock.</param>
    /// <param name="late">Makes the exception for what took longer.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="OperationCanceledException">The caller gave up.</exception>
    public static async Task<T> RunAsync<T>(
        Func<CancellationToken, Task<T>> work, TimeSpan limit, TimeProvider time, Func<Exception> late, CancellationToken cancellationToken)
    {
        using var timer = new CancellationTokenSource(limit > TimeSpan.Zero ? limit : TimeSpan.Zero, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(timer.Token, cancellationToken);
        try
        {
            return await work(either.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw late();
        }
    }

    /// <inheritdoc cref="RunAsync{T}"/>
    public static Task RunAsync(
        Func<CancellationToken, Task> work, TimeSpan limit, TimeProvider time, Func<Exception> late, CancellationToken cancellationToken)
    {
        return RunAsync(WorkAsync, limit, time, late, cancellationToken);

        async Task<bool> WorkAsync(CancellationToken token)
        {
            await work(token).ConfigureAwait(false);
            return true;
        }
    }
}
