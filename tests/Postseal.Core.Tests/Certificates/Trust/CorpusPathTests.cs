using System.Globalization;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json;
using Postseal.Certificates;
using Postseal.Certificates.Trust;
using Postseal.Mail;
using Postseal.Smime;
using Postseal.TestKit;
using static Postseal.Tests.Certificates.Trust.Signers;

namespace Postseal.Tests.Certificates.Trust;

/// <summary>
/// The certificate paths of other projects, with what they expect of them. Where we differ the difference is named here with its
/// reason; it fails the test when there is another, and when there is one less.
/// </summary>
public sealed class CorpusPathTests : IDisposable
{
    private static readonly string Folder = Repository.File("../shared/corpora");

    private readonly Signers signers = new();

    /// <summary>NIST's tests as signed mail, but for those in which only a CRL is wrong.</summary>
    [Fact]
    public void Pkits()
    {
        SkipWithoutCorpora();
        int[] aboutRevocation = [3, 8, 12, 23, 35, 36, 54]; // X509_V_ERR_UNABLE_TO_GET_CRL and others
        var trust = signers.Trust(new OddCa(Load("pkits-smime/certs/TrustAnchorRootCertificate.crt"), ECDsa.Create()));
        using var tests = JsonDocument.Parse(File.ReadAllText(Path.Combine(Folder, "pkits-smime/expected-dev.json")));
        var found = new List<(string Id, bool Expected, SignerStanding Standing)>();
        foreach (var test in tests.RootElement.EnumerateArray())
        {
            if (aboutRevocation.Contains(test.GetProperty("openssl_error").GetInt32()))
                continue;
            var message = MailMessage.Parse(File.ReadAllBytes(Path.Combine(Folder, "pkits-smime", test.GetProperty("file").GetString()!)));
            var signedData = Assert.IsType<ReceivedLayer.Signed>(ReceivedLayer.Of(message)).SignedData;
            ReceivedCertificate[] bag = [.. signedData.Certificates.Select(new ReceivedCertificates().Get).OfType<ReceivedCertificate>()];
            var signer = bag.Single(certificate => signedData.Signers[0].Matches(certificate.Certificate));
            found.Add((test.GetProperty("id").GetString()!, test.GetProperty("expected").GetString() == "valid", trust.Check(signer, bag)));
        }

        Assert.Equal(51, found.Count);
        // DSA is verified by nobody here (RFC 8551 has it for historic mail alone).
        Assert.Equal(["4.1.4", "4.1.5"], found.Where(test => test.Expected != (test.Standing.Kind == StandingKind.Trusted)).Select(test => test.Id));
        Assert.All(found.Where(test => test.Id.StartsWith("4.2.", StringComparison.Ordinal) && !test.Expected), test => Assert.Equal(StandingKind.NotValid, test.Standing.Kind));
    }

    [Fact]
    public void X509_limbo()
    {
        SkipWithoutCorpora();
        const string server = "what names a server has is nobody's concern here";
        const string form = "CAs have to write it otherwise, and readers need not refuse it (RFC 5280 section 4)";
        const string purpose = "what the signer's own certificate is for is looked at before its chain";
        const string notRoot = "no path ends at an anchor that is no root";
        const string second = "the platform has it end a second earlier";
        var differences = new Dictionary<string, string>
        {
            ["cve::cve-2024-0567"] = notRoot,
            ["cve::cve-2025-61727"] = server,
            ["rfc5280::aki::intermediate-missing-aki"] = form,
            ["rfc5280::aki::leaf-missing-aki"] = form,
            ["rfc5280::ca-as-leaf-wrong-san"] = server,
            ["rfc5280::eku::ee-eku-empty"] = purpose,
            ["rfc5280::eku::ee-wrong-eku"] = purpose,
            ["rfc5280::leaf-ku-keycertsign"] = purpose,
            ["rfc5280::nc::invalid-dnsname-leading-period"] = server,
            ["rfc5280::nc::nc-forbids-dnsname-wildcard-san"] = server,
            ["rfc5280::nc::nc-permits-invalid-dns-san"] = server,
            ["rfc5280::nc::nc-permits-invalid-email-san"] = "an address that is none names nobody",
            ["rfc5280::nc::not-allowed-in-ee-critical"] = form,
            ["rfc5280::nc::not-allowed-in-ee-noncritical"] = form,
            ["rfc5280::nc::permitted-dns-match-noncritical"] = form,
            ["rfc5280::pc::ica-noncritical-pc"] = form,
            ["rfc5280::root-and-intermediate-swapped"] = notRoot,
            ["rfc5280::root-missing-basic-constraints"] = form,
            ["rfc5280::root-non-critical-basic-constraints"] = form,
            ["rfc5280::san::ip-in-dns"] = server,
            ["rfc5280::san::noncritical-with-empty-subject"] = form,
            ["rfc5280::san::underscore-dns"] = server,
            ["rfc5280::serial::too-long"] = form,
            ["rfc5280::serial::zero"] = form,
            ["rfc5280::ski::intermediate-missing-ski"] = form,
            ["rfc5280::ski::root-missing-ski"] = form,
            ["rfc5280::validity::notafter-exact"] = second,
            ["rfc5280::validity::notafter-fractional"] = second,
        };
        using var all = JsonDocument.Parse(File.ReadAllText(Path.Combine(Folder, "x509-limbo/limbo-nobettertls.json")));
        var tests = all.RootElement.GetProperty("testcases").EnumerateArray().Where(AppliesToMail).ToArray();

        var different = tests.Where(test => (test.GetProperty("expected_result").GetString() == "SUCCESS") != (Check(test) is null));

        Assert.InRange(tests.Length, 100, 200);
        Assert.Equal(differences.Keys, different.Select(test => test.GetProperty("id").GetString()!).Order(StringComparer.Ordinal));
    }

    [Fact]
    public void Botan_finds_paths()
    {
        SkipWithoutCorpora();
        var builds = BotanFolder("path_building");

        for (var i = 1; i <= 7; i++)
            Assert.Null(Check(Load($"{builds}/end0{i}.pem"), [Load($"{builds}/root.pem")], LoadAll(builds, "level*.pem"), Noon));
        var mesh = BotanFolder("cross_signed_mesh");
        Assert.Null(Check(Load($"{mesh}/leaf.pem"), [Load($"{mesh}/root_a.pem")], [.. LoadAll(mesh, "cross*.pem"), .. LoadAll(mesh, "int*.pem")], Noon));
    }

    /// <summary>NIST's older tests; those in which only a CRL is wrong end well.</summary>
    [Fact]
    public void Botan_validates_paths()
    {
        SkipWithoutCorpora();
        var folder = BotanFolder("nist");
        foreach (var (test, verdict) in ReadLines($"{folder}/expected.txt"))
        {
            var isGood = verdict is "Verified" or "Certificate is revoked" or "No revocation data" || verdict.Contains("CRL", StringComparison.Ordinal);
            var reason = Check(Load($"{folder}/{test}/end.crt"), [Load($"{folder}/root.crt")], LoadAll($"{folder}/{test}", "int*.crt"), Noon);
            Assert.True(isGood == reason is null, $"{test}: {verdict}, and we say: {reason ?? "valid"}");
        }
    }

    [Fact]
    public void Botan_verifies_PSS()
    {
        SkipWithoutCorpora();
        var folder = BotanFolder("pss_certs");
        var years = ReadLines($"{folder}/validation_times.txt").ToDictionary();
        // A salt of 226 bytes with SHA-224, which .NET has not.
        var different = from line in ReadLines($"{folder}/expected.txt")
                        where File.Exists(Path.Combine(Folder, folder, line.Key, "root.crt"))
                        let now = new DateTimeOffset(int.Parse(years[line.Key], CultureInfo.InvariantCulture), 1, 1, 0, 0, 1, TimeSpan.Zero)
                        let reason = Check(Load($"{folder}/{line.Key}/end.crt"), [Load($"{folder}/{line.Key}/root.crt")], LoadAll($"{folder}/{line.Key}", "int*.crt"), now)
                        where (line.Value == "Verified" || line.Value.StartsWith("CRL", StringComparison.Ordinal)) != reason is null
                        select $"{line.Key} {line.Value}: {reason}";

        Assert.StartsWith("101 Verified:", Assert.Single(different), StringComparison.Ordinal);
    }

    /// <summary>RSA and Ed25519, with CAs that certified each other: each signer is trusted under either root.</summary>
    [Theory]
    [InlineData("rsa-ca", "ed25519-ca-cross", "alice", "bob")]
    [InlineData("ed25519-ca", "rsa-ca-cross", "carlos", "dana")]
    public void Rfc_9216(string root, string cross, params string[] names)
    {
        SkipWithoutCorpora();
        var other = root == "rsa-ca" ? "ed25519-ca" : "rsa-ca";
        foreach (var name in names)
        {
            var signer = Load($"rfc9216/{name}.sign.crt");

            Assert.Equal(StandingKind.Trusted, signers.Check(signer, [AsAnchor($"rfc9216/{root}.crt")]).Kind);
            Assert.Equal(StandingKind.Untrusted, signers.Check(signer, [AsAnchor($"rfc9216/{other}.crt")]).Kind);
            X509Certificate2[] crosses = [Load($"rfc9216/{cross}.crt"), Load($"rfc9216/{(cross == "rsa-ca-cross" ? "ed25519-ca-cross" : "rsa-ca-cross")}.crt")];
            var standing = signers.Check(signer, [AsAnchor($"rfc9216/{other}.crt")], crosses);
            Assert.True(standing.Kind == StandingKind.Trusted, standing.Why);
            Assert.Equal(3, standing.Chain.Count);
            Assert.Equal(StandingKind.NotForMail, signers.Check(Load($"rfc9216/{name}.encrypt.crt"), [AsAnchor($"rfc9216/{root}.crt")]).Kind);
        }
    }

    [Fact]
    public void Thunderbird()
    {
        SkipWithoutCorpora();
        Assert.SkipUnless(OpenSsl.IsHere, "openssl is not on this machine");
        const string folder = "thunderbird-smime/mailnews/test/data/smime";
        var root = new OddCa(Load($"{folder}/TestCA.pem"), ECDsa.Create());
        var files = Directory.GetFiles(Path.Combine(Folder, folder), "*.p12");
        foreach (var file in files)
        {
            foreach (var certificate in X509CertificateLoader.LoadPkcs12CollectionFromFile(file, "nss"))
            {
                var standing = signers.Check(certificate, [root]);
                Assert.True(IsVerified(certificate, root) == (standing.Kind == StandingKind.Trusted), $"{file}, {certificate.Subject}: {standing.Why}");
            }
        }

        Assert.InRange(files.Length, 5, 20);
    }

    /// <summary>Whose certificate is for signing mail, as openssl sees it.</summary>
    [Fact]
    public void Zlint()
    {
        SkipWithoutCorpora();
        Assert.SkipUnless(OpenSsl.IsHere, "openssl is not on this machine");
        var files = Directory.GetFiles(Path.Combine(Folder, "zlint-smime"), "*.pem", SearchOption.AllDirectories);
        var different = new List<string>();
        foreach (var file in files.Order(StringComparer.Ordinal))
        {
            var (_, purposes, errors) = OpenSsl.Run("x509", "-purpose", "-noout", "-in", file);
            Assert.True(purposes.Length > 0, errors);
            var text = File.ReadAllText(file);
            var pem = text[text.IndexOf("-----BEGIN CERTIFICATE", StringComparison.Ordinal)..];
            var received = new ReceivedCertificates().Get(Convert.FromBase64String(pem[PemEncoding.Find(pem).Base64Data]));
            if (purposes.Contains("S/MIME signing : Yes", StringComparison.Ordinal) != (received is { CannotSign: null }))
                different.Add(Path.GetFileName(file));
        }

        Assert.InRange(files.Length, 150, 200);
        // A keyUsage without any bit allows nothing (RFC 5280 section 4.2.1.3), and openssl takes it for none.
        Assert.Equal(["ec_no_key_usages.pem", "rsa_no_key_usages.pem"], different);
    }

    public void Dispose() => signers.Dispose();

    private static void SkipWithoutCorpora() => Assert.SkipUnless(Directory.Exists(Folder), "../shared/corpora is not there");

    /// <summary>Leaves out the rules of web browsers, what is about CRLs, and what asks for another limit than ours.</summary>
    private static bool AppliesToMail(JsonElement test)
    {
        var id = test.GetProperty("id").GetString()!;
        return !id.StartsWith("webpki::", StringComparison.Ordinal) && !id.StartsWith("crl::", StringComparison.Ordinal)
            && !test.GetProperty("features").EnumerateArray().Any(feature => feature.GetString() == "max-chain-depth");
    }

    private static string? Check(JsonElement test)
    {
        var now = test.GetProperty("validation_time").GetString() is { } time
            ? DateTimeOffset.Parse(time, CultureInfo.InvariantCulture)
            : Noon;
        return Check(X509Certificate2.CreateFromPem(test.GetProperty("peer_certificate").GetString()!), All("trusted_certs"), All("untrusted_intermediates"), now);

        X509Certificate2[] All(string name) =>
            [.. test.GetProperty(name).EnumerateArray().Select(pem => X509Certificate2.CreateFromPem(pem.GetString()!))];
    }

    /// <summary>Looks for a path that is valid, however weak, whatever for.</summary>
    private static string? Check(X509Certificate2 certificate, X509Certificate2[] anchors, X509Certificate2[] between, DateTimeOffset now)
    {
        if (!CertificateRules.IsReadable(certificate))
            return "it leaves in doubt what it says";
        if (CertificateRules.CheckDates(certificate, now) is { } dates)
            return dates.Message;
        var graph = new IssuerGraph(certificate, CertificateChain.BySubject(anchors), CertificateChain.BySubject(between));
        var reasons = graph.Paths(now).Take(PathValidation.MaxPaths).Select(path => PathValidation.Check(path, now)).ToArray();
        return reasons.Length == 0 ? graph.WhyNone() : reasons.Contains(null) ? null : reasons[0];
    }

    private static bool IsVerified(X509Certificate2 certificate, OddCa root)
    {
        using var files = new TemporaryDirectory();
        return OpenSsl.Run(
            "verify", "-purpose", "smimesign", "-attime", Noon.ToUnixTimeSeconds().ToString(CultureInfo.InvariantCulture),
            "-CAfile", files.Write("root.pem", root.Pem), files.Write("leaf.pem", certificate.ExportCertificatePem())).ExitCode == 0;
    }

    private static string BotanFolder(string name) => $"botan-x509/src/tests/data/x509/{name}";

    private static OddCa AsAnchor(string file) => new(Load(file), ECDsa.Create());

    private static X509Certificate2 Load(string file) => X509CertificateLoader.LoadCertificateFromFile(Path.Combine(Folder, file));

    private static X509Certificate2[] LoadAll(string folder, string pattern) =>
        [.. Directory.GetFiles(Path.Combine(Folder, folder), pattern).Order(StringComparer.Ordinal).Select(X509CertificateLoader.LoadCertificateFromFile)];

    private static IEnumerable<KeyValuePair<string, string>> ReadLines(string file) =>
        from line in File.ReadAllLines(Path.Combine(Folder, file))
        where line.Contains(':', StringComparison.Ordinal) && !line.StartsWith('#')
        let colon = line.IndexOf(':', StringComparison.Ordinal)
        select KeyValuePair.Create(line[..colon], line[(colon + 1)..]);
}
