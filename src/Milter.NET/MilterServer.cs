using System.Net.Sockets;
using System.Runtime.InteropServices;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace Milter;

/// <summary>Listens for MTAs and serves them, many at once. It is started and stopped once.</summary>
public sealed class MilterServer : IAsyncDisposable
{
    // What makes accepting fail (no descriptors left) does not go away at once; without a pause it would fill the log.
    private static readonly TimeSpan AcceptPause = TimeSpan.FromSeconds(1);

    // A limit that is reached is reached by many, and said once in a while.
    private static readonly TimeSpan LimitPause = TimeSpan.FromMinutes(1);

    private readonly MilterServerOptions options;
    private readonly Func<MilterHandler> newHandler;
    private readonly ILogger log;
    private readonly TimeProvider time;
    private readonly ServerDiagnostics diagnostics;
    private readonly CancellationTokenSource stopping = new();
    private readonly CancellationTokenSource aborting = new();
    private readonly SemaphoreSlim places;
    private readonly HashSet<Task> sessions = [];
    private readonly List<Task> acceptLoops = [];
    private List<Listener> listeners = [];
    private long? limitTold;

    /// <summary>Makes a server that follows the dialogue with a handler of its own for each connection.</summary>
    public MilterServer(
        MilterServerOptions options,
        Func<MilterHandler> newHandler,
        ILogger? logger = null,
        TimeProvider? timeProvider = null)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(newHandler);
        options.Validate();
        this.options = options;
        this.newHandler = newHandler;
        log = logger ?? NullLogger.Instance;
        time = timeProvider ?? TimeProvider.System;
        diagnostics = new ServerDiagnostics(this, time);
        places = new SemaphoreSlim(options.MaxConnections);
    }

    /// <summary>Makes a server that hands whole messages to a filter.</summary>
    public MilterServer(
        MilterServerOptions options, IMilterFilter filter, ILogger? logger = null, TimeProvider? timeProvider = null)
        : this(options, HandlersFor(filter, options, logger, timeProvider), logger, timeProvider)
    {
    }

    /// <summary>Where the server listens, as bound: with the port it got for port 0. Empty before the start.</summary>
    public IReadOnlyList<MilterEndpoint> Endpoints => [.. listeners.Select(listener => listener.Endpoint)];

    /// <summary>Binds every endpoint, or none, and begins to accept connections.</summary>
    /// <exception cref="IOException">An endpoint cannot be listened on; the message names it and says why.</exception>
    public async Task StartAsync(CancellationToken cancellationToken = default)
    {
        var bound = new List<Listener>();
        try
        {
            foreach (var endpoint in options.Endpoints)
                bound.AddRange(await Listener.BindAsync(endpoint, cancellationToken).ConfigureAwait(false));
        }
        catch
        {
            bound.ForEach(listener => listener.Dispose());
            throw;
        }
        listeners = bound;
        foreach (var listener in listeners)
        {
            log.Listening(listener.Endpoint.ToString());
            acceptLoops.Add(AcceptAsync(listener));
        }
    }

    /// <summary>
    /// The whole life of a filter that is a program of its own: starts, serves until SIGTERM, SIGINT or the
    /// cancellation, then stops as <see cref="StopAsync"/> does. A second signal ends the process at once.
    /// </summary>
    /// <exception cref="IOException">An endpoint cannot be listened on; the message names it and says why.</exception>
    public async Task RunAsync(CancellationToken cancellationToken = default)
    {
        var told = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Tell);
        using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, Tell);
        using var cancelled = cancellationToken.Register(() => told.TrySetResult());
        await StartAsync(cancellationToken).ConfigureAwait(false);
        await told.Task.ConfigureAwait(false);
        await StopAsync(CancellationToken.None).ConfigureAwait(false);

        void Tell(PosixSignalContext signal) => signal.Cancel = told.TrySetResult();
    }

    /// <summary>Serves one connection that was made elsewhere, until it ends. It is not closed, and counts for no
    /// limit.</summary>
    /// <param name="connection">The connection.</param>
    /// <param name="peer">What to call it in logs.</param>
    public Task ServeAsync(Stream connection, string peer)
    {
        ArgumentNullException.ThrowIfNull(connection);
        return Track(peer, () => RunAsync(connection, peer));
    }

    /// <summary>
    /// Stops: accepts nothing more, closes connections without a message in flight, gives the others
    /// <see cref="MilterServerOptions.StopTimeout"/> to finish theirs, then closes them before their answer.
    /// </summary>
    /// <param name="cancellationToken">Cuts the waiting for messages in flight short.</param>
    public async Task StopAsync(CancellationToken cancellationToken = default)
    {
        if (stopping.IsCancellationRequested)
            return;
        await stopping.CancelAsync().ConfigureAwait(false);
        await Task.WhenAll(acceptLoops).ConfigureAwait(false);
        listeners.ForEach(listener => listener.Dispose());
        var remaining = OpenSessions();
        log.Stopping(remaining.Length);
        var finished = Task.WhenAll(remaining);
        using var limit = new CancellationTokenSource(options.StopTimeout, time);
        using var cut = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellationToken);
        await finished.WaitAsync(cut.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await aborting.CancelAsync().ConfigureAwait(false);
        // What went wrong in one has been logged there.
        await finished.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    /// <summary>Stops the server.</summary>
    public async ValueTask DisposeAsync()
    {
        await StopAsync().ConfigureAwait(false);
        stopping.Dispose();
        aborting.Dispose();
        places.Dispose();
        diagnostics.Dispose();
    }

    private static Func<MilterHandler> HandlersFor(
        IMilterFilter filter, MilterServerOptions options, ILogger? logger, TimeProvider? time)
    {
        ArgumentNullException.ThrowIfNull(filter);
        ArgumentNullException.ThrowIfNull(options);
        options.Validate();
        var large = new LargeMessages(options.MaxLargeMessages, time ?? TimeProvider.System);
        return () => new FilterHandler(filter, options, large, logger ?? NullLogger.Instance);
    }

    private async Task AcceptAsync(Listener listener)
    {
        while (!stopping.IsCancellationRequested)
        {
            try
            {
                var connection = await listener.Socket.AcceptAsync(stopping.Token).ConfigureAwait(false);
                if (!places.Wait(0, CancellationToken.None))
                    await WaitForPlaceAsync(listener, connection).ConfigureAwait(false);
                _ = Track(listener.Endpoint.ToString(), () => ServeAsync(listener, connection));
            }
            catch (OperationCanceledException)
            {
                return;
            }
            catch (SocketException e)
            {
                log.AcceptFailed(e, listener.Endpoint.ToString());
                if (e.SocketErrorCode == SocketError.ConnectionAborted)
                    continue;
                await Task.Delay(AcceptPause, time, stopping.Token)
                    .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
    }

    // The one that was accepted waits; those behind it wait in the backlog. A short burst is so served, not refused.
    private async Task WaitForPlaceAsync(Listener listener, Socket connection)
    {
        if (limitTold is not { } told || time.GetElapsedTime(told) >= LimitPause)
        {
            limitTold = time.GetTimestamp();
            log.ConnectionLimit(listener.Endpoint.ToString(), options.MaxConnections);
        }
        try
        {
            await places.WaitAsync(stopping.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            connection.Dispose();
            throw;
        }
    }

    private async Task ServeAsync(Listener listener, Socket connection)
    {
        try
        {
            using (connection)
            {
                // Small replies go out at once: Nagle's algorithm and delayed acknowledgements cost 40 ms a message.
                if (connection.ProtocolType == ProtocolType.Tcp)
                    connection.NoDelay = true;
                await using var stream = new PromptStream(connection);
                await RunAsync(stream, listener.PeerOf(connection)).ConfigureAwait(false);
            }
        }
        finally
        {
            places.Release();
        }
    }

    private async Task RunAsync(Stream stream, string peer)
    {
        var host = new SessionHost(options, log, time, diagnostics, stopping.Token, aborting.Token);
        await using var session = new MilterSession(stream, peer, newHandler(), host);
        await session.RunAsync().ConfigureAwait(false);
    }

    private async Task Track(string peer, Func<Task> serve)
    {
        // On the pool from the start: a first frame that is there already must not hold up the accepting.
        var task = Task.Run(serve);
        lock (sessions)
            sessions.Add(task);
        try
        {
            await task.ConfigureAwait(false);
        }
        catch (Exception e)
        {
            log.SessionFailed(e, peer, "NOQUEUE");
        }
        finally
        {
            lock (sessions)
                sessions.Remove(task);
        }
    }

    private Task[] OpenSessions()
    {
        lock (sessions)
            return [.. sessions];
    }
}
