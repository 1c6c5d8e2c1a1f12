using System.Formats.Asn1;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Postseal.Certificates;
using Postseal.Certificates.Store;
using Postseal.Certificates.Trust;
using Postseal.Mail;
using Postseal.Program.Trial;
using Postseal.TestKit;
using static Postseal.TestKit.TestMail;

namespace Postseal.Tests.Certificates.Trust;

/// <summary>With <c>[Trust] ForEncryption = yes</c> a CA that is trusted stands behind each certificate that is encrypted to.</summary>
public sealed class TrustTests : IDisposable
{
    private const string Bob = "bob@example.net";

    private static readonly DateTimeOffset Noon = new(2026, 11, 22, 12, 0, 0, TimeSpan.Zero);

    private readonly SettableTime time = new(Noon);
    private readonly CertificateFolder folder;
    private readonly TemporaryDirectory anchors = new();
    private readonly LineCollector log = new();

    public TrustTests() => folder = new CertificateFolder(time);

    [Fact]
    public async Task A_chain_that_ends_at_an_anchor_is_trusted_and_any_other_is_not()
    {
        using var other = new TestCa("Other", time, TestKeys.Create);
        folder.Write(Bob, Issue(folder.Ca, Bob));
        folder.Write("carol@example.net", Issue(other, "carol@example.net"));
        var recipients = Open(anchors.Write("anchors.pem", Pem(folder.Ca.Root)));

        AssertTrusted(await Ask(recipients));
        AssertUntrusted(await Ask(recipients, "carol@example.net"));
    }

    [Fact]
    public async Task Nothing_is_asked_where_the_settings_do_not_ask_for_it()
    {
        folder.Write(Bob, Issue(folder.Ca, Bob));

        AssertTrusted(await Ask(Open(new TrustOptions { Anchors = anchors.File("nowhere") })));
    }

    [Fact]
    public async Task Without_anchors_nobody_is_trusted()
    {
        folder.Write(Bob, Issue(folder.Ca, Bob));

        AssertUntrusted(await Ask(Open(new TrustOptions { ForEncryption = true })));
    }

    [Theory]
    [InlineData("beside it")]
    [InlineData("in the directory")]
    [InlineData("among the anchors")]
    [InlineData("nowhere")]
    public async Task The_intermediate_is_taken_from_where_it_is(string where)
    {
        folder.Write(Bob, Issue(folder.Ca, Bob, withChain: where == "beside it"));
        if (where == "in the directory")
            folder.Write("chain.pem", Pem(folder.Ca.Intermediate));
        var found = await Ask(Open(anchors.Write("anchors.pem", Pem(folder.Ca.Root) + (where == "among the anchors" ? Pem(folder.Ca.Intermediate) : ""))));

        if (where == "nowhere")
            AssertUntrusted(found);
        else
            AssertTrusted(found);
    }

    [Fact]
    public async Task An_intermediate_that_a_source_has_later_completes_the_chain_then()
    {
        // A source reads each certificate once, whatever is beside it.
        var certificate = X509Certificate2.CreateFromPem(Issue(folder.Ca, Bob, withChain: false));
        var source = new Source(certificate);
        var file = anchors.Write("anchors.pem", Pem(folder.Ca.Root));
        // Neither is read anew: they did not change lately.
        File.SetLastWriteTimeUtc(file, Noon.AddHours(-1).UtcDateTime);
        Directory.SetLastWriteTimeUtc(folder.Path, Noon.AddHours(-1).UtcDateTime);
        var directory = new CertificateDirectory(Options(file), time, log);
        var recipients = new RecipientCertificates(directory, source);
        AssertUntrusted(await Ask(recipients));

        source.Beside = [certificate, folder.Ca.Intermediate];

        AssertTrusted(await Ask(recipients));
    }

    [Fact]
    public async Task The_administrators_intermediates_complete_the_chains_of_what_was_learned()
    {
        folder.Write("chain.pem", Pem(folder.Ca.Intermediate));
        Directory.CreateDirectory(anchors.File("harvested"));
        anchors.Write($"harvested/{Bob}", Issue(folder.Ca, Bob, withChain: false));
        var options = Options(anchors.Write("anchors.pem", Pem(folder.Ca.Root))) with { HarvestedPath = anchors.File("harvested") };

        AssertTrusted(await Ask(new RecipientCertificates(folder.Open(options))));
    }

    [Fact]
    public async Task A_certificate_that_the_settings_name_is_held_to_it_as_well()
    {
        using var other = new TestCa("Other", time, TestKeys.Create);
        var file = anchors.Write("bob.pem", Issue(other, Bob));
        var options = Options(anchors.Write("anchors.pem", Pem(folder.Ca.Root))) with
        {
            Recipients = new Dictionary<AddressPattern, string> { [AddressPattern.Parse(Bob)] = file },
        };

        AssertUntrusted(await Ask(new RecipientCertificates(folder.Open(options))));
    }

    [Fact]
    public async Task A_certificate_that_is_an_anchor_itself_needs_no_chain()
    {
        using var other = new TestCa("Other", time, TestKeys.Create);
        var pem = Issue(other, Bob, withChain: false);
        folder.Write(Bob, pem);

        AssertTrusted(await Ask(Open(anchors.Write("anchors.pem", pem))));
    }

    [Fact]
    public async Task An_untrusted_certificate_does_not_block_a_trusted_one()
    {
        using var other = new TestCa("Other", time, TestKeys.Create);
        folder.Write($"{Bob}@enc", Issue(other, Bob));
        folder.Write(Bob, Issue(folder.Ca, Bob));

        AssertTrusted(await Ask(Open(anchors.Write("anchors.pem", Pem(folder.Ca.Root)))));
    }

    [Theory]
    [InlineData("1.3.6.1.5.5.7.3.4", true)]
    [InlineData("2.5.29.37.0", true)]
    [InlineData(null, true)]
    public async Task The_purposes_of_the_certificate_are_those_that_may_be_encrypted_to(string? purpose, bool trusted)
    {
        folder.Write(Bob, Issue(folder.Ca, Bob, purpose: purpose));

        Assert.Equal(trusted, await Ask(Open(anchors.Write("anchors.pem", Pem(folder.Ca.Root)))) is Lookup<MailCertificate>.Found);
    }

    [Theory]
    [InlineData("1.3.6.1.5.5.7.3.1", false)]
    [InlineData("1.3.6.1.5.5.7.3.4", true)]
    [InlineData("2.5.29.37.0", true)]
    public async Task A_CA_for_other_purposes_issues_nothing_for_mail(string purpose, bool trusted)
    {
        var root = OddCa.Root("CN=Root", Noon.AddDays(-9), Noon.AddDays(9));
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        X509Extension[] extensions = [new X509BasicConstraintsExtension(true, false, 0, critical: true), new X509EnhancedKeyUsageExtension([new(purpose)], critical: false)];
        var issuer = new OddCa(root.Issue(new("CN=Issuer"), key, extensions, Noon.AddDays(-1), Noon.AddDays(2)), key);
        folder.Write(Bob, Mail(issuer) + issuer.Pem);

        Assert.Equal(trusted, await Ask(Open(anchors.Write("anchors.pem", root.Pem))) is Lookup<MailCertificate>.Found);
    }

    [Fact]
    public async Task A_chain_is_held_against_the_clock_again_and_again()
    {
        var root = OddCa.Root("CN=Root", Noon.AddDays(-9), Noon.AddDays(9));
        var intermediate = root.Issue(new IssuerRequest(new("CN=Intermediate"), Noon.AddDays(1), Noon.AddDays(2)));
        folder.Write(Bob, Mail(intermediate) + intermediate.Pem);
        var recipients = Open(anchors.Write("anchors.pem", root.Pem));

        AssertUntrusted(await Ask(recipients));
        time.Now = Noon.AddDays(1.5);
        AssertTrusted(await Ask(recipients));
        time.Now = Noon.AddDays(3);
        AssertUntrusted(await Ask(recipients));
    }

    [Fact]
    public async Task An_issuer_whose_signature_anybody_can_make_is_not_trusted()
    {
        var root = OddCa.Root("CN=Root", Noon.AddDays(-9), Noon.AddDays(9));
        var weak = root.Issue(new IssuerRequest(new("CN=Intermediate"), Noon.AddDays(-1), Noon.AddDays(2)) { Digest = HashAlgorithmName.MD5 });
        folder.Write(Bob, Mail(weak) + weak.Pem);

        AssertUntrusted(await Ask(Open(anchors.Write("anchors.pem", root.Pem))));
    }

    [Fact]
    public async Task Somebody_whose_certificate_is_no_CAs_issues_nothing()
    {
        var root = OddCa.Root("CN=Root", Noon.AddDays(-9), Noon.AddDays(9));
        var person = root.Issue(new IssuerRequest(new("CN=Mallory"), Noon.AddDays(-1), Noon.AddDays(2)) { IsCa = false });
        folder.Write(Bob, Mail(person) + person.Pem);

        AssertUntrusted(await Ask(Open(anchors.Write("anchors.pem", root.Pem))));
    }

    [Fact]
    public async Task A_CA_that_is_limited_to_other_domains_issues_for_them_alone()
    {
        var root = OddCa.Root("CN=Root", Noon.AddDays(-9), Noon.AddDays(9));
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        X509Extension[] extensions =
        [
            new X509BasicConstraintsExtension(true, false, 0, critical: true), PermittedMail("example.com"),
            new X509SubjectKeyIdentifierExtension(new PublicKey(key), critical: false),
        ];
        var limited = new OddCa(root.Issue(new("CN=Limited"), key, extensions, Noon.AddDays(-1), Noon.AddDays(2)), key);
        folder.Write(Bob, Mail(limited) + limited.Pem);
        folder.Write("bob@example.com", Mail(limited, "bob@example.com") + limited.Pem);
        var recipients = Open(anchors.Write("anchors.pem", root.Pem));

        AssertUntrusted(await Ask(recipients));
        AssertTrusted(await Ask(recipients, "bob@example.com"));
    }

    // ---- Where the anchors are ----------------------------------------------------------------------------------

    [Theory]
    [InlineData("bundle")]
    [InlineData("DER")]
    [InlineData("PKCS #7")]
    [InlineData("plain directory")]
    [InlineData("hashed directory")]
    public async Task Anchors_are_read_from(string form)
    {
        using var other = new TestCa("Other", time, TestKeys.Create);
        folder.Write(Bob, Issue(folder.Ca, Bob));
        using var third = new TestCa("Third", time, TestKeys.Create);
        folder.Write("carol@example.net", Issue(third, "carol@example.net"));
        var path = anchors.File("anchors");
        switch (form)
        {
            case "bundle":
                anchors.Write("anchors", "the CAs we trust\n" + Pem(other.Root) + Pem(folder.Ca.Root));
                break;
            case "DER":
                File.WriteAllBytes(path, folder.Ca.Root.RawData);
                break;
            case "PKCS #7":
                File.WriteAllBytes(path, new X509Certificate2Collection { other.Root, folder.Ca.Root }.Export(X509ContentType.Pkcs7)!);
                break;
            default:
                Directory.CreateDirectory(path);
                anchors.Write("anchors/README", "Put CAs here");
                anchors.Write("anchors/other.pem", Pem(other.Root));
                anchors.Write("anchors/trial.crt", Pem(folder.Ca.Root));
                if (form == "hashed directory")
                    Rehash(path);
                break;
        }

        var recipients = Open(path);

        AssertTrusted(await Ask(recipients));
        AssertUntrusted(await Ask(recipients, "carol@example.net"));
        Assert.Empty(log.Lines);
    }

    [Fact]
    public void The_machines_anchors_are_those_of_its_own_store()
    {
        using var machine = new X509Store(StoreName.Root, StoreLocation.LocalMachine);
        machine.Open(OpenFlags.ReadOnly);

        Assert.Equal(machine.Certificates.Count, new TrustAnchors(TrustOptions.System, time, _ => { }).Current().Count);
    }

    [Fact]
    public async Task On_a_machine_that_does_not_know_the_CA_it_is_not_trusted()
    {
        folder.Write(Bob, Issue(folder.Ca, Bob));

        AssertUntrusted(await Ask(Open(TrustOptions.System)));
    }

    [Fact]
    public async Task Anchors_that_change_are_read_again()
    {
        using var other = new TestCa("Other", time, TestKeys.Create);
        folder.Write(Bob, Issue(folder.Ca, Bob));
        var recipients = Open(anchors.Write("anchors.pem", Pem(other.Root)));
        AssertUntrusted(await Ask(recipients));

        anchors.Write("anchors.pem", Pem(folder.Ca.Root));
        time.Now += TimeSpan.FromSeconds(3);
        AssertTrusted(await Ask(recipients));

        anchors.Write("anchors.pem", Pem(other.Root));
        time.Now += TimeSpan.FromSeconds(3);
        AssertUntrusted(await Ask(recipients));
    }

    [Fact]
    public async Task A_file_in_a_directory_of_anchors_that_comes_or_goes_is_noticed()
    {
        Directory.CreateDirectory(anchors.File("anchors"));
        folder.Write(Bob, Issue(folder.Ca, Bob));
        var recipients = Open(anchors.File("anchors"));
        AssertUntrusted(await Ask(recipients));

        anchors.Write("anchors/trial.pem", Pem(folder.Ca.Root));
        time.Now += TimeSpan.FromSeconds(3);
        AssertTrusted(await Ask(recipients));

        File.Delete(anchors.File("anchors/trial.pem"));
        time.Now += TimeSpan.FromSeconds(3);
        AssertUntrusted(await Ask(recipients));
    }

    [Fact]
    public async Task Anchors_that_are_half_written_change_nothing_and_are_told_once()
    {
        folder.Write(Bob, Issue(folder.Ca, Bob));
        var recipients = Open(anchors.Write("anchors.pem", Pem(folder.Ca.Root)));
        AssertTrusted(await Ask(recipients));

        anchors.Write("anchors.pem", Pem(folder.Ca.Root)[..100]);
        for (var look = 0; look < 3; look++)
        {
            time.Now += TimeSpan.FromSeconds(3);
            AssertTrusted(await Ask(recipients));
        }

        Assert.Contains("until that is mended, what was there before is trusted", Assert.Single(log.Lines), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Anchors_that_cannot_be_read_are_a_failure_and_not_a_refusal()
    {
        folder.Write(Bob, Issue(folder.Ca, Bob));
        var recipients = Open(anchors.File("gone.pem"));

        await Assert.ThrowsAsync<IOException>(async () => await Ask(recipients));

        anchors.Write("gone.pem", Pem(folder.Ca.Root));
        AssertTrusted(await Ask(recipients));
        File.Delete(anchors.File("gone.pem"));
        time.Now += TimeSpan.FromSeconds(3);
        await Assert.ThrowsAsync<IOException>(async () => await Ask(recipients));
    }

    [Fact]
    public async Task A_broken_file_in_a_directory_of_anchors_is_told_and_the_others_hold()
    {
        Directory.CreateDirectory(anchors.File("anchors"));
        folder.Write(Bob, Issue(folder.Ca, Bob));
        anchors.Write("anchors/trial.pem", Pem(folder.Ca.Root));
        anchors.Write("anchors/broken.pem", Pem(folder.Ca.Root)[..100]);

        AssertTrusted(await Ask(Open(anchors.File("anchors"))));
        Assert.Contains("broken.pem is truncated", Assert.Single(log.Lines), StringComparison.Ordinal);
    }

    public void Dispose()
    {
        folder.Dispose();
        anchors.Dispose();
    }

    private sealed class Source(X509Certificate2 certificate) : ICertificateSource
    {
        public X509Certificate2[] Beside { get; set; } = [];

        public string Name => "ldap:example";

        public ValueTask<FoundCertificates> FindAsync(MailAddress address, CancellationToken cancellationToken = default) =>
            ValueTask.FromResult(new FoundCertificates([MailCertificate.OfCorrespondent(certificate, Name, Beside)]));

        public ValueTask<SourceReport> ProbeAsync(CancellationToken cancellationToken = default) => throw new NotSupportedException();
    }

    private static void AssertTrusted(Lookup<MailCertificate> found) => Assert.IsType<Lookup<MailCertificate>.Found>(found);

    private static void AssertUntrusted(Lookup<MailCertificate> found)
    {
        var why = Assert.IsType<Lookup<MailCertificate>.Unusable>(found).Why;
        Assert.Equal(RejectionKind.Untrusted, why.Kind);
        Assert.Contains("cannot be encrypted to: no CA in [Trust] Anchors stands behind it", why.Message, StringComparison.Ordinal);
    }

    private static ValueTask<Lookup<MailCertificate>> Ask(RecipientCertificates recipients, string recipient = Bob) =>
        recipients.FindRecipientAsync(Address(recipient), TestContext.Current.CancellationToken);

    private RecipientCertificates Open(string path) => Open(new TrustOptions { Anchors = path, ForEncryption = true });

    private RecipientCertificates Open(TrustOptions trust) =>
        new(new CertificateDirectory(folder.Options with { Trust = trust }, time, log));

    private CertificateOptions Options(string path) =>
        folder.Options with { Trust = new TrustOptions { Anchors = path, ForEncryption = true } };

    private static string Issue(TestCa ca, string address, bool withChain = true, string? purpose = "1.3.6.1.5.5.7.3.4")
    {
        var issued = ca.Issue(new TestCaRequest(address) { KeyUsage = X509KeyUsageFlags.KeyAgreement, ExtendedKeyUsage = purpose });
        return issued.CertificatePem + (withChain ? issued.ChainPem : "");
    }

    private static string Mail(OddCa ca, string address = Bob)
    {
        var pem = ca.IssueMail(address, Noon.AddDays(-1), Noon.AddDays(5));
        return pem[pem.IndexOf("-----BEGIN CERTIFICATE", StringComparison.Ordinal)..];
    }

    private static string Pem(X509Certificate2 certificate) => certificate.ExportCertificatePem() + "\n";

    /// <summary>NameConstraints ::= SEQUENCE { permittedSubtrees [0] GeneralSubtrees, … } (RFC 5280 section 4.2.1.10)</summary>
    private static X509Extension PermittedMail(string domain)
    {
        var writer = new AsnWriter(AsnEncodingRules.DER);
        using (writer.PushSequence())
        using (writer.PushSequence(new Asn1Tag(TagClass.ContextSpecific, 0)))
        using (writer.PushSequence())
            writer.WriteCharacterString(UniversalTagNumber.IA5String, domain, new Asn1Tag(TagClass.ContextSpecific, 1));
        return new X509Extension("2.5.29.30", writer.Encode(), critical: true);
    }

    /// <summary>Names the files as OpenSSL looks for them, with nothing left but the hashed names.</summary>
    private static void Rehash(string directory)
    {
        Assert.SkipUnless(OpenSsl.IsHere, "openssl is not on this machine");
        foreach (var file in Directory.GetFiles(directory).Where(file => !file.EndsWith("README", StringComparison.Ordinal)))
        {
            var (exitCode, hash, errors) = OpenSsl.Run("x509", "-subject_hash", "-noout", "-in", file);
            Assert.True(exitCode == 0, errors);
            File.Move(file, Path.Combine(directory, hash.Trim() + ".0"));
        }
    }
}
