using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Postseal.Certificates;
using Postseal.Certificates.Sources;
using Postseal.Dns;
using Postseal.Mail;
using Postseal.TestKit;

namespace Postseal.Sources.Tests.Dns;

/// <summary>A domain of a test that publishes certificates, and who asks for them.</summary>
internal static class Published
{
    public const string Bob = "bob@example.net";

    /// <summary>What <c>printf bob | sha256sum</c> begins with.</summary>
    public const string BobsName = "81b637d8fcd2c6da6359e6963113a1170de795e4b725b84d1e0b4cfd._smimecert.example.net";

    public static readonly DateTimeOffset Now = new(2026, 6, 1, 12, 0, 0, TimeSpan.Zero);

    public static readonly OddCa Root = OddCa.Root("CN=Root of example.net", Now.AddYears(-1), Now.AddYears(5));

    public static readonly OddCa Issuing = Root.Issue(
        new IssuerRequest(new X500DistinguishedName("CN=Issuing CA of example.net"), Now.AddYears(-1), Now.AddYears(4)));

    public static readonly X509Certificate2 BobsCertificate = MailCertificateOf(Issuing);

    public static MailAddress Address(string text) => MailAddress.TryParse(text, out var address) ? address : throw new FormatException(text);

    public static X509Certificate2 MailCertificateOf(OddCa issuer, DateTimeOffset? to = null) =>
        X509Certificate2.CreateFromPem(issuer.IssueMail(Bob, Now.AddDays(-1), to ?? Now.AddYears(1)));

    /// <summary>The RDATA of a record with a whole certificate.</summary>
    public static byte[] Rdata(byte usage, X509Certificate2 certificate) => [usage, 0, 0, .. certificate.RawData];

    /// <summary>The RDATA of a record with a key or a digest, made without the code under test.</summary>
    public static byte[] Rdata(byte usage, byte selector, byte matching, X509Certificate2 certificate)
    {
        var part = selector == 0 ? certificate.RawData : certificate.PublicKey.ExportSubjectPublicKeyInfo();
        return [usage, selector, matching, .. matching switch { 1 => SHA256.HashData(part), 2 => SHA512.HashData(part), _ => part }];
    }

    public static DnsRecord Record(byte[] rdata, uint ttl = 3600) => new(BobsName, 53, rdata, ttl);

    public static DnsReply Reply(params byte[][] records) => new() { Answers = [.. records.Select(rdata => Record(rdata))] };

    public static SmimeaOptions Options(params IEnumerable<DnsServerDouble> servers) =>
        new() { Lookup = true, Resolvers = [.. servers.Select(server => server.EndPoint)], Timeout = TimeSpan.FromSeconds(30) };

    public static async Task<FoundCertificates> FindAsync(DnsReply reply, string address = Bob)
    {
        await using var server = new DnsServerDouble(_ => reply);
        return await FindAsync(Options(server), address);
    }

    public static async Task<FoundCertificates> FindAsync(SmimeaOptions options, string address = Bob)
    {
        await using var source = new SmimeaSource(options, new SettableTime(Now));
        return await source.FindAsync(Address(address), TestContext.Current.CancellationToken);
    }

    /// <summary>Finds what a resolver answers to the question, and to those by which it shows whether it validates.</summary>
    public static async Task<FoundCertificates> FindOrProveAsync(DnsReply reply, DnsReply proof, string address = Bob)
    {
        await using var server = new DnsServerDouble(question => question.Type == 53 ? reply : proof);
        return await FindAsync(Options(server), address);
    }

    public static async Task<string> FailureAsync(Func<Task<FoundCertificates>> find) => (await Assert.ThrowsAnyAsync<IOException>(find)).Message;
}
