using System.Security.Cryptography.X509Certificates;
using Postseal.Certificates;
using Postseal.Certificates.Sources;
using Postseal.TestKit;

namespace Postseal.Sources.Tests.Ldap;

/// <summary>Whom a server has to be. No environment and no file but CaFile changes it.</summary>
public class LdapTlsTests
{
    private static readonly DateTimeOffset Today = TimeProvider.System.GetUtcNow();

    public enum Way
    {
        Ldaps,
        StartTls,
    }

    [Theory]
    [InlineData(Way.Ldaps)]
    [InlineData(Way.StartTls)]
    public async Task A_server_with_a_certificate_by_the_CA_is_asked(Way way) =>
        Assert.Single((await FindAsync(way, LdapRoom.ServerCertificate())).Certificates);

    [Theory]
    [InlineData(Way.Ldaps)]
    [InlineData(Way.StartTls)]
    public async Task One_with_a_certificate_by_another_CA_is_not(Way way) => await RefusedAsync(
        way, (LdapRoom.ServerCertificate().Server, LdapRoom.ServerCertificate().CaPem), "is by no CA of");

    [Theory]
    [InlineData(Way.Ldaps)]
    [InlineData(Way.StartTls)]
    public async Task One_with_a_certificate_for_another_name_is_not(Way way) =>
        await RefusedAsync(way, LdapRoom.ServerCertificate("ldap.example.org"), "is not for localhost");

    [Theory]
    [InlineData(Way.Ldaps)]
    [InlineData(Way.StartTls)]
    public async Task One_with_an_expired_certificate_is_not(Way way) =>
        await RefusedAsync(way, LdapRoom.ServerCertificate(to: Today.AddDays(-1)), "is expired");

    [Theory]
    [InlineData(Way.Ldaps)]
    [InlineData(Way.StartTls)]
    public async Task One_with_a_certificate_that_it_signed_itself_is_not(Way way) =>
        await RefusedAsync(way, LdapRoom.ServerCertificate(isSelfSigned: true), "is by no CA of");

    [Theory]
    [InlineData(Way.Ldaps)]
    [InlineData(Way.StartTls)]
    public async Task Without_CaFile_the_CAs_of_the_machine_count(Way way)
    {
        await using var server = Server(way, LdapRoom.ServerCertificate().Server);
        var e = await Assert.ThrowsAnyAsync<IOException>(() => LdapRoom.FindAsync(Options(way, server, caFile: null)));
        Assert.Contains("is by no CA of the machine (name it in CaFile)", e.Message);
        Assert.DoesNotContain(server.Requests, request => request.Operation == LdapServerDouble.Search);
    }

    [Fact]
    public async Task A_server_that_does_not_do_StartTLS_is_not_asked_in_clear()
    {
        using var directory = new TemporaryDirectory();
        var (_, ca) = LdapRoom.ServerCertificate();
        await using var server = new LdapServerDouble(request => LdapRoom.WithValues(request, LdapRoom.Alice.RawData)) { StartTlsResult = 2 };
        var e = await Assert.ThrowsAnyAsync<IOException>(() => LdapRoom.FindAsync(Options(Way.StartTls, server, directory.Write("ca.pem", ca))));
        Assert.Contains("does not do StartTLS, and is not asked in clear: protocolError (2)", e.Message);
        Assert.DoesNotContain(server.Requests, request => request.Operation == LdapServerDouble.Search);
    }

    [Fact]
    public async Task What_comes_in_clear_behind_the_answer_to_StartTLS_is_no_answer()
    {
        using var directory = new TemporaryDirectory();
        var (certificate, ca) = LdapRoom.ServerCertificate();
        await using var server = new LdapServerDouble(_ => [])
        {
            Certificate = certificate,
            BehindStartTls = [.. LdapServerDouble.Answer(2).SelectMany(message => message)],
        };
        var e = await Assert.ThrowsAnyAsync<IOException>(() => LdapRoom.FindAsync(Options(Way.StartTls, server, directory.Write("ca.pem", ca))));
        Assert.Contains("in clear behind its answer to StartTLS", e.Message);
    }

    [Fact]
    public async Task A_server_without_TLS_is_no_ldaps_server()
    {
        await using var server = new LdapServerDouble(async (request, stream, cancellation) =>
            await stream.WriteAsync(LdapServerDouble.Result(request.Id, 5, 0), cancellation));
        var options = Options(Way.Ldaps, server, caFile: null) with { Timeout = TimeSpan.FromSeconds(1) };
        await Assert.ThrowsAnyAsync<IOException>(() => LdapRoom.FindAsync(options));
        Assert.Empty(server.Requests);
    }

    [Theory]
    [InlineData("")]
    [InlineData("no certificate\n")]
    [InlineData("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n")]
    public async Task A_CaFile_without_a_CA_trusts_nobody(string content)
    {
        using var directory = new TemporaryDirectory();
        await using var server = Server(Way.Ldaps, LdapRoom.ServerCertificate().Server);
        var e = await Assert.ThrowsAnyAsync<IOException>(() => LdapRoom.FindAsync(Options(Way.Ldaps, server, directory.Write("ca.pem", content))));
        Assert.Contains("CaFile", e.Message);
    }

    private static async Task RefusedAsync(Way way, (X509Certificate2 Server, string CaPem) certificate, string said)
    {
        var e = await Assert.ThrowsAnyAsync<IOException>(() => FindAsync(way, certificate));
        Assert.StartsWith("ldap:corporate (", e.Message);
        Assert.Contains("is not trusted: ", e.Message);
        Assert.Contains(said, e.Message);
    }

    private static async Task<FoundCertificates> FindAsync(Way way, (X509Certificate2 Server, string CaPem) certificate)
    {
        using var directory = new TemporaryDirectory();
        await using var server = Server(way, certificate.Server);
        return await LdapRoom.FindAsync(Options(way, server, directory.Write("ca.pem", certificate.CaPem)));
    }

    private static LdapServerDouble Server(Way way, X509Certificate2 certificate) =>
        new(request => LdapRoom.WithValues(request, LdapRoom.Alice.RawData)) { Certificate = certificate, IsLdaps = way == Way.Ldaps };

    private static LdapOptions Options(Way way, LdapServerDouble server, string? caFile) => LdapRoom.Options(
        way == Way.Ldaps ? new Uri($"ldaps://localhost:{server.Port}") : server.Url) with
    { StartTls = way == Way.StartTls, CaFile = caFile };
}
