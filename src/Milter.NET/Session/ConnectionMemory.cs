namespace Milter;

/// <summary>
/// Counts what one connection holds: the message, its envelope and macros, a frame on its way. It always has its share, so
/// that a message of usual size passes even while the memory of all connections is used up.
/// </summary>
internal sealed class ConnectionMemory
{
    /// <summary>What each connection may hold whatever the others do, in bytes: the largest frame that is usual (64 KiB) and
    /// a message of usual size.</summary>
    public const long Share = 128 * 1024;

    // What is taken from the memory of all connections at once, in bytes: not every header field asks for its own.
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

    /// <summary>Adds to what is held.</summary>
    /// <returns>Why there is no room for it, and nothing was added; null when it was.</returns>
    public string? Add(long bytes)
    {
        if (used + bytes > taken && Grow(used + bytes) is { } reason)
            return reason;
        used += bytes;
        return null;
    }

    /// <summary>Takes away from what is held.</summary>
    public void Remove(long bytes)
    {
        used -= bytes;
        if (taken > share && used <= share)
            Give(share);
    }

    /// <summary>Follows the size of something that grows and shrinks.</summary>
    /// <param name="counted">What it was counted with so far, in bytes; <paramref name="size"/> afterwards.</param>
    /// <param name="size">Its size now, in bytes.</param>
    /// <exception cref="MemoryLimitException">There is no room for it.</exception>
    public void Recount(ref long counted, long size)
    {
        if (size > counted && Add(size - counted) is { } reason)
            throw new MemoryLimitException(reason);
        if (size < counted)
            Remove(counted - size);
        counted = size;
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
