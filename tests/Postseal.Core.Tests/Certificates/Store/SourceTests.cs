using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Postseal.Certificates;
using Postseal.Certificates.Formats;
using Postseal.Certificates.Store;
using Postseal.Mail;
using Postseal.Program.Trial;
using Postseal.TestKit;
using static Postseal.TestKit.TestMail;

namespace Postseal.Tests.Certificates.Store;

/// <summary>Where an address's certificate and key come from: the conventions of the systems Postseal stands in for.</summary>
public sealed partial class SourceTests : IDisposable
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

        Assert.IsType<Lookup<Identity>.None>(Find("alice@example.org"));
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

        Assert.Contains(reason, Assert.IsType<Lookup<Identity>.Unusable>(found).Why.Message, StringComparison.Ordinal);
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
        Assert.IsType<Lookup<Identity>.Unusable>(Find("alice@example.org", WithSender("alice@example.org", new(file, null))));
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
            Senders = new Dictionary<AddressPattern, SenderCertificate>
            {
                [AddressPattern.Parse("alice@example.org")] = new(null, passphrases.Write("a", "a")),
                [AddressPattern.Parse("@example.org")] = new(null, passphrases.Write("b", "b")),
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
        Assert.IsType<Lookup<Identity>.None>(Find("other@example.org"));
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
            folder.Open().FindIdentities(found => found.Addresses.Contains(Address("list@example.org"))).Select(key => key.Certificate.Subject));
    }

    [Fact]
    public void Sympa_a_file_without_its_other_half_is_ignored()
    {
        WritePair("list@example.org", "", Issue("list@example.org"));
        File.Delete(folder.File("list@example.org/private_key"));

        Assert.IsType<Lookup<Identity>.None>(Find("list@example.org"));
    }

    [Theory]
    [InlineData("bob@example.net", true)]
    [InlineData("bob@example.net@enc", true)]
    [InlineData("bob@example.net@sign", false)]
    [InlineData("BOB@example.net", true)]
    public void Sympa_correspondents_certificates_lie_under_their_address(string name, bool canEncrypt)
    {
        folder.Write(name, Issue("bob@example.net", usage: Encrypt).CertificatePem);

        Assert.Equal(canEncrypt, folder.Open().FindRecipient(Address("bob@example.net")) is Lookup<MailCertificate>.Found);
        Assert.IsType<Lookup<Identity>.None>(Find("bob@example.net"));
        Assert.Equal("bob@example.net", Assert.Single(new DirectoryCatalog(folder.Open()).Entries).Owner?.Text);
    }

    [Theory]
    [InlineData("o_27brien+x_2fy_5fz_2540_20a@ex.org")]
    [InlineData("o%27brien%2bx%a5y_z%2540%20a@ex.org")]
    public void Sympa_both_ways_of_escaping_are_read(string name)
    {
        folder.Write(name, Issue("\"o'brien+x/y_z%40 a\"@ex.org", usage: Encrypt).CertificatePem);

        Assert.NotEmpty(Encryption("\"o'brien+x/y_z%40 a\"@ex.org"));
    }

    public void Dispose() => folder.Dispose();

    private IssuedCertificate Issue(
        string address, string? name = null, X509KeyUsageFlags usage = Sign, DateTimeOffset? from = null, DateTimeOffset? to = null) =>
        folder.Ca.Issue(new TestCaRequest(address)
        {
            CommonName = name,
            KeyUsage = usage,
            NotBefore = from ?? Noon.AddDays(-3),
            NotAfter = to ?? Noon.AddDays(30),
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
        folder.Options with { Senders = new Dictionary<AddressPattern, SenderCertificate> { [AddressPattern.Parse(sender)] = certificate } };

    private Lookup<Identity> Find(string address, CertificateOptions? options = null) =>
        folder.Open(options ?? folder.Options).FindSigner(Address(address));

    private Identity Signer(string address, CertificateOptions? options = null) => Usable(Find(address, options));

    private string Encryption(string address)
    {
        var found = folder.Open().FindRecipient(Address(address));
        return found is Lookup<MailCertificate>.Found usable ? usable.Value.Certificate.Subject : throw new Xunit.Sdk.XunitException($"{found}");
    }

    private static Identity Usable(Lookup<Identity> found) =>
        found is Lookup<Identity>.Found usable ? usable.Value : throw new Xunit.Sdk.XunitException($"{found}");

    private static string Reason(Lookup<Identity> found) => Assert.IsType<Lookup<Identity>.Unusable>(found).Why.Message;
}
