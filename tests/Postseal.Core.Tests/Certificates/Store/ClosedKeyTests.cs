using Postseal.Certificates;
using Postseal.Certificates.Store;
using Postseal.Mail;
using Postseal.Program.Trial;
using Postseal.TestKit;

namespace Postseal.Tests.Certificates.Store;

/// <summary>Who looks for certificates opens no private key.</summary>
public sealed class ClosedKeyTests : IDisposable
{
    private readonly CertificateFolder folder = new();

    [Fact]
    public void Recipients_and_issuers_among_encrypted_keys_are_found_without_the_passphrase()
    {
        folder.AddEncrypted("alice@example.org", "sesame");
        var issued = folder.Ca.Issue(Recipient("bob@example.org"));
        folder.Write("bob@example.org.pem", CertificateFolder.Encrypt(issued.KeyPem, "sesame") + issued.CertificatePem);
        // Whoever wants to open a key finds that out: the file is not there.
        var directory = folder.Open(folder.Options with { PassphraseFile = folder.File("nowhere") });

        Assert.IsType<Lookup<MailCertificate>.Found>(directory.FindRecipient(Address("bob@example.org")));
        Assert.Equal(["CN=Trial Intermediate"], directory.Issuers().Select(issuer => issuer.Subject));
        Assert.Equal(["CN=alice@example.org", "CN=bob@example.org"], directory.Certificates().Select(found => found.Certificate.Subject).Order());
        Assert.Equal(3, new DirectoryCatalog(directory).Entries.Count);
        Assert.Empty(directory.FindIdentities(found => found.Addresses.Contains(Address("carol@example.org"))));
        Assert.Throws<FileNotFoundException>(() => directory.FindSigner(Address("alice@example.org")));
    }

    [Fact]
    public void Two_hundred_keys_of_600_000_rounds_are_no_work_for_who_looks_for_one_certificate()
    {
        var issued = folder.Ca.Issue(Recipient("alice@example.org"));
        var encrypted = CertificateFolder.Encrypt(issued.KeyPem, "sesame", rounds: 600_000);
        for (var i = 0; i < 200; i++)
            folder.Write($"user{i}@example.org.pem", encrypted + folder.Ca.Issue(Recipient($"user{i}@example.org")).CertificatePem);
        folder.Write("alice@example.org.pem", encrypted + issued.CertificatePem + issued.ChainPem);
        using var elsewhere = new TemporaryDirectory();
        var directory = folder.Open(folder.Options with { PassphraseFile = elsewhere.Write("passphrase", "sesame") });

        var one = CpuTime.Of(() => Assert.Single(directory.FindIdentities(found => found.Addresses.Contains(Address("alice@example.org")))));
        var all = CpuTime.Of(() =>
        {
            Assert.Equal(201, directory.Certificates().Count());
            Assert.Single(directory.Issuers());
            Assert.IsType<Lookup<MailCertificate>.Found>(directory.FindRecipient(Address("user7@example.org")));
        });

        // All of it costs less than a few of the two hundred keys would.
        Assert.True(all < 10 * one, $"{all} beside {one} for one key");
    }

    [Fact]
    public void Of_several_certificates_in_a_file_mail_is_encrypted_to_the_one_whose_key_is_there()
    {
        var older = folder.Ca.Issue(Recipient("alice@example.org"));
        var newer = folder.Ca.Issue(Recipient("alice@example.org") with { CommonName = "newer", NotBefore = folder.Time.GetUtcNow().AddHours(-1) });
        folder.Write("alice@example.org.crt", newer.CertificatePem + older.CertificatePem);
        folder.Write("alice@example.org.key", older.KeyPem);

        var found = Assert.IsType<Lookup<MailCertificate>.Found>(folder.Open().FindRecipient(Address("alice@example.org")));

        Assert.Equal("CN=alice@example.org", found.Value.Certificate.Subject);
    }

    public void Dispose() => folder.Dispose();

    private static TestCaRequest Recipient(string address) =>
        new(address) { KeyUsage = System.Security.Cryptography.X509Certificates.X509KeyUsageFlags.KeyAgreement };

    private static MailAddress Address(string text) =>
        MailAddress.TryParse(text, out var address) ? address : throw new FormatException(text);
}
