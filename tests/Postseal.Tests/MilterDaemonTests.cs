using System.Net;
using System.Text;
using Microsoft.Extensions.Logging;
using Milter;
using Milter.Testing;
using Postseal.Certificates.Store;
using Postseal.Policy;
using Postseal.Program.Milter;
using Postseal.Program.Trial;
using Postseal.Settings;
using Postseal.TestKit;

namespace Postseal.Tests;

/// <summary>The daemon over a loopback socket, with the MTA's side played as Postfix and as Sendmail play it.</summary>
public sealed class MilterDaemonTests : IAsyncDisposable
{
    private readonly CertificateFolder folder = new();
    private readonly LineCollector log = new();
    private MilterServer? server;

    public MilterDaemonTests()
    {
        folder.Add("alice@example.org");
        folder.Add("bob@example.org", "P-384");
    }

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(MtaKind.Postfix)]
    [InlineData(MtaKind.Sendmail)]
    public async Task A_message_leaves_signed_with_its_other_fields_untouched(MtaKind kind)
    {
        Assert.SkipUnless(OpenSsl.IsHere, "openssl is not on this machine");
        await using var mta = await StartAsync(kind);
        var message = Message(
            "Received: from a\r\n\tby b\r\nFROM:alice@example.org\r\nX-Odd:  two  spaces \r\ncontent-type: text/plain; charset=utf-8\r\n"
            + "Subject: =?utf-8?Q?caf=C3=A9?=\r\nContent-Transfer-Encoding: 8bit\r\nMime-Version: 1.0\r\nX-Odd: again",
            "Grüße\r\n");

        var result = await mta.SendAsync(message, Cancel);

        Assert.Equal(MtaVerdict.Accepted, result.Verdict);
        Assert.Equal(
            ["Received: from a\n\tby b", "FROM:alice@example.org", "X-Odd:  two  spaces ", "Subject: =?utf-8?Q?caf=C3=A9?=", "Mime-Version: 1.0", "X-Odd: again"],
            result.Headers.Where(h => !h.Is("Content-Type")).Select(h => h.ToString()));
        var (verified, content, errors) = OpenSsl.Verify(result.ToBytes(), folder.Ca.Root);
        Assert.True(verified, errors);
        Assert.EndsWith("Content-Transfer-Encoding: quoted-printable\r\n\r\nGr=C3=BC=C3=9Fe\r\n", Encoding.ASCII.GetString(content), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Each_message_of_a_connection_gets_its_own_senders_signature()
    {
        await using var mta = await StartAsync(MtaKind.Postfix);

        foreach (var sender in (string[])["alice@example.org", "bob@example.org", "stranger@example.com", "alice@example.org"])
        {
            var result = await mta.SendAsync(Message($"From: {sender}\r\nSubject: Hello", "Hello\r\n") with { QueueId = "Q-" + sender }, Cancel);

            var isSigned = result.Headers.Any(h => h.Is("Content-Type"));
            Assert.Equal(!sender.StartsWith("stranger", StringComparison.Ordinal), isSigned);
            if (isSigned)
                Assert.Contains(log.Lines, line => line.StartsWith($"Q-{sender}: signed as {sender} for 1 recipient(s) with CN={sender}", StringComparison.Ordinal));
        }
    }

    [Fact]
    public async Task Mail_from_outside_passes_unchanged()
    {
        await using var mta = await StartAsync(MtaKind.Postfix);

        var result = await mta.SendAsync(
            Message("From: alice@example.org", "Hello\r\n") with { ClientAddress = IPAddress.Parse("192.0.2.1"), ClientName = "stranger" }, Cancel);

        Assert.Equal(MtaVerdict.Accepted, result.Verdict);
        Assert.Equal(["From: alice@example.org"], result.Headers.Select(h => h.ToString()));
        Assert.Equal("Hello\r\n"u8, result.Body.Span);
    }

    [Theory]
    [InlineData("alice@example.org", "alice@example.org", true)]
    [InlineData("alice@example.org", "bounces@example.org", true)]
    [InlineData("alice@example.org", "", true)]
    [InlineData("mallory@example.org", "mallory@example.org", false)]
    [InlineData("mallory@example.org", "alice@example.org", false)]
    [InlineData("mallory@example.org", "", false)]
    public async Task A_login_from_elsewhere_signs_for_its_own_address_alone(string login, string envelopeSender, bool signed)
    {
        await using var mta = await StartAsync(MtaKind.Postfix);

        var result = await mta.SendAsync(
            Message("From: alice@example.org", "Hello\r\n") with
            {
                ClientAddress = IPAddress.Parse("192.0.2.1"),
                AuthenticatedUser = login,
                Sender = envelopeSender,
            },
            Cancel);

        Assert.Equal(signed, result.Headers.Any(h => h.Is("Content-Type")));
        Assert.Equal(!signed, log.Lines.Any(line => line.Contains("not signed: its login mallory@example.org may not sign as alice@example.org", StringComparison.Ordinal)));
    }

    [Theory]
    [InlineData(AuthenticatedFrom.Login, "AuthenticatedFrom = Login: a client that logs in signs as its login's own address (a login without @ is one of example.org)")]
    [InlineData(AuthenticatedFrom.EnvelopeSender, "AuthenticatedFrom = EnvelopeSender: a client that logs in signs as everyone whose address it writes into MAIL FROM, unless the MTA holds that to its login")]
    [InlineData(AuthenticatedFrom.Any, "AuthenticatedFrom = Any: a client that logs in signs as everyone who has a certificate here")]
    public void The_log_says_at_the_start_as_whom_a_login_signs(AuthenticatedFrom rule, string words)
    {
        var options = Options() with { Originating = new() { AuthenticatedFrom = rule, LoginDomain = "example.org" } };
        server = CreateServer(() => options);

        Assert.Contains(words, log.Lines);
    }

    [Fact]
    public async Task A_client_that_logged_in_without_a_name_is_nobody_even_in_our_network()
    {
        await using var mta = await StartAsync(MtaKind.Postfix);

        var result = await mta.SendAsync(Message("From: alice@example.org", "Hello\r\n") with { AuthenticatedUser = "" }, Cancel);

        Assert.DoesNotContain(result.Headers, h => h.Is("Content-Type"));
    }

    [Fact]
    public async Task What_must_be_signed_and_cannot_be_is_refused_and_the_log_says_why()
    {
        folder.Add("carol@example.org", new TestCaRequest("carol@example.org") { NotBefore = DateTimeOffset.UnixEpoch, NotAfter = DateTimeOffset.UnixEpoch.AddYears(1) });
        await using var mta = await StartAsync(MtaKind.Postfix, new SigningRules { Mode = SigningMode.Required });

        var result = await mta.SendAsync(Message("From: carol@example.org", "Hello\r\n"), Cancel);

        Assert.Equal(MtaVerdict.Rejected, result.Verdict);
        Assert.StartsWith("550 5.7.5 ", result.Reply, StringComparison.Ordinal);
        Assert.Contains(log.Lines, line => line.StartsWith("4ABCDEF012: refused: mail from carol@example.org must be signed", StringComparison.Ordinal) && line.Contains("expired on 1971-01-01", StringComparison.Ordinal));
    }

    [Fact]
    public async Task The_log_shows_nothing_of_the_message_but_its_sender()
    {
        await using var mta = await StartAsync(MtaKind.Postfix);
        var key = File.ReadAllText(folder.File("alice@example.org.pem")).Split('\n')[1];

        foreach (var sender in (string[])["alice@example.org", "nobody@example.org"])
        {
            await mta.SendAsync(
                Message($"From: Confidential <{sender}>\r\nSubject: confidential\r\nX-Note: confidential", "confidential\r\n"), Cancel);
        }

        Assert.Contains(log.Lines, line => line.Contains("signed as alice@example.org", StringComparison.Ordinal));
        Assert.Contains(log.Lines, line => line.Contains("not signed", StringComparison.Ordinal));
        Assert.DoesNotContain(log.Lines, line => line.Contains("confidential", StringComparison.OrdinalIgnoreCase));
        Assert.DoesNotContain(log.Lines, line => line.Contains(key, StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_change_of_the_settings_counts_from_the_next_message_on_within_a_connection()
    {
        var options = Options();
        server = CreateServer(() => options);
        await server.StartAsync(Cancel);
        await using var mta = await MtaDouble.ConnectAsync(server.Endpoints[0], MtaKind.Postfix, Cancel);
        Assert.Contains((await mta.SendAsync(Message("From: alice@example.org", "Hello\r\n"), Cancel)).Headers, h => h.Is("Content-Type"));

        options = options with { Signing = new SigningRules { Mode = SigningMode.Never } };
        Assert.DoesNotContain((await mta.SendAsync(Message("From: alice@example.org", "Hello\r\n"), Cancel)).Headers, h => h.Is("Content-Type"));

        using var elsewhere = new TemporaryDirectory();
        options = Options(new SigningRules { Mode = SigningMode.Required }) with { Certificates = new CertificateOptions { Path = elsewhere.Path } };
        Assert.Equal(MtaVerdict.Rejected, (await mta.SendAsync(Message("From: alice@example.org", "Hello\r\n"), Cancel)).Verdict);
    }

    [Fact]
    public async Task When_the_directory_is_gone_mail_waits_at_its_sender()
    {
        await using var mta = await StartAsync(MtaKind.Postfix);
        var hidden = folder.Path + ".away";

        Directory.Move(folder.Path, hidden);
        var result = await mta.SendAsync(Message("From: alice@example.org", "Hello\r\n"), Cancel);
        Directory.Move(hidden, folder.Path);

        Assert.Equal(MtaVerdict.TempFailed, result.Verdict);
        Assert.Contains((await mta.SendAsync(Message("From: alice@example.org", "Hello\r\n"), Cancel)).Headers, h => h.Is("Content-Type"));
    }

    [Fact]
    public async Task Many_connections_at_once_get_valid_signatures()
    {
        Assert.SkipUnless(OpenSsl.IsHere, "openssl is not on this machine");
        await using var first = await StartAsync(MtaKind.Postfix);

        var signed = await Task.WhenAll(Enumerable.Range(0, 20).Select(async i =>
        {
            await using var mta = await MtaDouble.ConnectAsync(server!.Endpoints[0], MtaKind.Postfix, Cancel);
            var result = await mta.SendAsync(Message($"From: {(i % 2 == 0 ? "alice" : "bob")}@example.org", $"Hello {i}\r\n"), Cancel);
            return (Text: $"Hello {i}\r\n", Bytes: result.ToBytes());
        }));

        foreach (var (text, bytes) in signed)
        {
            var (verified, content, errors) = OpenSsl.Verify(bytes, folder.Ca.Root);
            Assert.True(verified, errors);
            Assert.EndsWith(text, Encoding.ASCII.GetString(content), StringComparison.Ordinal);
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (server is not null)
            await server.DisposeAsync();
        log.Dispose();
        folder.Dispose();
    }

    private async Task<MtaDouble> StartAsync(MtaKind kind, SigningRules? signing = null)
    {
        var options = Options(signing);
        server = CreateServer(() => options);
        await server.StartAsync(Cancel);
        return await MtaDouble.ConnectAsync(server.Endpoints[0], kind, Cancel);
    }

    private MilterServer CreateServer(Func<PostsealOptions> options) => MilterDaemon.CreateServer(
        new() { Endpoints = { MilterEndpoint.Parse("inet:0@127.0.0.1") } }, options, Logs(), folder.Time);

    private PostsealOptions Options(SigningRules? signing = null) => new()
    {
        Certificates = folder.Options,
        Signing = signing ?? new SigningRules(),
    };

    private ILoggerFactory Logs() => LoggerFactory.Create(b => b.AddProvider(log).SetMinimumLevel(LogLevel.Debug));

    private static MtaMessage Message(string headers, string body) =>
        MtaMessage.FromBytes(Encoding.UTF8.GetBytes($"{headers}\r\n\r\n{body}"));
}
