using System.Security.Cryptography.X509Certificates;
using Postseal.Certificates;
using Postseal.Certificates.Store;
using Postseal.Mail;
using Postseal.Program.Trial;
using Postseal.TestKit;
using static Postseal.TestKit.TestMail;

namespace Postseal.Tests.Certificates.Store;

/// <summary>Which certificate mail to somebody is encrypted to, of all that may lie anywhere.</summary>
public sealed class RecipientTests : IDisposable
{
    private const string Bob = "bob@example.net";
    private const string P256 = "1.2.840.10045.3.1.7";

    private static readonly DateTimeOffset Noon = new(2026, 11, 22, 12, 0, 0, TimeSpan.Zero);

    private readonly SettableTime time = new(Noon);
    private readonly CertificateFolder folder;
    private readonly TemporaryDirectory elsewhere = new();
    private readonly LineCollector log = new();

    public RecipientTests() => folder = new CertificateFolder(time);

    // ---- The order of the places --------------------------------------------------------------------------------

    [Fact]
    public async Task The_places_are_looked_at_in_their_order()
    {
        var others = new Source(Issue(Bob, "elsewhere"));
        var directory = folder.Open(folder.Options with
        {
            Recipients = new Dictionary<AddressPattern, string>
            {
                [AddressPattern.Parse(Bob)] = Elsewhere("configured.pem", Issue("robert@example.com", "configured")),
                [AddressPattern.Parse("@example.net")] = Elsewhere("gateway.pem", Issue("gateway@example.com", "configured domain")),
            },
            HarvestedPath = Harvested($"{Bob}.crt", Issue(Bob, "harvested")),
            DomainCertificates = true,
        });
        var recipients = new RecipientCertificates(directory, others);
        folder.Write($"{Bob}@enc", Issue(Bob, "enc", Noon.AddDays(-9)).CertificatePem);
        folder.Write(Bob, Issue(Bob, "newer").CertificatePem);
        WritePair("", Issue(Bob, "common"));
        folder.Write("@example.net.crt", Issue("office@example.net", "domain").CertificatePem);

        foreach (var (name, remove) in new (string, Action)[]
        {
            ("configured", () => Expire("configured.pem")),
            ("configured domain", () => Expire("gateway.pem")),
            ("enc", () => File.Delete(folder.File($"{Bob}@enc"))),
            ("newer", () => File.Delete(folder.File(Bob))),
            ("common", () => File.Delete(folder.File("cert.pem"))),
            ("harvested", () => File.Delete(elsewhere.File($"harvested/{Bob}.crt"))),
            ("elsewhere", () => others.Certificate = null),
            ("domain", () => File.Delete(folder.File("@example.net.crt"))),
        })
        {
            Assert.Equal($"CN={name}", Name(await Ask(recipients)));
            remove();
            time.Now += TimeSpan.FromSeconds(3);
        }

        var unusable = Assert.IsType<Lookup<MailCertificate>.Unusable>(await Ask(recipients));
        Assert.Equal(RejectionKind.Expired, unusable.Why.Kind);
        Assert.Contains("configured.pem cannot be encrypted to: it expired on 2026-11-21", unusable.Why.Message, StringComparison.Ordinal);
        Assert.Contains("gateway.pem cannot be encrypted to: it expired on 2026-11-21", unusable.Why.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Nobody_has_nothing()
    {
        folder.Write(Bob, Issue(Bob).CertificatePem);

        Assert.IsType<Lookup<MailCertificate>.None>(await Find("carol@example.net", folder.Options with { HarvestedPath = folder.File("nowhere") }));
    }

    [Theory]
    [InlineData("bob@example.net@enc")]
    [InlineData("bob@example.net")]
    [InlineData("bob@example.net.crt")]
    public async Task An_expired_one_in_any_file_never_blocks_a_valid_one(string expired)
    {
        foreach (var file in (string[])["bob@example.net@enc", "bob@example.net", "bob@example.net.crt"])
            folder.Write(file, Issue(Bob, file == expired ? "expired" : "valid", to: file == expired ? Noon.AddDays(-1) : null).CertificatePem);

        Assert.Equal("CN=valid", Name(await Find(Bob)));
    }

    [Fact]
    public async Task An_expired_one_of_the_administrator_never_blocks_one_that_was_learned()
    {
        folder.Write(Bob, Issue(Bob, to: Noon.AddDays(-1)).CertificatePem);

        Assert.Equal("CN=learned", Name(await Find(Bob, folder.Options with { HarvestedPath = Harvested(Bob, Issue(Bob, "learned")) })));
    }

    [Fact]
    public async Task Of_ten_certificates_in_one_file_the_newest_that_can_be_used_is_used()
    {
        var all = Enumerable.Range(1, 10).Select(i => Issue(Bob, $"number {i}", Noon.AddDays(-i), i < 4 ? Noon.AddHours(-i) : null).CertificatePem);
        folder.Write(Bob, string.Concat(all.Reverse()));

        Assert.Equal("CN=number 4", Name(await Find(Bob)));
    }

    [Fact]
    public async Task Of_ten_that_cannot_be_used_five_are_told()
    {
        folder.Write(Bob, string.Concat(Enumerable.Range(1, 10).Select(i => Issue(Bob, $"number {i}", Noon.AddDays(-20), Noon.AddDays(-i)).CertificatePem)));

        var why = Why(await Find(Bob));

        Assert.Equal(RejectionKind.Expired, why.Kind);
        Assert.Equal(5, why.Message.Split("it expired on").Length - 1);
        Assert.EndsWith("; and 5 more", why.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Everything_that_was_found_is_told_with_its_file_and_reason_the_most_telling_first()
    {
        folder.Write(Bob, Issue(Bob, to: Noon.AddDays(-1)).CertificatePem);
        folder.Write($"{Bob}@enc", "broken");
        folder.Write($"{Bob}.crt", Issue("robert@example.com").CertificatePem);

        var why = Why(await Find(Bob, folder.Options with { HarvestedPath = Harvested(Bob, Issue(Bob, usage: X509KeyUsageFlags.DigitalSignature)) }));

        Assert.Equal(RejectionKind.Damaged, why.Kind);
        Assert.Matches(
            @"^\S+/bob@example.net@enc is not a certificate: .*; \S+/bob@example.net cannot be encrypted to: it expired .*; "
                + @"\S+/bob@example.net.crt cannot be encrypted to: it is for robert@example.com, .*; \S+/harvested/bob@example.net cannot be encrypted to: its keyUsage ",
            why.Message);
    }

    // ---- Whom a certificate names -------------------------------------------------------------------------------

    [Theory]
    [InlineData("bob@example.net", "BOB@Example.NET")]
    [InlineData("Bob@EXAMPLE.net", "bob@example.net")]
    [InlineData("bob@bücher.example", "bob@xn--bcher-kva.example")]
    [InlineData("bob@xn--bcher-kva.example", "Bob@Bücher.example")]
    [InlineData("алиса@example.org", "алиса@EXAMPLE.org")]
    public async Task An_address_is_found_in_any_spelling(string named, string recipient)
    {
        folder.Write(named, Issue(named).CertificatePem);

        Assert.IsType<Lookup<MailCertificate>.Found>(await Find(recipient));
    }

    [Fact]
    public async Task One_certificate_is_for_each_address_in_its_subjectAltName()
    {
        var issued = folder.Ca.Issue(Request("b.smith@example.net", Bob, "bob@example.com") with { CommonName = "Bob Smith" });
        folder.Write($"{Bob}.crt", issued.CertificatePem);
        folder.Write("b.smith@example.net.crt", issued.CertificatePem);
        folder.Write("carol@example.net.crt", issued.CertificatePem);

        Assert.Equal("CN=Bob Smith", Name(await Find(Bob)));
        Assert.Equal("CN=Bob Smith", Name(await Find("b.smith@example.net")));
        Assert.Equal(RejectionKind.WrongAddress, Why(await Find("carol@example.net")).Kind);
    }

    [Fact]
    public async Task A_certificate_that_the_settings_name_may_be_for_anybody_or_nobody_and_has_to_be_right_otherwise()
    {
        Assert.Equal("CN=gateway", Name(await Find(Bob, Configured(folder.Ca.Issue(Request() with { CommonName = "gateway" })))));
        Assert.Equal(RejectionKind.Expired, Why(await Find(Bob, Configured(Issue(Bob, to: Noon.AddDays(-1))))).Kind);
        Assert.Equal(RejectionKind.NotYetValid, Why(await Find(Bob, Configured(Issue(Bob, from: Noon.AddDays(1))))).Kind);
        Assert.Equal(RejectionKind.WrongUse, Why(await Find(Bob, Configured(Issue(Bob, usage: X509KeyUsageFlags.DigitalSignature)))).Kind);
    }

    [Fact]
    public async Task In_a_file_that_the_settings_name_his_own_certificate_comes_before_a_newer_one_of_somebody_else()
    {
        var file = Elsewhere("all.pem", Issue(Bob, "his own", Noon.AddDays(-9)), Issue("carol@example.net", "hers", Noon.AddDays(-1)));

        Assert.Equal("CN=his own", Name(await Find(Bob, Configured(file))));
    }

    [Theory]
    [InlineData(false, "bob+lists@example.net", null)]
    [InlineData(true, "bob+lists@example.net", "CN=bob@example.net")]
    [InlineData(true, "bob+a+b@example.net", "CN=bob@example.net")]
    [InlineData(true, "+bob@example.net", null)]
    [InlineData(true, "carol+x@example.net", "CN=\"carol+x@example.net\"")]
    [InlineData(true, "carol@example.net", null)]
    public async Task A_plus_address_uses_the_certificate_without_the_tag_only_where_that_is_allowed(bool allowed, string recipient, string? name)
    {
        folder.Write(Bob, Issue(Bob).CertificatePem);
        folder.Write("carol+x@example.net", Issue("carol+x@example.net").CertificatePem);

        var found = await Find(recipient, folder.Options with { SubAddress = allowed });

        Assert.Equal(name, found is Lookup<MailCertificate>.Found ? Name(found) : null);
    }

    [Fact]
    public async Task A_plus_address_with_files_of_its_own_that_cannot_be_used_may_fall_back_to_the_address_without_the_tag()
    {
        folder.Write("bob+x@example.net", Issue("bob+x@example.net", to: Noon.AddDays(-1)).CertificatePem);
        folder.Write(Bob, Issue(Bob).CertificatePem);

        Assert.Equal("CN=bob@example.net", Name(await Find("bob+x@example.net", folder.Options with { SubAddress = true })));
        Assert.Equal(RejectionKind.Expired, Why(await Find("bob+x@example.net")).Kind);
    }

    [Fact]
    public async Task The_certificate_for_an_address_without_tag_has_to_name_that()
    {
        folder.Write(Bob, Issue("bob+x@example.net").CertificatePem);

        Assert.Equal(RejectionKind.WrongAddress, Why(await Find("bob+x@example.net", folder.Options with { SubAddress = true })).Kind);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_domains_certificate_is_used_last_and_only_where_that_is_allowed(bool allowed)
    {
        folder.Write("@example.net.crt", Issue("gateway@example.net", "gateway").CertificatePem);
        folder.Write($"{Bob}.crt", Issue(Bob).CertificatePem);
        var options = folder.Options with { DomainCertificates = allowed };

        Assert.Equal("CN=bob@example.net", Name(await Find(Bob, options)));
        Assert.Equal(allowed, await Find("carol@example.net", options) is Lookup<MailCertificate>.Found);
        Assert.IsType<Lookup<MailCertificate>.None>(await Find("carol@sub.example.net", options));
    }

    // ---- Keys that lie -------------------------------------------------------------------------------------------

    public static TheoryData<string, PublicKey, RejectionKind?> Keys => new()
    {
        { "RSA-1024", OddKeys.Rsa(1024, 65537), RejectionKind.TooWeak },
        { "RSA-16384", OddKeys.Rsa(16384, 65537), RejectionKind.WrongUse },
        { "exponent 1", OddKeys.Rsa(2048, 1), RejectionKind.TooWeak },
        { "even modulus", OddKeys.Rsa(new byte[255].Prepend((byte)0x80).ToArray(), 65537), RejectionKind.Damaged },
        { "no RSA key at all", new PublicKey(new(OddKeys.RsaEncryption), new([0x05, 0x00]), new([0x04, 0x00])), RejectionKind.TooWeak },
        { "off the curve", OddKeys.Point(P256, [0x04, .. new byte[63], 1]), RejectionKind.Damaged },
        { "secp256k1", OddKeys.Point("1.3.132.0.10", OddKeys.PointOn("1.3.132.0.10")), RejectionKind.WrongUse },
        { "zero", OddKeys.Montgomery(new byte[32]), RejectionKind.Damaged },
        { "RSA", OddKeys.Rsa(2048, 65537), null },
        { "RSA for OAEP", OddKeys.Rsa(2048, 65537, OddKeys.RsaesOaep), null },
        { "P-256", OddKeys.Point(P256, OddKeys.PointOn(P256)), null },
        { "X25519", OddKeys.Montgomery([9, .. new byte[31]]), null },
    };

    [Theory]
    [MemberData(nameof(Keys), DisableDiscoveryEnumeration = true)]
    public async Task A_key_that_lies_is_told_and_hides_no_good_one(string name, PublicKey key, RejectionKind? kind)
    {
        var root = OddCa.Root("CN=Root", Noon.AddYears(-1), Noon.AddYears(1));
        var names = new SubjectAlternativeNameBuilder();
        names.AddEmailAddress(Bob);
        using var certificate = root.Issue(new X500DistinguishedName("CN=odd"), key, [names.Build()], Noon.AddDays(-1), Noon.AddDays(1));
        folder.Write($"{Bob}@enc", certificate.ExportCertificatePem());

        var found = await Find(Bob);
        if (kind is null)
            Assert.NotNull(Assert.IsType<Lookup<MailCertificate>.Found>(found).Value.EncryptionKey);
        else
            Assert.True(Why(found).Kind == kind, $"{name}: {Why(found)}");

        folder.Write(Bob, Issue(Bob, "good").CertificatePem);
        Assert.Equal(kind is null ? "CN=odd" : "CN=good", Name(await Find(Bob)));
    }

    [Fact]
    public async Task An_X25519_certificate_of_openssl_is_encrypted_to()
    {
        Assert.SkipUnless(OpenSsl.IsHere, "openssl is not on this machine");
        Run("genpkey", "-algorithm", "X25519", "-out", elsewhere.File("key"));
        Run("pkey", "-in", elsewhere.File("key"), "-pubout", "-out", elsewhere.File("public"));
        Run("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", elsewhere.File("ca.key"), "-out", elsewhere.File("ca.pem"), "-subj", "/CN=CA");
        Run("req", "-new", "-key", elsewhere.File("ca.key"), "-subj", "/CN=Bob", "-out", elsewhere.File("request"));
        Run("x509", "-req", "-in", elsewhere.File("request"), "-CA", elsewhere.File("ca.pem"), "-CAkey", elsewhere.File("ca.key"),
            "-force_pubkey", elsewhere.File("public"), "-extfile", elsewhere.Write("extensions", $"subjectAltName=email:{Bob}\nkeyUsage=keyAgreement\n"),
            "-out", folder.File(Bob));
        time.Now = DateTimeOffset.UtcNow.AddMinutes(1);

        Assert.NotNull(Assert.IsType<Lookup<MailCertificate>.Found>(await Find(Bob)).Value.EncryptionKey);

        static void Run(params string[] arguments)
        {
            var (exitCode, _, errors) = OpenSsl.Run(arguments);
            Assert.True(exitCode == 0, errors);
        }
    }

    // ---- Files that change and files that cannot be read --------------------------------------------------------

    [Fact]
    public async Task A_certificate_that_is_swapped_is_used_from_then_on()
    {
        var recipients = Open(folder.Options);
        folder.Write(Bob, Issue(Bob, "old").CertificatePem);
        var old = await Ask(recipients);

        folder.Write(Bob, Issue(Bob, "new one").CertificatePem);
        time.Now += TimeSpan.FromSeconds(3);

        Assert.Equal("CN=new one", Name(await Ask(recipients)));
        Assert.Equal("CN=old", Name(old));
    }

    [Fact]
    public async Task A_certificate_is_read_once_and_not_for_each_message()
    {
        folder.Write(Bob, Issue(Bob).CertificatePem);
        time.Now += TimeSpan.FromSeconds(3);
        var recipients = Open(folder.Options);

        var first = Assert.IsType<Lookup<MailCertificate>.Found>(await Ask(recipients));
        var second = Assert.IsType<Lookup<MailCertificate>.Found>(await Ask(recipients));

        Assert.Same(first.Value, second.Value);
    }

    [Fact]
    public async Task While_a_certificate_is_half_written_the_old_one_stays_in_use()
    {
        var recipients = Open(folder.Options);
        var issued = Issue(Bob, "old").CertificatePem;
        folder.Write(Bob, issued);
        Assert.Equal("CN=old", Name(await Ask(recipients)));

        folder.Write(Bob, issued[..100]);
        time.Now += TimeSpan.FromSeconds(3);

        Assert.Equal("CN=old", Name(await Ask(recipients)));
        Assert.Contains("until that is mended, what was there before stays in use", Assert.Single(log.Lines), StringComparison.Ordinal);

        File.Delete(folder.File(Bob));
        time.Now += TimeSpan.FromSeconds(3);
        Assert.IsType<Lookup<MailCertificate>.None>(await Ask(recipients));
    }

    [Theory]
    [InlineData("file")]
    [InlineData("configured")]
    [InlineData("list")]
    public void What_cannot_be_read_is_never_nothing(string what)
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "file modes are Unix's");
        folder.MakeReadableByEveryone("");
        var options = folder.Options;
        switch (what)
        {
            case "file":
                folder.Write(Bob, Issue(Bob).CertificatePem);
                folder.SetMode(Bob, "000");
                break;
            case "configured":
                options = Configured(Elsewhere("bob.pem", Issue(Bob)));
                elsewhere.Write("bob.pem", "", UnixFileMode.None);
                break;
            default:
                WritePair(Bob, Issue(Bob));
                folder.SetMode(Bob, "000");
                break;
        }

        // What others have does not take its place.
        var inSource = Issue(Bob);
        Unprivileged.Run(() =>
        {
            var found = Ask(Open(options)).AsTask().GetAwaiter().GetResult();
            Assert.Equal(RejectionKind.LookupFailed, Why(found).Kind);
            Assert.Contains("cannot be read", Why(found).Message, StringComparison.Ordinal);

            var source = new Source(inSource);
            found = Ask(new RecipientCertificates(new CertificateDirectory(options, time), source)).AsTask().GetAwaiter().GetResult();
            Assert.Equal(RejectionKind.LookupFailed, Why(found).Kind);
        });
        folder.SetMode(Bob is var name && Directory.Exists(folder.File(name)) ? name : "", "700");
    }

    [Fact]
    public async Task A_file_that_the_settings_name_and_that_is_gone_is_told()
    {
        var options = Configured(elsewhere.File("gone.pem"));

        Assert.Equal(RejectionKind.LookupFailed, Why(await Find(Bob, options)).Kind);
    }

    [Theory]
    [InlineData("directory")]
    [InlineData("harvested")]
    [InlineData("other")]
    public async Task A_place_that_cannot_be_asked_is_an_exception(string what)
    {
        var options = what switch
        {
            "directory" => folder.Options with { Path = folder.File("nowhere") },
            "harvested" => folder.Options with { HarvestedPath = elsewhere.Write("a file", "") },
            _ => folder.Options,
        };
        var recipients = new RecipientCertificates(folder.Open(options), new Source(null) { Fails = what == "other" });

        await Assert.ThrowsAnyAsync<IOException>(async () => await Ask(recipients));
    }

    [Fact]
    public async Task What_another_source_has_is_held_to_the_same_rules()
    {
        foreach (var (issued, kind) in new[]
        {
            (Issue("robert@example.com"), RejectionKind.WrongAddress),
            (Issue(Bob, to: Noon.AddDays(-1)), RejectionKind.Expired),
            (Issue(Bob, usage: X509KeyUsageFlags.DigitalSignature), RejectionKind.WrongUse),
        })
        {
            var recipients = new RecipientCertificates(folder.Open(), new Source(issued));

            Assert.Equal(kind, Why(await Ask(recipients)).Kind);
        }
    }

    [Fact]
    public async Task No_key_is_opened_in_the_harvested_directory()
    {
        var (one, two) = (Issue(Bob, "one", Noon.AddDays(-2)), Issue(Bob, "two", Noon.AddDays(-1)));
        Directory.CreateDirectory(elsewhere.File("harvested"));
        // In the administrator's own only the key would tell which of the two is read with.
        elsewhere.Write($"harvested/{Bob}.pem", one.CertificatePem + two.CertificatePem + CertificateFolder.Encrypt(one.KeyPem, "sesame"));

        Assert.Equal("CN=two", Name(await Find(Bob, folder.Options with { HarvestedPath = elsewhere.File("harvested") })));
    }

    [Fact]
    public async Task The_harvested_directory_is_seen_when_it_is_made()
    {
        var recipients = Open(folder.Options with { HarvestedPath = elsewhere.File("harvested") });
        Assert.IsType<Lookup<MailCertificate>.None>(await Ask(recipients));

        Harvested(Bob, Issue(Bob));
        time.Now += TimeSpan.FromSeconds(2);

        Assert.IsType<Lookup<MailCertificate>.Found>(await Ask(recipients));
    }

    // ---- Ours ---------------------------------------------------------------------------------------------------

    [Fact]
    public void Whose_key_is_here_is_ours_and_nobody_else()
    {
        folder.Add("alice@example.org");
        folder.AddEncrypted("anne@example.org", "sesame");
        WritePair("", Issue("common@example.org"));
        WritePair("list@example.org", Issue("list@example.org"));
        folder.Add("@example.org", new TestCaRequest("gateway@example.org"));
        folder.Write(Bob, Issue(Bob).CertificatePem);
        folder.Write("carol@example.net.crt", Issue("carol@example.net").CertificatePem);
        folder.Write("dave@example.net.pem", Issue("dave@example.net").CertificatePem);
        folder.Write("erin@example.net.crt", Issue("erin@example.net", from: Noon.AddDays(-5)).CertificatePem);
        folder.Write("erin@example.net.pem", Issue("erin@example.net").CertificatePem);
        folder.Add("frank@example.net", new TestCaRequest("franklin@example.net"));
        var directory = folder.Open(folder.Options with { PassphraseFile = folder.File("nowhere"), DomainCertificates = true });

        string[] ours = ["alice@example.org", "ALICE@example.ORG", "anne@example.org", "common@example.org", "list@example.org"];
        string[] others = [Bob, "carol@example.net", "dave@example.net", "erin@example.net", "frank@example.net", "gateway@example.org", "alice+x@example.org", "nobody@example.org"];

        Assert.All(ours, address => Assert.True(directory.HoldsKeyOf(Address(address)), address));
        Assert.All(others, address => Assert.False(directory.HoldsKeyOf(Address(address)), address));
        Assert.True(folder.Open(folder.Options with { SubAddress = true }).HoldsKeyOf(Address("alice+x@example.org")));
    }

    [Fact]
    public void A_key_that_must_not_be_read_is_a_key_and_an_expired_certificate_still_ours()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "file modes are Unix's");
        folder.MakeReadableByEveryone("");
        var issued = Issue("alice@example.org", to: Noon.AddDays(-1));
        folder.Write("alice@example.org.crt", issued.CertificatePem);
        folder.MakeReadableByEveryone("alice@example.org.crt");
        folder.Write("alice@example.org.key", issued.KeyPem);
        folder.SetMode("alice@example.org.key", "000");

        Unprivileged.Run(() => Assert.True(folder.Open().HoldsKeyOf(Address("alice@example.org"))));
    }

    public void Dispose()
    {
        folder.Dispose();
        elsewhere.Dispose();
    }

    private static string Name(Lookup<MailCertificate> found) =>
        found is Lookup<MailCertificate>.Found usable ? usable.Value.Certificate.Subject : throw new Xunit.Sdk.XunitException($"{found}");

    private static Rejection Why(Lookup<MailCertificate> found) =>
        found is Lookup<MailCertificate>.Unusable unusable ? unusable.Why : throw new Xunit.Sdk.XunitException($"{found}");

    private RecipientCertificates Open(CertificateOptions options) => new(new CertificateDirectory(options, time, log));

    private ValueTask<Lookup<MailCertificate>> Find(string recipient, CertificateOptions? options = null) =>
        Ask(Open(options ?? folder.Options), recipient);

    private static ValueTask<Lookup<MailCertificate>> Ask(RecipientCertificates source, string recipient = Bob) =>
        source.FindRecipientAsync(Address(recipient), TestContext.Current.CancellationToken);

    private CertificateOptions Configured(IssuedCertificate issued) => Configured(Elsewhere("configured.pem", issued));

    private CertificateOptions Configured(string file) =>
        folder.Options with { Recipients = new Dictionary<AddressPattern, string> { [AddressPattern.Parse(Bob)] = file } };

    private string Elsewhere(string name, params IssuedCertificate[] issued) =>
        elsewhere.Write(name, string.Concat(issued.Select(one => one.CertificatePem)));

    private void Expire(string name) => Elsewhere(name, Issue(Bob, to: Noon.AddDays(-1)));

    private string Harvested(string name, IssuedCertificate issued)
    {
        Directory.CreateDirectory(elsewhere.File("harvested"));
        elsewhere.Write($"harvested/{name}", issued.CertificatePem);
        return elsewhere.File("harvested");
    }

    private void WritePair(string below, IssuedCertificate issued)
    {
        Directory.CreateDirectory(folder.File(below));
        folder.Write(Path.Combine(below, "cert.pem"), issued.CertificatePem);
        folder.Write(Path.Combine(below, "private_key"), issued.KeyPem);
    }

    private IssuedCertificate Issue(
        string address, string? name = null, DateTimeOffset? from = null, DateTimeOffset? to = null,
        X509KeyUsageFlags usage = X509KeyUsageFlags.KeyAgreement) =>
        folder.Ca.Issue(Request(address) with { CommonName = name, KeyUsage = usage, NotBefore = from ?? Noon.AddDays(-3), NotAfter = to ?? Noon.AddDays(30) });

    private static TestCaRequest Request(params string[] addresses) => new(addresses)
    {
        KeyUsage = X509KeyUsageFlags.KeyAgreement,
        NotBefore = Noon.AddDays(-3),
        NotAfter = Noon.AddDays(30),
    };

    private sealed class Source(IssuedCertificate? issued) : ICertificateSource
    {
        public IssuedCertificate? Certificate { get; set; } = issued;

        public bool Fails { get; init; }

        public string Name => "ldap:example";

        public ValueTask<FoundCertificates> FindAsync(MailAddress address, CancellationToken cancellationToken = default) =>
            Fails ? throw new IOException("ldap:example does not answer")
            : ValueTask.FromResult(Certificate is null
                ? FoundCertificates.None
                : new FoundCertificates([MailCertificate.OfCorrespondent(X509Certificate2.CreateFromPem(Certificate.CertificatePem), Name)]));

        public ValueTask<SourceReport> ProbeAsync(CancellationToken cancellationToken = default) => throw new NotSupportedException();
    }
}
