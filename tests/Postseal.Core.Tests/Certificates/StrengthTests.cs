using System.Formats.Asn1;
using System.Numerics;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Postseal.Certificates;
using Postseal.Certificates.Formats;
using Postseal.Certificates.Store;
using Postseal.Mail;
using Postseal.Policy;
using Postseal.Settings;
using Postseal.TestKit;
using static Postseal.TestKit.TestMail;

namespace Postseal.Tests.Certificates;

/// <summary>Keys and digests that are too weak: refused, or used with a warning.</summary>
public sealed class StrengthTests : IDisposable
{
    private const string Alice = "alice@example.org";
    private static readonly DateTimeOffset Noon = new(2026, 11, 22, 12, 0, 0, TimeSpan.Zero);

    private static readonly OddCa Root = OddCa.Root("CN=Root", Noon.AddYears(-1), Noon.AddYears(1));

    private readonly CertificateFolder folder = new(new SettableTime(Noon));
    private readonly LineCollector log = new();

    [Theory]
    [InlineData(512, "its key (RSA-512) has fewer than 1024 bits, and the private key can be computed")]
    [InlineData(768, "its key (RSA-768) has fewer than 1024 bits")]
    [InlineData(1016, "its key (RSA-1016) has fewer than 1024 bits")]
    public void An_RSA_key_of_fewer_than_1024_bits_never_signs(int bits, string reason)
    {
        using var key = RSA.Create(bits);

        AssertRefused(key, reason);
    }

    [Theory]
    [InlineData(1024)]
    [InlineData(1536)]
    [InlineData(2040)]
    public void An_RSA_key_of_fewer_than_2048_bits_signs_with_a_warning(int bits)
    {
        using var key = RSA.Create(bits);

        AssertWarned(key, $"its key (RSA-{bits}) has fewer than 2048 bits");
    }

    [Theory]
    [InlineData("1.3.132.0.6", "secp112r1")]
    [InlineData("1.3.132.0.28", "secp128r1")]
    [InlineData("1.3.132.0.8", "secp160r1")]
    [InlineData("1.2.840.10045.3.1.1", "P-192")]
    [InlineData("1.3.36.3.3.2.8.1.1.3", "brainpoolP192r1")]
    public void A_key_on_a_curve_of_fewer_than_224_bits_never_signs(string curve, string name)
    {
        using var key = ECDsa.Create(ECCurve.CreateFromValue(curve));
        Assert.NotEqual(0, key.KeySize); // this machine knows it

        AssertRefused(key, "is on a curve of fewer than 224 bits", name);
    }

    [Theory]
    [InlineData("1.3.132.0.33")] // P-224
    [InlineData("1.2.840.10045.3.1.7")] // P-256
    [InlineData("1.3.36.3.3.2.8.1.1.7")] // brainpoolP256r1
    public void A_key_on_a_longer_curve_signs_without_a_word(string curve)
    {
        using var key = ECDsa.Create(ECCurve.CreateFromValue(curve));
        folder.Write("alice@example.org.pem", Root.IssueMail(Alice, Noon.AddDays(-1), Noon.AddDays(90), mailKey: key));

        Assert.IsType<Lookup<Identity>.Found>(Find(Open()));
        Assert.Empty(log.Lines);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(65536)]
    public void A_public_exponent_that_is_1_or_even_never_signs(int exponent)
    {
        using var key = (RSA)TestKeys.Create("RSA-2048");
        var writer = new AsnWriter(AsnEncodingRules.DER);
        using (writer.PushSequence())
        {
            writer.WriteIntegerUnsigned(key.ExportParameters(false).Modulus);
            writer.WriteInteger(new BigInteger(exponent));
        }

        var publicKey = new PublicKey(new Oid("1.2.840.113549.1.1.1"), new AsnEncodedData([0x05, 0x00]), new AsnEncodedData(writer.Encode()));
        var names = new SubjectAlternativeNameBuilder();
        names.AddEmailAddress(Alice);
        using var certificate = Root.Issue(new X500DistinguishedName("CN=a"), publicKey, [names.Build()], Noon.AddDays(-1), Noon.AddDays(90));

        Assert.Contains("has a public exponent that is 1 or even", CertificateRules.CheckSigning(certificate)?.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_certificate_signed_with_MD5_never_signs()
    {
        folder.Write("alice@example.org.pem", Root.IssueMail(Alice, Noon.AddDays(-1), Noon.AddDays(90), HashAlgorithmName.MD5));

        Assert.Contains("it is signed with MD5, which lets others forge it", Refusal(), StringComparison.Ordinal);
    }

    [Fact]
    public void A_certificate_signed_with_SHA_1_signs_with_a_warning()
    {
        folder.Write("alice@example.org.pem", Root.IssueMail(Alice, Noon.AddDays(-1), Noon.AddDays(90), HashAlgorithmName.SHA1));

        AssertWarned("it is signed with SHA-1");
    }

    [Fact]
    public void The_digest_of_a_PSS_signature_counts_as_well()
    {
        Assert.SkipUnless(OpenSsl.IsHere, "openssl is not on this machine");
        using var openssl = new TemporaryDirectory();
        var (exitCode, _, errors) = OpenSsl.Run(
            "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", openssl.File("key"), "-out", openssl.File("certificate"), "-subj", "/CN=a",
            "-addext", "subjectAltName=email:alice@example.org", "-sha1", "-sigopt", "rsa_padding_mode:pss");
        Assert.True(exitCode == 0, errors);

        var certificate = KeyFile.Read(openssl.File("certificate")).Certificates[0];

        Assert.Null(CertificateRules.CheckSigning(certificate));
        Assert.Contains("it is signed with SHA-1", Assert.Single(CertificateRules.WarningsOf(certificate)), StringComparison.Ordinal);
    }

    [Fact]
    public void Explain_tells_of_a_weak_key()
    {
        using var key = RSA.Create(1024);
        folder.Write("alice@example.org.pem", Root.IssueMail(Alice, Noon.AddDays(-1), Noon.AddDays(90), mailKey: key));
        var processor = new OutgoingProcessor(new PostsealOptions { Certificates = folder.Options }, Open(), folder.Time);

        var steps = processor.Process(
            MailMessage.Parse("From: alice@example.org\r\n\r\nHello\r\n"u8.ToArray()),
            new Envelope { ClientAddress = System.Net.IPAddress.Loopback, Sender = Address(Alice) }).Steps;

        Assert.Contains(steps, step => step.Answer.Contains("; but its key (RSA-1024) has fewer than 2048 bits", StringComparison.Ordinal));
    }

    [Fact]
    public void What_was_encrypted_to_a_weak_key_can_still_be_read()
    {
        using var key = RSA.Create(1016);
        folder.Write("alice@example.org.pem", Root.IssueMail(Alice, Noon.AddDays(-1), Noon.AddDays(90), mailKey: key));

        Assert.Single(Open().FindIdentities(found => found.Addresses.Contains(Address(Alice))));
    }

    public void Dispose() => folder.Dispose();

    private CertificateDirectory Open() => new(folder.Options, folder.Time, log);

    private static Lookup<Identity> Find(CertificateDirectory directory) => directory.FindSigner(Address(Alice));

    private string Refusal() => Assert.IsType<Lookup<Identity>.Unusable>(Find(Open())).Why.Message;

    private void AssertRefused(AsymmetricAlgorithm key, params string[] reasons)
    {
        folder.Write("alice@example.org.pem", Root.IssueMail(Alice, Noon.AddDays(-1), Noon.AddDays(90), mailKey: key));

        var refusal = Refusal();

        Assert.All(reasons, reason => Assert.Contains(reason, refusal, StringComparison.OrdinalIgnoreCase));
    }

    private void AssertWarned(AsymmetricAlgorithm key, string warning)
    {
        folder.Write("alice@example.org.pem", Root.IssueMail(Alice, Noon.AddDays(-1), Noon.AddDays(90), mailKey: key));

        AssertWarned(warning);
    }

    /// <summary>It signs, the log says it once however often it does, and so does the report.</summary>
    private void AssertWarned(string warning)
    {
        var directory = Open();
        for (var message = 0; message < 3; message++)
            Assert.IsType<Lookup<Identity>.Found>(Find(directory));

        Assert.Contains($"alice@example.org.pem: {warning}", Assert.Single(log.Lines), StringComparison.Ordinal);
        Assert.Contains(warning, Assert.Single(Assert.Single(new DirectoryCatalog(directory).Senders()).Warnings), StringComparison.Ordinal);
    }
}
