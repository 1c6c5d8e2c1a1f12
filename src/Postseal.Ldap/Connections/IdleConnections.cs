using System.Collections.Concurrent;

namespace Postseal.Ldap.Connections;

/// <summary>Connections that are open and not in use, the one that was used last on top. Safe for any number of threads.</summary>
/// <param name="time">The clock.</param>
internal sealed class IdleConnections(TimeProvider time) : IAsyncDisposable
{
    /// <summary>How long one may be idle: firewalls forget connections after some minutes without telling anybody.</summary>
    internal static readonly TimeSpan MaxIdle = TimeSpan.FromMinutes(2);

    /// <summary>How long one is used at most, so that the servers of the settings come back into their order, and a new password or CA is used.
    /// </summary>
    internal static readonly TimeSpan MaxAge = TimeSpan.FromMinutes(30);

    private readonly ConcurrentDictionary<Uri, ConcurrentStack<Idle>> stacks = [];
    private volatile bool isClosed;

    /// <summary>Takes a connection to a server; <see langword="null"/> where there is none that is good. Those that are not are closed.</summary>
    public async ValueTask<(LdapConnection Connection, long OpenedAt)?> TakeAsync(Uri server)
    {
        while (stacks.TryGetValue(server, out var stack) && stack.TryPop(out var idle))
        {
            if (idle.Connection.IsQuiet && time.GetElapsedTime(idle.Since) < MaxIdle && time.GetElapsedTime(idle.OpenedAt) < MaxAge)
                return (idle.Connection, idle.OpenedAt);
            await idle.Connection.DisposeAsync().ConfigureAwait(false);
        }

        return null;
    }

    /// <summary>Gives back a connection that was used; one that cannot be used again is closed.</summary>
    public async ValueTask GiveAsync(Uri server, LdapConnection connection, long openedAt)
    {
        if (connection.IsUsable && !isClosed)
            stacks.GetOrAdd(server, _ => []).Push(new Idle(connection, openedAt, time.GetTimestamp()));
        else
            await connection.DisposeAsync().ConfigureAwait(false);
        if (isClosed)
            await CloseAsync().ConfigureAwait(false);
    }

    /// <summary>Closes them, and all that are given back later.</summary>
    public async ValueTask DisposeAsync()
    {
        isClosed = true;
        await CloseAsync().ConfigureAwait(false);
    }

    private async ValueTask CloseAsync()
    {
        foreach (var stack in stacks.Values)
        {
            while (stack.TryPop(out var idle))
                await idle.Connection.DisposeAsync().ConfigureAwait(false);
        }
    }

    private sealed record Idle(LdapConnection Connection, long OpenedAt, long Since);
}
