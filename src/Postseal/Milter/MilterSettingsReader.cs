using Milter;
using Postseal.Settings;

namespace Postseal.Program.Milter;

/// <summary>
/// Reads [Milter]. Limits and timeouts have the defaults of <see cref="MilterServerOptions"/>, with their reasons
/// there.
/// </summary>
internal static class MilterSettingsReader
{
    /// <summary>Where a Postfix in its chroot finds it, too.</summary>
    private const string DefaultSocket = "unix:/var/spool/postfix/postseal/postseal.sock";

    /// <summary>Reads the section. Its file remembers what is wrong.</summary>
    public static MilterServerOptions Read(SettingsSection section)
    {
        var options = new MilterServerOptions();
        ReadSockets(section, options);
        ReadLimits(section, options);
        ReadTimeouts(section, options);
        return options;
    }

    /// <summary>Checks settings, each of which is right by itself, against each other.</summary>
    public static void Check(SettingsSection section, MilterServerOptions options)
    {
        if (options.Endpoints.Count == 0)
            section.Error("Socket", $"name at least one socket, as {DefaultSocket}");
        if (options.MaxConnectionMemory < options.MaxMessageSize)
            section.Error("MaxConnectionMemory", "is less than MaxMessageSize: no connection could hold such a message");
        if (options.MaxTotalMemory < options.MaxConnectionMemory)
            section.Error("MaxTotalMemory", "is less than MaxConnectionMemory: all connections together have that");
        try
        {
            SocketAccess.Check(options.Endpoints, options.Peers);
        }
        catch (FormatException e)
        {
            section.Error("Peers", e.Message);
        }
    }

    private static void ReadSockets(SettingsSection section, MilterServerOptions options)
    {
        var endpoints = section.List("Socket", [MilterEndpoint.Parse(DefaultSocket)], text => ParseSocket(section, text));
        var mode = section.Value<UnixFileMode?>(
            "SocketMode", null, text => ParseMode(text), "permission bits in octal, as 0660");
        var group = section.Value("SocketGroup", null, ParseGroup, "the name or number of a group");
        foreach (var endpoint in endpoints)
        {
            options.Endpoints.Add(endpoint is MilterUnixEndpoint unix
                ? unix with { Mode = mode ?? unix.Mode, Group = group }
                : endpoint);
        }

        foreach (var peer in section.List("Peers", [], ParsePeer))
            options.Peers.Add(peer);
    }

    private static void ReadLimits(SettingsSection section, MilterServerOptions options)
    {
        options.MaxMessageSize = section.Value(
            "MaxMessageSize", options.MaxMessageSize, ParseBounded, "a size up to 1G, as 64M");
        options.MaxLargeMessages = section.Positive("MaxLargeMessages", options.MaxLargeMessages);
        options.MaxHeaderCount = section.Positive("MaxHeaderCount", options.MaxHeaderCount);
        options.MaxHeadersSize = (int)section.Value(
            "MaxHeadersSize", options.MaxHeadersSize, ParseBounded, "a size up to 1G, as 1M");
        // The defaults of these two follow from MaxMessageSize.
        options.MaxConnectionMemory = section.Value(
            "MaxConnectionMemory", options.MaxConnectionMemory, Quantity.ParseSize, "a size, as 80M");
        options.MaxTotalMemory = section.Value(
            "MaxTotalMemory", options.MaxTotalMemory, Quantity.ParseSize, "a size, as 640M");
        options.MaxConnections = section.Positive("MaxConnections", options.MaxConnections);
    }

    private static void ReadTimeouts(SettingsSection section, MilterServerOptions options)
    {
        options.MessageTimeout = section.Timeout("MessageTimeout", options.MessageTimeout);
        options.IdleTimeout = section.Timeout("IdleTimeout", options.IdleTimeout);
        options.StopTimeout = section.Timeout("StopTimeout", options.StopTimeout);
        if (options.NegotiationTimeout > options.IdleTimeout)
            options.NegotiationTimeout = options.IdleTimeout;
    }

    /// <summary>
    /// Reads a socket; the path of a Unix socket starts from the directory of the file, as all paths do.
    /// </summary>
    private static MilterEndpoint ParseSocket(SettingsSection section, string text)
    {
        if (SettingsSection.IsCommented(text))
            throw new FormatException($"'{text}' is not a milter socket");
        return text.Split(':', 2) is [var kind, { Length: > 0 } path] && kind.ToLowerInvariant() is "unix" or "local"
            ? MilterEndpoint.Parse($"{kind}:{section.FullPath(path)}")
            : MilterEndpoint.Parse(text);
    }

    // No user name has a colon or three dots; "10.1" may be one, though .NET would take it for an address.
    private static MilterPeer ParsePeer(string text) => text.Contains(':') || text.Count(c => c == '.') == 3
        ? new MilterNetworkPeer(NetworkText.Parse(text))
        : MilterUserPeer.Find(text);

    private static UnixFileMode ParseMode(string text)
    {
        var mode = Convert.ToInt32(text, 8);
        return mode is >= 0 and <= 0x1FF ? (UnixFileMode)mode : throw new FormatException();
    }

    // Whether it is one shows only when the socket is made.
    private static string ParseGroup(string text) =>
        SettingsSection.IsCommented(text) ? throw new FormatException() : text;

    /// <summary>Reads a size up to 1 GiB: a message is held in memory, and its encoded form in one piece.</summary>
    private static long ParseBounded(string text) =>
        Quantity.ParseSize(text) is var size && size <= 1 << 30 ? size : throw new FormatException();
}
