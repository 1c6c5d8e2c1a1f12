using System.Net;
using System.Net.Sockets;
using System.Text;
using Microsoft.Extensions.Logging;
using Milter;
using Milter.Testing;
using Postseal.Mail;
using Postseal.Policy;
using Postseal.Program.Milter;
using Postseal.Program.Milter.Reinjection;
using Postseal.Settings;
using Postseal.TestKit;

namespace Postseal.Tests;

/// <summary>
/// Splitting where the MTA cannot: copies by SMTP, with what a server may answer to each of them. bob and carol have certificates, dave
/// has none.
/// </summary>
public sealed class ReinjectionTests : IAsyncDisposable
{
    private static readonly string[] Everybody = ["bob@example.net", "carol@example.net", "dave@example.net"];

    private readonly CertificateFolder folder = new();
    private readonly LineCollector log = new();
    private readonly SmtpServerDouble copies = new("8BITMIME", "DSN", "ENHANCEDSTATUSCODES");
    private ILoggerFactory? logs;
    private MilterServer? server;

    public ReinjectionTests()
    {
        folder.Add("alice@example.org");
        foreach (var name in new[] { "bob@example.net", "carol@example.net" })
            folder.Write($"{name}.crt", folder.Ca.Issue(new(name)).CertificatePem);
    }

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Each_gets_one_copy_of_his_own_and_the_others_stay_in_the_transaction()
    {
        await StartAsync("Mode = IfPossible");

        var result = await SendAsync();

        Assert.Equal(MtaVerdict.Accepted, result.Verdict);
        Assert.Equal(["dave@example.net"], result.Recipients.Select(recipient => recipient.Address));
        Assert.Contains("multipart/signed", Encoding.ASCII.GetString(result.ToBytes()), StringComparison.Ordinal);
        Assert.Equal(["bob@example.net", "carol@example.net"], Recipients());
        Assert.All(copies.Messages, copy => Assert.Contains("smime-type=enveloped-data", Text(copy), StringComparison.Ordinal));
        Assert.All(copies.Messages, copy => Assert.DoesNotContain("Hello", Text(copy), StringComparison.Ordinal));
    }

    [Fact]
    public async Task Where_everybody_gets_a_copy_nothing_is_left_to_deliver()
    {
        await StartAsync("Mode = IfPossible");

        Assert.Equal(MtaVerdict.Discarded, (await SendAsync(recipients: ["bob@example.net", "carol@example.net"])).Verdict);
        Assert.Equal(["bob@example.net", "carol@example.net"], Recipients());
    }

    [Fact]
    public async Task DSN_parameters_go_with_a_copy()
    {
        await using var sender = new CopySender(new SplittingOptions { ReinjectPort = copies.Port });
        var copy = MailMessage.Parse("Subject: Hi\r\n\r\nHello\r\n"u8.ToArray());

        Assert.Null(await sender.SendAsync(
            copy, new EnvelopeAddress("alice@example.org", ["RET=HDRS", "ENVID=QQ314159", "SIZE=100"]),
            new EnvelopeAddress("bob@example.net", ["NOTIFY=SUCCESS,FAILURE", "ORCPT=rfc822;bob@example.net"]), Cancel));
        Assert.Null(await sender.SendAsync(copy, new EnvelopeAddress(""), new EnvelopeAddress("carol@example.net"), Cancel));

        var (first, second) = (copies.Messages.First(), copies.Messages.Last());
        Assert.Contains("RET=HDRS", first.Mail, StringComparison.Ordinal);
        Assert.Contains("ENVID=QQ314159", first.Mail, StringComparison.Ordinal);
        Assert.Contains("NOTIFY=SUCCESS,FAILURE", first.Recipients[0], StringComparison.Ordinal);
        Assert.Contains("ORCPT=rfc822;bob@example.net", first.Recipients[0], StringComparison.Ordinal);
        Assert.StartsWith("MAIL FROM:<>", second.Mail, StringComparison.Ordinal);
        Assert.DoesNotContain("ENVID", second.Mail, StringComparison.Ordinal);
        Assert.DoesNotContain("NOTIFY", second.Recipients[0], StringComparison.Ordinal);
        Assert.EndsWith("\r\n\r\nHello\r\n", Text(first), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_451_for_one_keeps_him_alone_and_the_repetition_sends_the_rest()
    {
        await StartAsync("Mode = IfPossible");
        copies.Instead = command => command.StartsWith("RCPT TO:<carol", StringComparison.Ordinal) ? "451 4.2.0 busy\r\n" : null;

        var first = await SendAsync();

        Assert.Equal(MtaVerdict.TempFailed, first.Verdict);
        Assert.Equal(["bob@example.net", "dave@example.net"], Recipients().Order());

        copies.Instead = _ => null;
        var second = await SendAsync();

        Assert.Equal(MtaVerdict.Discarded, second.Verdict);
        Assert.Equal(["bob@example.net", "carol@example.net", "dave@example.net"], Recipients().Order());
    }

    [Fact]
    public async Task The_ledger_outlives_the_daemon_and_forgets_a_message_that_went_to_everybody()
    {
        await StartAsync("Mode = IfPossible");
        copies.Instead = command => command.StartsWith("RCPT TO:<carol", StringComparison.Ordinal) ? "451 4.2.0 busy\r\n" : null;
        await SendAsync();
        await server!.DisposeAsync();

        await StartAsync("Mode = IfPossible");
        copies.Instead = _ => null;
        Assert.Equal(MtaVerdict.Discarded, (await SendAsync()).Verdict);
        Assert.Equal(3, copies.Messages.Count);

        // The same mail once more, on purpose: nothing failed, so nothing is held back.
        Assert.Equal(MtaVerdict.Accepted, (await SendAsync()).Verdict);
        Assert.Equal(5, copies.Messages.Count);
    }

    [Fact]
    public async Task A_550_for_one_is_told_to_the_sender_and_the_others_get_it()
    {
        await StartAsync("Mode = Required\nMissing = Bounce");

        var result = await SendAsync();

        Assert.Equal(MtaVerdict.Discarded, result.Verdict);
        Assert.Equal(["alice@example.org", "bob@example.net", "carol@example.net"], Recipients().Order());
        var report = copies.Messages.Single(copy => copy.Recipients[0].Contains("alice", StringComparison.Ordinal));
        Assert.StartsWith("MAIL FROM:<>", report.Mail, StringComparison.Ordinal);
        Assert.Contains("Final-Recipient: rfc822; dave@example.net", Text(report), StringComparison.Ordinal);
        Assert.Contains("Status: 5.7.5", Text(report), StringComparison.Ordinal);
        Assert.DoesNotContain("Hello", Text(report), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_server_that_is_gone_or_a_ledger_that_cannot_be_written_sends_nothing_in_clear()
    {
        await StartAsync("Mode = IfPossible", port: UnusedPort());
        Assert.Equal(MtaVerdict.TempFailed, (await SendAsync()).Verdict);
        await server!.DisposeAsync();

        folder.Write("no-directory", "");
        await StartAsync("Mode = IfPossible", state: folder.File("no-directory/state"));
        var result = await SendAsync();

        Assert.Equal(MtaVerdict.TempFailed, result.Verdict);
        Assert.Contains(log.Lines, line => line.Contains("let [State] Path be a directory that the daemon can write", StringComparison.Ordinal));
        Assert.Empty(copies.Messages);
    }

    [Fact]
    public async Task A_copy_that_comes_by_again_passes_without_its_mark_and_nobody_can_make_one()
    {
        await StartAsync("Mode = IfPossible");
        await SendAsync(recipients: ["bob@example.net", "carol@example.net"]);
        var copy = MtaMessage.FromBytes(Encoding.ASCII.GetBytes(Text(copies.Messages.First()))) with { Sender = "alice@example.org", Recipients = ["bob@example.net"] };

        var passed = await SendAsync(copy);

        Assert.Equal(MtaVerdict.Accepted, passed.Verdict);
        Assert.DoesNotContain("X-Postseal-Split", Encoding.ASCII.GetString(passed.ToBytes()), StringComparison.Ordinal);
        Assert.Equal(2, copies.Messages.Count);

        // Its mark is of no use with another body: that is signed and encrypted like any other.
        var forged = await SendAsync(copy with { Headers = [.. Headers, .. copy.Headers.Where(header => Is(header, "X-Postseal-Split"))], Body = "Hello\r\n"u8.ToArray() });
        Assert.Contains("smime-type=enveloped-data", Encoding.ASCII.GetString(forged.ToBytes()), StringComparison.Ordinal);
        Assert.DoesNotContain("X-Postseal-Split", Encoding.ASCII.GetString(forged.ToBytes()), StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_mark_of_a_copy_lets_it_pass_to_nobody_else()
    {
        await StartAsync("Mode = IfPossible\n[Recipient:erin@example.net]\nMode = Required");
        copies.Instead = command => command.StartsWith("RCPT TO:<carol", StringComparison.Ordinal) ? "451 4.2.0 busy\r\n" : null;
        await SendAsync();
        var plain = copies.Messages.Single(copy => copy.Recipients[0].Contains("dave", StringComparison.Ordinal));
        var copy = MtaMessage.FromBytes(Encoding.ASCII.GetBytes(Text(plain))) with { Sender = "alice@example.org" };
        Assert.Contains(copy.Headers, header => Is(header, "X-Postseal-Split"));

        Assert.Equal(MtaVerdict.Accepted, (await SendAsync(copy with { Recipients = ["dave@example.net"] })).Verdict);
        Assert.Equal(MtaVerdict.Rejected, (await SendAsync(copy with { Recipients = ["erin@example.net"] })).Verdict);
        Assert.Equal(MtaVerdict.Rejected, (await SendAsync(copy with { Recipients = ["dave@example.net", "erin@example.net"] })).Verdict);
    }

    public async ValueTask DisposeAsync()
    {
        if (server is not null)
            await server.DisposeAsync();
        logs?.Dispose();
        await copies.DisposeAsync();
        folder.Dispose();
        log.Dispose();
    }

    private static IReadOnlyList<MilterHeader> Headers =>
    [
        new("From", " alice@example.org"), new("To", " bob@example.net, carol@example.net, dave@example.net"),
        new("Subject", " Hi"), new("Message-ID", " <1@example.org>"),
    ];

    private static string Text(ReceivedMessage copy) => Encoding.ASCII.GetString(copy.Bytes);

    private IEnumerable<string> Recipients() => copies.Messages.Select(copy => copy.Recipients[0].Split('<', '>')[1]);

    private static bool Is(MilterHeader header, string name) =>
        Encoding.ASCII.GetString(header.Name.Span).Equals(name, StringComparison.OrdinalIgnoreCase);

    private static int UnusedPort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    private async Task StartAsync(string settings, string? state = null, int? port = null)
    {
        var options = PostsealOptions.FromIni(folder.Write(
            "postseal.ini",
            $"[Certificates]\nPath = {folder.Path}\n[State]\nPath = {state ?? folder.File("state")}\n"
            + $"[Splitting]\nMethod = Reinject\nReinject = 127.0.0.1:{port ?? copies.Port}\n[Encryption]\n{settings}\n"));
        logs ??= LoggerFactory.Create(builder => builder.AddProvider(log));
        server = MilterDaemon.CreateServer(
            new MilterServerOptions { Endpoints = { MilterEndpoint.Parse("inet:0@127.0.0.1") } }, () => options, logs, TimeProvider.System);
        await server.StartAsync(Cancel);
    }

    private Task<MtaResult> SendAsync(IReadOnlyList<string>? recipients = null) => SendAsync(new MtaMessage
    {
        Sender = "alice@example.org",
        Recipients = recipients ?? Everybody,
        // Two who are in Bcc: each must have a copy of his own.
        Headers = recipients is null ? Headers : [new("From", " alice@example.org"), new("Subject", " Hi")],
        Body = "Hello\r\n"u8.ToArray(),
    });

    private async Task<MtaResult> SendAsync(MtaMessage message)
    {
        await using var mta = await MtaDouble.ConnectAsync(server!.Endpoints[0], MtaKind.Sendmail, Cancel);
        return await mta.SendAsync(message, Cancel);
    }
}
