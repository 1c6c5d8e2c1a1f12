using System.Net;
using System.Net.Sockets;
using System.Runtime.Versioning;
using Milter.Testing;
using Milter.Tests.Support;

namespace Milter.Tests;

/// <summary>Listens on real sockets: every kind, several at once, and with obstacles.</summary>
[SupportedOSPlatform("linux")]
public sealed class ListeningTests : IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("milter").FullName;
    private readonly TestLog log = new();

    private string SocketPath => Path.Combine(folder, "m.sock");

    public void Dispose() => Directory.Delete(folder, recursive: true);

    [Fact]
    public async Task It_listens_on_several_endpoints_at_once_and_tells_their_ports()
    {
        await using var server = await StartAsync("inet:0@127.0.0.1", "inet6:0@::1", "unix:" + SocketPath);

        Assert.Equal(3, server.Endpoints.Count);
        Assert.All(server.Endpoints.OfType<MilterInetEndpoint>(), endpoint => Assert.NotEqual(0, endpoint.Port));
        foreach (var endpoint in server.Endpoints)
            Assert.Equal(MtaVerdict.Rejected, await SendAsync(endpoint));
    }

    [Fact]
    public async Task A_port_in_use_is_an_error_that_names_it_and_nothing_stays_open()
    {
        await using var first = await StartAsync("inet:0@127.0.0.1");

        var error = await Assert.ThrowsAsync<IOException>(
            () => StartAsync("unix:" + SocketPath, first.Endpoints[0].ToString()));

        Assert.Contains(first.Endpoints[0].ToString(), error.Message, StringComparison.Ordinal);
        Assert.False(File.Exists(SocketPath));
    }

    [Fact]
    public async Task A_host_that_does_not_exist_is_an_error_that_names_it()
    {
        var error = await Assert.ThrowsAsync<IOException>(() => StartAsync("inet:0@no-such-host.invalid"));

        Assert.Contains("no-such-host.invalid", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(UnixFileMode.UserRead | UnixFileMode.UserWrite)]
    [InlineData(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead | UnixFileMode.GroupWrite)]
    [InlineData((UnixFileMode)0b110_110_110)]
    public async Task A_Unix_socket_has_the_mode_that_was_asked_for_whatever_the_umask(UnixFileMode mode)
    {
        await using var server = await StartAsync(new MilterUnixEndpoint(SocketPath) { Mode = mode });

        Assert.Equal(mode, File.GetUnixFileMode(SocketPath));
    }

    [Fact]
    public async Task A_group_that_does_not_exist_is_an_error_and_leaves_no_socket()
    {
        var endpoint = new MilterUnixEndpoint(SocketPath) { Group = "no-such-group" };

        var error = await Assert.ThrowsAsync<IOException>(() => StartAsync(endpoint));

        Assert.Contains("no-such-group", error.Message, StringComparison.Ordinal);
        Assert.False(File.Exists(SocketPath));
    }

    [Fact]
    public async Task A_socket_is_given_to_its_group()
    {
        Assert.SkipUnless(Environment.UserName == "root", "needs root: nobody else gives a file to any group");
        await using var server = await StartAsync(new MilterUnixEndpoint(SocketPath) { Group = "daemon" });

        Assert.Equal("daemon", await GroupOfAsync(SocketPath));
    }

    [Fact]
    public async Task The_socket_of_a_dead_process_is_replaced_and_the_own_one_removed_at_the_stop()
    {
        LeaveDeadSocket();
        var server = await StartAsync("unix:" + SocketPath);

        Assert.Equal(MtaVerdict.Rejected, await SendAsync(server.Endpoints[0]));
        await server.DisposeAsync();
        Assert.False(File.Exists(SocketPath));
    }

    [Fact]
    public async Task A_socket_somebody_listens_on_is_left_alone()
    {
        await using var first = await StartAsync("unix:" + SocketPath);

        var error = await Assert.ThrowsAsync<IOException>(() => StartAsync("unix:" + SocketPath));

        Assert.Contains("listens there already", error.Message, StringComparison.Ordinal);
        Assert.Equal(MtaVerdict.Rejected, await SendAsync(first.Endpoints[0]));
    }

    [Theory]
    [InlineData("file")]
    [InlineData("directory")]
    [InlineData("link")]
    [InlineData("dead link")]
    public async Task What_is_not_a_socket_is_never_removed(string what)
    {
        var other = Path.Combine(folder, "other");
        switch (what)
        {
            case "file":
                await File.WriteAllTextAsync(SocketPath, "precious", TestServer.Cancel);
                break;
            case "directory":
                Directory.CreateDirectory(SocketPath);
                break;
            default:
                if (what == "link")
                    await File.WriteAllTextAsync(other, "precious", TestServer.Cancel);
                File.CreateSymbolicLink(SocketPath, other);
                break;
        }

        var error = await Assert.ThrowsAsync<IOException>(() => StartAsync("unix:" + SocketPath));

        Assert.Contains("not a socket", error.Message, StringComparison.Ordinal);
        Assert.Contains(SocketPath, Directory.EnumerateFileSystemEntries(folder));
    }

    [Fact]
    public async Task A_directory_that_is_not_there_is_an_error_that_names_the_socket()
    {
        var error = await Assert.ThrowsAsync<IOException>(
            () => StartAsync("unix:" + Path.Combine(folder, "none", "m.sock")));

        Assert.Contains("the directory ", error.Message, StringComparison.Ordinal);
        Assert.Contains(" does not exist", error.Message, StringComparison.Ordinal);
        Assert.Contains("none/m.sock", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Connections_over_the_limit_wait_for_a_place()
    {
        var options = new MilterServerOptions { MaxConnections = 1, Endpoints = { MilterEndpoint.Parse("inet:0@127.0.0.1") } };
        await using var server = await StartAsync(options);
        var first = await MtaDouble.ConnectAsync(server.Endpoints[0], MtaKind.Postfix, TestServer.Cancel);
        var second = MtaDouble.ConnectAsync(server.Endpoints[0], MtaKind.Postfix, TestServer.Cancel);

        await first.SendAsync(new MtaMessage(), TestServer.Cancel);
        Assert.False(second.IsCompleted);
        await first.DisposeAsync();

        await using var served = await second;
        Assert.Equal(MtaVerdict.Rejected, (await served.SendAsync(new MtaMessage(), TestServer.Cancel)).Verdict);
        Assert.Contains(
            log.Lines, line => line.Contains("the limit of 1 connections is reached", StringComparison.Ordinal));
    }

    [Fact]
    public async Task That_the_limit_of_connections_is_reached_is_said_once_a_minute()
    {
        var time = new FakeTime();
        var options = new MilterServerOptions { MaxConnections = 1, Endpoints = { MilterEndpoint.Parse("inet:0@127.0.0.1") } };
        await using var server = new MilterServer(options, new TestFilter(_ => MilterDecision.Reject), log, time);
        await server.StartAsync(TestServer.Cancel);

        foreach (var (minutes, lines) in ((int, int)[])[(0, 1), (0, 1), (0, 1), (1, 2)])
        {
            time.Advance(TimeSpan.FromMinutes(minutes));
            var first = await MtaDouble.ConnectAsync(server.Endpoints[0], MtaKind.Postfix, TestServer.Cancel);
            var second = MtaDouble.ConnectAsync(server.Endpoints[0], MtaKind.Postfix, TestServer.Cancel);
            await log.WaitForAsync("the limit", lines);
            await first.DisposeAsync();
            await (await second).DisposeAsync();
        }

        Assert.Equal(2, log.Count("the limit"));
    }

    [Fact]
    public async Task Many_connections_are_served_at_once()
    {
        await using var server = await StartAsync("unix:" + SocketPath);

        var verdicts = await Task.WhenAll(Enumerable.Range(0, 200).Select(_ => SendAsync(server.Endpoints[0])));

        Assert.All(verdicts, verdict => Assert.Equal(MtaVerdict.Rejected, verdict));
    }

    [Fact]
    public async Task Sockets_passed_by_systemd_are_taken_by_their_name()
    {
        using var passed = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        passed.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        passed.Listen();
        var environment = new Dictionary<string, string> { ["LISTEN_PID"] = "77", ["LISTEN_FDS"] = "1", ["LISTEN_FDNAMES"] = "milter" };

        var taken = SystemdSockets.Take(new("milter"), environment.GetValueOrDefault, 77, (int)passed.Handle);
        var accepting = Assert.Single(taken).Socket.AcceptAsync(TestServer.Cancel);
        using var client = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        await client.ConnectAsync(passed.LocalEndPoint!, TestServer.Cancel);
        using var accepted = await accepting;

        Assert.Equal($"inet:{((IPEndPoint)passed.LocalEndPoint!).Port}@127.0.0.1", taken[0].Endpoint.ToString());
        Assert.Contains(
            "milter", Assert.Throws<IOException>(
                () => SystemdSockets.Take(
                    new("other"), environment.GetValueOrDefault, 77)).Message, StringComparison.Ordinal);
        taken[0].Socket.SafeHandle.SetHandleAsInvalid();
    }

    [Theory]
    [InlineData("78", "1")]
    [InlineData("77", "0")]
    [InlineData("77", "x")]
    [InlineData("", "")]
    public void Without_a_socket_of_systemd_for_this_process_it_says_so(string pid, string count)
    {
        var environment = new Dictionary<string, string> { ["LISTEN_PID"] = pid, ["LISTEN_FDS"] = count };

        Assert.Throws<IOException>(() => SystemdSockets.Take(new(null), environment.GetValueOrDefault, 77));
    }

    private Task<MilterServer> StartAsync(params string[] endpoints) =>
        StartAsync([.. endpoints.Select(MilterEndpoint.Parse)]);

    private Task<MilterServer> StartAsync(params MilterEndpoint[] endpoints)
    {
        var options = new MilterServerOptions();
        foreach (var endpoint in endpoints)
            options.Endpoints.Add(endpoint);
        return StartAsync(options);
    }

    private async Task<MilterServer> StartAsync(MilterServerOptions options)
    {
        var server = new MilterServer(options, new TestFilter(_ => MilterDecision.Reject), log);
        await server.StartAsync(TestServer.Cancel);
        return server;
    }

    private static async Task<MtaVerdict> SendAsync(MilterEndpoint endpoint)
    {
        await using var mta = await MtaDouble.ConnectAsync(endpoint, MtaKind.Postfix, TestServer.Cancel);
        return (await mta.SendAsync(new MtaMessage(), TestServer.Cancel)).Verdict;
    }

    /// <summary>.NET removes the file of a socket that is closed; under another name it stays, as after a
    /// crash.</summary>
    private void LeaveDeadSocket()
    {
        var other = Path.Combine(folder, "dying.sock");
        using var dying = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        dying.Bind(new UnixDomainSocketEndPoint(other));
        File.Move(other, SocketPath);
    }

    private static async Task<string> GroupOfAsync(string path)
    {
        using var stat = System.Diagnostics.Process.Start(
            new System.Diagnostics.ProcessStartInfo("stat", ["-c", "%G", path]) { RedirectStandardOutput = true })!;
        return (await stat.StandardOutput.ReadToEndAsync(TestServer.Cancel)).Trim();
    }
}
