using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Text.RegularExpressions;
using Milter;

namespace Postseal.Tests;

/// <summary>The daemon as a process of its own, whose log is read, or not, as the test wants.</summary>
internal sealed partial class DaemonProcess : IDisposable
{
    private readonly Process process;

    private DaemonProcess(Process process) => this.process = process;

    /// <summary>Where it listens.</summary>
    public MilterEndpoint Endpoint { get; private init; } = null!;

    /// <summary>Starts the daemon and reads its log until it listens.</summary>
    public static async Task<DaemonProcess> StartAsync(
        string configuration, CancellationToken cancellationToken, params (string Name, string Value)[] environment)
    {
        var process = PostsealProcess.StartWith(environment, "milter", "--config", configuration);
        var said = await LineAsync(process, "listening on ", cancellationToken);
        return new DaemonProcess(process) { Endpoint = MilterEndpoint.Parse(ListeningOn().Match(said).Groups[1].Value) };
    }

    /// <summary>Reads the log up to a line with that text, and returns it.</summary>
    public Task<string> LineAsync(string text, CancellationToken cancellationToken) => LineAsync(process, text, cancellationToken);

    /// <summary>Sends a signal, and returns at once.</summary>
    public void Signal(PosixSignal signal) => Process.Start("kill", [signal switch
    {
        PosixSignal.SIGHUP => "-HUP",
        PosixSignal.SIGTERM => "-TERM",
        _ => throw new ArgumentOutOfRangeException(nameof(signal)),
    }, process.Id.ToString(CultureInfo.InvariantCulture)]).WaitForExit();

    /// <summary>Waits for its end; nothing of its log is read.</summary>
    public async Task<int> ExitCodeAsync(CancellationToken cancellationToken)
    {
        await process.WaitForExitAsync(cancellationToken);
        return process.ExitCode;
    }

    public void Dispose()
    {
        if (!process.HasExited)
            process.Kill();
        process.Dispose();
    }

    private static async Task<string> LineAsync(Process process, string text, CancellationToken cancellationToken)
    {
        var all = "";
        while (await process.StandardError.ReadLineAsync(cancellationToken) is { } line)
        {
            if (line.Contains(text, StringComparison.Ordinal))
                return line;
            all += line + "\n";
        }

        throw new InvalidOperationException($"'{text}' does not come, but: {all}");
    }

    [GeneratedRegex("listening on (.+)$")]
    private static partial Regex ListeningOn();
}
