using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Console;

namespace Postseal.Program.Logging;

/// <summary>The log: lines on standard error, which systemd takes into the journal.</summary>
internal static class StandardErrorLog
{
    public static ILoggerFactory Create(LogLevel level, TimeProvider time) => LoggerFactory.Create(logging =>
    {
        logging.SetMinimumLevel(level);
        logging.AddConsole(console =>
        {
            console.FormatterName = LineFormatter.FormatterName;
            console.LogToStandardErrorThreshold = LogLevel.Trace;
        });
        logging.Services.AddSingleton(time);
        logging.Services.AddSingleton<ConsoleFormatter, LineFormatter>();
    });
}
