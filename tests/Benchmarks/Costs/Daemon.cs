using System.Diagnostics;
using System.Net.Sockets;
using Milter;
using Postseal.Benchmarks.Load;
using Postseal.Benchmarks.Setup;

namespace Postseal.Benchmarks.Costs;

/// <summary>A daemon under measurement, as a process of its own.</summary>
internal sealed class Daemon : IDisposable
{
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(30);

    private readonly Process process;

    private Daemon(Process process, MilterEndpoint endpoint) => (this.process, Endpoint) = (process, endpoint);

    public MilterEndpoint Endpoint { get; }

    /// <summary>From the start of the program until it could be connected to.</summary>
    public TimeSpan StartedIn { get; private set; }

    /// <summary>Processor time so far, the kernel's for it included.</summary>
    public TimeSpan ProcessorTime => Refreshed.TotalProcessorTime;

    /// <summary>Resident memory (VmRSS) in bytes.</summary>
    public long Memory => Refreshed.WorkingSet64;

    /// <summary>The most resident memory (VmHWM) since <see cref="ForgetPeak"/>, in bytes.</summary>
    public long PeakMemory => Refreshed.PeakWorkingSet64;

    private Process Refreshed
    {
        get
        {
            process.Refresh();
            return process;
        }
    }

    public static Daemon Start(string postseal, PostsealSetup setup) =>
        Start(setup.Endpoint, postseal, "milter", "--config", setup.Configuration);

    public static Daemon Start(string opendkim, OpenDkimSetup setup) =>
        Start(setup.Endpoint, opendkim, "-f", "-x", setup.Configuration);

    /// <summary>Lets the peak begin anew at what is resident now (proc(5), clear_refs).</summary>
    public void ForgetPeak() => File.WriteAllText($"/proc/{process.Id}/clear_refs", "5");

    public void Dispose()
    {
        process.Kill();
        process.WaitForExit();
        process.Dispose();
    }

    private static Daemon Start(MilterEndpoint endpoint, string program, params string[] arguments)
    {
        // OpenDKIM does not take the place of one that was killed.
        if (endpoint is MilterUnixEndpoint unix)
            File.Delete(unix.Path);
        var clock = Stopwatch.StartNew();
        var daemon = new Daemon(Process.Start(program, arguments), endpoint);
        while (!daemon.Listens())
        {
            if (daemon.process.HasExited || clock.Elapsed > Timeout)
            {
                daemon.Dispose();
                throw new InvalidOperationException($"{program} does not listen on {endpoint}.");
            }

            Thread.Sleep(1);
        }

        daemon.StartedIn = clock.Elapsed;
        return daemon;
    }

    private bool Listens()
    {
        try
        {
            LoadConnection.Connect(Endpoint).Dispose();
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }
}
