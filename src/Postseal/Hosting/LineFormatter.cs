using System.Globalization;
using Microsoft.Extensions.Logging;
using Postseal.Program.Terminal;

namespace Postseal.Program.Hosting;

/// <summary>
/// One line an entry. For the journal: the priority in angle brackets and no time, as sd-daemon(3) asks, since the
/// journal has its own. For people: time, level, text.
/// </summary>
internal sealed class LineFormatter(TimeProvider time)
{
    // Shells of a desktop session inherit JOURNAL_STREAM; their standard error is a terminal, a service's is not.
    private static readonly bool ForJournal =
        Environment.GetEnvironmentVariable("JOURNAL_STREAM") is not null && Console.IsErrorRedirected;

    /// <summary>Formats an entry as one line, with its line feed: text from the network cannot begin another.</summary>
    public string Line(LogLevel level, string text, Exception? exception)
    {
        var prefix = ForJournal ? Priority(level) : Prefix(level);
        return exception is null
            ? $"{prefix}{TerminalText.Escape(text)}\n"
            : $"{prefix}{TerminalText.Escape(text)}: {TerminalText.Escape(exception.ToString())}\n";
    }

    /// <summary>Returns the priorities of syslog(3).</summary>
    private static string Priority(LogLevel level) => level switch
    {
        LogLevel.Critical => "<2>",
        LogLevel.Error => "<3>",
        LogLevel.Warning => "<4>",
        LogLevel.Information => "<6>",
        _ => "<7>",
    };

    private string Prefix(LogLevel level) => string.Create(
        CultureInfo.InvariantCulture, $"{time.GetLocalNow():yyyy-MM-dd HH:mm:ss} {LevelName(level)} ");

    private static string LevelName(LogLevel level) => level switch
    {
        LogLevel.Critical => "critical",
        LogLevel.Error => "error",
        LogLevel.Warning => "warning",
        LogLevel.Information => "info",
        _ => "debug",
    };
}
