using System.Diagnostics;
using Postseal.Program.Trial;
using Postseal.TestKit;

namespace Postseal.Soak;

/// <summary>One soak, from the certificates to the report.</summary>
internal sealed class SoakRun(SoakPlan plan, TextWriter output)
{
    // What the runtime opens when it needs it first: /dev/urandom, an epoll for more sockets.
    private const int LazyHandles = 2;
    private static readonly TimeSpan Settling = TimeSpan.FromSeconds(30);

    private readonly Promises promises = new();

    /// <returns>The exit code.</returns>
    public async Task<int> RunAsync(CancellationToken cancellationToken)
    {
        using var directory = new TemporaryDirectory();
        using var authority = new TestCa("Soak", TimeProvider.System);
        var files = new SenderFiles(directory.Path, authority);
        foreach (var sender in Senders.Residents.Append(Senders.Silent))
            await files.RenewAsync(sender);
        var settings = new Settings(directory.Path);

        if (!OpenSsl.IsHere)
            promises.VerifiedByOpenSsl.Break("openssl is not on this machine");
        output.WriteLine($"{plan.Duration.TotalSeconds:0} s, seed {plan.Seed}");
        await using var daemon = await Daemon.StartAsync(plan.Program, settings.IniFile, Settings.Sockets);
        var sent = new Tally();
        var courier = new Courier(authority.Root, settings, promises, sent);
        await WarmUpAsync(daemon, courier);
        var atStart = daemon.Usage();

        var load = new SoakLoad(plan, files, settings, daemon, courier, promises);
        var watch = Stopwatch.StartNew();
        await load.RunAsync(cancellationToken);
        var lasted = watch.Elapsed;
        cancellationToken.ThrowIfCancellationRequested(); // Ctrl-C reaches the daemon too: there is nothing to report on

        var atEnd = await SettleAsync(daemon, atStart.Handles + LazyHandles);
        promises.Handles.Require(
            atEnd.Handles <= atStart.Handles + LazyHandles, $"{atStart.Handles} at the start, {atEnd.Handles} at the end");
        promises.Memory.Require(load.Usage.MemoryIsFlat, "the level of the last fifth is above that of the second");
        await StopAsync(daemon);
        return new Report(plan, promises, sent, load, daemon.Log, atStart, atEnd, lasted).Write(output);
    }

    /// <summary>A message of each sender over each socket: what is read once and opened once is read and open then.</summary>
    private async Task WarmUpAsync(Daemon daemon, Courier courier)
    {
        var letters = new LetterWriter(plan.Random("warm-up"), "W");
        for (var number = 0; number < daemon.Endpoints.Count; number++)
        {
            await using var mta = await MtaLoad.ConnectAsync(daemon, number);
            foreach (var sender in Senders.Residents)
                await courier.DeliverAsync(mta, letters.Of(sender));
        }
    }

    /// <summary>The daemon sees connections end a little after we ended them.</summary>
    private static async Task<Usage> SettleAsync(Daemon daemon, int handles)
    {
        using var tick = new PeriodicTimer(TimeSpan.FromMilliseconds(100));
        var watch = Stopwatch.StartNew();
        var usage = daemon.Usage();
        for (; usage.Handles > handles && watch.Elapsed < Settling; usage = daemon.Usage())
            await tick.WaitForNextTickAsync();
        return usage;
    }

    private async Task StopAsync(Daemon daemon)
    {
        try
        {
            var exitCode = await daemon.StopAsync();
            promises.Stops.Require(exitCode == 0, $"exit code {exitCode}");
        }
        catch (TimeoutException)
        {
            promises.Stops.Break("it did not stop");
        }

        promises.QuietLog.Require(!daemon.Log.Unexpected.Any(), string.Join('\n', daemon.Log.Unexpected));
    }
}
