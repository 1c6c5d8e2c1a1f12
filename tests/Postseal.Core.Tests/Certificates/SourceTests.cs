using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Postseal.Certificates;
using Postseal.Configuration;
using Postseal.Mime;
using Postseal.TestKit;

namespace Postseal.Tests.Certificates;

/// <summary>Where an address's certificate and key come from: the conventions of the systems Postseal stands in for.</summary>
public sealed class SourceTests : IDisposable
{
    private const X509KeyUsageFlags Sign = X509KeyUsageFlags.DigitalSignature;
    private const X509KeyUsageFlags Encrypt = X509KeyUsageFlags.KeyAgreement;

    private static readonly DateTimeOffset Noon = new(2026, 11, 22, 12, 0, 0, TimeSpan.Zero);

    private readonly CertificateFolder folder = new(new SettableTime(Noon));

    // ---- Mautic -----------------------------------------------------------------------------------------------

    [Fact]
    public void Mautic_without_a_certificate_nothing_is_signed()
    {
        folder.Write("alice@example.org.pem.enc", "x");

        Assert.IsType<SignerLookup.None>(Find("alice@example.org"));
    }

    [Fact]
    public void Mautic_the_encrypted_key_is_opened_by_the_secret()
    {
        var issued = Issue("alice@example.org");
        folder.Write("alice@example.org.crt", issued.CertificatePem);
        folder.Write("alice@example.org.pem.enc", MauticKeyFile.Encrypt(Encoding.ASCII.GetBytes(issued.KeyPem), "abcd"u8));

        Assert.EndsWith(".crt + alice@example.org.pem.enc", Signer("alice@example.org", WithSecret("abcd\n")).Source, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("abce", "Mautic encrypted with another secret")]
    [InlineData(null, "[Certificates] SecretFile")]
    public void Mautic_the_encrypted_key_wins_and_when_it_cannot_be_opened_that_is_said(string? secret, string reason)
    {
        var issued = Issue("alice@example.org");
        folder.Write("alice@example.org.crt", issued.CertificatePem);
        folder.Write("alice@example.org.pem", issued.KeyPem + issued.CertificatePem);
        folder.Write("alice@example.org.pem.enc", MauticKeyFile.Encrypt(Encoding.ASCII.GetBytes(issued.KeyPem), "abcd"u8));

        var found = Find("alice@example.org", secret is null ? folder.Options : WithSecret(secret));

        Assert.Contains(reason, Assert.IsType<SignerLookup.Unusable>(found).Reason, StringComparison.Ordinal);
    }

    // ---- Tattler, PKCS #12, signing-milter ---------------------------------------------------------------------

    [Fact]
    public void Tattler_one_file_anywhere_is_named_in_the_senders_section()
    {
        using var elsewhere = new TemporaryDirectory();
        var issued = Issue("alice@example.org", name: "elsewhere");
        folder.Add("alice@example.org");
        var file = elsewhere.Write("support.pem", issued.KeyPem + issued.CertificatePem);

        Assert.Equal("CN=elsewhere", Signer("alice@example.org", WithSender("alice@example.org", new(file, null))).Certificate.Subject);

        File.Delete(file);
        Assert.IsType<SignerLookup.Unusable>(Find("alice@example.org", WithSender("alice@example.org", new(file, null))));
    }

    [Theory]
    [InlineData(".p12")]
    [InlineData(".pfx")]
    public void Tattler_a_PKCS12_file_is_used_as_it_is(string extension)
    {
        Assert.SkipUnless(OpenSsl.IsHere, "openssl is not on this machine");
        var issued = Issue("alice@example.org");
        using var vendor = new TemporaryDirectory();
        var (exitCode, _, errors) = OpenSsl.Run(
            "pkcs12", "-export", "-in", vendor.Write("all.pem", issued.KeyPem + issued.CertificatePem + issued.ChainPem),
            "-passout", "pass:open sesame", "-out", folder.File("alice@example.org" + extension));
        Assert.True(exitCode == 0, errors);

        var identity = Signer("alice@example.org", folder.Options with { PassphraseFile = vendor.Write("passphrase", "open sesame\n") });

        Assert.Equal(["CN=Trial Intermediate"], identity.Intermediates.Select(c => c.Subject));
    }

    [Fact]
    public void Each_sender_may_have_a_passphrase_of_its_own_or_of_its_domain()
    {
        foreach (var (name, passphrase) in (Dictionary<string, string>)new() { ["alice"] = "a", ["bob"] = "b", ["carol"] = "c" })
        {
            var issued = Issue($"{name}@{(name == "carol" ? "example.com" : "example.org")}");
            using var key = ECDsa.Create();
            key.ImportFromPem(issued.KeyPem);
            folder.Write(
                $"{name}@{(name == "carol" ? "example.com" : "example.org")}.pem",
                issued.CertificatePem + key.ExportEncryptedPkcs8PrivateKeyPem(passphrase, new(PbeEncryptionAlgorithm.Aes256Cbc, HashAlgorithmName.SHA256, 1)));
        }

        using var passphrases = new TemporaryDirectory();
        var options = folder.Options with
        {
            PassphraseFile = passphrases.Write("c", "c"),
            Senders = new Dictionary<string, SenderCertificate>
            {
                ["alice@example.org"] = new(null, passphrases.Write("a", "a")),
                ["@example.org"] = new(null, passphrases.Write("b", "b")),
            },
        };

        foreach (var address in (string[])["alice@example.org", "bob@example.org", "carol@example.com"])
            Signer(address, options);
    }

    [Fact]
    public void Signing_milter_certificate_and_key_in_one_file_and_the_chain_in_another()
    {
        var issued = Issue("alice@example.org");
        folder.Write("alice@example.org-cert+key.pem", issued.CertificatePem + issued.KeyPem);
        folder.Write("alice@example.org-chain.pem", issued.ChainPem);

        Assert.Equal(["CN=Trial Intermediate"], Signer("alice@example.org").Intermediates.Select(c => c.Subject));
    }

    // ---- Sympa ------------------------------------------------------------------------------------------------

    [Theory]
    [InlineData("list@example.org")]
    [InlineData("example.org/list")]
    [InlineData("")]
    public void Sympa_own_key_pairs_lie_in_the_lists_directory_or_in_the_common_one(string directory)
    {
        WritePair(directory, "", Issue("list@example.org"));

        Signer("list@example.org");
        Assert.IsType<SignerLookup.None>(Find("other@example.org"));
    }

    [Fact]
    public void Sympa_sign_prefers_its_suffix_and_encrypt_its_own()
    {
        WritePair("list@example.org", "", Issue("list@example.org", name: "both", usage: Sign | Encrypt));
        WritePair("list@example.org", ".sign", Issue("list@example.org", name: "sign", from: Noon.AddDays(-9)));
        WritePair("list@example.org", ".enc", Issue("list@example.org", name: "enc", usage: Encrypt, from: Noon.AddDays(-9)));

        Assert.Equal("CN=sign", Signer("list@example.org").Certificate.Subject);
        Assert.Equal("CN=enc", Encryption("list@example.org"));
    }

    [Fact]
    public void Sympa_without_suffixes_one_pair_does_both()
    {
        WritePair("list@example.org", "", Issue("list@example.org", usage: Sign | Encrypt));

        Assert.Equal("CN=list@example.org", Signer("list@example.org").Certificate.Subject);
        Assert.Equal("CN=list@example.org", Encryption("list@example.org"));
    }

    [Fact]
    public void Sympa_decryption_tries_all_pairs_in_sorted_order_expired_ones_too()
    {
        foreach (var suffix in (string[])[".old", ".enc", ".sign", ""])
            WritePair("list@example.org", suffix, Issue("list@example.org", name: "pair" + suffix, from: Noon.AddYears(-9), to: Noon.AddYears(-8)));

        Assert.Equal(
            ["CN=pair", "CN=pair.enc", "CN=pair.old", "CN=pair.sign"],
            folder.Open().FindDecryptionKeys(Address("list@example.org")).Select(key => key.Certificate.Subject));
    }

    [Fact]
    public void Sympa_a_file_without_its_other_half_is_ignored()
    {
        WritePair("list@example.org", "", Issue("list@example.org"));
        File.Delete(folder.File("list@example.org/private_key"));

        Assert.IsType<SignerLookup.None>(Find("list@example.org"));
    }

    [Theory]
    [InlineData("bob@example.net", true)]
    [InlineData("bob@example.net@enc", true)]
    [InlineData("bob@example.net@sign", false)]
    [InlineData("BOB@example.net", true)]
    public void Sympa_correspondents_certificates_lie_under_their_address(string name, bool canEncrypt)
    {
        folder.Write(name, Issue("bob@example.net", usage: Encrypt).CertificatePem);

        Assert.Equal(canEncrypt, folder.Open().FindEncryptionCertificate(Address("bob@example.net")) is EncryptionLookup.Usable);
        Assert.IsType<SignerLookup.None>(Find("bob@example.net"));
        Assert.Equal("bob@example.net", Assert.Single(folder.Open().ListCertificates()).Owner);
    }

    [Theory]
    [InlineData("o_27brien+x_2fy_5fz_2540_20a@ex.org")]
    [InlineData("o%27brien%2bx%a5y_z%2540%20a@ex.org")]
    public void Sympa_both_ways_of_escaping_are_read(string name)
    {
        folder.Write(name, Issue("\"o'brien+x/y_z%40 a\"@ex.org", usage: Encrypt).CertificatePem);

        Assert.NotEmpty(Encryption("\"o'brien+x/y_z%40 a\"@ex.org"));
    }

    // ---- Several, none, a domain's ------------------------------------------------------------------------------

    [Fact]
    public void Of_several_the_newest_valid_one_is_used_whatever_its_convention()
    {
        folder.Add("alice@example.org", new TrialRequest("alice@example.org") { CommonName = "second", NotBefore = Noon.AddDays(-5), NotAfter = Noon.AddDays(5) });
        WritePair("alice@example.org", "", Issue("alice@example.org", name: "newest", from: Noon.AddDays(-2)));
        WritePair("", "", Issue("alice@example.org", name: "common", from: Noon.AddDays(-1)));
        var old = Issue("alice@example.org", name: "old", from: Noon.AddDays(-9));
        folder.Write("alice@example.org-cert+key.pem", old.KeyPem + old.CertificatePem);

        Assert.Equal("CN=newest", Signer("alice@example.org").Certificate.Subject);
    }

    [Fact]
    public void Zammad_an_expired_or_early_or_broken_one_never_blocks_a_valid_one()
    {
        var valid = Issue("alice@example.org", name: "valid", from: Noon.AddDays(-9));
        folder.Write("alice@example.org-cert+key.pem", valid.KeyPem + valid.CertificatePem);
        folder.Add("alice@example.org", new TrialRequest("alice@example.org") { NotBefore = Noon.AddDays(-5), NotAfter = Noon.AddDays(-1) });
        WritePair("alice@example.org", "", Issue("alice@example.org", from: Noon.AddDays(1)));
        folder.Write("alice@example.org.p12", "broken");

        Assert.Equal("CN=valid", Signer("alice@example.org").Certificate.Subject);
    }

    [Fact]
    public void Of_several_pairs_in_one_file_the_newest_valid_one_is_used()
    {
        IssuedCertificate[] issued = [Issue("alice@example.org", name: "old", from: Noon.AddDays(-9)), Issue("alice@example.org", name: "new"), Issue("bob@example.org")];
        folder.Write("alice@example.org.pem", string.Concat(issued.Select(i => i.KeyPem)) + string.Concat(issued.Select(i => i.CertificatePem)));

        Assert.Equal("CN=new", Signer("alice@example.org").Certificate.Subject);
    }

    [Fact]
    public void When_all_are_broken_the_files_that_cannot_be_read_are_told_first()
    {
        folder.Add("alice@example.org", new TrialRequest("alice@example.org") { NotBefore = Noon.AddDays(-5), NotAfter = Noon.AddDays(-1) });
        Assert.Contains("expired on 2026-11-21", Reason(Find("alice@example.org")), StringComparison.Ordinal);

        folder.Write("alice@example.org.p12", "broken");
        Assert.Contains("alice@example.org.p12 is not a certificate", Reason(Find("alice@example.org")), StringComparison.Ordinal);
    }

    [Fact]
    public void Signing_and_encrypting_may_have_certificates_of_their_own()
    {
        folder.Add("alice@example.org", new TrialRequest("alice@example.org") { CommonName = "sign" });
        folder.Write("alice@example.org@enc", Issue("alice@example.org", name: "encrypt", usage: Encrypt).CertificatePem);

        Assert.Equal("CN=sign", Signer("alice@example.org").Certificate.Subject);
        Assert.Equal("CN=encrypt", Encryption("alice@example.org"));
    }

    [Theory]
    [InlineData(false, false)]
    [InlineData(true, true)]
    public void A_domains_certificate_signs_for_its_addresses_when_that_is_allowed(bool allowed, bool signs)
    {
        folder.Add("@Example.org", new TrialRequest("gateway@example.org"));

        var found = Find("alice@example.org", folder.Options with { DomainCertificates = allowed });

        Assert.Equal(signs, found is SignerLookup.Usable);
        Assert.IsType<SignerLookup.None>(Find("alice@example.com", folder.Options with { DomainCertificates = allowed }));
    }

    [Fact]
    public void A_domains_certificate_does_not_stand_in_for_an_address_with_files_of_its_own()
    {
        folder.Add("@example.org", new TrialRequest("gateway@example.org"));
        folder.Add("alice@example.org", new TrialRequest("alice@example.org") { NotBefore = Noon.AddDays(-5), NotAfter = Noon.AddDays(-1) });

        Assert.Contains("expired", Reason(Find("alice@example.org", folder.Options with { DomainCertificates = true })), StringComparison.Ordinal);
    }

    [Fact]
    public void A_domains_certificate_that_is_for_another_domain_is_refused()
    {
        folder.Add("@example.org", new TrialRequest("gateway@example.com"));

        Assert.Contains("not for the domain", Reason(Find("alice@example.org", folder.Options with { DomainCertificates = true })), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("alice@bücher.example", "alice@xn--bcher-kva.example")]
    [InlineData("alice@xn--bcher-kva.example", "alice@bücher.example")]
    [InlineData("алиса@bücher.example", "алиса@xn--bcher-kva.example")]
    public void A_domain_in_either_spelling_finds_the_files(string fileName, string sender)
    {
        folder.Add(fileName, new TrialRequest(fileName));

        Signer(sender);
    }

    [Fact]
    public void A_certificate_without_its_key_encrypts_and_does_not_sign()
    {
        folder.Write("bob@example.net.crt", Issue("bob@example.net", usage: Sign | Encrypt).CertificatePem);

        Assert.Equal("CN=bob@example.net", Encryption("bob@example.net"));
        Assert.Contains("has no private key beside it", Reason(Find("bob@example.net")), StringComparison.Ordinal);
    }

    [Fact]
    public void A_directory_below_that_cannot_be_read_keeps_nobody_from_signing()
    {
        Assert.SkipWhen(Environment.IsPrivilegedProcess, "everything can be read by root");
        folder.Add("alice@example.org");
        var locked = Directory.CreateDirectory(folder.File("lost+found"));
        if (!OperatingSystem.IsWindows())
            locked.UnixFileMode = UnixFileMode.None;

        Signer("alice@example.org");

        if (!OperatingSystem.IsWindows())
            locked.UnixFileMode = UnixFileMode.UserRead | UnixFileMode.UserExecute | UnixFileMode.UserWrite;
    }

    // ---- Chains -----------------------------------------------------------------------------------------------

    [Theory]
    [InlineData("chain.pem")]
    [InlineData("trial.ca.pem")]
    [InlineData("0a1b2c3d.0")]
    [InlineData("bob@example.org-chain.pem")]
    public void Intermediates_that_the_files_lack_are_completed_from_the_directory(string name)
    {
        var issued = Issue("alice@example.org");
        folder.Write("alice@example.org.pem", issued.KeyPem + issued.CertificatePem);
        var directory = folder.Open();
        Assert.Empty(Usable(directory.FindSigner(Address("alice@example.org"))).Intermediates);

        folder.Write(name, folder.Authority.Root.ExportCertificatePem() + "\n" + issued.ChainPem);

        Assert.Equal(["CN=Trial Intermediate"], Usable(directory.FindSigner(Address("alice@example.org"))).Intermediates.Select(c => c.Subject));
    }

    [Fact]
    public void Files_that_are_nobodys_and_no_authoritys_are_told()
    {
        var issued = Issue("alice@example.org");
        folder.Write("alice.pem", issued.KeyPem + issued.CertificatePem);

        Assert.Contains("not a mail address", Assert.Single(folder.Open().List()).Problem, StringComparison.Ordinal);
    }

    [Fact]
    public void Everything_is_listed_with_its_kind_use_and_file()
    {
        var issued = Issue("alice@example.org");
        folder.Add("alice@example.org");
        folder.Write("bob@example.net", Issue("bob@example.net", usage: Encrypt).CertificatePem);
        folder.Add("@example.org", new TrialRequest("gateway@example.org"));
        WritePair("", "", Issue("list@example.org"));
        folder.Write("trial.ca.pem", issued.ChainPem);

        var listed = folder.Open().ListCertificates().OrderBy(stored => stored.Kind).ToList();

        Assert.Equal(
            [(CertificateKind.Own, "alice@example.org"), (CertificateKind.Domain, "@example.org"), (CertificateKind.Common, ""), (CertificateKind.Correspondent, "bob@example.net"), (CertificateKind.Authority, "")],
            listed.Select(stored => (stored.Kind, stored.Owner)));
        Assert.Equal(
            [CertificateUse.Sign, CertificateUse.Sign, CertificateUse.Sign, CertificateUse.Encrypt, CertificateUse.Authority],
            listed.Select(stored => stored.Uses));
        Assert.All(listed, stored => Assert.Null(stored.Problem));
    }

    public void Dispose() => folder.Dispose();

    private IssuedCertificate Issue(
        string address, string? name = null, X509KeyUsageFlags usage = Sign, DateTimeOffset? from = null, DateTimeOffset? to = null) =>
        folder.Authority.Issue(new TrialRequest(address)
        {
            CommonName = name, KeyUsage = usage, NotBefore = from ?? Noon.AddDays(-3), NotAfter = to ?? Noon.AddDays(30),
        });

    private void WritePair(string below, string suffix, IssuedCertificate issued)
    {
        Directory.CreateDirectory(folder.File(below));
        folder.Write(Path.Combine(below, "cert.pem" + suffix), issued.CertificatePem);
        folder.Write(Path.Combine(below, "private_key" + suffix), issued.KeyPem);
    }

    private CertificateOptions WithSecret(string secret)
    {
        Directory.CreateDirectory(folder.File(".secrets"));
        return folder.Options with { SecretFile = folder.Write(".secrets/secret", secret) };
    }

    private CertificateOptions WithSender(string sender, SenderCertificate certificate) =>
        folder.Options with { Senders = new Dictionary<string, SenderCertificate> { [sender] = certificate } };

    private SignerLookup Find(string address, CertificateOptions? options = null) =>
        folder.Open(options ?? folder.Options).FindSigner(Address(address));

    private SigningIdentity Signer(string address, CertificateOptions? options = null) => Usable(Find(address, options));

    private string Encryption(string address)
    {
        var found = folder.Open().FindEncryptionCertificate(Address(address));
        return found is EncryptionLookup.Usable usable ? usable.Certificate.Subject : throw new Xunit.Sdk.XunitException($"{found}");
    }

    private static SigningIdentity Usable(SignerLookup found) =>
        found is SignerLookup.Usable usable ? usable.Identity : throw new Xunit.Sdk.XunitException($"{found}");

    private static string Reason(SignerLookup found) => Assert.IsType<SignerLookup.Unusable>(found).Reason;

    private static MailAddress Address(string text)
    {
        Assert.True(MailAddress.TryParse(text, out var address));
        return address;
    }
}
