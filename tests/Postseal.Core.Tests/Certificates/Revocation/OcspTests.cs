using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Postseal.Certificates.Fetching;
using Postseal.Certificates.Revocation;
using Postseal.Http;
using Postseal.TestKit;

namespace Postseal.Tests;

/// <summary>OCSP against openssl's responder, a real one on this machine.</summary>
public sealed class OcspTests : IDisposable
{
    private readonly TemporaryDirectory directory = new();
    private readonly DateTimeOffset now = TimeProvider.System.GetUtcNow();
    private readonly RevokingCa ca;
    private readonly X509Certificate2 alice;
    private readonly X509Certificate2 bob;
    private readonly int port = FreePort();
    private Process? responder;

    public OcspTests()
    {
        Assert.SkipUnless(OpenSsl.IsHere, "openssl is not here");
        ca = RevokingCa.Root("CN=Root", now);
        alice = Issue("CN=Alice");
        bob = Issue("CN=Bob");
        directory.Write("ca.pem", ca.Certificate.ExportCertificatePem());
        directory.Write("ca.key", ca.KeyPem);
        // https://docs.openssl.org: status, expiry, revocation with reason, serial, file, subject.
        directory.Write("index.txt", $"V\t991231235959Z\t\t{alice.SerialNumber}\tunknown\t/CN=Alice\nR\t991231235959Z\t260101000000Z,keyCompromise\t{bob.SerialNumber}\tunknown\t/CN=Bob\n");
    }

    [Fact]
    public async Task A_responder_tells_who_is_revoked()
    {
        await RespondAsync("ca.pem", "ca.key");
        await using var contact = Contact(RevocationMethod.CrlThenOcsp);

        Assert.StartsWith("OCSP of ", Assert.IsType<RevocationAnswer.Good>(await AskAsync(contact, alice)).Evidence, StringComparison.Ordinal);
        Assert.Equal(
            new RevocationAnswer.Revoked(new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero), "its key was compromised"), await AskAsync(contact, bob));
        Assert.Contains(
            "does not know this certificate", Assert.IsType<RevocationAnswer.Unknown>(await AskAsync(contact, Issue("CN=Carol"))).Why, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("1.3.6.1.5.5.7.3.9", true)] // id-kp-OCSPSigning
    [InlineData("1.3.6.1.5.5.7.3.4", false)] // a person's
    [InlineData("2.5.29.37.0", false)] // anyExtendedKeyUsage names nobody
    public async Task Whom_the_CA_appointed_may_answer_and_nobody_else(string purpose, bool isBelieved)
    {
        var delegated = ca.Issue("CN=Responder", now, out var key, new X509EnhancedKeyUsageExtension([new(purpose)], critical: false));
        directory.Write("responder.pem", delegated.ExportCertificatePem());
        directory.Write("responder.key", key.ExportPkcs8PrivateKeyPem());
        await RespondAsync("responder.pem", "responder.key");
        await using var contact = Contact(RevocationMethod.OcspThenCrl);

        Assert.Equal(isBelieved, await AskAsync(contact, alice) is RevocationAnswer.Good);
    }

    [Fact]
    public async Task A_responder_of_another_CA_with_the_same_name_is_not_believed()
    {
        var other = RevokingCa.Root("CN=Root", now);
        _ = other.Issue("CN=x", now);
        directory.Write("other.pem", other.Intermediate("CN=Root", now).Certificate.ExportCertificatePem());
        var impostor = other.Intermediate("CN=Root", now).Issue("CN=Responder", now, out var key, new X509EnhancedKeyUsageExtension([new("1.3.6.1.5.5.7.3.9")], critical: false));
        directory.Write("responder.pem", impostor.ExportCertificatePem());
        directory.Write("responder.key", key.ExportPkcs8PrivateKeyPem());
        await RespondAsync("responder.pem", "responder.key");
        await using var contact = Contact(RevocationMethod.OcspThenCrl);

        Assert.Contains(
            "neither the CA's nor", Assert.IsType<RevocationAnswer.Unknown>(await AskAsync(contact, alice)).Why, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_answer_about_one_is_none_about_another_and_ends()
    {
        await RespondAsync("ca.pem", "ca.key");
        var subject = new RevocationSubject(alice, ca.Chain);
        using var downloads = Loopback();
        var request = new DownloadRequest(new Uri($"http://127.0.0.1:{port}/"), 65_536, TimeSpan.FromSeconds(30)) { Body = OcspRequest.Write(subject), ContentType = "application/ocsp-request" };
        var answer = (await downloads.FetchAsync(request, TestContext.Current.CancellationToken)).Content!;

        Assert.NotNull(OcspResponse.TryRead(answer, subject, now, _ => false, out _));
        Assert.Null(OcspResponse.TryRead(answer, new RevocationSubject(bob, ca.Chain), now, _ => false, out var problem));
        Assert.Equal("does not answer for this certificate", problem);
        Assert.Null(OcspResponse.TryRead(answer, subject, now.AddDays(3), _ => false, out problem));
        Assert.Equal("answers with what held once", problem);
        Assert.Null(OcspResponse.TryRead(answer, subject, now.AddDays(-3), _ => false, out _));
        for (var i = 0; i < answer.Length; i++)
        {
            answer[i] ^= 0x55;
            var changed = OcspResponse.TryRead(answer, subject, now, _ => false, out _);
            // Beside what is signed there are the signer's certificate and lengths that say the same.
            Assert.True(changed is null or { Revoked: null, Doubt: null });
            answer[i] ^= 0x55;
        }

        Assert.All(Enumerable.Range(0, answer.Length), length => Assert.Null(OcspResponse.TryRead(answer.AsMemory(0, length), subject, now, _ => false, out _)));
    }

    [Fact]
    public async Task Without_an_answer_the_list_is_asked()
    {
        var lists = directory.File("anchors");
        Directory.CreateDirectory(lists);
        File.WriteAllBytes(Path.Combine(lists, "ca.crl"), ca.List(now.AddDays(-1), now.AddDays(6), 1, null, bob));
        await using var contact = Contact(RevocationMethod.OcspThenCrl, lists);

        Assert.StartsWith("CRL of ", Assert.IsType<RevocationAnswer.Good>(await AskAsync(contact, alice)).Evidence, StringComparison.Ordinal);
        Assert.IsType<RevocationAnswer.Revoked>(await AskAsync(contact, bob));
    }

    public void Dispose()
    {
        responder?.Kill();
        responder?.Dispose();
        directory.Dispose();
    }

    private X509Certificate2 Issue(string name) => ca.Issue(name, now, RevokingCa.Access([$"http://127.0.0.1:{port}/"], []));

    private async Task<RevocationAnswer> AskAsync(CaContact contact, X509Certificate2 certificate)
    {
        contact.Revocation.Check(certificate, ca.Chain);
        await contact.WhenIdleAsync();
        var answer = contact.Revocation.Check(certificate, ca.Chain);
        if (answer is not RevocationAnswer.Unknown { Why: var why } || !why.Contains("reset by peer", StringComparison.Ordinal))
            return answer;
        // Under load openssl's responder, which is one for trying, closes a connection that it has not read to the end. A contact
        // asks again after a minute, and a new one at once.
        await using var another = Contact(RevocationMethod.CrlThenOcsp);
        return await AskAsync(another, certificate);
    }

    private static CaContact Contact(RevocationMethod method, string? anchors = null) =>
        new(new CaContactOptions(method, null, anchors, []), Loopback(), () => [], TimeProvider.System, _ => { });

    private static HttpDownloads Loopback() => new(null, TimeProvider.System, IPAddress.IsLoopback, System.Net.Dns.GetHostAddressesAsync);

    private async Task RespondAsync(string certificate, string key)
    {
        responder = Process.Start(new ProcessStartInfo(
            "openssl",
            [
                "ocsp", "-port", $"{port}", "-index", directory.File("index.txt"), "-CA", directory.File("ca.pem"), "-rsigner", directory.File(certificate),
                "-rkey", directory.File(key), "-ndays", "1",
            ])
        { RedirectStandardOutput = true, RedirectStandardError = true })!;
        // It says so when it listens.
        while (await responder.StandardError.ReadLineAsync(TestContext.Current.CancellationToken) is { } line)
        {
            if (line.Contains("waiting for OCSP client connections", StringComparison.OrdinalIgnoreCase))
                return;
        }

        Assert.Fail("openssl ocsp has ended");
    }

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
