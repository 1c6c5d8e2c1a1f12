namespace Milter;

/// <summary>Counts the memory that all connections of a server hold together, in bytes, up to a limit.</summary>
internal sealed class ServerMemory(long limit)
{
    private long used;

    public bool TryTake(long bytes)
    {
        if (Interlocked.Add(ref used, bytes) <= limit)
            return true;
        Give(bytes);
        return false;
    }

    /// <summary>Takes what a connection may have in any case, even beyond the limit.</summary>
    public void Take(long bytes) => Interlocked.Add(ref used, bytes);

    public void Give(long bytes) => Interlocked.Add(ref used, -bytes);
}
