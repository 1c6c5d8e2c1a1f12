using System.CommandLine;
using System.Runtime.InteropServices;
using Microsoft.Extensions.Logging;
using Postseal.Program.Commands.Kit;
using Postseal.Program.Files;
using Postseal.Program.Hosting;
using Postseal.Program.Milter;
using Postseal.Program.Terminal;
using Postseal.Settings;

namespace Postseal.Program.Commands;

/// <summary><c>postseal milter</c>: the daemon. Runs until SIGTERM or SIGINT.</summary>
internal static partial class MilterCommand
{
    public static Command Create()
    {
        var config = ConfigurationOption.Create();
        var command = new DocumentedCommand(
            "milter",
            "Sign the mail of Postfix or Sendmail, until told to stop (SIGTERM).",
            """
            Listens where [Milter] Socket says and logs to standard error, a line for each signed message, under systemd with
            priorities. Certificates and the configuration are read again when they change, the configuration also on
            SIGHUP; [Milter] needs a restart.
            Exit code 0: it was told to stop; 1: it could not go on, and the log says why; 2: the configuration is wrong.
            """,
            """
            postseal milter
            postseal milter --config postseal.ini
            """) { config };
        command.Handle((arguments, output, cancellationToken) => RunAsync(arguments.GetValue(config)!, output, cancellationToken));
        return command;
    }

    private static async Task<int> RunAsync(string configPath, CommandOutput output, CancellationToken cancellationToken)
    {
        var time = TimeProvider.System;
        using var log = new StandardErrorLog(output.Streams.ErrorBytes, MilterSettings.Load(configPath).LogLevel, time);
        var live = new ReloadingOptions(
            configPath, () => MilterSettings.Load(configPath), time, log.Factory.CreateLogger<ReloadingOptions>());
        live.Changed += changed =>
        {
            log.Level = changed.LogLevel;
            MilterDaemon.WriteLoginRule(changed, log.Factory);
        };
        // Windows sends this one when the console is closed.
        using var reload = OperatingSystem.IsWindows() ? null : PosixSignalRegistration.Create(PosixSignal.SIGHUP, Reload);
        return await ServeAsync(configPath, live, log.Factory, time, cancellationToken);

        void Reload(PosixSignalContext signal)
        {
            signal.Cancel = true; // the default would end the process
            live.Reload();
        }
    }

    private static async Task<int> ServeAsync(
        string configPath, ReloadingOptions options, ILoggerFactory log, TimeProvider time, CancellationToken cancellationToken)
    {
        var stop = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        using var term = PosixSignalRegistration.Create(PosixSignal.SIGTERM, signal => Stop(signal));
        using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, signal => Stop(signal));
        using var cancelled = cancellationToken.Register(() => stop.TrySetResult());

        try
        {
            var peers = MilterSettings.Peers(options.Current.Milter).ToList();
            await using var server = MilterDaemon.CreateServer(() => options.Current, log, time);
            await server.StartAsync(cancellationToken);
            SocketAccess.Check(server.Endpoints, peers); // the kind of those that systemd passed is known only now
            foreach (var warning in SocketAccess.Warnings(server.Endpoints, peers, FileOwner.CurrentUser))
                LogSocketWarning(log.CreateLogger(nameof(MilterCommand)), warning);
            ServiceManager.Ready();
            await Task.WhenAny(stop.Task, server.Completion);
            ServiceManager.Stopping();
            await server.StopAsync(CancellationToken.None);
            // Why it stopped by itself is in the log; systemd starts it again.
            return server.Completion.IsFaulted ? ExitCode.Failure : ExitCode.Success;
        }
        catch (Exception e) when (e is IOException or System.Net.Sockets.SocketException or UnauthorizedAccessException or FormatException)
        {
            // A socket that is taken or not ours to make: for the admin, not for us.
            throw new ConfigurationException([new ConfigurationError(configPath, "Milter", "Socket", e.Message)]);
        }

        void Stop(PosixSignalContext signal)
        {
            signal.Cancel = true; // the default would end the process at once
            stop.TrySetResult();
        }
    }

    [LoggerMessage(300, LogLevel.Warning, "{Warning}")]
    private static partial void LogSocketWarning(ILogger logger, string warning);
}
