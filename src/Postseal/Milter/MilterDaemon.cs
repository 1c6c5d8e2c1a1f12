using Microsoft.Extensions.Logging;
using Milter;
using Postseal.Policy;
using Postseal.Settings;

namespace Postseal.Program.Milter;

/// <summary>Puts the daemon together from the settings.</summary>
internal static partial class MilterDaemon
{
    /// <summary>A daemon whose settings stay as they are.</summary>
    /// <exception cref="FormatException">A socket in the settings is not in libmilter's syntax.</exception>
    public static MilterServer CreateServer(PostsealOptions options, ILoggerFactory log, TimeProvider time) =>
        CreateServer(() => options, log, time);

    /// <summary>A daemon that asks for its settings with each message; those in [Milter] count as they are now.</summary>
    /// <exception cref="FormatException">A socket in the settings is not in libmilter's syntax.</exception>
    public static MilterServer CreateServer(Func<PostsealOptions> options, ILoggerFactory log, TimeProvider time)
    {
        var filter = new SmimeFilter(new LiveProcessor(options, log, time), time, log.CreateLogger<SmimeFilter>());
        WriteLoginRule(options(), log);
        var limits = options().Milter;
        var server = new MilterServerOptions
        {
            MaxMessageSize = limits.MaxMessageSize,
            MaxLargeMessages = limits.MaxLargeMessages,
            MaxHeaderCount = limits.MaxHeaderCount,
            MaxHeadersSize = limits.MaxHeadersSize,
            MaxConnectionMemory = limits.MaxConnectionMemory,
            MaxTotalMemory = limits.MaxTotalMemory,
            MaxConnections = limits.MaxConnections,
            MessageTimeout = limits.MessageTimeout,
            IdleTimeout = limits.IdleTimeout,
            StopTimeout = limits.StopTimeout,
        };
        if (server.NegotiationTimeout > limits.IdleTimeout)
            server.NegotiationTimeout = limits.IdleTimeout;
        foreach (var endpoint in MilterSettings.Endpoints(limits))
            server.Endpoints.Add(endpoint);
        foreach (var peer in MilterSettings.Peers(limits))
            server.Peers.Add(peer);
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
