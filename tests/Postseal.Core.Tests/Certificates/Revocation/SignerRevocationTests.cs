using System.Net;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Postseal.Certificates;
using Postseal.Certificates.Revocation;
using Postseal.Certificates.Trust;
using Postseal.Http;
using Postseal.TestKit;

namespace Postseal.Tests;

/// <summary>How somebody who signed stands when his CA is asked over HTTP: what is remembered of him changes with what comes.</summary>
public sealed class SignerRevocationTests : IAsyncDisposable
{
    private readonly TemporaryDirectory directory = new();
    private readonly SettableTime time = new(new DateTimeOffset(2026, 11, 28, 12, 0, 0, TimeSpan.Zero));
    private readonly Dictionary<string, byte[]> pages = [];
    private readonly HttpServerDouble server;
    private readonly HttpDownloads downloads;
    private readonly RevokingCa root;
    private readonly RevokingCa ca;
    private readonly CaContact contact;
    private readonly SignerTrust trust;

    public SignerRevocationTests()
    {
        server = new HttpServerDouble(AnswerAsync);
        downloads = new HttpDownloads(null, TimeProvider.System, IPAddress.IsLoopback, System.Net.Dns.GetHostAddressesAsync);
        root = RevokingCa.Root("CN=Root", time.Now);
        ca = root.Intermediate("CN=CA", time.Now, extensions: RevokingCa.PointsTo(Url("root.crl")));
        var options = new TrustOptions { Anchors = directory.Write("root.pem", root.Certificate.ExportCertificatePem()) };
        contact = new CaContact(
            new CaContactOptions(RevocationMethod.Crl, directory.File("state"), null, ["127.0.0.1"]), downloads, () => [root.Certificate], time, _ => { });
        trust = new SignerTrust(options, contact.Revocation, () => [], contact.Issuers, time, _ => { });
        pages["root.crl"] = root.List(time.Now.AddDays(-1), time.Now.AddDays(30), 1, null);
    }

    [Fact]
    public async Task A_signer_is_trusted_until_his_CA_takes_his_certificate_back()
    {
        var alice = Issue();
        pages["ca.crl"] = ca.List(time.Now.AddDays(-1), time.Now.AddDays(3), 1, null);
        Assert.IsType<RevocationAnswer.Unknown>(Check(alice).Revocation);
        await contact.WhenIdleAsync();
        Assert.Equal("CRL of 2026-11-27", Assert.IsType<RevocationAnswer.Good>(Check(alice).Revocation).Evidence);

        pages["ca.crl"] = ca.List(time.Now.AddDays(1), time.Now.AddDays(5), 2, null, alice.Certificate);
        time.Now += TimeSpan.FromDays(1.2);
        contact.Refresh();
        await contact.WhenIdleAsync();

        Assert.Equal(StandingKind.Revoked, Check(alice).Kind);
    }

    [Fact]
    public async Task A_signer_whose_CA_was_taken_back_is_not_trusted()
    {
        var alice = Issue();
        pages["ca.crl"] = ca.List(time.Now.AddDays(-1), time.Now.AddDays(3), 1, null);
        pages["root.crl"] = root.List(time.Now.AddDays(-1), time.Now.AddDays(30), 1, null, ca.Certificate);
        Check(alice);
        await contact.WhenIdleAsync();

        Assert.Equal(StandingKind.Revoked, Check(alice).Kind);
    }

    [Fact]
    public async Task When_the_list_has_ended_it_is_not_known_any_more()
    {
        var alice = Issue();
        pages["ca.crl"] = ca.List(time.Now.AddDays(-1), time.Now.AddDays(3), 1, null);
        Check(alice);
        await contact.WhenIdleAsync();
        Assert.IsType<RevocationAnswer.Good>(Check(alice).Revocation);
        time.Now += TimeSpan.FromDays(3.1);

        Assert.Contains("has ended", Assert.IsType<RevocationAnswer.Unknown>(Check(alice).Revocation).Why, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_CA_that_the_message_lacks_is_fetched_once()
    {
        var alice = Issue(RevokingCa.Access([], [Url("ca.cer")]));
        pages["ca.crl"] = ca.List(time.Now.AddDays(-1), time.Now.AddDays(3), 1, null);
        pages["ca.cer"] = ca.Certificate.RawData;
        Assert.Equal(StandingKind.Untrusted, trust.Check(alice, [alice]).Kind);
        await contact.WhenIdleAsync();
        Assert.Equal(StandingKind.Trusted, trust.Check(alice, [alice]).Kind);
        trust.Check(alice, [alice]);
        await contact.WhenIdleAsync();

        Assert.Single(server.Requests, request => request.StartsWith("GET /ca.cer ", StringComparison.Ordinal));
    }

    public async ValueTask DisposeAsync()
    {
        await contact.DisposeAsync();
        downloads.Dispose();
        await server.DisposeAsync();
        directory.Dispose();
    }

    private string Url(string page) => $"http://127.0.0.1:{server.Port}/{page}";

    private SignerStanding Check(ReceivedCertificate signer) => trust.Check(signer, [signer, Received(ca.Certificate)]);

    private ReceivedCertificate Issue(params IEnumerable<X509Extension> extensions)
    {
        var names = new SubjectAlternativeNameBuilder();
        names.AddEmailAddress("alice@example.org");
        return Received(ca.Issue("CN=Alice", time.Now, [names.Build(), RevokingCa.PointsTo(Url("ca.crl")), .. extensions]));
    }

    private static ReceivedCertificate Received(X509Certificate2 certificate) => new ReceivedCertificates().Get(certificate.RawData)!;

    private async Task AnswerAsync(string request, Stream stream, CancellationToken cancellation)
    {
        var page = pages.GetValueOrDefault(request.Split(' ')[1].TrimStart('/'));
        await stream.WriteAsync(
            Encoding.Latin1.GetBytes(page is null ? "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n" : $"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: {page.Length}\r\n\r\n"), cancellation);
        await stream.WriteAsync(page ?? [], cancellation);
    }
}
