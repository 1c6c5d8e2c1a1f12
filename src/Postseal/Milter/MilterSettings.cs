using Microsoft.Extensions.Logging;
using Milter;
using Postseal.Settings;

namespace Postseal.Program.Milter;

/// <summary>
/// Holds what the program reads from the settings file: the core's settings, and its own of [Milter] and [Log].
/// </summary>
/// <param name="Mail">The core's.</param>
/// <param name="Server">Where the daemon listens, and its limits.</param>
/// <param name="ServerText">What [Milter] says, all of which takes effect at the start alone.</param>
/// <param name="LogLevel">The least serious lines that are written.</param>
internal sealed record MilterSettings(
    PostsealOptions Mail, MilterServerOptions Server, string ServerText, LogLevel LogLevel)
{
    /// <summary>Reads and checks the file.</summary>
    /// <exception cref="ConfigurationException">It is missing, is no INI file, or something in it is wrong.</exception>
    public static MilterSettings Load(string path)
    {
        var file = SettingsFile.Open(path);
        var milter = file.Section("Milter");
        var server = MilterSettingsReader.Read(milter);
        var mail = SettingsReader.Read(file, Environment.GetEnvironmentVariable("CREDENTIALS_DIRECTORY"));
        var level = file.Section("Log").Enum<LogLevel>("Level") ?? LogLevel.Information;
        file.ThrowIfWrong();
        MilterSettingsReader.Check(milter, server);
        file.ThrowIfWrong();
        return new MilterSettings(mail, server, milter.Content, level);
    }
}
