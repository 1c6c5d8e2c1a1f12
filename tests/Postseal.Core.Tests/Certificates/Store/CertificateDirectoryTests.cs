using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Postseal.Certificates;
using Postseal.Certificates.Store;
using Postseal.Program.Trial;
using Postseal.TestKit;
using static Postseal.TestKit.TestMail;

namespace Postseal.Tests.Certificates.Store;

public sealed class CertificateDirectoryTests : IDisposable
{
    private static readonly DateTimeOffset Noon = new(2026, 11, 22, 12, 0, 0, TimeSpan.Zero);

    private readonly SettableTime time = new(Noon);
    private readonly CertificateFolder folder;

    public CertificateDirectoryTests() => folder = new CertificateFolder(time);

    [Fact]
    public void A_certificate_and_its_key_in_two_files_are_found()
    {
        var issued = folder.Ca.Issue(new TestCaRequest("alice@example.org"));
        folder.Write("alice@example.org.crt", issued.CertificatePem + issued.ChainPem);
        folder.Write("alice@example.org.pem", issued.KeyPem);

        var identity = Usable("alice@example.org");

        Assert.Equal("CN=alice@example.org", identity.Certificate.Subject);
        Assert.Equal(["CN=Trial Intermediate"], identity.Intermediates.Select(c => c.Subject));
    }

    [Fact]
    public void One_file_with_key_chain_and_certificate_in_any_order_is_found()
    {
        var issued = folder.Ca.Issue(new TestCaRequest("alice@example.org"));
        folder.Write(
            "alice@example.org.pem",
            folder.Ca.Root.ExportCertificatePem() + "\n" + issued.ChainPem + issued.KeyPem + issued.CertificatePem);

        var identity = Usable("alice@example.org");

        Assert.Equal("CN=alice@example.org", identity.Certificate.Subject);
        Assert.Equal(["CN=Trial Intermediate"], identity.Intermediates.Select(c => c.Subject));
    }

    [Fact]
    public void Addresses_and_file_names_compare_without_case()
    {
        folder.Add("Alice@Example.org", new TestCaRequest("alice@EXAMPLE.org"));

        Usable("ALICE@example.ORG");
    }

    [Theory]
    [InlineData("\u00B5@example.org", "\u03BC@example.org")] // the micro sign, the Greek mu
    [InlineData("\u03C3@example.org", "\u03C2@example.org")] // the two small sigmas
    [InlineData("\u00E9@example.org", "\u00C9@example.org")]
    public void A_letter_that_Unicode_folds_to_another_is_another_address(string owner, string other)
    {
        folder.Add(owner);

        Usable(owner);
        Assert.IsType<Lookup<Identity>.None>(folder.Open().FindSigner(Address(other)));
    }

    [Theory]
    [InlineData("bob@example.org")]
    [InlineData("\"../alice\"@example.org")]
    [InlineData("%2e%2e%2falice@example.org")]
    public void An_address_without_files_has_no_certificate(string address)
    {
        folder.Add("alice@example.org");

        Assert.IsType<Lookup<Identity>.None>(folder.Open().FindSigner(Address(address)));
    }

    public static TheoryData<string, TestCaRequest, string> UnfitCertificates() => new()
    {
        { "expired", new TestCaRequest("alice@example.org") { NotBefore = Noon.AddYears(-2), NotAfter = Noon.AddDays(-1) }, "expired on 2026-11-21" },
        { "not yet valid", new TestCaRequest("alice@example.org") { NotBefore = Noon.AddDays(1), NotAfter = Noon.AddYears(1) }, "not valid before 2026-11-23" },
        { "another address", new TestCaRequest("bob@example.org"), "for bob@example.org, not for alice@example.org" },
        { "no address", new TestCaRequest(), "names no mail address" },
        { "encryption only", new TestCaRequest("alice@example.org") { KeyUsage = X509KeyUsageFlags.KeyEncipherment }, "keyUsage (KeyEncipherment) does not allow signing" },
        { "for web servers", new TestCaRequest("alice@example.org") { ExtendedKeyUsage = "1.3.6.1.5.5.7.3.1" }, "extendedKeyUsage does not allow mail" },
    };

    [Theory]
    [MemberData(nameof(UnfitCertificates))]
    public void An_unfit_certificate_is_not_used_and_the_reason_is_said(string _, TestCaRequest request, string reason)
    {
        folder.Add("alice@example.org", request);

        var unusable = Unusable("alice@example.org");

        Assert.Contains("alice@example.org.pem", unusable, StringComparison.Ordinal);
        Assert.Contains(reason, unusable, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(X509KeyUsageFlags.DigitalSignature | X509KeyUsageFlags.KeyEncipherment)]
    [InlineData(X509KeyUsageFlags.NonRepudiation)]
    [InlineData(null)]
    public void A_key_usage_that_allows_signing_is_used(X509KeyUsageFlags? usage)
    {
        folder.Add("alice@example.org", new TestCaRequest("alice@example.org") { KeyUsage = usage, ExtendedKeyUsage = null });

        Usable("alice@example.org");
    }

    public static TheoryData<string, Func<IssuedCertificate, string?>, Func<IssuedCertificate, string?>, string> BrokenFiles() => new()
    {
        { "no key", c => c.CertificatePem, _ => null, "has no private key beside it" },
        { "a certificate where the key should be", c => c.CertificatePem, c => c.CertificatePem, "holds no private key" },
        { "nothing where the certificate should be", _ => "-----BEGIN X509 CRL-----\nAAAA\n-----END X509 CRL-----\n", c => c.KeyPem, "holds no certificate" },
        { "the key of another", c => c.CertificatePem, _ => RSA.Create(2048).ExportPkcs8PrivateKeyPem(), "does not belong to the certificate" },
        { "a binary certificate", _ => "\0\u0001\u0002", c => c.KeyPem, "is not a certificate" },
        { "an empty file", _ => "", c => c.KeyPem, "is empty" },
        { "a truncated certificate", c => c.CertificatePem[..200], c => c.KeyPem, "truncated or damaged" },
        { "a truncated key", c => c.CertificatePem, c => c.KeyPem[..100], "truncated or damaged" },
        { "a damaged certificate", _ => "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", c => c.KeyPem, "certificate that is damaged" },
        { "a damaged key", c => c.CertificatePem, _ => "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n", "private key that is damaged" },
        { "an encrypted key", c => c.CertificatePem, _ => Encrypted(), "PassphraseFile" },
        { "a DSA key", c => c.CertificatePem, _ => "-----BEGIN DSA PRIVATE KEY-----\nAAAA\n-----END DSA PRIVATE KEY-----\n", "RSA or EC is expected" },
        { "a huge file", c => c.CertificatePem + new string('x', 5_000_000), c => c.KeyPem, "larger than 4 MiB" },
    };

    [Theory]
    [MemberData(nameof(BrokenFiles))]
    public void Broken_files_are_not_used_and_the_message_names_the_file(
        string _, Func<IssuedCertificate, string?> certificate, Func<IssuedCertificate, string?> key, string reason)
    {
        var issued = folder.Ca.Issue(new TestCaRequest("alice@example.org"));
        if (certificate(issued) is { } crt)
            folder.Write("alice@example.org.crt", crt);
        if (key(issued) is { } pem)
            folder.Write("alice@example.org.pem", pem);

        var unusable = Unusable("alice@example.org");

        Assert.Contains(folder.Path, unusable, StringComparison.Ordinal);
        Assert.Contains(reason, unusable, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("RSA-2048")]
    [InlineData("P-256")]
    public void An_encrypted_key_is_opened_by_the_passphrase_file(string key)
    {
        var issued = folder.Ca.Issue(new TestCaRequest("alice@example.org") { Key = key });
        folder.Write("alice@example.org.crt", issued.CertificatePem);
        folder.Write("alice@example.org.pem", Encrypt(issued.KeyPem, key, "open sesame"));
        var passphrase = folder.Write("passphrase", "open sesame\n");

        var directory = new CertificateDirectory(folder.Options with { PassphraseFile = passphrase }, time);

        Assert.IsType<Lookup<Identity>.Found>(directory.FindSigner(Address("alice@example.org")));
    }

    [Fact]
    public void A_wrong_passphrase_is_said()
    {
        folder.Write("alice@example.org.crt", folder.Ca.Issue(new TestCaRequest("alice@example.org")).CertificatePem);
        folder.Write("alice@example.org.pem", Encrypted());
        var passphrase = folder.Write("passphrase", "open barley\n");

        var lookup = new CertificateDirectory(folder.Options with { PassphraseFile = passphrase }, time)
            .FindSigner(Address("alice@example.org"));

        Assert.Contains("passphrase does not open", Assert.IsType<Lookup<Identity>.Unusable>(lookup).Why.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_passphrase_put_right_is_used_by_the_next_message()
    {
        var issued = folder.Ca.Issue(new TestCaRequest("alice@example.org"));
        folder.Write("alice@example.org.crt", issued.CertificatePem);
        folder.Write("alice@example.org.pem", Encrypt(issued.KeyPem, "P-256", "open sesame"));
        var passphrase = folder.Write("passphrase", "open barley\n");
        var directory = new CertificateDirectory(folder.Options with { PassphraseFile = passphrase }, time);
        Assert.IsType<Lookup<Identity>.Unusable>(directory.FindSigner(Address("alice@example.org")));

        folder.Write("passphrase", "open sesame, but not only\n");
        folder.Write("passphrase", "open sesame\n\n");

        Usable("alice@example.org", directory);
    }

    [Fact]
    public void Of_a_renewed_certificate_the_newer_one_is_used_wherever_it_stands()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var old = SelfSigned(key, "CN=old", Noon.AddYears(-1), Noon.AddDays(-1));
        var renewed = SelfSigned(key, "CN=renewed", Noon.AddDays(-2), Noon.AddYears(1));
        folder.Write("alice@example.org.pem", key.ExportPkcs8PrivateKeyPem() + "\n" + old + "\n" + renewed + "\n");

        Assert.Equal("CN=renewed", Usable("alice@example.org").Certificate.Subject);
    }

    [Theory]
    [InlineData("2.5.29.14")] // subjectKeyIdentifier
    [InlineData("2.5.29.15")] // keyUsage
    [InlineData("2.5.29.19")] // basicConstraints
    [InlineData("2.5.29.35")] // authorityKeyIdentifier
    [InlineData("2.5.29.37")] // extendedKeyUsage
    public void A_certificate_with_a_broken_extension_is_not_used_and_does_not_stop_the_mail(string extension)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var broken = SelfSigned(key, "CN=broken", Noon.AddDays(-1), Noon.AddYears(1), new X509Extension(extension, [0x04, 0x01], critical: true));
        folder.Write("alice@example.org.pem", key.ExportPkcs8PrivateKeyPem() + "\n" + broken + "\n");

        Assert.Contains("alice@example.org.pem holds a certificate that is damaged", Unusable("alice@example.org"), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("1.3.132.0.10", "secp256k1")]
    [InlineData("1.3.36.3.3.2.8.1.1.7", "brainpoolP256r1")]
    [InlineData("1.2.840.10045.3.1.7", "P-256")]
    public void A_key_on_another_curve_is_called_by_its_name(string curve, string name)
    {
        using var key = ECDsa.Create(ECCurve.CreateFromValue(curve));
        var certificate = SelfSigned(key, "CN=alice", Noon.AddDays(-1), Noon.AddYears(1));
        folder.Write("alice@example.org.pem", key.ExportPkcs8PrivateKeyPem() + "\n" + certificate + "\n");

        Assert.Equal(name, KeyNames.Of(Usable("alice@example.org").Certificate), ignoreCase: true);
    }

    [Fact]
    public void A_replaced_file_is_used_by_the_next_message()
    {
        var directory = folder.Open();
        folder.Add("alice@example.org", new TestCaRequest("alice@example.org") { CommonName = "old" });
        Assert.Equal("CN=old", Usable("alice@example.org", directory).Certificate.Subject);

        folder.Add("alice@example.org", new TestCaRequest("alice@example.org") { CommonName = "a new one" });

        Assert.Equal("CN=a new one", Usable("alice@example.org", directory).Certificate.Subject);
    }

    [Fact]
    public void A_file_added_or_removed_later_is_noticed()
    {
        var directory = folder.Open();
        Assert.IsType<Lookup<Identity>.None>(directory.FindSigner(Address("alice@example.org")));

        folder.Add("alice@example.org");
        Usable("alice@example.org", directory);

        File.Delete(folder.File("alice@example.org.pem"));
        Assert.IsType<Lookup<Identity>.None>(directory.FindSigner(Address("alice@example.org")));
    }

    [Fact]
    public void A_file_added_behind_a_link_to_the_directory_is_noticed()
    {
        using var elsewhere = new TemporaryDirectory();
        var link = elsewhere.File("certificates");
        Directory.CreateSymbolicLink(link, folder.Path);
        var directory = new CertificateDirectory(new CertificateOptions { Path = link }, time);
        Assert.IsType<Lookup<Identity>.None>(directory.FindSigner(Address("alice@example.org")));

        folder.Add("alice@example.org");

        Usable("alice@example.org", directory);
    }

    [Fact]
    public void A_link_that_leads_to_itself_is_a_file_that_cannot_be_read()
    {
        File.CreateSymbolicLink(folder.File("alice@example.org.pem"), folder.File("alice@example.org.pem"));

        Assert.Contains("alice@example.org.pem cannot be read", Unusable("alice@example.org"), StringComparison.Ordinal);
    }

    [Fact]
    public void A_certificate_that_expires_while_we_run_is_used_no_longer()
    {
        folder.Add("alice@example.org", new TestCaRequest("alice@example.org") { NotAfter = Noon.AddDays(1) });
        var directory = folder.Open();
        Usable("alice@example.org", directory);

        time.Now = Noon.AddDays(2);

        Assert.IsType<Lookup<Identity>.Unusable>(directory.FindSigner(Address("alice@example.org")));
    }

    [Fact]
    public void A_key_that_everyone_can_read_is_used_with_a_warning()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "file modes are Unix's");
        folder.Add("alice@example.org");
        folder.MakeReadableByEveryone("alice@example.org.pem");

        var report = Assert.Single(new DirectoryCatalog(folder.Open()).Senders());

        Assert.Null(report.Problem);
        Assert.Contains("everyone can read", Assert.Single(report.Warnings), StringComparison.Ordinal);
    }

    public void Dispose() => folder.Dispose();

    private static string Encrypted()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        return key.ExportEncryptedPkcs8PrivateKeyPem("open sesame", Pbes2);
    }

    private static string Encrypt(string keyPem, string kind, string passphrase)
    {
        using AsymmetricAlgorithm key = kind.StartsWith("RSA", StringComparison.Ordinal) ? RSA.Create() : ECDsa.Create();
        key.ImportFromPem(keyPem);
        return key.ExportEncryptedPkcs8PrivateKeyPem(passphrase, Pbes2);
    }

    private static string SelfSigned(
        ECDsa key, string subject, DateTimeOffset notBefore, DateTimeOffset notAfter, params X509Extension[] extensions)
    {
        var request = new CertificateRequest(subject, key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        names.AddEmailAddress("alice@example.org");
        request.CertificateExtensions.Add(names.Build());
        foreach (var extension in extensions)
            request.CertificateExtensions.Add(extension);
        using var certificate = request.Create(
            request.SubjectName, X509SignatureGenerator.CreateForECDsa(key), notBefore, notAfter, serialNumber: [1]);
        return certificate.ExportCertificatePem();
    }

    private static readonly PbeParameters Pbes2 = new(PbeEncryptionAlgorithm.Aes256Cbc, HashAlgorithmName.SHA256, 2_000);

    private Identity Usable(string address, CertificateDirectory? directory = null)
    {
        var lookup = (directory ?? folder.Open()).FindSigner(Address(address));
        return lookup is Lookup<Identity>.Found usable ? usable.Value : throw new Xunit.Sdk.XunitException($"{lookup}");
    }

    private string Unusable(string address) =>
        Assert.IsType<Lookup<Identity>.Unusable>(folder.Open().FindSigner(Address(address))).Why.Message;
}
