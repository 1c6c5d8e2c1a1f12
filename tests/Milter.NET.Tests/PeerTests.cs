using System.Net;
using System.Net.Sockets;
using System.Runtime.Versioning;
using Milter.Testing;
using Milter.Tests.Support;

namespace Milter.Tests;

/// <summary>Who may connect, over real sockets.</summary>
[SupportedOSPlatform("linux")]
public sealed class PeerTests : IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("milter").FullName;
    private readonly TestLog log = new();

    private string SocketPath => Path.Combine(folder, "m.sock");

    public void Dispose() => Directory.Delete(folder, recursive: true);

    [Theory]
    [InlineData("root", 0)]
    [InlineData("1234", 1234)]
    public void A_user_is_found_by_name_and_by_number(string text, uint id) =>
        Assert.Equal(new MilterUserPeer(id), MilterUserPeer.Find(text));

    [Theory]
    [InlineData("")]
    [InlineData("no-such-user")]
    [InlineData("10.1")]
    [InlineData("-1")]
    public void A_user_that_does_not_exist_is_an_error(string text) => Assert.Equal(
        $"there is no user '{text}'", Assert.Throws<IOException>(() => MilterUserPeer.Find(text)).Message);

    [Fact]
    public void A_network_of_IPv4_mapped_addresses_is_the_IPv4_network() =>
        Assert.Equal("10.0.0.0/8", Network("::ffff:10.0.0.0/104").ToString());

    [Theory]
    [InlineData(0, true)]
    [InlineData(1, false)]
    public async Task A_Unix_socket_serves_the_users_that_are_named_and_no_other(uint offset, bool served)
    {
        var me = await NumberAsync("-u");
        await using var server = await StartAsync("unix:" + SocketPath, new MilterUserPeer(me + offset));

        Assert.Equal(served, await IsServedAsync(server));
        Assert.Equal(
            served ? 0 : 1,
            log.Lines.Count(line => line.Contains(
                $"refused user {me} (process {Environment.ProcessId}), which is not among the peers", StringComparison.Ordinal)));
    }

    [Theory]
    [InlineData("127.0.0.0/8", true)]
    [InlineData("10.0.0.0/8", false)]
    [InlineData("::1/128", false)]
    public async Task A_TCP_port_serves_the_networks_that_are_named_and_no_other(string network, bool served)
    {
        await using var server = await StartAsync("inet:0@127.0.0.1", Network(network));

        Assert.Equal(served, await IsServedAsync(server));
        Assert.Equal(
            served ? 0 : 1, log.Lines.Count(line => line.Contains("refused 127.0.0.1, which", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task A_port_of_both_families_knows_an_IPv4_peer_by_its_IPv4_address()
    {
        using var both = new Socket(AddressFamily.InterNetworkV6, SocketType.Stream, ProtocolType.Tcp) { DualMode = true };
        both.Bind(new IPEndPoint(IPAddress.IPv6Any, 0));
        both.Listen();
        using var client = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        await client.ConnectAsync(IPAddress.Loopback, ((IPEndPoint)both.LocalEndPoint!).Port, TestServer.Cancel);
        using var accepted = await both.AcceptAsync(TestServer.Cancel);

        Assert.Null(new PeerRules([Network("127.0.0.1/32")]).Refuse(accepted));
        Assert.Equal("127.0.0.1", new PeerRules([Network("127.0.0.2/32")]).Refuse(accepted));
    }

    [Theory]
    [InlineData("inet:0@127.0.0.1", "name no network")]
    [InlineData("unix", "name no user")]
    public async Task An_endpoint_that_nobody_may_use_is_an_error_at_the_start(string endpoint, string why)
    {
        var error = await Assert.ThrowsAsync<IOException>(() => endpoint == "unix"
            ? StartAsync("unix:" + SocketPath, Network("127.0.0.1/32"))
            : StartAsync(endpoint, new MilterUserPeer(0)));

        Assert.Contains(why, error.Message, StringComparison.Ordinal);
        Assert.False(File.Exists(SocketPath));
    }

    [Fact]
    public async Task A_crowd_of_strangers_takes_no_place_and_ten_lines_of_the_log_a_minute()
    {
        var time = new FakeTime();
        await using var server = await StartAsync("inet:0@127.0.0.1", time, Network("10.0.0.0/8"));
        for (var i = 0; i < 25; i++)
            Assert.False(await IsServedAsync(server));
        Assert.Equal(10, Refusals().Count());

        time.Advance(TimeSpan.FromMinutes(1));
        Assert.False(await IsServedAsync(server));

        Assert.EndsWith("(15 more were not logged)", Refusals().Last(), StringComparison.Ordinal);

        IEnumerable<string> Refusals() => log.Lines.Where(line => line.Contains("refused", StringComparison.Ordinal));
    }

    private static MilterNetworkPeer Network(string text) => new(IPNetwork.Parse(text));

    private Task<MilterServer> StartAsync(string endpoint, params MilterPeer[] peers) =>
        StartAsync(endpoint, TimeProvider.System, peers);

    private async Task<MilterServer> StartAsync(string endpoint, TimeProvider time, params MilterPeer[] peers)
    {
        var options = new MilterServerOptions { MaxConnections = 1, Endpoints = { MilterEndpoint.Parse(endpoint) } };
        foreach (var peer in peers)
            options.Peers.Add(peer);
        var server = new MilterServer(options, new TestFilter(_ => MilterDecision.Unchanged), log, time);
        await server.StartAsync(TestServer.Cancel);
        return server;
    }

    // A refused peer finds the connection closed, at its first write at the latest.
    private static async Task<bool> IsServedAsync(MilterServer server)
    {
        try
        {
            await using var client = await MilterClient.ConnectAsync(server.Endpoints[0], TestServer.Cancel);
            await client.NegotiateAsync(MtaDouble.FullOffer, TestServer.Cancel);
            return true;
        }
        catch (Exception e) when (e is IOException or SocketException)
        {
            return false;
        }
    }

    private static async Task<uint> NumberAsync(string option)
    {
        using var id = System.Diagnostics.Process.Start(
            new System.Diagnostics.ProcessStartInfo("id", [option]) { RedirectStandardOutput = true })!;
        return uint.Parse(await id.StandardOutput.ReadToEndAsync(TestServer.Cancel), System.Globalization.CultureInfo.InvariantCulture);
    }
}
