using System.Net.Sockets;
using System.Runtime.InteropServices;
using System.Text;
using Milter.Testing;
using Postseal.TestKit;

namespace Postseal.Tests;

/// <summary>What only the daemon as a real process shows: its log, its signals, its end.</summary>
public sealed class DaemonProcessTests : IDisposable
{
    private readonly CertificateFolder folder = new();
    private readonly TemporaryDirectory directory = new();

    public DaemonProcessTests() => folder.Add("alice@example.org");

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Mail_is_signed_while_nobody_reads_the_log_and_then_it_says_how_much_of_it_is_lost()
    {
        using var daemon = await StartAsync();
        await using var mta = await MtaDouble.ConnectAsync(daemon.Endpoint, MtaKind.Postfix, Cancel);
        // More than the pipe (64 KiB) and the queue (1 Mi characters) hold.
        for (var i = 0; i < 500; i++)
            await SendAsync(mta, queueId: new string('Q', 3000));

        var lost = await daemon.LineAsync("lines of this log are lost: nobody read it", Cancel);

        Assert.Matches(@"warning \d+ lines", lost);
        await SendAsync(mta, queueId: "AFTERWARDS");
        Assert.Contains("signed as alice@example.org", await daemon.LineAsync("AFTERWARDS", Cancel), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_log_that_nobody_reads_does_not_hold_up_the_end()
    {
        using var daemon = await StartAsync();
        await using (var mta = await MtaDouble.ConnectAsync(daemon.Endpoint, MtaKind.Postfix, Cancel))
        {
            for (var i = 0; i < 20; i++)
                await SendAsync(mta, queueId: new string('Q', 8000));
        }

        daemon.Signal(PosixSignal.SIGTERM);

        Assert.Equal(0, await daemon.ExitCodeAsync(Cancel));
    }

    [Fact]
    public async Task At_the_start_the_log_warns_of_TCP()
    {
        Configure("");
        directory.Write("postseal.ini", File.ReadAllText(directory.File("postseal.ini")).Replace("postseal.sock", "postseal.sock, inet:0@127.0.0.1", StringComparison.Ordinal));
        using var daemon = await DaemonProcess.StartAsync(directory.File("postseal.ini"), Cancel);

        Assert.Contains("warning inet:", await daemon.LineAsync("lets every user of this machine connect", Cancel), StringComparison.Ordinal);
    }

    [Fact]
    public async Task SIGHUP_reads_the_settings_again_and_the_log_says_what_needs_a_restart()
    {
        using var daemon = await StartAsync();
        await using var mta = await MtaDouble.ConnectAsync(daemon.Endpoint, MtaKind.Postfix, Cancel);

        Configure("[Signing]\nMode = Never\n[Log]\nLevel = Debug\n", maxConnections: 7);
        daemon.Signal(PosixSignal.SIGHUP);

        await daemon.LineAsync("was read again and is in use", Cancel);
        await daemon.LineAsync("differs in [Milter] from what was there at the start: that takes effect at the next start", Cancel);
        await SendAsync(mta, queueId: "UNSIGNED", signed: false);
        Assert.Contains("debug", await daemon.LineAsync("UNSIGNED: not signed", Cancel), StringComparison.Ordinal);

        Configure("[Signing]\nMode = Perhaps\n");
        daemon.Signal(PosixSignal.SIGHUP);

        Assert.Contains("'Perhaps' is not one of", await daemon.LineAsync("the settings before it stay in use", Cancel), StringComparison.Ordinal);
        await SendAsync(mta, queueId: "STILL-UNSIGNED", signed: false);
    }

    [Fact]
    public async Task Systemd_is_told_when_mail_can_come_and_when_none_can_any_more()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "systemd is Linux's");
        using var systemd = new Socket(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified);
        systemd.Bind(new UnixDomainSocketEndPoint(directory.File("notify")));
        Configure("");
        using var daemon = await DaemonProcess.StartAsync(
            directory.File("postseal.ini"), Cancel, ("NOTIFY_SOCKET", directory.File("notify")));

        Assert.Equal("READY=1", await NextAsync());
        daemon.Signal(PosixSignal.SIGTERM);

        Assert.Equal("STOPPING=1", await NextAsync());
        Assert.Equal(0, await daemon.ExitCodeAsync(Cancel));

        async Task<string> NextAsync()
        {
            var state = new byte[100];
            return Encoding.ASCII.GetString(state, 0, await systemd.ReceiveAsync(state, Cancel));
        }
    }

    public void Dispose()
    {
        folder.Dispose();
        directory.Dispose();
    }

    private async Task<DaemonProcess> StartAsync()
    {
        Configure("");
        return await DaemonProcess.StartAsync(directory.File("postseal.ini"), Cancel);
    }

    private void Configure(string settings, int maxConnections = 500) => directory.Write("postseal.ini", $"""
        [Milter]
        Socket = unix:{directory.File("postseal.sock")}
        MaxConnections = {maxConnections}
        [Certificates]
        Path = {folder.Path}
        {settings}
        """);

    private static async Task SendAsync(MtaDouble mta, string queueId, bool signed = true)
    {
        var result = await mta.SendAsync(MtaMessage.FromBytes("From: alice@example.org\r\n\r\nHello\r\n"u8.ToArray()) with { QueueId = queueId }, Cancel);
        Assert.Equal(signed, result.Headers.Any(header => header.Is("Content-Type")));
    }
}
