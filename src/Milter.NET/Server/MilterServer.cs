using System.Net.Sockets;
using System.Runtime.InteropServices;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace Milter;

/// <summary>Listens for MTAs and serves them, many at once. It is started and stopped once.</summary>
public sealed class MilterServer : IAsyncDisposable
{
    private readonly MilterServerOptions options;
    private readonly Func<MilterHandler> newHandler;
    private readonly ILogger log;
    private readonly TimeProvider time;
    private readonly CancellationTokenSource stopping = new();
    private readonly CancellationTokenSource aborting = new();
    private readonly SemaphoreSlim slots;
    private readonly SessionHost host;
    private readonly HashSet<Task> sessions = [];
    private readonly List<Task> acceptLoops = [];
    private readonly CancellationTokenSource hurry = new();
    private readonly Lock stopLock = new();
    private readonly TaskCompletionSource completion = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private List<Listener> listeners = [];
    private Task? stop;
    private IOException? failure;

    /// <summary>Creates a server that serves each connection with a handler of its own.</summary>
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
        slots = new SemaphoreSlim(options.MaxConnections);
        host = new SessionHost(
            options.ToSessionLimits(), log, time, new ServerDiagnostics(this, time),
            new ServerMemory(options.MaxTotalMemory), stopping.Token, aborting.Token);
    }

    /// <summary>Creates a server that filters whole messages.</summary>
    public MilterServer(
        MilterServerOptions options, IMilterFilter filter, ILogger? logger = null, TimeProvider? timeProvider = null)
        : this(options, HandlersFor(filter, options, logger, timeProvider), logger, timeProvider)
    {
    }

    /// <summary>Gets the endpoints as bound: with the port that was assigned for port 0. Empty before the
    /// start.</summary>
    public IReadOnlyList<MilterEndpoint> Endpoints => [.. listeners.Select(listener => listener.Endpoint)];

    /// <summary>Gets a task that completes when the server has stopped. It fails with an <see cref="IOException"/> that
    /// says why when the server stopped by itself, because it can accept no more connections: a program should then
    /// end, so that its service manager restarts it.</summary>
    public Task Completion => completion.Task;

    /// <summary>Binds every endpoint, or none, and begins to accept connections.</summary>
    /// <exception cref="IOException">The server cannot listen on an endpoint, or nobody may connect to it; the message
    /// names it and says why.</exception>
    public async Task StartAsync(CancellationToken cancellationToken = default)
    {
        var bound = new List<Listener>();
        var peers = new PeerRules(options.Peers);
        try
        {
            foreach (var endpoint in options.Endpoints)
                bound.AddRange(await Listener.BindAsync(endpoint, cancellationToken).ConfigureAwait(false));
            bound.ForEach(peers.CheckUse);
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
            // Accepting may fail at once, and stop the server before the next one is here.
            lock (stopLock)
                acceptLoops.Add(AcceptAsync(listener, new Acceptor(listener, peers, slots, options, log, time)));
        }
    }

    /// <summary>Runs a filter that is a program of its own: starts, serves until SIGTERM, SIGINT or the cancellation,
    /// then stops as <see cref="StopAsync"/> does. A second signal ends the process at once.</summary>
    /// <exception cref="IOException">The server cannot listen on an endpoint, or not any more; the message names it and
    /// says why.</exception>
    public async Task RunAsync(CancellationToken cancellationToken = default)
    {
        var signalled = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, OnSignal);
        using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, OnSignal);
        using var cancelled = cancellationToken.Register(() => signalled.TrySetResult());
        await StartAsync(cancellationToken).ConfigureAwait(false);
        await Task.WhenAny(signalled.Task, Completion).ConfigureAwait(false);
        await StopAsync(CancellationToken.None).ConfigureAwait(false);
        await Completion.ConfigureAwait(false);

        void OnSignal(PosixSignalContext signal) => signal.Cancel = signalled.TrySetResult();
    }

    /// <summary>Serves one connection that was made elsewhere, until it ends. The stream is left open, and counts
    /// towards no limit.</summary>
    /// <param name="connection">The connection.</param>
    /// <param name="peer">Its name in logs.</param>
    public Task ServeAsync(Stream connection, string peer)
    {
        ArgumentNullException.ThrowIfNull(connection);
        return Track(peer, () => ConverseAsync(connection, peer));
    }

    /// <summary>Stops: accepts nothing more, closes connections without a message in flight, gives the others
    /// <see cref="MilterServerOptions.StopTimeout"/> to finish theirs, then closes them before their answer.</summary>
    /// <param name="cancellationToken">Ends the waiting for messages in flight.</param>
    public async Task StopAsync(CancellationToken cancellationToken = default)
    {
        if (Completion.IsCompleted)
            return;
        using var cut = cancellationToken.Register(hurry.Cancel);
        await StopOnceAsync().ConfigureAwait(false);
    }

    /// <summary>Stops the server and releases what it holds.</summary>
    public async ValueTask DisposeAsync()
    {
        await StopAsync().ConfigureAwait(false);
        stopping.Dispose();
        aborting.Dispose();
        hurry.Dispose();
        slots.Dispose();
        host.Diagnostics.Dispose();
    }

    private Task StopOnceAsync()
    {
        lock (stopLock)
            return stop ??= Task.Run(ShutDownAsync);
    }

    private async Task ShutDownAsync()
    {
        await stopping.CancelAsync().ConfigureAwait(false);
        Task[] loops;
        lock (stopLock)
            loops = [.. acceptLoops];
        await Task.WhenAll(loops).ConfigureAwait(false);
        listeners.ForEach(listener => listener.Dispose());
        var remaining = OpenSessions();
        log.Stopping(remaining.Length);
        var finished = Task.WhenAll(remaining);
        using var limit = new CancellationTokenSource(options.StopTimeout, time);
        using var cut = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, hurry.Token);
        await finished.WaitAsync(cut.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await aborting.CancelAsync().ConfigureAwait(false);
        // A session has logged its own failure.
        await finished.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        if (failure is null)
            completion.SetResult();
        else
            completion.SetException(failure);
    }

    private static Func<MilterHandler> HandlersFor(
        IMilterFilter filter, MilterServerOptions options, ILogger? logger, TimeProvider? time)
    {
        ArgumentNullException.ThrowIfNull(filter);
        ArgumentNullException.ThrowIfNull(options);
        options.Validate();
        var limits = options.ToMessageLimits();
        var large = new LargeMessageGate(limits.MaxLargeMessages, time ?? TimeProvider.System);
        return () => new FilterHandler(filter, limits, large, logger ?? NullLogger.Instance);
    }

    private async Task AcceptAsync(Listener listener, Acceptor acceptor)
    {
        try
        {
            await acceptor.RunAsync(
                connection => _ = Track(listener.Endpoint.ToString(), () => ServeAsync(listener, connection)),
                stopping.Token).ConfigureAwait(false);
        }
        catch (IOException e)
        {
            GiveUp(e);
        }
    }

    private void GiveUp(IOException why)
    {
        log.GivenUp(why.Message);
        failure = why;
        _ = StopOnceAsync();
    }

    private async Task ServeAsync(Listener listener, Socket connection)
    {
        try
        {
            Task ended;
            using (connection)
            {
                // Small replies go out at once: Nagle's algorithm and delayed acknowledgements cost 40 ms a message.
                if (connection.ProtocolType == ProtocolType.Tcp)
                    connection.NoDelay = true;
                await using var stream = new QuickAckStream(connection);
                ended = await ConverseAsync(stream, listener.PeerOf(connection)).ConfigureAwait(false);
            }
            // A peer that hangs up while the filter is at work must not get a second message worked on meanwhile. A
            // server that stops has waited long enough.
            await ended.WaitAsync(aborting.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
        finally
        {
            slots.Release();
        }
    }

    /// <summary>Serves a peer until the connection ends. The task it returns completes later, when the handler has
    /// finished with the last message.</summary>
    private async Task<Task> ConverseAsync(Stream stream, string peer)
    {
        var session = new MilterSession(stream, peer, newHandler(), host);
        await session.RunAsync().ConfigureAwait(false);
        return session.DisposeAsync().AsTask();
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
        catch (Exception e) when (IsLoadFailure(e))
        {
            GiveUp(new IOException($"{peer}: no connection can be served any more: {e.Message}", e));
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

    // Code could not be loaded, mostly for want of a file descriptor. .NET does not try again: the process is lost.
    private static bool IsLoadFailure(Exception e) =>
        e is TypeInitializationException or TypeLoadException or FileNotFoundException or FileLoadException;

    private Task[] OpenSessions()
    {
        lock (sessions)
            return [.. sessions];
    }
}
