using System.Diagnostics;
using System.Net;
using Milter;
using Postseal.Program.Files;
using Postseal.Program.Milter;
using Postseal.TestKit;

namespace Postseal.Tests;

/// <summary>What is said of sockets that more than the MTA can reach.</summary>
public sealed class SocketAccessTests : IDisposable
{
    private readonly TemporaryDirectory directory = new();

    [Theory]
    [InlineData("inet:8891@127.0.0.1", "", null)]
    [InlineData("inet:8891@localhost", "", null)]
    [InlineData("inet6:8891@::1", "", null)]
    [InlineData("inet:8891", "", "and other machines can")]
    [InlineData("inet:8891@0.0.0.0", "", "and other machines can")]
    [InlineData("inet6:8891@::", "", "and other machines can")]
    [InlineData("inet:8891@mail.example.org", "", "and other machines can")]
    [InlineData("inet:8891@0.0.0.0", "192.0.2.25/32", null)]
    [InlineData("inet:8891@0.0.0.0", "0", "and other machines can")]
    [InlineData("inet:8891@127.0.0.1", "0", "Peers names no network")]
    [InlineData("unix:/run/a.sock", "", null)]
    [InlineData("unix:/run/a.sock", "0", null)]
    [InlineData("unix:/run/a.sock", "192.0.2.0/24", "nobody could connect to unix:/run/a.sock")]
    [InlineData("systemd", "", null)]
    public void TCP_that_other_machines_reach_needs_peers_and_peers_fit_the_kind_of_socket(string socket, string peer, string? error)
    {
        MilterPeer[] peers = peer switch
        {
            "" => [],
            "0" => [new MilterUserPeer(0)],
            _ => [new MilterNetworkPeer(IPNetwork.Parse(peer))],
        };

        var thrown = Record.Exception(() => SocketAccess.Check([MilterEndpoint.Parse(socket)], peers));

        if (error is null)
            Assert.Null(thrown);
        else
            Assert.Contains(error, Assert.IsType<FormatException>(thrown).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void TCP_is_warned_of_since_every_user_of_the_machine_can_have_any_mail_signed()
    {
        Assert.StartsWith(
            "inet:8891@127.0.0.1 lets every user of this machine connect and have any mail signed as anybody",
            Assert.Single(Warnings("inet:8891@127.0.0.1")), StringComparison.Ordinal);
        Assert.StartsWith(
            "inet:8891 lets every user of the machines in Peers connect",
            Assert.Single(Warnings("inet:8891", new MilterNetworkPeer(IPNetwork.Parse("192.0.2.25/32")))), StringComparison.Ordinal);
    }

    [Fact]
    public void A_Unix_socket_for_its_group_in_the_daemons_own_directory_is_no_risk() => Assert.Empty(Warnings(SocketPath));

    [Fact]
    public void A_Unix_socket_that_everybody_can_open_is_warned_of_unless_Peers_names_users()
    {
        var open = new MilterUnixEndpoint(SocketPath["unix:".Length..]) { Mode = (UnixFileMode)Convert.ToInt32("666", 8) };

        Assert.Contains("lets every user of this machine connect", Assert.Single(SocketAccess.Warnings([open], [], FileOwner.CurrentUser)), StringComparison.Ordinal);
        Assert.Empty(SocketAccess.Warnings([open], [new MilterUserPeer(0)], FileOwner.CurrentUser));
    }

    [Fact]
    public void A_directory_in_which_somebody_else_could_put_a_socket_is_warned_of()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "file modes are Unix's");
        Permissions.Set(directory.Path, "1777");
        Assert.Contains("can be written by everyone, who could put a socket there in place of Postseal's", Assert.Single(Warnings(SocketPath)), StringComparison.Ordinal);
    }

    [Fact]
    public void A_directory_of_another_user_is_warned_of()
    {
        Assert.SkipUnless(Environment.IsPrivilegedProcess, "needs root: nobody else gives a directory away");
        using (var chown = Process.Start("chown", ["nobody", directory.Path]))
            chown.WaitForExit();

        Assert.Contains("belongs to user 65534, who could put a socket there", Assert.Single(Warnings(SocketPath)), StringComparison.Ordinal);
        // The daemon's own, as the check by root sees it when the daemon runs, and when it is not known who that is.
        Assert.Empty(SocketAccess.Warnings([MilterEndpoint.Parse(SocketPath)], [], 65534));
        Assert.Empty(SocketAccess.Warnings([MilterEndpoint.Parse(SocketPath)], [], null));
    }

    public void Dispose() => directory.Dispose();

    private string SocketPath => "unix:" + directory.File("postseal.sock");

    private static IEnumerable<string> Warnings(string socket, params MilterPeer[] peers) =>
        SocketAccess.Warnings([MilterEndpoint.Parse(socket)], peers, FileOwner.CurrentUser);
}
