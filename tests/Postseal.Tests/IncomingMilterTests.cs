using System.Net;
using System.Text;
using Microsoft.Extensions.Logging;
using Milter;
using Milter.Testing;
using Postseal.Certificates.Revocation;
using Postseal.Certificates.Trust;
using Postseal.Mail;
using Postseal.Policy;
using Postseal.Program.Milter;
using Postseal.Settings;
using Postseal.TestKit;

namespace Postseal.Tests;

/// <summary>Mail from outside, as the MTA sees what the milter does with it.</summary>
public sealed class IncomingMilterTests : IAsyncDisposable
{
    private readonly CertificateFolder folder = new();
    private readonly LineCollector log = new();
    private MilterServer? server;

    public IncomingMilterTests()
    {
        folder.Add("alice@example.org");
        folder.Write("anchors.txt", folder.Ca.Root.ExportCertificatePem());
    }

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(MtaKind.Postfix)]
    [InlineData(MtaKind.Sendmail)]
    public async Task Signed_mail_gets_one_field_on_top_and_nothing_else_is_sent_back(MtaKind kind)
    {
        await using var mta = await StartAsync(kind);
        var message = Incoming(Signed());

        var result = await mta.SendAsync(message, Cancel);

        Assert.Equal(MtaVerdict.Accepted, result.Verdict);
        Assert.StartsWith("Authentication-Results: mx.example.net;", result.Headers[0].ToString(), StringComparison.Ordinal);
        Assert.Contains("smime=pass (trusted)", result.Headers[0].ToString(), StringComparison.Ordinal);
        Assert.Equal(message.Headers.Select(h => h.ToString()), result.Headers.Skip(1).Select(h => h.ToString()));
        Assert.True(result.Body.Span.SequenceEqual(message.Body.Span));
        Assert.DoesNotContain(result.Frames, frame => frame.Response == MilterResponse.ReplaceBody);
        Assert.Contains(log.Lines, line => line.Contains("smime=pass (trusted); verified True, trusted True, by the author True", StringComparison.Ordinal));
    }

    [Fact]
    public async Task The_body_of_unsigned_mail_is_not_even_asked_for()
    {
        await using var mta = await StartAsync(MtaKind.Postfix);

        var result = await mta.SendAsync(Incoming("From: alice@example.org\r\nSubject: Hello\r\n\r\nHello\r\n"u8.ToArray()), Cancel);

        Assert.Equal(MtaVerdict.Accepted, result.Verdict);
        Assert.False(result.BodyWasSent);
    }

    [Fact]
    public async Task Forged_marks_leave_and_the_body_is_not_sent_back()
    {
        await using var mta = await StartAsync(MtaKind.Postfix);

        var result = await mta.SendAsync(
            Incoming("Authentication-Results: MX.example.net;\r\n smime=pass\r\nFrom: alice@example.org\r\nX-Postseal: yes\r\n\r\nHello\r\n"u8.ToArray()), Cancel);

        Assert.Equal(["From: alice@example.org"], result.Headers.Select(h => h.ToString()));
        Assert.DoesNotContain(result.Frames, frame => frame.Response == MilterResponse.ReplaceBody);
    }

    [Theory]
    [InlineData(UnmetDemand.Quarantine, MtaVerdict.Quarantined)]
    [InlineData(UnmetDemand.Refuse, MtaVerdict.Rejected)]
    [InlineData(UnmetDemand.Mark, MtaVerdict.Accepted)]
    public async Task Mail_that_had_to_be_signed_is_held_refused_or_marked(UnmetDemand otherwise, MtaVerdict expected)
    {
        await using var mta = await StartAsync(MtaKind.Postfix, otherwise);

        var result = await mta.SendAsync(Incoming("From: alice@example.org\r\n\r\nHello\r\n"u8.ToArray()), Cancel);

        Assert.Equal(expected, result.Verdict);
    }

    [Fact]
    public async Task A_header_so_long_that_marks_may_hide_in_it_does_not_come_in()
    {
        await using var mta = await StartAsync(MtaKind.Postfix);
        var many = string.Concat(Enumerable.Range(0, 5000).Select(i => $"X-{i}: 1\r\n"));

        var result = await mta.SendAsync(
            Incoming(Encoding.ASCII.GetBytes($"From: alice@example.org\r\n{many}Authentication-Results: mx.example.net; smime=pass\r\n\r\nHello\r\n")), Cancel);

        Assert.Equal(MtaVerdict.Rejected, result.Verdict);
    }

    public async ValueTask DisposeAsync()
    {
        if (server is not null)
            await server.DisposeAsync();
        log.Dispose();
        folder.Dispose();
    }

    private async Task<MtaDouble> StartAsync(MtaKind kind, UnmetDemand? otherwise = null)
    {
        var options = new PostsealOptions
        {
            Certificates = folder.Options with { Trust = new TrustOptions { Anchors = folder.File("anchors.txt") } },
            Revocation = new RevocationOptions { Check = RevocationMethod.Off },
            StatePath = folder.File("state"),
            Incoming = new IncomingOptions
            {
                Domains = [AddressPattern.Parse("@example.net")],
                AuthservId = "mx.example.net",
                From = otherwise is null ? new Dictionary<AddressPattern, FromRules>() : new Dictionary<AddressPattern, FromRules>
                {
                    [AddressPattern.Parse("alice@example.org")] = new(ProtectionDemand.Required, Otherwise: otherwise),
                },
            },
        };
        server = MilterDaemon.CreateServer(
            new() { Endpoints = { MilterEndpoint.Parse("inet:0@127.0.0.1") }, MaxHeaderCount = 1000 }, () => options,
            LoggerFactory.Create(builder => builder.AddProvider(log)), folder.Time);
        await server.StartAsync(Cancel);
        return await MtaDouble.ConnectAsync(server.Endpoints[0], kind, Cancel);
    }

    private byte[] Signed()
    {
        var letter = MailMessage.Parse(Encoding.ASCII.GetBytes(
            $"From: Alice <alice@example.org>\r\nTo: bob@example.net\r\nDate: {folder.Time.GetUtcNow():r}\r\n\r\nHello\r\n"));
        var outgoing = new OutgoingProcessor(new PostsealOptions { Certificates = folder.Options }, folder.Open(), folder.Time);
        return TestMail.BytesOf(((Outcome.Replaced)outgoing.Process(letter, new Envelope { ClientAddress = IPAddress.Loopback })).Message);
    }

    private static MtaMessage Incoming(byte[] message) => MtaMessage.FromBytes(message) with
    {
        ClientAddress = IPAddress.Parse("203.0.113.9"),
        ClientName = "stranger",
        Recipients = ["bob@example.net"],
    };
}
