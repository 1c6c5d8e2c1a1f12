namespace Milter;

/// <summary>A connection cannot hold what its peer sends, and there is no message to refuse for it.</summary>
internal sealed class MemoryLimitException(string reason) : Exception(reason);

/// <summary>What all connections of a server may hold together, and hold.</summary>
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

    /// <summary>Takes what is promised, whether there is as much or not.</summary>
    public void Take(long bytes) => Interlocked.Add(ref used, bytes);

    public void Give(long bytes) => Interlocked.Add(ref used, -bytes);
}

/// <summary>
/// Counts what one connection holds: the message, its envelope and macros, a frame on its way. Its share it always has, so
/// that a usual message never asks the others, and still passes when large ones are put off.
/// </summary>
internal sealed class ConnectionMemory
{
    /// <summary>What each connection may hold whatever the others do, in bytes: a frame of the usual largest size and a
    /// usual message.</summary>
    public const long Share = 128 * 1024;

    // So many bytes at once are taken from what is there for all.
    private const long Step = 256 * 1024;

    private readonly ServerMemory server;
    private readonly long limit;
    private readonly long share;
    private long used;
    private long taken;

    public ConnectionMemory(ServerMemory server, long limit)
    {
        (this.server, this.limit) = (server, limit);
        taken = share = Math.Min(Share, limit);
        server.Take(taken);
    }

    /// <summary>Counts bytes in, if there is room for them; why there is not, else.</summary>
    public string? Add(long bytes)
    {
        if (used + bytes > taken && Grow(used + bytes) is { } reason)
            return reason;
        used += bytes;
        return null;
    }

    /// <summary>Counts bytes out.</summary>
    public void Remove(long bytes)
    {
        used -= bytes;
        if (taken > share && used <= share)
            Give(share);
    }

    /// <summary>Gives everything back, at the end of the connection.</summary>
    public void End() => Give(0);

    private string? Grow(long needed)
    {
        if (needed > limit)
            return $"a connection may hold {limit} bytes";
        var wanted = Math.Min(limit, (needed + Step - 1) / Step * Step);
        if (wanted > taken && !server.TryTake(wanted - taken))
            return "what all connections may hold together is used up";
        taken = Math.Max(taken, wanted);
        return null;
    }

    private void Give(long left)
    {
        server.Give(taken - left);
        taken = left;
    }
}
