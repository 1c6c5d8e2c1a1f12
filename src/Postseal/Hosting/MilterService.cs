using System.Net.Sockets;
using System.Runtime.InteropServices;
using Microsoft.Extensions.Logging;
using Milter;
using Postseal.Program.Files;
using Postseal.Program.Milter;
using Postseal.Settings;

namespace Postseal.Program.Hosting;

/// <summary>
/// The life of the daemon: reads its settings, listens, tells systemd, follows SIGHUP, and stops when it is told to.
/// </summary>
internal sealed partial class MilterService(string configPath, Stream standardError, TimeProvider time)
{
    /// <summary>Serves until the cancellation, and then what is in flight for [Milter] StopTimeout.</summary>
    /// <returns>False when the milter stopped by itself; why is in the log.</returns>
    /// <exception cref="ConfigurationException">The configuration is wrong, or a socket in it cannot be listened on.</exception>
    public async Task<bool> RunAsync(CancellationToken stop)
    {
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

        var systemd = new ServiceManager(log.Factory.CreateLogger<ServiceManager>());
        var peers = settings.Current.Server.Peers;
        await using var server = MilterDaemon.CreateServer(settings.Current.Server, () => settings.Current.Mail, log.Factory, time);
        await ListenAsync(server, peers, log.Factory.CreateLogger<MilterService>());
        systemd.Ready();
        await server.Completion.WaitAsync(stop).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        systemd.Stopping();
        await server.StopAsync(CancellationToken.None);
        return !server.Completion.IsFaulted;
    }

    private async Task ListenAsync(MilterServer server, ICollection<MilterPeer> peers, ILogger<MilterService> logger)
    {
        try
        {
            await server.StartAsync(CancellationToken.None);
            SocketAccess.Check(server.Endpoints, peers); // the kind of those that systemd passed is known only now
            foreach (var warning in SocketAccess.Warnings(server.Endpoints, peers, FileOwner.CurrentUser))
                LogSocketWarning(logger, warning);
        }
        catch (Exception e) when (e is IOException or SocketException or UnauthorizedAccessException or FormatException)
        {
            // A socket that is taken or not ours to make: for the admin, not for us.
            throw new ConfigurationException([new ConfigurationError(configPath, "Milter", "Socket", e.Message)]);
        }
    }

    [LoggerMessage(300, LogLevel.Warning, "{Warning}")]
    private static partial void LogSocketWarning(ILogger logger, string warning);
}
