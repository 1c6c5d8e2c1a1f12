using System.Diagnostics;
using Milter;

namespace Postseal.Soak;

/// <summary>The real program, in a process of its own.</summary>
internal sealed class Daemon : IAsyncDisposable
{
    private const string Listening = "listening on ";
    private static readonly TimeSpan Timeout = TimeSpan.FromMinutes(1);

    private readonly Process process;
    private readonly Task reading;

    private Daemon(Process process)
    {
        this.process = process;
        reading = ReadAsync();
    }

    public DaemonLog Log { get; } = new();

    /// <summary>Where it listens: the Unix socket and the port.</summary>
    public IReadOnlyList<MilterEndpoint> Endpoints { get; private set; } = [];

    /// <summary>Ends when the process does.</summary>
    public Task Exited => process.WaitForExitAsync();

    /// <summary>Starts it and waits until it listens at as many places as the settings name.</summary>
    /// <param name="program">The program; <see langword="null"/>: the one built with this.</param>
    /// <param name="settings">The configuration file.</param>
    /// <param name="sockets">How many places that are.</param>
    /// <exception cref="InvalidOperationException">It ended instead; the message has what it said.</exception>
    public static async Task<Daemon> StartAsync(string? program, string settings, int sockets)
    {
        var (file, first) = program is null ? ("dotnet", [Path.Combine(AppContext.BaseDirectory, "postseal.dll")])
            : program.EndsWith(".dll", StringComparison.Ordinal) ? ("dotnet", [program])
            : (program, Array.Empty<string>());
        var start = new ProcessStartInfo(file, [.. first, "milter", "--config", settings]) { RedirectStandardError = true };
        // What a service manager told this process is not for the daemon.
        foreach (var variable in (string[])["JOURNAL_STREAM", "NOTIFY_SOCKET", "CREDENTIALS_DIRECTORY"])
            start.Environment.Remove(variable);
        var daemon = new Daemon(Process.Start(start)!);
        var listening = Enumerable.Range(0, sockets).Select(_ => daemon.Log.ExpectAsync(Listening)).ToArray();
        try
        {
            daemon.Endpoints = [.. (await Task.WhenAll(listening)).Select(EndpointIn)];
            return daemon;
        }
        catch (EndOfStreamException e)
        {
            await daemon.DisposeAsync();
            throw new InvalidOperationException($"the daemon did not start: {string.Join('\n', daemon.Log.Unexpected)}", e);
        }
    }

    public Usage Usage() => Soak.Usage.Of(process);

    /// <summary>Sends SIGTERM, and returns the exit code.</summary>
    /// <exception cref="TimeoutException">It is still there.</exception>
    public async Task<int> StopAsync()
    {
        using var kill = Process.Start("kill", ["-TERM", $"{process.Id}"]);
        await process.WaitForExitAsync().WaitAsync(Timeout);
        await reading;
        return process.ExitCode;
    }

    public async ValueTask DisposeAsync()
    {
        if (!process.HasExited)
            process.Kill();
        await reading;
        process.Dispose();
    }

    private static MilterEndpoint EndpointIn(string line) =>
        MilterEndpoint.Parse(line[(line.IndexOf(Listening, StringComparison.Ordinal) + Listening.Length)..]);

    private async Task ReadAsync()
    {
        while (await process.StandardError.ReadLineAsync() is { } line)
            Log.Take(line);
        Log.End();
    }
}
