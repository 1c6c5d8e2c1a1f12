using System.Net;
using System.Text;
using Microsoft.Extensions.Logging;
using Milter;
using Milter.Testing;
using Postseal.Certificates.Revocation;
using Postseal.Mail;
using Postseal.Policy;
using Postseal.Program.Milter;
using Postseal.Settings;
using Postseal.TestKit;

namespace Postseal.Tests;

/// <summary>Mail that openssl encrypted to bob, from outside to three of whom he alone has a key, through the whole daemon.</summary>
public sealed class OpeningDaemonTests : IAsyncDisposable
{
    private const string Secret = "Nothing for strangers";

    private static readonly string[] Everybody = ["bob@example.net", "carol@example.net", "dave@example.net"];

    private readonly CertificateFolder folder = new();
    private readonly LineCollector log = new();
    private readonly SmtpServerDouble copies = new("8BITMIME", "DSN", "ENHANCEDSTATUSCODES");
    private readonly MtaMessage came;
    private MilterServer? server;

    public OpeningDaemonTests()
    {
        Assert.SkipUnless(OpenSsl.IsHere, "openssl is not on this machine");
        using var bob = Correspondent.Create("RSA-2048");
        folder.Write("bob@example.net.pem", bob.KeyPem + bob.Certificate.ExportCertificatePem() + "\n");
        var encrypted = OpenSsl.Encrypt(Encoding.ASCII.GetBytes($"Content-Type: text/plain\r\n\r\n{Secret}\r\n"), "aes-256-gcm", [], bob);
        came = MtaMessage.FromBytes(Encoding.ASCII.GetBytes(
            "From: mallory@example.org\r\nSubject: Plans\r\nMessage-ID: <1@example.org>\r\nMIME-Version: 1.0\r\n"
            + "Content-Type: application/pkcs7-mime; smime-type=authEnveloped-data\r\nContent-Transfer-Encoding: base64\r\n\r\n"
            + Convert.ToBase64String(encrypted, Base64FormattingOptions.InsertLineBreaks) + "\r\n")) with
        {
            ClientAddress = IPAddress.Parse("203.0.113.9"),
            Sender = "mallory@example.org",
            SenderParameters = ["RET=FULL", "ENVID=QQ1"],
            Macros = new Dictionary<string, string> { ["{postseal_split}"] = "yes" },
        };
    }

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task In_the_second_pass_of_Postfix_each_gets_his_own()
    {
        await StartAsync(SplitMethod.Postfix);

        var queued = await SendAsync(came with { Recipients = Everybody });

        Assert.DoesNotContain(Secret, Text(queued), StringComparison.Ordinal);
        Assert.Contains("; incoming; ", queued.Headers.Single(header => header.Is("X-Postseal-Split")).ToString(), StringComparison.Ordinal);
        foreach (var recipient in Everybody)
        {
            var result = await SendAsync(came with
            {
                ClientAddress = IPAddress.Loopback,
                Macros = new Dictionary<string, string> { ["daemon_name"] = "POSTSEAL-SPLIT" },
                Recipients = [recipient],
                Headers = queued.Headers,
                Body = queued.Body,
            });

            Assert.Equal(MtaVerdict.Accepted, result.Verdict);
            Assert.Equal(recipient == Everybody[0], Text(result).Contains(Secret, StringComparison.Ordinal));
            Assert.Equal(recipient == Everybody[0] ? "ENVID=QQ1 RET=HDRS" : "RET=FULL ENVID=QQ1", string.Join(' ', result.Sender.Parameters));
            Assert.DoesNotContain(result.Headers, header => header.Is("X-Postseal-Split"));
            var mark = Assert.Single(result.Headers, header => header.Is("X-Postseal")).ToString();
            Assert.StartsWith(recipient == Everybody[0] ? "X-Postseal: decrypted; content=aes256-gcm" : "X-Postseal: not decrypted", mark, StringComparison.Ordinal);
        }

        Assert.DoesNotContain(log.Lines, line => line.Contains("under our own name", StringComparison.Ordinal));
    }

    [Fact]
    public async Task From_Sendmail_the_one_with_a_key_gets_a_copy()
    {
        await StartAsync(SplitMethod.Reinject);

        var result = await SendAsync(came with { Recipients = Everybody }, MtaKind.Sendmail);

        Assert.Equal(["carol@example.net", "dave@example.net"], result.Recipients.Select(recipient => recipient.Address));
        Assert.DoesNotContain(Secret, Text(result), StringComparison.Ordinal);
        var copy = Assert.Single(copies.Messages);
        Assert.Contains(Secret, Encoding.ASCII.GetString(copy.Bytes), StringComparison.Ordinal);
        Assert.Contains("RET=HDRS", copy.Mail, StringComparison.Ordinal);
    }

    // What the sender sees is the same in all of them.
    [Theory]
    [InlineData("bob@example.net", 0x1ff, true)]
    [InlineData("carol@example.net", 0x1ff, false)]
    [InlineData("bob@example.net", 0x1bf, false)]
    public async Task One_recipient_gets_what_his_key_opens_unless_a_bounce_would_carry_it(string recipient, uint actions, bool isOpened)
    {
        await StartAsync(SplitMethod.None);

        var result = await SendAsync(came with { Recipients = [recipient] }, offer: MtaDouble.FullOffer with { Actions = (MilterActions)actions });

        Assert.Equal((MtaVerdict.Accepted, ""), (result.Verdict, result.Reply));
        Assert.Equal(isOpened, Text(result).Contains(Secret, StringComparison.Ordinal));
        Assert.Equal(isOpened ? "ENVID=QQ1 RET=HDRS" : "RET=FULL ENVID=QQ1", string.Join(' ', result.Sender.Parameters));
    }

    public async ValueTask DisposeAsync()
    {
        if (server is not null)
            await server.DisposeAsync();
        await copies.DisposeAsync();
        folder.Dispose();
        log.Dispose();
    }

    private static string Text(MtaResult result) => Encoding.ASCII.GetString(result.ToBytes());

    private async Task StartAsync(SplitMethod method)
    {
        var options = new PostsealOptions
        {
            Certificates = folder.Options,
            Revocation = new RevocationOptions { Check = RevocationMethod.Off },
            StatePath = folder.File("state"),
            Splitting = new SplittingOptions { Method = method, ReinjectPort = copies.Port },
            Incoming = new IncomingOptions { Domains = [AddressPattern.Parse("@example.net")], AuthservId = "mx.example.net", Decrypt = true },
        };
        server = MilterDaemon.CreateServer(
            new() { Endpoints = { MilterEndpoint.Parse("inet:0@127.0.0.1") } }, () => options,
            LoggerFactory.Create(builder => builder.AddProvider(log)), TimeProvider.System);
        await server.StartAsync(Cancel);
    }

    private async Task<MtaResult> SendAsync(MtaMessage message, MtaKind kind = MtaKind.Postfix, MilterNegotiation? offer = null)
    {
        await using var mta = await MtaDouble.ConnectAsync(MilterConnection.InMemory(server!), kind, offer, Cancel);
        return await mta.SendAsync(message, Cancel);
    }
}
