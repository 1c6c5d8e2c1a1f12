namespace Milter;

/// <summary>Counts the memory of all connections of a server, in bytes, up to a limit.</summary>
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

    /// <summary>Takes the share of a connection, even beyond the limit.</summary>
    public void Take(long bytes) => Interlocked.Add(ref used, bytes);

    public void Give(long bytes) => Interlocked.Add(ref used, -bytes);
}
