namespace Milter;

/// <summary>Counts the memory of one connection: the message, its envelope and macros, a frame on its way. A share is
/// always the connection's own, so that a message of usual size passes even when the memory of all connections is used
/// up.</summary>
internal sealed class ConnectionMemory
{
    /// <summary>The share of each connection, whatever the others use, in bytes: the largest frame that is usual (64
    /// KiB) and a message of usual size.</summary>
    public const long Share = 128 * 1024;

    // The step in which memory is taken from that of all connections, in bytes: not once for each header field.
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

    /// <summary>Adds to the memory in use.</summary>
    /// <returns>Null when it was added; else why there is no room for it.</returns>
    public string? Add(long bytes)
    {
        if (used + bytes > taken && Grow(used + bytes) is { } reason)
            return reason;
        used += bytes;
        return null;
    }

    /// <summary>Removes from the memory in use.</summary>
    public void Remove(long bytes)
    {
        used -= bytes;
        if (taken > share && used <= share)
            Give(share);
    }

    /// <summary>Counts something that grows and shrinks anew.</summary>
    /// <param name="counted">Its size when it was last counted, in bytes; <paramref name="size"/> afterwards.</param>
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

    /// <summary>Releases all memory, at the end of the connection.</summary>
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
