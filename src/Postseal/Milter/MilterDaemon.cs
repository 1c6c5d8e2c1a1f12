using Microsoft.Extensions.Logging;
using Milter;
using Postseal.Policy;
using Postseal.Settings;

namespace Postseal.Program.Milter;

/// <summary>Puts the daemon together from the settings.</summary>
internal static partial class MilterDaemon
{
    /// <summary>Makes a daemon that asks for the core's settings with each message.</summary>
    /// <param name="server">The settings of the milter server.</param>
    /// <param name="options">Returns the settings of the core as they are now.</param>
    /// <param name="log">Takes lines of everybody who works on mail.</param>
    /// <param name="time">The clock.</param>
    /// <param name="open">Opens the sources outside of files. Default: <see cref="AllSources"/>.</param>
    public static MilterServer CreateServer(
        MilterServerOptions server, Func<PostsealOptions> options, ILoggerFactory log, TimeProvider time,
        Func<PostsealOptions, RemoteSources>? open = null)
    {
        var handling = new LiveHandling(options, open ?? (now => AllSources.Open(now, time, log)), log, time);
        var filter = new SmimeFilter(() => handling.Current, time, log.CreateLogger<SmimeFilter>());
        WriteLoginRule(options(), log);
        return new MilterServer(server, filter, log.CreateLogger<MilterServer>(), time);
    }

    /// <summary>Logs as whom clients that log in may sign: as a warning where that is not as themselves alone.</summary>
    public static void WriteLoginRule(PostsealOptions options, ILoggerFactory log)
    {
        var logger = log.CreateLogger(nameof(MilterDaemon));
        var words = LoginRule.Describe(options.Originating);
        if (LoginRule.IsSafe(options.Originating))
            LogLoginRule(logger, options.Originating.AuthenticatedFrom, words);
        else
            LogUnsafeLoginRule(logger, options.Originating.AuthenticatedFrom, words);
    }

    [LoggerMessage(5, LogLevel.Information, "AuthenticatedFrom = {Rule}: {Words}")]
    private static partial void LogLoginRule(ILogger logger, AuthenticatedFrom rule, string words);

    [LoggerMessage(6, LogLevel.Warning, "AuthenticatedFrom = {Rule}: {Words}")]
    private static partial void LogUnsafeLoginRule(ILogger logger, AuthenticatedFrom rule, string words);
}
