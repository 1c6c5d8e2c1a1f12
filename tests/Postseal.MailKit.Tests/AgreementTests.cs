using System.Security.Cryptography.X509Certificates;
using MimeKit;
using Postseal.Certificates;
using Postseal.Certificates.Formats;
using Postseal.Certificates.Store;
using Postseal.Mail;
using Postseal.Program.Store;
using Postseal.Program.Trial;
using Postseal.Settings;
using Postseal.TestKit;
using static Postseal.TestKit.TestMail;

namespace Postseal.MailKit.Tests;

/// <summary>
/// The daemon, <c>postseal check</c>, <c>certs list</c>, <c>show</c> and <c>export</c>, and MimeKit's context look at one directory:
/// whatever lies in it, all of them say the same of it.
/// </summary>
public sealed class AgreementTests : IDisposable
{
    private const string Alice = "alice@example.org";
    private const string Section = $"[Sender:{Alice}]\nMode = Required\n";

    private static readonly string Long = new('x', 1_100);

    private readonly CertificateFolder folder = new();
    private readonly TemporaryDirectory outside = new();

    /// <summary>What is the case; the settings beside the path; what lies there; whether Alice's mail can be signed.</summary>
    public static TheoryData<string, string, Action<Files>, bool> Cases => new()
    {
        { "a key, certificate and chain in one file", "", files => files.Pem(), true },
        { "a key beside its certificate", "", files => files.Apart(".crt", ".key"), true },
        { "a certificate in PEM with its key beside it", "", files => files.Apart(".pem", ".key"), true },
        { "certificate and key in each other's file", "", files => files.Apart(".key", ".crt"), true },
        { "keys in both files and no certificate", "", files => files.Write($"{Alice}.crt", files.Issued.KeyPem).Write($"{Alice}.key", files.Issued.KeyPem), false },
        { "a certificate without its key", "", files => files.Certificate(), false },
        { "the key of another certificate", "", files => files.Apart(".crt", ".key", keyOf: files.Another()), false },
        { "a key alone", "", files => files.Write($"{Alice}.pem", files.Issued.KeyPem), false },
        { "a damaged file", "", files => files.Write($"{Alice}.pem", "-----BEGIN CERTIFICATE-----\nMII"), false },
        { "a PKCS #12 under the common passphrase", "[Certificates]\nPassphraseFile = pp\n", files => files.Pkcs12("sesame").Passphrase("sesame"), true },
        { "a PKCS #12 under its sender's passphrase", $"{Section}PassphraseFile = pp\n", files => files.Pkcs12("sesame").Passphrase("sesame"), true },
        { "a PKCS #12 under its domain's passphrase", "[Sender:@example.org]\nPassphraseFile = pp\n", files => files.Pkcs12("sesame").Passphrase("sesame"), true },
        { "a PKCS #12 under another passphrase", "[Certificates]\nPassphraseFile = pp\n", files => files.Pkcs12("sesame").Passphrase("barley"), false },
        { "a PKCS #12 and no passphrase", "", files => files.Pkcs12("sesame"), false },
        { "a PKCS #12 without a passphrase", "", files => files.Pkcs12(""), true },
        { "an encrypted key under the common passphrase", "[Certificates]\nPassphraseFile = pp\n", files => files.Encrypted("sesame").Passphrase("sesame"), true },
        { "an encrypted key under its domain's passphrase", "[Sender:@example.org]\nPassphraseFile = pp\n", files => files.Encrypted("sesame").Passphrase("sesame"), true },
        { "an encrypted key and a wrong passphrase", "[Certificates]\nPassphraseFile = pp\n", files => files.Encrypted("sesame").Passphrase("barley"), false },
        { "an encrypted key and no passphrase", "", files => files.Encrypted("sesame"), false },
        { "an encrypted key and an empty passphrase file", "[Certificates]\nPassphraseFile = pp\n", files => files.Encrypted("sesame").Passphrase(""), false },
        { "an open key and an empty passphrase file", "[Certificates]\nPassphraseFile = pp\n", files => files.Pem().Passphrase(""), true },
        { "an encrypted key under a passphrase of 1,100 bytes", "[Certificates]\nPassphraseFile = pp\n", files => files.Encrypted(Long).Passphrase(Long), true },
        { "a PKCS #12 under a passphrase of 1,100 bytes", "[Certificates]\nPassphraseFile = pp\n", files => files.Pkcs12(Long).Passphrase(Long), true },
        { "a passphrase in UTF-16", "[Certificates]\nPassphraseFile = pp\n", files => files.Encrypted("sesame").Passphrase("\0s\0e"), false },
        { "a key that Mautic encrypted", "[Certificates]\nSecretFile = pp\n", files => files.Mautic("abcd").Passphrase("abcd"), true },
        { "a key that Mautic encrypted with another secret", "[Certificates]\nSecretFile = pp\n", files => files.Mautic("abcd").Passphrase("abce"), false },
        { "a key that Mautic encrypted and no secret", "", files => files.Mautic("abcd"), false },
        { "an expired certificate", "", files => files.Issue(days: -1).Pem(), false },
        { "a certificate for somebody else", "", files => files.Issue("bob@example.org").Pem(), false },
        { "a certificate for web servers", "", files => files.Issue(purpose: "1.3.6.1.5.5.7.3.1").Pem(), false },
        { "Sympa's pair in its list's directory", "", files => files.Pair($"{Alice}/", ""), true },
        { "Sympa's pair for signing below its domain", "", files => files.Pair("example.org/alice/", ".sign"), true },
        { "Sympa's certificate without its private_key", "", files => files.Write($"{Alice}/cert.pem", files.Issued.CertificatePem), false },
        { "Sympa's common pair", "", files => files.Pair("", ""), true },
        { "a file that the sender's section names", $"{Section}Certificate = elsewhere.pem\n", files => files.Pem("../elsewhere.pem"), true },
        { "a domain's certificate, which may sign", "[Certificates]\nDomainCertificates = yes\n", files => files.Issue("gateway@example.org").Pem("@example.org.pem"), true },
        { "a domain's certificate, which may not sign", "", files => files.Issue("gateway@example.org").Pem("@example.org.pem"), false },
        { "a file whose name is nobody's", "", files => files.Pem("alice.pem"), false },
        { "nothing", "", _ => { }, false },
    };

    [Theory]
    [MemberData(nameof(Cases), DisableDiscoveryEnumeration = true)]
    public async Task All_who_look_into_the_directory_see_the_same(string sentence, string settings, Action<Files> write, bool usable)
    {
        var certificates = Directory.CreateDirectory(outside.File("certificates")).FullName;
        write(new Files(folder.Ca, certificates, outside.File("pp")));
        settings = settings.Contains("[Certificates]\n", StringComparison.Ordinal)
            ? settings.Replace("[Certificates]\n", $"[Certificates]\nPath = {certificates}\n", StringComparison.Ordinal)
            : $"[Certificates]\nPath = {certificates}\n{settings}";
        var config = outside.Write("postseal.ini", settings.Contains(Section, StringComparison.Ordinal) ? settings : settings + Section);

        var directory = new CertificateDirectory(PostsealOptions.FromIni(config).Certificates, TimeProvider.System);
        var store = CertificateStore.Open(config);
        var signer = directory.FindSigner(Address(Alice));
        var check = await ConfigurationCheck.RunAsync(config, store, TestContext.Current.CancellationToken);
        var rows = store.Rows().Where(row => row.HasPrivateKey || row.Problem is not null).ToList();
        using var context = new PostsealSecureMimeContext(directory, []);
        (string Who, bool Usable)[] verdicts =
        [
            ("sign", signer is Lookup<Identity>.Found),
            ("check", check.Senders.All(sender => sender.Problem is null)),
            ("check, the sender's section", !Assert.Single(check.Sections, section => section.Section.Contains(Alice, StringComparison.Ordinal)).SignsWith!.StartsWith("nothing", StringComparison.Ordinal)),
            ("certs list", rows.Exists(row => row.Problem is null)),
            ("certs show", store.Entries.Any(entry => entry.HasKey && store.RowOf(entry).Problem is null)),
            ("certs export", store.Entries.Any(entry => store.RowOf(entry).Problem is null && HasOpenKey(entry))),
            ("MimeKit", context.CanSign(new MailboxAddress("", Alice), TestContext.Current.CancellationToken)),
        ];

        Assert.All(verdicts, verdict => Assert.True(verdict.Usable == usable, $"{sentence}: {verdict}, {signer}, {string.Join("; ", rows)}"));
        if (signer is Lookup<Identity>.Unusable { Why.Message: var why })
        {
            Assert.Contains(check.Senders, sender => sender.Problem == why);
            // A certificate without its key is of use to others, and listed as that.
            Assert.True(rows.Count == 0 || rows.Exists(row => row.Problem is { } problem && why.EndsWith(problem, StringComparison.Ordinal)), why);
        }
    }

    public void Dispose()
    {
        folder.Dispose();
        outside.Dispose();
    }

    private static bool HasOpenKey(DirectoryEntry entry) => entry.KeyFiles.Any(path =>
    {
        using var file = entry.Files.Read(path);
        return file.Keys.Any(key => key.BelongsTo(entry.Certificate!.Certificate));
    });

    /// <summary>Writes the files of a case.</summary>
    public sealed class Files(TestCa ca, string directory, string passphraseFile)
    {
        public IssuedCertificate Issued { get; private set; } = ca.Issue(new TestCaRequest(Alice));

        public IssuedCertificate Another() => ca.Issue(new TestCaRequest(Alice));

        public Files Issue(string address = Alice, int days = 9, string? purpose = "1.3.6.1.5.5.7.3.4")
        {
            var now = TimeProvider.System.GetUtcNow();
            Issued = ca.Issue(new TestCaRequest(address)
            {
                NotBefore = now.AddDays(-9),
                NotAfter = now.AddDays(days),
                ExtendedKeyUsage = purpose,
            });
            return this;
        }

        public Files Pem(string name = $"{Alice}.pem") => Write(name, Issued.KeyPem + Issued.CertificatePem + Issued.ChainPem);

        public Files Certificate() => Write($"{Alice}.crt", Issued.CertificatePem);

        public Files Apart(string certificate, string key, IssuedCertificate? keyOf = null) =>
            Write(Alice + certificate, Issued.CertificatePem).Write(Alice + key, (keyOf ?? Issued).KeyPem);

        public Files Pair(string below, string suffix) =>
            Write($"{below}cert.pem{suffix}", Issued.CertificatePem).Write($"{below}private_key{suffix}", Issued.KeyPem);

        public Files Encrypted(string passphrase) =>
            Write($"{Alice}.pem", CertificateFolder.Encrypt(Issued.KeyPem, passphrase) + Issued.CertificatePem);

        public Files Mautic(string secret) => Certificate().Write(
            $"{Alice}.pem.enc",
            MauticKeyFile.Encrypt(System.Text.Encoding.ASCII.GetBytes(Issued.KeyPem), System.Text.Encoding.ASCII.GetBytes(secret)));

        public Files Pkcs12(string passphrase)
        {
            using var certificate = X509Certificate2.CreateFromPem(Issued.CertificatePem, Issued.KeyPem);
            File.WriteAllBytes(Path.Combine(directory, $"{Alice}.p12"), certificate.Export(X509ContentType.Pkcs12, passphrase));
            return this;
        }

        public void Passphrase(string text) => File.WriteAllText(passphraseFile, text);

        public Files Write(string name, string text)
        {
            var path = Path.Combine(directory, name);
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            File.WriteAllText(path, text);
            return this;
        }
    }
}
