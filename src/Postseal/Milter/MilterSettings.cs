using Milter;
using Postseal.Settings;

namespace Postseal.Program.Milter;

/// <summary>Reads the settings file. The core knows its sections, but not the milter's names for sockets and peers.</summary>
internal static class MilterSettings
{
    /// <exception cref="ConfigurationException">The file is missing, is no INI file, or something in it is wrong.</exception>
    public static PostsealOptions Load(string path)
    {
        var options = PostsealOptions.FromIni(path, Environment.GetEnvironmentVariable("CREDENTIALS_DIRECTORY"));
        CheckSockets(path, options.Milter);
        return options;
    }

    /// <summary>Parses the sockets to listen on.</summary>
    /// <exception cref="FormatException">A socket in the settings is not in libmilter's syntax.</exception>
    public static IEnumerable<MilterEndpoint> Endpoints(MilterOptions options) =>
        options.Socket.Select(MilterEndpoint.Parse).Select(endpoint => endpoint is MilterUnixEndpoint unix
            ? unix with { Mode = options.SocketMode, Group = options.SocketGroup }
            : endpoint);

    /// <summary>Parses the peers that may connect.</summary>
    /// <exception cref="FormatException">A peer is neither a user of this machine nor a network.</exception>
    public static IEnumerable<MilterPeer> Peers(MilterOptions options) => options.Peers.Select(MilterPeer.Parse);

    private static void CheckSockets(string path, MilterOptions options)
    {
        var key = "Socket";
        try
        {
            var endpoints = Endpoints(options).ToList();
            key = "Peers";
            SocketAccess.Check(endpoints, Peers(options).ToList());
        }
        catch (Exception e) when (e is FormatException or IOException)
        {
            throw new ConfigurationException([new ConfigurationError(path, "Milter", key, e.Message)]);
        }
    }
}
