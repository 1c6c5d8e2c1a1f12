using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Postseal.Certificates;
using Postseal.Certificates.Formats;
using Postseal.Certificates.Store;
using Postseal.Cms;
using Postseal.Cms.Enveloped;
using Postseal.Mail;
using Postseal.Program.Trial;
using Postseal.TestKit;
using Postseal.Tests.Cms.Enveloped;
using static Postseal.TestKit.TestMail;

namespace Postseal.Tests.Certificates.Store;

/// <summary>Whose keys open the mail of a recipient: all that are his, and none that is not.</summary>
public sealed class DecryptionKeyTests : IDisposable
{
    private const string Alice = "alice@example.org", Bob = "bob@example.org", Team = "team@example.org", Domain = "@example.org";

    private static readonly DateTimeOffset Noon = new(2026, 11, 22, 12, 0, 0, TimeSpan.Zero);

    private readonly SettableTime time = new(Noon);
    private readonly CertificateFolder folder;
    private readonly TemporaryDirectory elsewhere = new();
    private readonly LineCollector log = new();

    public DecryptionKeyTests() => folder = new CertificateFolder(time);

    // ---- All that are his ----------------------------------------------------------------------------------------

    [Fact]
    public void Every_key_that_lies_in_any_file_of_his_address_is_his_whatever_its_dates()
    {
        Pair($"{Alice}.crt", $"{Alice}.key", Issue(Alice, "crt and key"));
        folder.Write($"{Alice}-cert+key.pem", Both(Issue(Alice, "both")));
        folder.Write($"{Alice}.pfx", Both(Issue(Alice, "expired long ago", from: Noon.AddYears(-9), to: Noon.AddYears(-8))));
        folder.Write($"{Alice}.p12", Both(Issue(Alice, "from next year", from: Noon.AddYears(1), to: Noon.AddYears(2))));
        foreach (var suffix in (string[])["", ".enc", ".sign", ".old", ".2019"])
            Pair($"{Alice}/cert.pem{suffix}", $"{Alice}/private_key{suffix}", Issue(Alice, "list" + suffix));

        Assert.Equal(
            ["both", "crt and key", "expired long ago", "from next year", "list", "list.2019", "list.enc", "list.old", "list.sign"], KeysFor(Alice));
    }

    [Fact]
    public void Several_pairs_in_one_file_are_all_his()
    {
        folder.Write($"{Alice}.pem", Both(Issue(Alice, "a")) + Both(Issue(Alice, "b", from: Noon.AddYears(-5), to: Noon.AddYears(-4))) + Both(Issue(Alice, "c")));

        Assert.Equal(["a", "b", "c"], KeysFor(Alice));
    }

    [Fact]
    public void Mautics_files_with_the_key_of_the_certificate_before_open_both()
    {
        // The new pair lies in ADDRESS.pem; the old certificate is still beside it, and its key in ADDRESS.key.
        Pair($"{Alice}.crt", $"{Alice}.key", Issue(Alice, "old"));
        folder.Write($"{Alice}.pem", Both(Issue(Alice, "new")));

        Assert.Equal(["new", "old"], KeysFor(Alice));
    }

    [Fact]
    public void The_common_pairs_are_of_whom_their_certificates_name()
    {
        Pair("cert.pem", "private_key", Issue([Alice, "office@example.org"], "common"));
        Pair("cert.pem.2020", "private_key.2020", Issue([Alice], "common before", Noon.AddYears(-6), Noon.AddYears(-5)));

        Assert.Equal(["common", "common before"], KeysFor(Alice));
        Assert.Equal(["common"], KeysFor("office@example.org"));
        Assert.Empty(KeysFor(Bob));
    }

    [Fact]
    public void What_a_Sender_section_names_is_his_and_what_it_takes_precedence_over_stays_his()
    {
        folder.Write($"{Alice}.pem", Both(Issue(Alice, "directory")));
        var options = folder.Options with
        {
            Senders = new Dictionary<AddressPattern, SenderCertificate>
            {
                [AddressPattern.Parse(Alice)] = new(elsewhere.Write("named.pem", Both(Issue(Alice, "named"))), null),
            },
        };

        Assert.Equal(["directory", "named"], KeysFor(Alice, options));
        Assert.Empty(KeysFor(Bob, options));
    }

    [Fact]
    public void A_certificate_that_names_a_former_address_or_nobody_is_his_when_his_file_has_no_other()
    {
        folder.Write($"{Alice}.pem", Both(Issue("alice@old.example", "former")));
        folder.Write($"{Bob}.pem", Both(Issue(Bob, "bob")) + Both(Issue([], "nobody")) + Both(Issue(Alice, "alice's in bob's bundle")));

        Assert.Equal(["former"], KeysFor(Alice));
        Assert.Equal(["bob", "nobody"], KeysFor(Bob));
    }

    [Fact]
    public void Only_what_is_wanted_is_opened()
    {
        folder.Write($"{Alice}.pem", Both(Issue(Alice, "open")));
        folder.AddEncrypted(Alice, "correct horse", ".p12"); // for which there is no passphrase

        Assert.Equal(["open"], KeysFor(Alice, isWanted: certificate => certificate.Subject == "CN=open"));
        Assert.Empty(log.Lines);
        Assert.Equal(["open"], KeysFor(Alice));
        Assert.Contains("no mail is opened with it", Assert.Single(log.Lines), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("")]
    [InlineData("correct horse")]
    public async Task A_key_of_X25519_opens_mail_and_signs_none(string passphrase)
    {
        using var dana = Correspondent.Create("X25519");
        using var key = new X25519KeyPair(X25519Key.ReadPkcs8(dana.Pkcs8)!);
        var pem = passphrase.Length == 0 ? PrivateKeyPem.Write(key) : PrivateKeyPem.WriteEncrypted(key, Encoding.UTF8.GetBytes(passphrase));
        folder.Write($"{Alice}.pem", Encoding.ASCII.GetString(pem) + dana.Certificate.ExportCertificatePem() + "\n");
        var options = folder.Options with { PassphraseFile = elsewhere.Write("passphrase", passphrase) };
        var envelope = ReceivedEnvelope.TryRead(new(EnvelopedDataTests.Encrypt(
            "Hello"u8.ToArray(), ContentEncryption.Aes256Gcm, EnvelopedDataTests.Recipient(dana))))!;

        var keys = folder.Open(options).FindDecryptionKeys(Address(Alice), envelope.Names);
        using var opened = Assert.IsType<DecryptedContent>(
            await envelope.DecryptAsync(keys, readsTripleDes: false, TestContext.Current.CancellationToken));

        Assert.Equal("Hello"u8.ToArray(), opened.Content.ToArray());
        Assert.IsType<Lookup<Identity>.Unusable>(folder.Open(options).FindSigner(Address(Alice)));
        Assert.Equal(dana.Pkcs8, key.ExportPkcs8PrivateKey());
        Assert.Equal(dana.Certificate.PublicKey.ExportSubjectPublicKeyInfo(), key.ExportSubjectPublicKeyInfo());
    }

    [Fact]
    public void An_encrypted_key_of_X25519_is_read_by_openssl()
    {
        Assert.SkipUnless(OpenSsl.IsHere, "openssl is not on this machine");
        using var dana = Correspondent.Create("X25519");
        using var key = new X25519KeyPair(X25519Key.ReadPkcs8(dana.Pkcs8)!);
        var file = elsewhere.Write("key.pem", Encoding.ASCII.GetString(PrivateKeyPem.WriteEncrypted(key, "correct horse"u8)));

        var (exitCode, output, errors) = OpenSsl.Run("pkey", "-in", file, "-passin", "pass:correct horse");

        Assert.True(exitCode == 0, errors);
        Assert.Equal(dana.KeyPem, output.Replace("\r", "", StringComparison.Ordinal));
    }

    // ---- After a renewal -----------------------------------------------------------------------------------------

    [Theory]
    [InlineData(".pem", ".old")]
    [InlineData(".pem", ".1a2b3c4d.old")]
    [InlineData(".pem", ".2025-11.old")]
    [InlineData("-cert+key.pem", ".old")]
    [InlineData(".p12", ".before.old")]
    [InlineData(".PEM", ".OLD")]
    public void A_file_that_is_called_old_opens_old_mail_and_does_nothing_else(string suffix, string end)
    {
        folder.Write(Alice + suffix + end, Both(Issue(Alice, "old", from: Noon.AddDays(-1))));
        Assert.Equal(["old"], KeysFor(Alice));
        Assert.IsNotType<Lookup<Identity>.Found>(folder.Open().FindSigner(Address(Alice)));
        Assert.IsNotType<Lookup<MailCertificate>.Found>(folder.Open().FindRecipient(Address(Alice)));

        folder.Write($"{Alice}.pem", Both(Issue(Alice, "new", from: Noon.AddDays(-9))));

        Assert.Equal(["new", "old"], KeysFor(Alice));
        Assert.Equal("CN=new", Signer().Certificate.Subject);
        Assert.Equal("CN=new", Recipient().Certificate.Subject);
    }

    [Fact]
    public void Old_pairs_in_two_files_belong_together_by_their_ends()
    {
        Pair($"{Alice}.crt.2024.old", $"{Alice}.key.2024.old", Issue(Alice, "2024"));
        Pair($"{Alice}.crt.2025.old", $"{Alice}.key.2025.old", Issue(Alice, "2025"));
        Pair($"{Alice}.crt", $"{Alice}.key", Issue(Alice, "2026"));

        Assert.Equal(["2024", "2025", "2026"], KeysFor(Alice));
        Assert.Equal("CN=2026", Signer().Certificate.Subject);
    }

    [Theory]
    [InlineData("alice@example.org.old")]
    [InlineData("alice@example.org.2025.old")]
    [InlineData("alice@example.org@enc.old")]
    [InlineData("alice@example.org.pem.bak")]
    [InlineData("alice@example.org.pem.a.b.old")]
    [InlineData("alice@example.org.pem..old")]
    public void A_file_with_another_end_is_nobodys(string name)
    {
        folder.Write(name, Both(Issue(Alice, "stray")));

        Assert.Empty(KeysFor(Alice));
    }

    // ---- None that is not ----------------------------------------------------------------------------------------

    /// <summary>Mailboxes that I, Mallory, may have or ask for on the same server, to be sent what was encrypted to Alice.</summary>
    public static TheoryData<string> Mallorys =>
    [
        "mallory@example.org", "alice@example.com", "alice@mail.example.org", "alice@example.org.mallory.example",
        "mallory+alice@example.org", "alice+mallory@example.org", "\"alice@example.org\"@mallory.example",
        "\"alice@example.org\"@example.org", "\"@example.org\"@example.org", "\" alice\"@example.org", "\"alice \"@example.org",
        "\"alice\\\\\"@example.org", "\"ali\\\"ce\"@example.org", "alice@[127.0.0.1]", "\u0430lice@example.org", "\u212Balice@example.org", "al\u0131ce@example.org",
        "alice@example\u3002org", "alice@ex\u00E4mple.org", "alice@xn--exmple-cua.org", "alice_40example.org@example.org", "alice%40example.org@example.org",
        "\"../alice\"@example.org", "\"alice@example.org/\"@example.org", "\"alice@example.org.pem\"@example.org", "cert.pem@example.org", "private_key@example.org",
    ];

    [Theory]
    [MemberData(nameof(Mallorys))]
    public void I_get_nobodys_key_by_the_name_of_my_mailbox(string mailbox)
    {
        folder.Write($"{Alice}.pem", Both(Issue(Alice, "alice")));
        folder.Write("@example.org.pem", Both(Issue("gateway@example.org", "domain")));
        Pair($"{Team}/cert.pem", $"{Team}/private_key", Issue(Team, "list"));
        Pair("example.org/sales/cert.pem", "example.org/sales/private_key", Issue("sales@example.org", "list of the domain"));
        Pair("cert.pem", "private_key", Issue([Alice, "office@example.org"], "common"));

        Assert.Empty(KeysFor(mailbox));
    }

    [Theory]
    [InlineData("ALICE@EXAMPLE.ORG")]
    [InlineData("\"alice\"@example.org")]
    [InlineData("\"a\\lice\"@Example.Org")]
    public void Another_spelling_of_her_address_is_her_own(string mailbox)
    {
        folder.Write($"{Alice}.pem", Both(Issue(Alice, "alice")));

        Assert.Equal(["alice"], KeysFor(mailbox));
    }

    [Theory]
    [InlineData("alice@b\u00FCcher.example")]
    [InlineData("alice@xn--bcher-kva.example")]
    public void A_domain_in_either_form_is_one(string mailbox)
    {
        folder.Write("alice@xn--bcher-kva.example.pem", Both(Issue("alice@xn--bcher-kva.example", "alice")));

        Assert.Equal(["alice"], KeysFor(mailbox));
        Assert.Empty(KeysFor("alice@bucher.example"));
    }

    [Fact]
    public void I_have_a_mailbox_whose_name_is_how_a_file_of_hers_is_escaped()
    {
        // a_3dc@example.org is that address, or a=c@example.org as Sympa writes it: only the certificate tells.
        folder.Write("a_3dc@example.org.pem", Both(Issue("a=c@example.org", "hers")));
        folder.Write("b_3dc@example.org.pem", Both(Issue("somebody@example.net", "whose?")));

        Assert.Equal(["hers"], KeysFor("a=c@example.org"));
        Assert.Empty(KeysFor("a_3dc@example.org"));
        Assert.Empty(KeysFor("b_3dc@example.org"));
        Assert.Empty(KeysFor("b=c@example.org"));
    }

    [Fact]
    public void I_send_to_my_own_address_with_her_name_in_the_header_and_that_is_not_asked()
    {
        folder.Write($"{Alice}.pem", Both(Issue(Alice, "alice")));
        folder.Write("mallory@example.org.pem", Both(Issue("mallory@example.org", "mallory")));

        Assert.Equal(["mallory"], KeysFor("mallory@example.org"));
    }

    [Fact]
    public void I_had_a_certificate_issued_that_names_her_too_and_get_only_my_own_key()
    {
        folder.Write("mallory@example.org.pem", Both(Issue(["mallory@example.org", Alice], "mallory")));
        folder.Write($"{Alice}.pem", Both(Issue(Alice, "alice")));

        Assert.Equal(["mallory"], KeysFor("mallory@example.org"));
        Assert.Equal(["alice"], KeysFor(Alice));
    }

    [Fact]
    public void A_correspondents_certificate_is_no_key_even_where_one_lies_in_the_file()
    {
        folder.Write($"{Bob}@enc", Both(Issue(Bob, "enc")));
        folder.Write(Bob, Both(Issue(Bob, "bare")));
        var options = folder.Options with
        {
            Recipients = new Dictionary<AddressPattern, string>
            {
                [AddressPattern.Parse(Bob)] = elsewhere.Write("bob.pem", Both(Issue(Bob, "configured"))),
            },
        };

        Assert.Empty(KeysFor(Bob, options));
        Assert.Empty(folder.Open(options).FindAllDecryptionKeys(_ => true));
    }

    // ---- What the settings allow ---------------------------------------------------------------------------------

    [Fact]
    public void A_tag_is_passed_over_only_where_that_is_set()
    {
        folder.Write($"{Alice}.pem", Both(Issue(Alice, "alice")));
        folder.Write("alice+lists@example.org.pem", Both(Issue("alice+lists@example.org", "lists")));
        var options = folder.Options with { SubAddress = true };

        Assert.Equal(["alice", "lists"], KeysFor("alice+lists@example.org", options));
        Assert.Equal(["alice"], KeysFor("alice+other@example.org", options));
        Assert.Equal(["alice"], KeysFor(Alice, options));
        Assert.Equal(["lists"], KeysFor("alice+lists@example.org"));
        Assert.Empty(KeysFor("+alice@example.org", options));
        Assert.Empty(KeysFor("mallory+alice@example.org", options));
    }

    [Fact]
    public void The_key_of_a_domain_opens_the_mail_of_its_addresses_only_where_that_is_set()
    {
        folder.Write("@example.org.pem", Both(Issue("gateway@example.org", "domain")));
        var options = folder.Options with { DomainCertificates = true };

        Assert.Empty(KeysFor(Alice));
        Assert.Equal(["domain"], KeysFor(Alice, options));
        Assert.Empty(KeysFor("alice@sub.example.org", options));
        Assert.Empty(KeysFor("alice@example.com", options));
    }

    [Fact]
    public void A_recipient_has_the_keys_of_others_only_where_that_is_set_and_not_those_of_theirs_in_turn()
    {
        folder.Write($"{Alice}.pem", Both(Issue(Alice, "alice")));
        folder.Write($"{Bob}.pem", Both(Issue(Bob, "bob")));
        folder.Write($"{Team}.pem", Both(Issue(Team, "team")));
        folder.Write("@example.org.pem", Both(Issue("gateway@example.org", "domain")));
        var options = KeysOf((Team, [Alice, Domain]), (Alice, [Bob]));

        Assert.Equal(["alice", "domain", "team"], KeysFor(Team, options));
        Assert.Equal(["alice", "bob"], KeysFor(Alice, options));
        Assert.Equal(["bob"], KeysFor(Bob, options));
        Assert.Equal(["team"], KeysFor(Team));
    }

    [Fact]
    public void What_is_set_for_a_domain_holds_for_its_addresses_that_have_nothing_of_their_own()
    {
        folder.Write("@example.org.pem", Both(Issue("gateway@example.org", "domain")));
        var options = KeysOf((Domain, [Domain]), (Bob, []));

        Assert.Equal(["domain"], KeysFor(Alice, options));
        Assert.Empty(KeysFor(Bob, options));
        Assert.Empty(KeysFor("alice@example.com", options));
    }

    [Fact]
    public void Options_that_differ_in_whose_keys_are_shared_are_not_the_same()
    {
        Assert.True(KeysOf((Team, [Alice, Bob])).IsSameAs(KeysOf((Team, [Alice, Bob]))));
        Assert.False(KeysOf((Team, [Alice, Bob])).IsSameAs(KeysOf((Team, [Alice]))));
        Assert.False(KeysOf((Team, [Alice])).IsSameAs(folder.Options));
    }

    // ---- When something is wrong ---------------------------------------------------------------------------------

    [Fact]
    public void A_directory_that_cannot_be_read_is_not_one_without_keys()
    {
        Pair($"{Team}/cert.pem", $"{Team}/private_key", Issue(Team, "list"));
        folder.MakeReadableByEveryone(".");
        folder.SetMode(Team, "000");

        Unprivileged.Run(() =>
        {
            Assert.Throws<IOException>(() => KeysFor(Team));
            Assert.Empty(KeysFor(Alice));
        });
        folder.SetMode(Team, "700");
    }

    [Fact]
    public void A_key_of_a_kind_that_nobody_knows_leaves_the_others_in_use()
    {
        folder.Write($"{Alice}.pem", Ed25519Key() + Both(Issue(Alice, "alice")));

        Assert.Equal(["alice"], KeysFor(Alice));
    }

    [Fact]
    public void For_oneself_every_key_of_the_directory_is_found()
    {
        folder.Write($"{Alice}.pem", Both(Issue(Alice, "alice")));
        folder.Write($"{Bob}.pem.old", Both(Issue(Bob, "bob")));
        folder.Write("@example.org.pem", Both(Issue("gateway@example.org", "domain")));
        Pair("cert.pem", "private_key", Issue(Team, "common"));
        var options = folder.Options with
        {
            Senders = new Dictionary<AddressPattern, SenderCertificate>
            {
                [AddressPattern.Parse(Alice)] = new(elsewhere.Write("named.pem", Both(Issue(Alice, "named"))), null),
            },
        };

        Assert.Equal(["alice", "bob", "common", "domain", "named"], Names(folder.Open(options).FindAllDecryptionKeys(_ => true)));
        Assert.Equal(["bob"], Names(folder.Open(options).FindAllDecryptionKeys(certificate => certificate.Subject == "CN=bob")));
    }

    public void Dispose()
    {
        folder.Dispose();
        elsewhere.Dispose();
    }

    private IReadOnlyList<string> KeysFor(string recipient, CertificateOptions? options = null, Func<X509Certificate2, bool>? isWanted = null) => Names(
        new CertificateDirectory(options ?? folder.Options, time, log).FindDecryptionKeys(Address(recipient), isWanted ?? (_ => true)));

    private static IReadOnlyList<string> Names(IReadOnlyList<DecryptionKey> keys) =>
        [.. keys.Select(key => key.Certificate.Subject["CN=".Length..]).Order(StringComparer.Ordinal)];

    private Identity Signer() =>
        Assert.IsType<Lookup<Identity>.Found>(folder.Open().FindSigner(Address(Alice))).Value;

    private MailCertificate Recipient() =>
        Assert.IsType<Lookup<MailCertificate>.Found>(folder.Open().FindRecipient(Address(Alice))).Value;

    private CertificateOptions KeysOf(params (string Whose, string[] Of)[] sections) => folder.Options with
    {
        KeysOf = sections.ToDictionary(
            section => AddressPattern.Parse(section.Whose),
            section => (IReadOnlyList<AddressPattern>)[.. section.Of.Select(AddressPattern.Parse)]),
    };

    private IssuedCertificate Issue(string address, string name, DateTimeOffset? from = null, DateTimeOffset? to = null) => Issue([address], name, from, to);

    private IssuedCertificate Issue(string[] addresses, string name, DateTimeOffset? from = null, DateTimeOffset? to = null) => folder.Ca.Issue(
        new TestCaRequest(addresses) { CommonName = name, NotBefore = from ?? Noon.AddDays(-10), NotAfter = to ?? Noon.AddYears(1) });

    private static string Ed25519Key() => PemEncoding.WriteString(
        "PRIVATE KEY", [.. Convert.FromHexString("302E020100300506032B657004220420"), .. RandomNumberGenerator.GetBytes(32)]) + "\n";

    private static string Both(IssuedCertificate issued) => issued.KeyPem + issued.CertificatePem;

    private void Pair(string certificateFile, string keyFile, IssuedCertificate issued)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(folder.File(certificateFile))!);
        folder.Write(certificateFile, issued.CertificatePem);
        folder.Write(keyFile, issued.KeyPem);
    }
}
