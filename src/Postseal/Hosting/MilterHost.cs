using System.Runtime.InteropServices;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Hosting.Systemd;
using Microsoft.Extensions.Logging;
using Postseal.Program.Milter;
using Postseal.Settings;

namespace Postseal.Program.Hosting;

/// <summary>Puts the daemon together: its settings and log, and the milter in the Generic Host, which notifies systemd.</summary>
internal static class MilterHost
{
    /// <summary>Serves until the cancellation, and then what is in flight for [Milter] StopTimeout.</summary>
    /// <returns>False when the milter stopped by itself; why is in the log.</returns>
    /// <exception cref="ConfigurationException">The configuration is wrong, or a socket in it cannot be listened on.</exception>
    public static async Task<bool> RunAsync(string configPath, Stream standardError, TimeProvider time, CancellationToken stop)
    {
        CoreDumps.Prevent();
        using var log = new StandardErrorLog(standardError, MilterSettings.Load(configPath).LogLevel, time);
        var settings = new LiveSettings(
            configPath, () => MilterSettings.Load(configPath), time, log.Factory.CreateLogger<LiveSettings>());
        settings.Changed += changed =>
        {
            log.Level = changed.LogLevel;
            MilterDaemon.WriteLoginRule(changed.Mail, log.Factory);
        };
        // Windows sends this one when the console is closed.
        using var hangUp = OperatingSystem.IsWindows() ? null : PosixSignalRegistration.Create(PosixSignal.SIGHUP, signal =>
        {
            signal.Cancel = true; // the default would end the process
            settings.Reload();
        });

        var options = settings.Current.Server;
        await using var server = MilterDaemon.CreateServer(options, () => settings.Current.Mail, log.Factory, time);
        var builder = Host.CreateEmptyApplicationBuilder(null);
        builder.Services
            .AddSingleton<ISystemdNotifier, SystemdNotifier>() // silent where there is no NOTIFY_SOCKET
            .AddSingleton<IHostLifetime, SystemdLifetime>()
            .Configure<HostOptions>(host => host.ShutdownTimeout = Timeout.InfiniteTimeSpan) // [Milter] StopTimeout ends it
            .AddHostedService(host => new MilterService(
                configPath, server, options.Peers, host.GetRequiredService<IHostApplicationLifetime>(),
                log.Factory.CreateLogger<MilterService>()));
        try
        {
            await builder.Build().RunAsync(stop);
        }
        catch (OperationCanceledException)
        {
            // It was stopped while it was starting.
        }

        return !server.Completion.IsFaulted;
    }
}
