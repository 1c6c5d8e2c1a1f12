using System.Net;
using Microsoft.Extensions.Logging;
using Milter;
using Milter.Testing;
using Postseal.Policy;
using Postseal.Program.Milter;
using Postseal.Settings;
using Postseal.TestKit;

namespace Postseal.Tests;

/// <summary>A header too long to be signed is no reason to refuse mail that would not be signed.</summary>
public sealed class HeaderLimitTests : IAsyncDisposable
{
    private static readonly MilterHeader[] Many = [.. Enumerable.Range(1, 1001).Select(i => new MilterHeader($"X-{i}", " x"))];
    private static readonly MilterHeader[] Large = [.. Enumerable.Range(1, 20).Select(i => new MilterHeader($"X-{i}", new string('x', 60_000)))];

    private readonly CertificateFolder folder = new();
    private readonly LineCollector log = new();
    private MilterServer? server;

    public HeaderLimitTests() => folder.Add("alice@example.org");

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("alice@example.org", "192.0.2.1", SigningMode.Required, MtaVerdict.Accepted)] // from outside
    [InlineData("nobody@example.org", "127.0.0.1", SigningMode.IfPossible, MtaVerdict.Accepted)] // no certificate
    [InlineData("alice@example.org", "127.0.0.1", SigningMode.Never, MtaVerdict.Accepted)]
    [InlineData("alice@example.org", "127.0.0.1", SigningMode.IfPossible, MtaVerdict.Rejected)]
    [InlineData("nobody@example.org", "127.0.0.1", SigningMode.Required, MtaVerdict.Rejected)]
    public async Task A_header_over_the_limits_is_refused_only_where_it_would_be_signed(
        string from, string client, SigningMode mode, MtaVerdict verdict)
    {
        var options = Options(mode);
        server = MilterDaemon.CreateServer(
            new() { Endpoints = { MilterEndpoint.Parse("inet:0@127.0.0.1") } }, () => options, LoggerFactory.Create(b => b.AddProvider(log)), folder.Time);
        await server.StartAsync(Cancel);
        await using var mta = await MtaDouble.ConnectAsync(server.Endpoints[0], MtaKind.Postfix, Cancel);

        foreach (var (fields, reason) in new[] { (Many, "Too many header fields"), (Large, "Header section too large") })
        {
            // The author stands last, behind everything that could hide it.
            var message = new MtaMessage
            {
                Sender = from,
                ClientAddress = IPAddress.Parse(client),
                Headers = [.. fields, new("From", " " + from)],
                Body = "Hello\r\n"u8.ToArray(),
            };
            var result = await mta.SendAsync(message, Cancel);

            Assert.Equal(verdict, result.Verdict);
            if (verdict == MtaVerdict.Accepted)
                Assert.Equal(message.Headers, result.Headers);
            else
                Assert.StartsWith($"552 5.3.4 {reason}", result.Reply, StringComparison.Ordinal);
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (server is not null)
            await server.DisposeAsync();
        log.Dispose();
        folder.Dispose();
    }

    private PostsealOptions Options(SigningMode mode) => new()
    {
        Certificates = folder.Options,
        Signing = new SigningRules { Mode = mode },
    };
}
