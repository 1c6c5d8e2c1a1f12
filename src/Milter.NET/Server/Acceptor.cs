using System.Net.Sockets;
using Microsoft.Extensions.Logging;

namespace Milter;

/// <summary>Accepts the connections of one listener as long as the server runs: closes those of peers that may not
/// connect, and makes those over the limit wait.</summary>
internal sealed class Acceptor(
    Listener listener,
    PeerRules peers,
    SemaphoreSlim slots,
    MilterServerOptions options,
    ILogger log,
    TimeProvider time)
{
    // A cause that makes accepting fail for a while, like too few descriptors, mostly ends when a connection ends.
    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(1);

    // How long accepting may fail while there is no connection whose end could help.
    private static readonly TimeSpan GiveUpTimeout = TimeSpan.FromMinutes(1);

    private readonly LogPace limitPace = new(time);
    private readonly LogPace failurePace = new(time);
    private readonly LogPace refusalPace = new(time, most: 10);
    private TimeSpan pause = FirstPause;
    private long? failingSince;

    /// <summary>Accepts the next connection from the system.</summary>
    public Func<CancellationToken, ValueTask<Socket>> Accept { get; init; } = listener.Socket.AcceptAsync;

    /// <summary>Accepts connections until it is stopped. Each connection that is served holds a slot.</summary>
    /// <exception cref="IOException">Nothing can be accepted any more; the message says why.</exception>
    public async Task RunAsync(Action<Socket> serve, CancellationToken stopping)
    {
        while (!stopping.IsCancellationRequested)
        {
            try
            {
                var connection = await Accept(stopping).ConfigureAwait(false);
                (failingSince, pause) = (null, FirstPause);
                if (await AdmitAsync(connection, stopping).ConfigureAwait(false))
                    serve(connection);
            }
            catch (OperationCanceledException) when (stopping.IsCancellationRequested)
            {
                return;
            }
            catch (SocketException e)
            {
                await RecoverAsync(e, stopping).ConfigureAwait(false);
            }
            catch (Exception e)
            {
                throw GivenUp(e);
            }
        }
    }

    private async ValueTask<bool> AdmitAsync(Socket connection, CancellationToken stopping)
    {
        if (peers.Refuse(connection) is { } peer)
        {
            if (refusalPace.Allows(out var others))
                log.PeerRefused(listener.Endpoint.ToString(), peer, others);
            connection.Dispose();
            return false;
        }
        if (!slots.Wait(0, CancellationToken.None))
            await WaitForSlotAsync(connection, stopping).ConfigureAwait(false);
        return true;
    }

    // An accepted connection waits here, those behind it in the backlog: a short burst is served, not refused.
    private async ValueTask WaitForSlotAsync(Socket connection, CancellationToken stopping)
    {
        if (limitPace.Allows(out _))
            log.ConnectionLimit(listener.Endpoint.ToString(), options.MaxConnections);
        try
        {
            await slots.WaitAsync(stopping).ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            connection.Dispose();
            throw;
        }
    }

    // accept(2) also fails when a connection was aborted before it was accepted, which is no failure, and when
    // descriptors or memory run out, which passes as connections end.
    private async ValueTask RecoverAsync(SocketException e, CancellationToken stopping)
    {
        if (e.SocketErrorCode == SocketError.ConnectionAborted)
            return;
        failingSince ??= time.GetTimestamp();
        var isIdle = slots.CurrentCount == options.MaxConnections;
        if (isIdle && time.GetElapsedTime(failingSince.Value) >= GiveUpTimeout)
            throw GivenUp(e);
        if (failurePace.Allows(out var others))
            log.AcceptFailed(listener.Endpoint.ToString(), Explain(e), others);
        await Task.Delay(pause, time, stopping).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        pause = pause * 2 < LongestPause ? pause * 2 : LongestPause;
    }

    private IOException GivenUp(Exception e) =>
        new($"{listener.Endpoint}: no connection can be accepted any more: {Explain(e)}", e);

    private static string Explain(Exception e) =>
        e is SocketException { SocketErrorCode: SocketError.TooManyOpenSockets }
            ? $"{e.Message}: raise the limit of file descriptors (ulimit -n, systemd's LimitNOFILE=), "
                + "or lower MaxConnections"
            : (e.InnerException ?? e).Message;
}
