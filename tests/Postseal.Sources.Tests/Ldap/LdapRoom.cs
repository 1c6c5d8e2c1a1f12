using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Microsoft.Extensions.Logging;
using Postseal.Certificates;
using Postseal.Certificates.Sources;
using Postseal.Ldap;
using Postseal.Mail;
using Postseal.TestKit;

namespace Postseal.Sources.Tests.Ldap;

/// <summary>Who is asked for in the tests of directory services, and who asks.</summary>
internal static class LdapRoom
{
    public const string AlicesDn = "uid=alice,ou=people,dc=example,dc=org";

    public static readonly DateTimeOffset Now = new(2026, 6, 1, 12, 0, 0, TimeSpan.Zero);

    public static readonly OddCa Root = OddCa.Root("CN=Root of example.org", Now.AddYears(-1), Now.AddYears(5));

    public static readonly X509Certificate2 Alice = CertificateOf("alice@example.org");

    public static X509Certificate2 CertificateOf(string address, DateTimeOffset? to = null) =>
        X509Certificate2.CreateFromPem(Root.IssueMail(address, Now.AddYears(-1), to ?? Now.AddYears(1)));

    public static MailAddress Address(string text) => MailAddress.TryParse(text, out var address) ? address : throw new FormatException(text);

    public static LdapOptions Options(params Uri[] urls) =>
        new() { Name = "corporate", Urls = urls, Base = "dc=example,dc=org", Timeout = TimeSpan.FromSeconds(30) };

    public static LdapSource Source(LdapOptions options, ILogger? log = null, TimeProvider? time = null) =>
        new(options, time ?? TimeProvider.System, log ?? new LineCollector());

    public static async Task<FoundCertificates> FindAsync(LdapOptions options, string address = "alice@example.org", ILogger? log = null)
    {
        await using var source = Source(options, log);
        return await source.FindAsync(Address(address), TestContext.Current.CancellationToken);
    }

    /// <summary>Has a server answer, and returns what becomes of it.</summary>
    public static async Task<FoundCertificates> FindAsync(Func<LdapRequestSeen, byte[][]> answers, ILogger? log = null)
    {
        await using var server = new LdapServerDouble(answers);
        return await FindAsync(Options(server.Url), log: log);
    }

    /// <summary>Has a server answer with something that must not be believed, and returns what the error says.</summary>
    public static async Task<string> RefusedAsync(Func<LdapRequestSeen, byte[][]> answers) =>
        (await Assert.ThrowsAnyAsync<IOException>(() => FindAsync(answers))).Message;

    public static byte[][] WithValues(LdapRequestSeen request, params byte[][] values) =>
        LdapServerDouble.Answer(request.Id, LdapServerDouble.Entry(request.Id, AlicesDn, ("userCertificate;binary", values)));

    /// <summary>A certificate of a server, by a CA of its own.</summary>
    public static (X509Certificate2 Server, string CaPem) ServerCertificate(
        string name = "localhost", DateTimeOffset? to = null, bool isSelfSigned = false)
    {
        var now = TimeProvider.System.GetUtcNow();
        using var caKey = RSA.Create(2048);
        var ca = new CertificateRequest("CN=CA of servers", caKey, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        ca.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        using var root = ca.CreateSelfSigned(now.AddDays(-10), now.AddDays(10));
        using var key = RSA.Create(2048);
        var request = new CertificateRequest($"CN={name}", key, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        var names = new SubjectAlternativeNameBuilder();
        names.AddDnsName(name);
        request.CertificateExtensions.Add(names.Build());
        request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([new Oid("1.3.6.1.5.5.7.3.1")], false));
        var until = to ?? now.AddDays(5);
        if (isSelfSigned)
            return (request.CreateSelfSigned(now.AddDays(-5), until), root.ExportCertificatePem());
        using var issued = request.Create(root, now.AddDays(-5), until, RandomNumberGenerator.GetBytes(8));
        return (issued.CopyWithPrivateKey(key), root.ExportCertificatePem());
    }
}
