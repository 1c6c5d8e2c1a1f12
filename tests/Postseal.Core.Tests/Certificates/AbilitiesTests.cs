using System.Formats.Asn1;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Postseal.Certificates;
using Postseal.Certificates.Formats;
using Postseal.Certificates.Store;
using Postseal.Program.Trial;
using Postseal.TestKit;
using static Postseal.TestKit.TestMail;

namespace Postseal.Tests.Certificates;

/// <summary>What somebody's program can read: as it announces it, and as it is kept beside the certificate.</summary>
public sealed class AbilitiesTests : IDisposable
{
    private const string Gcm256 = "2.16.840.1.101.3.4.1.46";
    private const string Cbc256 = "2.16.840.1.101.3.4.1.42";
    private const string Oaep = "1.2.840.113549.1.1.7";

    private static readonly DateTimeOffset Signed = new(2026, 11, 27, 10, 0, 0, TimeSpan.Zero);

    private readonly CertificateFolder folder = new();

    [Fact]
    public void The_order_is_the_recipients_and_each_algorithm_counts_once()
    {
        // AES-256-CBC, AES-128-CBC, Triple DES, RC2 with 128 and 40 bits.
        var encoded = Sequence([.. ((string[])
        [
            "300B060960864801650304012A", "300B0609608648016503040102", "300A06082A864886F70D0307",
            "300E06082A864886F70D030202020080", "300D06082A864886F70D0302020128",
        ]).Select(Convert.FromHexString)]);

        Assert.Equal(
            [Cbc256, "2.16.840.1.101.3.4.1.2", "1.2.840.113549.3.7", "1.2.840.113549.3.2"],
            Abilities.Read(encoded, Signed)?.Algorithms);
    }

    [Theory]
    [InlineData("300D06092A864886F70D0101070500", "SHA1")] // NULL
    [InlineData("300B06092A864886F70D010107", "SHA1")]
    [InlineData("300D06092A864886F70D0101073000", "SHA1")] // rSAES-OAEP-Default-Identifier
    [InlineData("301E06092A864886F70D0101073011A00F300D06096086480165030402010500", "SHA256")]
    [InlineData("301E06092A864886F70D0101073011A00F300D06096086480165030402030500", "SHA512")]
    [InlineData("301E06092A864886F70D0101073011A00F300D06096086480165030402090500", null)]
    public void OAEP_is_announced_with_a_digest(string capability, string? digest)
    {
        var abilities = Abilities.Read(Sequence(Convert.FromHexString(capability)), Signed);

        Assert.Equal(digest, abilities?.OaepDigest?.Name);
        Assert.Equal(digest is not null, abilities?.Has(Oaep));
    }

    [Theory]
    [InlineData("")]
    [InlineData("30")]
    [InlineData("3080300B060960864801650304012A0000")] // indefinite length
    [InlineData("300D300B060960864801650304012A00")] // something behind it
    [InlineData("300F300D060960864801650304012A05000500")]
    [InlineData("310D300B060960864801650304012A")] // a SET
    [InlineData("300D040B060960864801650304012A")]
    [InlineData("3011300F060960864801650304012A05000500")] // two parameters
    [InlineData("301130 0F06092A864886F70D0101070500 0500")]
    public void What_is_not_DER_of_that_kind_says_nothing(string encoded) =>
        Assert.Null(Abilities.Read(Convert.FromHexString(encoded.Replace(" ", "", StringComparison.Ordinal)), Signed));

    [Fact]
    public void More_than_any_program_announces_says_nothing()
    {
        var hundred = Enumerable.Range(1, 100).Select(i => Capability($"1.2.3.{i}")).ToArray();

        Assert.Equal(100, Abilities.Read(Sequence(hundred), Signed)?.Algorithms.Count);
        Assert.Null(Abilities.Read(Sequence([.. hundred, Capability("1.2.3.101")]), Signed));
        Assert.Null(Abilities.Read(Sequence(Capability("1.2.3." + new string('9', 8 * 1024))), Signed));
    }

    [Fact]
    public void What_openssl_announces_is_read()
    {
        Assert.SkipUnless(OpenSsl.IsHere, "openssl is not on this machine");
        var issued = folder.Ca.Issue(new TestCaRequest("bob@example.net"));
        using var openssl = new TemporaryDirectory();
        var (exitCode, _, errors) = OpenSsl.Run(
            "cms", "-sign", "-in", openssl.Write("text", "Hello"), "-signer", openssl.Write("signer.pem", issued.CertificatePem + issued.KeyPem),
            "-outform", "DER", "-out", openssl.File("signed"));
        Assert.True(exitCode == 0, errors);
        var signed = new System.Security.Cryptography.Pkcs.SignedCms();
        signed.Decode(File.ReadAllBytes(openssl.File("signed")));
        var attribute = signed.SignerInfos[0].SignedAttributes.Cast<CryptographicAttributeObject>().Single(found => found.Oid.Value == "1.2.840.113549.1.9.15");

        var abilities = Abilities.Read(attribute.Values[0].RawData, Signed);

        Assert.Equal(Cbc256, abilities?.Algorithms[0]);
    }

    // ---- The file -----------------------------------------------------------------------------------------------

    [Fact]
    public void What_was_written_is_read_again()
    {
        var abilities = new Abilities([Gcm256, Cbc256, Oaep, "1.2.3.4"]) { SignedAt = Signed, OaepDigest = HashAlgorithmName.SHA256 };
        var path = folder.File("bob@example.net.capabilities");

        AbilitiesFile.Write(path, abilities with { SignedAt = Signed.AddDays(-1) });
        AbilitiesFile.Write(path, abilities);

        Assert.Equal(abilities, AbilitiesFile.Read(path));
        Assert.Equal("signed 2026-11-27T10:00:00Z\naes256-gcm\naes256-cbc\nrsaes-oaep sha256\n1.2.3.4\n", File.ReadAllText(path));
        Assert.Equal([path], Directory.GetFiles(folder.Path));
    }

    [Fact]
    public void A_person_may_write_it_too()
    {
        var abilities = AbilitiesFile.Parse("", "# Bob's phone\r\n\r\nAES256-GCM  # best\r\n rsaes-oaep\r\n");

        Assert.Equal([Gcm256, Oaep], abilities.Algorithms);
        Assert.Equal(HashAlgorithmName.SHA1, abilities.OaepDigest);
        Assert.Null(abilities.SignedAt);
    }

    [Theory]
    [InlineData("aes265-gcm")]
    [InlineData("aes256-gcm sha256")]
    [InlineData("rsaes-oaep md5")]
    [InlineData("rsaes-oaep sha256 sha512")]
    [InlineData("1.2")]
    [InlineData("1.2.x")]
    [InlineData("1..2.3")]
    [InlineData("signed yesterday")]
    [InlineData("aes256-gcm\nsigned 2026-11-27T10:00:00Z")]
    [InlineData("signed 2026-11-27 10:00:00")]
    public void A_line_that_is_none_is_an_error(string text) =>
        Assert.Throws<CertificateFileException>(() => AbilitiesFile.Parse("bob.capabilities", text));

    [Fact]
    public void It_belongs_to_the_certificates_of_its_address()
    {
        Add("bob@example.net");
        Add("carol@example.net");
        folder.Write("Bob@example.net.capabilities", "aes256-gcm\n");
        folder.Write("dave@example.net.capabilities", "aes256-gcm\n");
        var directory = folder.Open();

        Assert.Equal([Gcm256], Found(directory, "bob@example.net").Abilities?.Algorithms);
        Assert.Null(Found(directory, "carol@example.net").Abilities);
        var unused = Assert.Single(new DirectoryCatalog(directory).Unused());
        Assert.EndsWith("dave@example.net.capabilities", unused.Path, StringComparison.Ordinal);
        Assert.Contains("it has no certificate beside it", unused.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public void One_that_changes_is_read_again_and_a_broken_one_keeps_nobody_from_being_encrypted_to()
    {
        var time = new SettableTime(DateTimeOffset.UtcNow);
        var log = new LineCollector();
        var directory = new CertificateDirectory(folder.Options, time, log);
        Add("bob@example.net");
        folder.Write("bob@example.net.capabilities", "aes256-gcm\n");
        Assert.Equal([Gcm256], Found(directory, "bob@example.net").Abilities?.Algorithms);

        folder.Write("bob@example.net.capabilities", "aes256-cbc\naes256-gcm\n");
        time.Now += TimeSpan.FromSeconds(3);
        Assert.Equal([Cbc256, Gcm256], Found(directory, "bob@example.net").Abilities?.Algorithms);

        folder.Write("bob@example.net.capabilities", "nonsense\n");
        time.Now += TimeSpan.FromSeconds(3);
        Assert.Null(Found(directory, "bob@example.net").Abilities);
        Assert.Contains("has the line 'nonsense'", Assert.Single(log.Lines), StringComparison.Ordinal);
    }

    public void Dispose() => folder.Dispose();

    private void Add(string address) => folder.Write(
        $"{address}.crt", folder.Ca.Issue(new TestCaRequest(address) { KeyUsage = X509KeyUsageFlags.KeyAgreement }).CertificatePem);

    private static MailCertificate Found(CertificateDirectory directory, string address) =>
        Assert.IsType<Lookup<MailCertificate>.Found>(directory.FindRecipient(Address(address))).Value;

    private static byte[] Sequence(params byte[][] values)
    {
        var writer = new AsnWriter(AsnEncodingRules.DER);
        using (writer.PushSequence())
        {
            foreach (var value in values)
                writer.WriteEncodedValue(value);
        }

        return writer.Encode();
    }

    private static byte[] Capability(string algorithm)
    {
        var writer = new AsnWriter(AsnEncodingRules.DER);
        using (writer.PushSequence())
            writer.WriteObjectIdentifier(algorithm);
        return writer.Encode();
    }
}
