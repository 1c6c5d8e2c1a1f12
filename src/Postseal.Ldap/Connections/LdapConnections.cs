using Postseal.Certificates.Sources;
using Postseal.Ldap.Protocol;

namespace Postseal.Ldap.Connections;

/// <summary>
/// The connections of a source: kept open, as many as the settings allow, to the first of its servers that answers. Safe for any number of
/// threads; nothing is connected to before something is asked.
/// </summary>
/// <remarks>Each question has the time limit of the settings, with all that belongs to it: the wait for a connection, opening one, the other
/// servers.</remarks>
internal sealed class LdapConnections : IAsyncDisposable
{
    private readonly LdapOptions options;
    private readonly TimeProvider time;
    private readonly Authentication authentication;
    private readonly LdapConnector connector;
    private readonly ServerList servers;
    private readonly IdleConnections idle;
    private readonly SemaphoreSlim places;

    /// <summary>Makes it.</summary>
    /// <param name="options">The settings of the source.</param>
    /// <param name="time">The clock.</param>
    public LdapConnections(LdapOptions options, TimeProvider time)
    {
        (this.options, this.time) = (options, time);
        authentication = new Authentication(options, time);
        connector = new LdapConnector(options, authentication);
        servers = new ServerList(options.Urls, time);
        idle = new IdleConnections(time);
        places = new SemaphoreSlim(options.Connections, options.Connections);
    }

    /// <summary>Gets the name of the source: <c>ldap:NAME</c>.</summary>
    public string Name => $"ldap:{options.Name}";

    /// <summary>Uses a connection, authenticated already.</summary>
    /// <param name="use">What is done with it. Where a server fails, it is done again, on another connection or with another server: it has to
    /// bear that the first time was not in vain.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="LdapException">The server answered, with something else than success.</exception>
    /// <exception cref="AnswerTooLargeException">The answer is larger than any honest one.</exception>
    /// <exception cref="ConnectionsInUseException">All connections were in use for half of the time limit.</exception>
    /// <exception cref="IOException">No server answers, or none that can be believed. The message begins with the source.</exception>
    public async Task<T> UseAsync<T>(Func<LdapConnection, CancellationToken, Task<T>> use, CancellationToken cancellationToken)
    {
        authentication.Check();
        // The rest of the time is the server's, so that it is not taken for silent because others were asking before.
        var patience = options.Timeout / 2;
        var start = time.GetTimestamp();
        await TimeLimit.RunAsync(
            token => places.WaitAsync(token), patience, time,
            () => new ConnectionsInUseException(
                $"{Name} is asked so much that all of its {options.Connections} connections were in use for {patience.TotalSeconds:0.#} s; "
                    + "if the server is not slow, raise Connections"),
            cancellationToken).ConfigureAwait(false);
        try
        {
            return await UseServersAsync(use, start, cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            places.Release();
        }
    }

    /// <summary>Closes the connections.</summary>
    public async ValueTask DisposeAsync() => await idle.DisposeAsync().ConfigureAwait(false);

    private async Task<T> UseServersAsync<T>(
        Func<LdapConnection, CancellationToken, Task<T>> use, long start, CancellationToken cancellationToken)
    {
        var (order, sound) = servers.InOrder();
        var problems = new List<string>();
        for (var i = 0; ; i++)
        {
            // So that a server that is silent leaves time for the next.
            var left = options.Timeout - time.GetElapsedTime(start);
            var share = left / Math.Max(1, sound - i);
            try
            {
                var result = await TimeLimit.RunAsync(
                    token => UseServerAsync(order[i], use, token), share, time,
                    () => new IOException($"{Name} ({order[i].OriginalString}) did not answer within {share.TotalSeconds:0.#} s"),
                    cancellationToken).ConfigureAwait(false);
                servers.Succeeded(order[i]);
                return result;
            }
            catch (IOException e) when (e is not (BindRefusedException or AnswerTooLargeException or LdapException { IsOfServer: false }))
            {
                servers.Failed(order[i]);
                problems.Add(e.Message);
                if (i == order.Count - 1)
                    throw problems.Count == 1 ? e : new IOException(string.Join("; ", problems), e);
            }
        }
    }

    /// <summary>Uses one server. A connection that was idle may have died without a sign; then there is one more try on a new one.</summary>
    private async Task<T> UseServerAsync<T>(Uri server, Func<LdapConnection, CancellationToken, Task<T>> use, CancellationToken cancellationToken)
    {
        while (await idle.TakeAsync(server).ConfigureAwait(false) is { } taken)
        {
            try
            {
                return await UseConnectionAsync(server, taken.Connection, taken.OpenedAt, use, cancellationToken).ConfigureAwait(false);
            }
            catch (ConnectionClosedException)
            {
            }
        }

        var connection = await connector.OpenAsync(server, cancellationToken).ConfigureAwait(false);
        return await UseConnectionAsync(server, connection, time.GetTimestamp(), use, cancellationToken).ConfigureAwait(false);
    }

    private async Task<T> UseConnectionAsync<T>(
        Uri server, LdapConnection connection, long openedAt, Func<LdapConnection, CancellationToken, Task<T>> use,
        CancellationToken cancellationToken)
    {
        try
        {
            return await use(connection, cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            await idle.GiveAsync(server, connection, openedAt).ConfigureAwait(false);
        }
    }
}
