using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Postseal.Certificates;
using Postseal.Program.Files;
using Postseal.TestKit;

namespace Postseal.Tests.Commands;

public sealed class CertsImportTests : IDisposable
{
    private const string Alice = "alice@example.org";

    private readonly TrialAuthority authority = new("Trial", TimeProvider.System);
    private readonly TemporaryDirectory inbox = new();
    private readonly TemporaryDirectory store = new();
    private readonly string config;
    private readonly string passphrase;

    public CertsImportTests()
    {
        passphrase = inbox.Write("passphrase", "open sesame\n");
        config = inbox.Write("postseal.ini", $"[Certificates]\nPath = {store.Path}\nPassphraseFile = passphrase\n");
    }

    [Fact]
    public void A_key_a_certificate_and_a_chain_become_one_file_that_signs()
    {
        var issued = authority.Issue(new TrialRequest(Alice));

        var output = Good(
            inbox.Write("key.pem", issued.KeyPem), inbox.Write("chain.pem", issued.ChainPem), inbox.Write("cert.pem", issued.CertificatePem));

        Assert.Equal(["alice@example.org.pem"], Names());
        Assert.Equal(issued.KeyPem + issued.CertificatePem + issued.ChainPem, Read("alice@example.org.pem"));
        Assert.Equal("600", Permissions.Of(store.File("alice@example.org.pem")));
        Assert.Contains("alice@example.org can sign now", output, StringComparison.Ordinal);
    }

    [Fact]
    public void PKCS12_from_openssl_is_taken_and_stays_encrypted()
    {
        Assert.SkipUnless(OpenSsl.IsHere, "openssl is not on this machine");
        var issued = authority.Issue(new TrialRequest(Alice));
        inbox.Write("all.pem", issued.KeyPem + issued.CertificatePem + issued.ChainPem);
        OpenSsl.Run("pkcs12", "-export", "-in", inbox.File("all.pem"), "-out", inbox.File("alice.p12"), "-passout", "file:" + passphrase);

        Good(inbox.File("alice.p12"), "--passphrase-file", passphrase);

        Assert.Contains("ENCRYPTED PRIVATE KEY", Read("alice@example.org.pem"), StringComparison.Ordinal);
        Assert.Equal(0, OpenSsl.Run("pkey", "-in", store.File("alice@example.org.pem"), "-passin", "file:" + passphrase, "-noout").ExitCode);
    }

    [Fact]
    public void PKCS12_without_a_passphrase_is_taken_and_nobody_is_asked_for_one()
    {
        Assert.SkipUnless(OpenSsl.IsHere, "openssl is not on this machine");
        var issued = authority.Issue(new TrialRequest(Alice));
        inbox.Write("all.pem", issued.KeyPem + issued.CertificatePem + issued.ChainPem);
        OpenSsl.Run("pkcs12", "-export", "-in", inbox.File("all.pem"), "-out", inbox.File("alice.p12"), "-passout", "pass:");

        var output = Good(inbox.File("alice.p12"));

        Assert.Contains("key, which is not encrypted,", output, StringComparison.Ordinal);
        Assert.Contains("alice@example.org can sign now", output, StringComparison.Ordinal);
        Assert.Equal("600", Permissions.Of(store.File("alice@example.org.pem")));
    }

    [Fact]
    public void An_encrypted_key_goes_in_as_it_is()
    {
        Assert.SkipUnless(OpenSsl.IsHere, "openssl is not on this machine");
        var issued = authority.Issue(new TrialRequest(Alice));
        OpenSsl.Run("pkcs8", "-topk8", "-in", inbox.Write("open.pem", issued.KeyPem), "-out", inbox.File("locked.pem"), "-passout", "file:" + passphrase);

        Good(inbox.File("locked.pem"), inbox.Write("cert.pem", issued.CertificatePem), "--passphrase-file", passphrase);

        Assert.StartsWith(File.ReadAllText(inbox.File("locked.pem")), Read("alice@example.org.pem"), StringComparison.Ordinal);
    }

    [Fact]
    public void PKCS7_and_DER_are_taken()
    {
        Assert.SkipUnless(OpenSsl.IsHere, "openssl is not on this machine");
        var bob = authority.Issue(new TrialRequest("bob@example.net"));
        inbox.Write("bob.pem", bob.CertificatePem);
        OpenSsl.Run("crl2pkcs7", "-nocrl", "-certfile", inbox.File("bob.pem"), "-outform", "DER", "-out", inbox.File("bob.p7b"));
        File.WriteAllBytes(inbox.File("root.cer"), authority.Root.RawData);

        Good(inbox.File("bob.p7b"), inbox.File("root.cer"));

        Assert.Equal(["Trial_Root.ca.pem", "bob@example.net@sign"], Names());
    }

    [Theory]
    [InlineData(X509KeyUsageFlags.DigitalSignature, "bob@example.net@sign")]
    [InlineData(X509KeyUsageFlags.KeyAgreement, "bob@example.net@enc")]
    [InlineData(X509KeyUsageFlags.DigitalSignature | X509KeyUsageFlags.KeyAgreement, "bob@example.net")]
    public void The_certificate_of_somebody_else_is_named_by_what_it_is_for(X509KeyUsageFlags usage, string name)
    {
        var bob = authority.Issue(new TrialRequest("Bob@Example.NET") { KeyUsage = usage });

        Good(inbox.Write("bob.pem", bob.CertificatePem));

        Assert.Equal([name], Names());
        Assert.Equal("644", Permissions.Of(store.File(name)));
    }

    [Fact]
    public void A_bundle_of_many_brings_them_all()
    {
        var all = Enumerable.Range(0, 50).Select(i => authority.Issue(new TrialRequest($"user{i}@example.net")).CertificatePem);

        Good(inbox.Write("bundle.pem", string.Concat(all) + authority.Intermediate.ExportCertificatePem()));

        Assert.Equal(51, Names().Length);
    }

    [Fact]
    public void The_same_certificate_twice_is_refused_by_its_fingerprint()
    {
        var issued = authority.Issue(new TrialRequest(Alice));
        var file = inbox.Write("alice.pem", issued.KeyPem + issued.CertificatePem + issued.ChainPem);
        Good(file);
        var before = Read("alice@example.org.pem");

        var (exitCode, output, _) = Import(file);

        Assert.Equal((1, before), (exitCode, Read("alice@example.org.pem")));
        Assert.Contains("Fingerprint already taken by alice@example.org.pem", output, StringComparison.Ordinal);
    }

    [Fact]
    public void An_authority_that_is_there_already_does_not_keep_others_from_coming_with_it()
    {
        Good(inbox.Write("ca.pem", authority.Intermediate.ExportCertificatePem()));
        var bob = authority.Issue(new TrialRequest("bob@example.net"));

        var output = Good(inbox.Write("bob.pem", bob.CertificatePem + bob.ChainPem));

        Assert.Contains("authority CN=Trial Intermediate: Fingerprint already taken", output, StringComparison.Ordinal);
    }

    [Fact]
    public void Nothing_is_overwritten_without_force_and_a_replaced_key_is_kept()
    {
        var first = authority.Issue(new TrialRequest(Alice));
        var second = authority.Issue(new TrialRequest(Alice));
        Good(inbox.Write("first.pem", first.KeyPem + first.CertificatePem));
        var file = inbox.Write("second.pem", second.KeyPem + second.CertificatePem);

        var (exitCode, output, _) = Import(file);
        var refused = Read("alice@example.org.pem");
        Good(file, "--force");

        Assert.Equal(1, exitCode);
        Assert.Contains("is there already; --force replaces it", output, StringComparison.Ordinal);
        Assert.StartsWith(first.KeyPem, refused, StringComparison.Ordinal);
        Assert.StartsWith(second.KeyPem, Read("alice@example.org.pem"), StringComparison.Ordinal);
        var kept = Assert.Single(Names(), name => name.EndsWith(".old", StringComparison.Ordinal));
        Assert.StartsWith(first.KeyPem, Read(kept), StringComparison.Ordinal);
        Assert.Equal("600", Permissions.Of(store.File(kept)));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Of_two_for_one_address_the_newer_gets_the_name(bool force)
    {
        var now = TimeProvider.System.GetUtcNow();
        var old = authority.Issue(new TrialRequest(Alice) { NotBefore = now.AddDays(-100) });
        var young = authority.Issue(new TrialRequest(Alice) { NotBefore = now.AddDays(-1) });

        string[] files = [inbox.Write("old.pem", old.KeyPem + old.CertificatePem), inbox.Write("young.pem", young.KeyPem + young.CertificatePem)];
        Assert.Equal(1, Import(force ? [.. files, "--force"] : files).ExitCode);

        Assert.Equal(["alice@example.org.pem"], Names());
        Assert.Equal(young.KeyPem + young.CertificatePem, Read("alice@example.org.pem"));
    }

    [Fact]
    public void Separate_certificates_for_signing_and_encrypting_lie_beside_each_other()
    {
        var sign = authority.Issue(new TrialRequest(Alice));
        var encrypt = authority.Issue(new TrialRequest(Alice) { KeyUsage = X509KeyUsageFlags.KeyAgreement });

        var output = Good(
            inbox.Write("sign.pem", sign.KeyPem + sign.CertificatePem), inbox.Write("encrypt.pem", encrypt.KeyPem + encrypt.CertificatePem));

        Assert.Equal(["alice@example.org-cert+key.pem", "alice@example.org.pem"], Names());
        Assert.Contains("alice@example.org can sign now", output, StringComparison.Ordinal);
        Assert.StartsWith(encrypt.KeyPem, Read("alice@example.org-cert+key.pem"), StringComparison.Ordinal);
    }

    [Fact]
    public void A_certificate_with_the_issuer_and_serial_number_of_another_is_another()
    {
        var root = authority.Root;
        using var key = ECDsa.Create();
        var request = new CertificateRequest(root.SubjectName, key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        using var twin = request.Create(
            root.IssuerName, X509SignatureGenerator.CreateForECDsa(key), root.NotBefore, root.NotAfter, root.SerialNumberBytes.Span);
        Good(inbox.Write("root.pem", root.ExportCertificatePem()));

        Good(inbox.Write("twin.pem", twin.ExportCertificatePem()));

        Assert.Equal(2, Names().Length);
    }

    [Fact]
    public void A_key_finds_its_certificate_in_the_directory()
    {
        var issued = authority.Issue(new TrialRequest(Alice));
        Good(inbox.Write("cert.pem", issued.CertificatePem));

        Good(inbox.Write("key.pem", issued.KeyPem));

        Assert.Equal(issued.KeyPem + issued.CertificatePem, Read("alice@example.org.pem"));
    }

    [Fact]
    public void A_key_without_its_certificate_is_refused()
    {
        var issued = authority.Issue(new TrialRequest(Alice));

        var (exitCode, output, _) = Import(inbox.Write("key.pem", issued.KeyPem));

        Assert.Equal(1, exitCode);
        Assert.Contains("the certificate for this private key was not found", output, StringComparison.Ordinal);
        Assert.Empty(Names());
    }

    [Fact]
    public void A_missing_intermediate_comes_from_the_directory()
    {
        Good(inbox.Write("ca.pem", authority.Intermediate.ExportCertificatePem()));
        var issued = authority.Issue(new TrialRequest(Alice));

        Good(inbox.Write("alice.pem", issued.KeyPem + issued.CertificatePem));

        Assert.Equal(issued.KeyPem + issued.CertificatePem + issued.ChainPem, Read("alice@example.org.pem"));
    }

    [Fact]
    public void A_passphrase_that_the_configuration_lacks_is_told_at_once()
    {
        Cli.Good("keys", "selfsigned", Alice, "--directory", inbox.Path, "--type", "P-256", "--passphrase-file", inbox.Write("other", "another"));

        var (exitCode, output, _) = Import(inbox.File(Alice + ".pem"), "--passphrase-file", inbox.File("other"));

        Assert.Equal(1, exitCode);
        Assert.Contains("alice@example.org.pem: imported", output, StringComparison.Ordinal);
        Assert.Contains("alice@example.org cannot sign yet", output, StringComparison.Ordinal);
        Assert.Contains("passphrase does not open", output, StringComparison.Ordinal);
    }

    [Fact]
    public void A_key_that_is_too_weak_to_sign_is_told_and_exits_with_1()
    {
        using var key = RSA.Create(1000);
        var request = new CertificateRequest("CN=Alice", key, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        var names = new SubjectAlternativeNameBuilder();
        names.AddEmailAddress(Alice);
        request.CertificateExtensions.Add(names.Build());
        using var certificate = request.CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(30));

        var (exitCode, output, _) = Import(
            inbox.Write("weak.pem", key.ExportPkcs8PrivateKeyPem() + "\n" + certificate.ExportCertificatePem()));

        Assert.Contains("cannot sign yet", output, StringComparison.Ordinal);
        Assert.Contains("fewer than 1024 bits", output, StringComparison.Ordinal);
        Assert.Equal(1, exitCode);
    }

    [Fact]
    public void A_key_that_is_for_encryption_only_is_not_asked_to_sign()
    {
        var issued = authority.Issue(new TrialRequest(Alice) { KeyUsage = X509KeyUsageFlags.KeyAgreement });

        Good(inbox.Write("alice.pem", issued.KeyPem + issued.CertificatePem));

        Assert.Equal(["alice@example.org-cert+key.pem"], Names());
    }

    [Theory]
    [InlineData("\uFEFFopen sesame\r\n")]
    [InlineData("\uFEFFopen sesame")]
    public void A_byte_order_mark_in_the_passphrase_file_is_no_part_of_the_passphrase(string content)
    {
        Cli.Good("keys", "selfsigned", Alice, "--directory", inbox.Path, "--type", "P-256", "--passphrase-file", inbox.Write("plain", "open sesame"));
        File.WriteAllText(passphrase, content);

        Assert.Contains("alice@example.org can sign now", Good(inbox.File(Alice + ".pem"), "--passphrase-file", passphrase), StringComparison.Ordinal);
    }

    [Fact]
    public void A_passphrase_file_in_UTF_16_is_named_as_that()
    {
        Cli.Good("keys", "selfsigned", Alice, "--directory", inbox.Path, "--type", "P-256", "--passphrase-file", inbox.Write("plain", "open sesame"));
        File.WriteAllText(inbox.File("wide"), "open sesame", System.Text.Encoding.Unicode);

        var (exitCode, _, errors) = Import(inbox.File(Alice + ".pem"), "--passphrase-file", inbox.File("wide"));

        Assert.Equal(2, exitCode);
        Assert.Contains("UTF-16", errors, StringComparison.Ordinal);
        Assert.Contains(inbox.File("wide"), errors, StringComparison.Ordinal);
    }

    [Fact]
    public void Files_that_were_joined_without_a_line_end_are_read()
    {
        var issued = authority.Issue(new TrialRequest(Alice));

        Good(inbox.Write("joined.pem", issued.KeyPem.TrimEnd() + issued.CertificatePem.TrimEnd() + issued.ChainPem.TrimEnd()));

        Assert.Equal(issued.KeyPem + issued.CertificatePem + issued.ChainPem, Read("alice@example.org.pem"));
    }

    [Fact]
    public void The_passphrase_of_the_configuration_opens_what_comes()
    {
        Cli.Good("keys", "selfsigned", Alice, "--directory", inbox.Path, "--type", "P-256", "--passphrase-file", passphrase);

        Assert.Contains("alice@example.org can sign now", Good(inbox.File(Alice + ".pem")), StringComparison.Ordinal);
    }

    [Fact]
    public void Root_gives_new_files_to_the_daemon_and_they_stay_its_own_when_replaced()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux() && Environment.IsPrivilegedProcess, "needs root: nobody else gives files away");
        var issued = authority.Issue(new TrialRequest(Alice));
        var file = inbox.Write("alice.pem", issued.KeyPem + issued.CertificatePem);

        Good(file, "--owner", "nobody");
        var given = FileOwner.Of(store.File("alice@example.org.pem"));
        var next = authority.Issue(new TrialRequest(Alice));
        Good(inbox.Write("next.pem", next.KeyPem + next.CertificatePem), "--force");

        Assert.Equal(FileOwner.Named("nobody"), given);
        Assert.All(Names(), name => Assert.Equal(given, FileOwner.Of(store.File(name))));
    }

    public static TheoryData<string, string, string> WrongFiles => new()
    {
        { "empty", "", "is empty" },
        { "text", "Dear CA, where is my certificate?", "not a certificate" },
        { "binary", "\u0001\u0002\u00ff", "invalid byte sequence" },
        { "truncated", "-----BEGIN CERTIFICATE-----\nMIIB", "truncated or damaged" },
        { "damaged", "-----BEGIN CERTIFICATE-----\nMIIBAAAA\n-----END CERTIFICATE-----\n", "damaged" },
        { "request", "-----BEGIN CERTIFICATE REQUEST-----\nMIIB\n-----END CERTIFICATE REQUEST-----\n", "a request for one; send it to your CA" },
    };

    [Theory]
    [MemberData(nameof(WrongFiles))]
    public void A_wrong_file_is_told_what_it_is_and_leaves_nothing_behind(string name, string content, string told)
    {
        var (exitCode, output, _) = Import(inbox.Write(name, content));

        Assert.Equal(1, exitCode);
        Assert.Contains(told, output, StringComparison.Ordinal);
        Assert.Empty(Directory.EnumerateFileSystemEntries(store.Path));
    }

    public static TheoryData<string, TrialRequest, string> UnfitCertificates => new()
    {
        { "no address", new TrialRequest(), "names no mail address in subjectAltName" },
        { "for web servers", new TrialRequest(Alice) { ExtendedKeyUsage = "1.3.6.1.5.5.7.3.1" }, "extendedKeyUsage does not allow mail" },
        { "for lists of revocations", new TrialRequest(Alice) { KeyUsage = X509KeyUsageFlags.CrlSign }, "keyUsage" },
    };

    [Theory]
    [MemberData(nameof(UnfitCertificates))]
    public void A_certificate_that_is_not_for_mail_is_refused(string name, TrialRequest request, string told)
    {
        var (exitCode, output, _) = Import(inbox.Write(name, authority.Issue(request).CertificatePem));

        Assert.Equal(1, exitCode);
        Assert.Contains("not valid for S/MIME usage", output, StringComparison.Ordinal);
        Assert.Contains(told, output, StringComparison.Ordinal);
        Assert.Empty(Names());
    }

    [Fact]
    public void A_file_that_is_not_there_is_told_and_the_others_are_imported()
    {
        var issued = authority.Issue(new TrialRequest(Alice));

        var (exitCode, output, _) = Import(inbox.File("nowhere.pem"), inbox.Write("alice.pem", issued.KeyPem + issued.CertificatePem));

        Assert.Equal(1, exitCode);
        Assert.Contains("nowhere.pem cannot be read", output, StringComparison.Ordinal);
        Assert.Equal(["alice@example.org.pem"], Names());
    }

    [Fact]
    public void A_local_part_that_is_a_path_stays_in_the_directory()
    {
        var issued = authority.Issue(new TrialRequest("a/evil/alice@example.org"));

        var output = Good(inbox.Write("evil.pem", issued.KeyPem + issued.CertificatePem));

        Assert.Equal(["a_2fevil_2falice@example.org.pem"], Names());
        Assert.Contains("a/evil/alice@example.org can sign now", output, StringComparison.Ordinal);
    }

    [Fact]
    public void The_name_of_an_authority_is_neither_a_path_nor_an_address()
    {
        var request = new CertificateRequest(
            "CN=../alice@example.org", ECDsa.Create(), HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        using var ca = request.CreateSelfSigned(authority.Root.NotBefore, authority.Root.NotAfter);

        Good(inbox.Write("ca.pem", ca.ExportCertificatePem()));

        Assert.Equal(["alice_example_org.ca.pem"], Names());
    }

    public void Dispose()
    {
        authority.Dispose();
        inbox.Dispose();
        store.Dispose();
    }

    private (int ExitCode, string Output, string Errors) Import(params string[] arguments) =>
        Cli.Run(["certs", "import", .. arguments, "--config", config]);

    private string Good(params string[] arguments) => Cli.Good(["certs", "import", .. arguments, "--config", config]);

    private string[] Names() => [.. Directory.EnumerateFileSystemEntries(store.Path).Select(path => Path.GetFileName(path)!).Order(StringComparer.Ordinal)];

    private string Read(string name) => File.ReadAllText(store.File(name));
}
