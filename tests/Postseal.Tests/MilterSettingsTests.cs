using System.Net;
using Microsoft.Extensions.Logging;
using Milter;
using Postseal.Policy;
using Postseal.Program.Milter;
using Postseal.Settings;
using Postseal.TestKit;

namespace Postseal.Tests;

public sealed class MilterSettingsTests : IDisposable
{
    private readonly TemporaryDirectory directory = new();

    public MilterSettingsTests() => Directory.CreateDirectory(directory.File("certificates"));

    [Fact]
    public void Without_a_setting_the_limits_are_the_servers_and_the_socket_is_Postfixs()
    {
        var settings = Read("");

        var expected = new MilterServerOptions { Endpoints = { new MilterUnixEndpoint("/var/spool/postfix/postseal/postseal.sock") } };
        Assert.Equivalent(expected, settings.Server, strict: true);
        Assert.Equal(LogLevel.Information, settings.LogLevel);
    }

    [Fact]
    public void Every_setting_is_read()
    {
        var settings = Read(
            """
            [Milter]
            Socket = unix:/run/postseal.sock, inet:8891@127.0.0.1
            Peers = root, 192.0.2.25
            SocketMode = 0600
            SocketGroup = postfix
            MaxMessageSize = 1G
            MaxLargeMessages = 5
            MaxHeaderCount = 70
            MaxHeadersSize = 2M
            MaxConnectionMemory = 2G
            MaxTotalMemory = 3G
            MaxConnections = 7
            MessageTimeout = 30s
            IdleTimeout = 20s
            StopTimeout = 1m
            [Signing]
            Mode = Required
            [Log]
            Level = Debug
            """);

        var expected = new MilterServerOptions
        {
            Endpoints =
            {
                new MilterUnixEndpoint("/run/postseal.sock") { Mode = UnixFileMode.UserRead | UnixFileMode.UserWrite, Group = "postfix" },
                new MilterInetEndpoint(8891, "127.0.0.1", IPv6: false),
            },
            MaxMessageSize = 1 << 30,
            MaxLargeMessages = 5,
            MaxHeaderCount = 70,
            MaxHeadersSize = 2 << 20,
            MaxConnectionMemory = 2L << 30,
            MaxTotalMemory = 3L << 30,
            MaxConnections = 7,
            MessageTimeout = TimeSpan.FromSeconds(30),
            IdleTimeout = TimeSpan.FromSeconds(20),
            NegotiationTimeout = TimeSpan.FromSeconds(20),
            StopTimeout = TimeSpan.FromMinutes(1),
        };
        Assert.EquivalentWithExclusions(expected, settings.Server, strict: true, "Peers");
        Assert.Equal([new MilterUserPeer(0), new MilterNetworkPeer(IPNetwork.Parse("192.0.2.25/32"))], settings.Server.Peers);
        Assert.Equal((SigningMode.Required, LogLevel.Debug), (settings.Mail.Signing.Mode, settings.LogLevel));
    }

    [Theory]
    [InlineData("[Milter] Socket", "unix:/run/\0.sock")]
    [InlineData("[Certificates] Path", "certificates\0\0\0")]
    [InlineData("[Certificates] PassphraseFile", "\0")]
    [InlineData("[Originating] SenderLogins", "a\0b")]
    [InlineData("[Sender:alice@example.org] Certificate", "a\0b")]
    public void A_NUL_character_in_a_value_is_an_error_like_any_other(string setting, string value)
    {
        var message = Assert.Throws<ConfigurationException>(() => Read($"{setting.Replace(" ", "\n", StringComparison.Ordinal)} = {value}")).Message;

        Assert.Contains($"{setting}: holds a NUL character", message, StringComparison.Ordinal);
    }

    [Fact]
    public void The_memory_of_connections_follows_the_size_of_messages()
    {
        var options = Read("[Milter]\nMaxMessageSize = 100M").Server;

        Assert.Equal((116L << 20, 928L << 20), (options.MaxConnectionMemory, options.MaxTotalMemory));
    }

    [Fact]
    public void The_path_of_a_Unix_socket_starts_from_the_directory_of_the_file() =>
        Assert.Equal(
            [$"unix:{directory.File("a.sock")}", $"unix:{directory.File("b.sock")}", "unix:/run/c.sock", "systemd:d", "inet:1@::1"],
            Read("[Milter]\nSocket = unix:a.sock, local:b.sock, /run/c.sock, systemd:d, inet:1@::1").Server.Endpoints.Select(e => e.ToString()));

    [Theory]
    [InlineData("[Milter]\nMaxSpeed = 7", "[Milter] MaxSpeed: there is no setting 'MaxSpeed'; there are Socket, SocketMode, SocketGroup, Peers, MaxMessageSize")]
    [InlineData("[Log]\nLevel = Chatty", "[Log] Level: 'Chatty' is not one of Trace, Debug, Information, Warning, Error, Critical")]
    [InlineData("[Sining]\nMode = Never", "[Sining]: there is no section 'Sining'; there are Milter, Certificates, Signing, Originating, State, Pkcs11, Sender, Ldap, Encryption, Recipient, Override, Splitting, Revocation, Incoming, From, Harvest, Smimea, Trust, Log")]
    [InlineData("[Milter]\nMaxConnections = many", "[Milter] MaxConnections: 'many' is not a number above 0")]
    [InlineData("[Milter]\nMaxConnections = 0", "[Milter] MaxConnections: '0' is not")]
    [InlineData("[Milter]\nMaxConnections = 7 ; few", "'7 ; few' is not a number above 0; a comment has a line of its own")]
    [InlineData("[Milter]\nMaxMessageSize = 99999999999999999999", "[Milter] MaxMessageSize: '99999999999999999999' is not a size")]
    [InlineData("[Milter]\nMaxHeadersSize = 2G", "[Milter] MaxHeadersSize: '2G' is not a size up to 1G")]
    [InlineData("[Milter]\nMaxConnectionMemory = 63M", "[Milter] MaxConnectionMemory: is less than MaxMessageSize")]
    [InlineData("[Milter]\nMaxTotalMemory = 79M", "[Milter] MaxTotalMemory: is less than MaxConnectionMemory")]
    [InlineData("[Milter]\nIdleTimeout = 10", "[Milter] IdleTimeout: '10' is not a time up to 1000h, as 30s, 10m or 1h")]
    [InlineData("[Milter]\nIdleTimeout = 2000h", "[Milter] IdleTimeout: '2000h' is not a time up to 1000h")]
    [InlineData("[Milter]\nSocketMode = 999", "[Milter] SocketMode: '999' is not permission bits in octal")]
    [InlineData("[Milter]\nSocketGroup = postfix ; its", "'postfix ; its' is not the name or number of a group; a comment has a line of its own")]
    [InlineData("[Milter]\nSocket = ,", "[Milter] Socket: name at least one socket, as unix:/var/spool/postfix/postseal/postseal.sock")]
    [InlineData("[Milter]\nSocket =", "[Milter] Socket: name at least one socket")]
    [InlineData("[Milter]\nSocket = tcp:8891", "[Milter] Socket: 'tcp:8891' is not a milter socket: write inet:PORT@HOST")]
    [InlineData("[Milter]\nSocket = unix:/run/p.sock ; here", "'unix:/run/p.sock ; here' is not a milter socket; a comment has a line of its own")]
    [InlineData("[Milter]\nSocket = inet:8891", "[Milter] Peers: inet:8891 gives any signature to whoever connects")]
    [InlineData("[Milter]\nPeers = 10.1.2.3/8", "[Milter] Peers: '10.1.2.3/8': expected addresses and networks")]
    [InlineData("[Milter]\nPeers = 010.0.0.1", "[Milter] Peers: '010.0.0.1': expected addresses and networks")]
    [InlineData("[Milter]\nPeers = nobody-of-this-name", "[Milter] Peers: there is no user 'nobody-of-this-name'")]
    [InlineData("[Milter]\nPeers = 10.1", "[Milter] Peers: there is no user '10.1'")]
    public void What_is_wrong_is_said_with_file_section_and_key(string ini, string error)
    {
        var exception = Assert.Throws<ConfigurationException>(() => Read(ini));

        Assert.Contains(error, Assert.Single(exception.Errors).ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void What_is_wrong_in_the_daemons_sections_is_told_with_what_is_wrong_in_the_others()
    {
        var exception = Assert.Throws<ConfigurationException>(() => Read("[Signing]\nMode = Maybe\n[Milter]\nMaxConnections = -1\n[Log]\nLevel = 1"));

        Assert.Equal(["Milter:MaxConnections", "Signing:Mode", "Log:Level"], exception.Errors.Select(e => $"{e.Section}:{e.Key}"));
    }

    public void Dispose() => directory.Dispose();

    private MilterSettings Read(string ini) => MilterSettings.Load(directory.Write("postseal.ini", ini));
}
