using System.Security.Cryptography.X509Certificates;
using Postseal.Certificates;
using Postseal.Certificates.Formats;
using Postseal.Mail;
using Postseal.Program.Trial;
using Postseal.TestKit;
using static Postseal.TestKit.TestMail;

namespace Postseal.Tests.Certificates;

/// <summary>Zammad's rules for certificates, with what is mended in them, one by one.</summary>
public sealed class CertificateRulesTests : IDisposable
{
    private const string Both = "Sign, Encrypt";
    private const string WebServer = "1.3.6.1.5.5.7.3.1";
    private const string AnyPurpose = "2.5.29.37.0";

    private readonly CertificateFolder folder = new();

    [Fact]
    public void A_CA_is_accepted_as_such_with_no_other_check() =>
        Assert.Equal(CertificateUse.Issue, CertificateRules.UsesOf(folder.Ca.Root));

    [Theory]
    [InlineData("RSA-2048", X509KeyUsageFlags.DigitalSignature, nameof(CertificateUse.Sign))]
    [InlineData("RSA-2048", X509KeyUsageFlags.KeyEncipherment, nameof(CertificateUse.Encrypt))]
    [InlineData("RSA-2048", X509KeyUsageFlags.DigitalSignature | X509KeyUsageFlags.KeyEncipherment, Both)]
    [InlineData("RSA-2048", X509KeyUsageFlags.KeyAgreement, nameof(CertificateUse.None))]
    [InlineData("RSA-2048", null, Both)]
    [InlineData("P-256", X509KeyUsageFlags.DigitalSignature, nameof(CertificateUse.Sign))]
    [InlineData("P-256", X509KeyUsageFlags.KeyAgreement, nameof(CertificateUse.Encrypt))]
    [InlineData("P-256", X509KeyUsageFlags.DigitalSignature | X509KeyUsageFlags.KeyAgreement, Both)]
    [InlineData("P-256", X509KeyUsageFlags.KeyEncipherment, nameof(CertificateUse.None))]
    [InlineData("P-256", X509KeyUsageFlags.NonRepudiation, nameof(CertificateUse.Sign))]
    [InlineData("P-256", X509KeyUsageFlags.CrlSign, nameof(CertificateUse.None))]
    [InlineData("P-256", null, Both)]
    public void The_key_usage_decides_what_it_may_be_used_for(string key, X509KeyUsageFlags? usage, string expected) =>
        Assert.Equal(expected, Uses(new TestCaRequest("alice@example.org") { Key = key, KeyUsage = usage }).ToString());

    [Theory]
    [InlineData(null, Both)]
    [InlineData("1.3.6.1.5.5.7.3.4", Both)]
    [InlineData(AnyPurpose, nameof(CertificateUse.Encrypt))] // openssl refuses what it signed; who decrypts does not look
    [InlineData(WebServer, nameof(CertificateUse.None))]
    public void The_extended_key_usage_is_absent_or_allows_mail(string? purpose, string expected) =>
        Assert.Equal(expected, Uses(new TestCaRequest("alice@example.org") { KeyUsage = null, ExtendedKeyUsage = purpose }).ToString());

    [Fact]
    public void Without_an_address_in_subjectAltName_it_is_for_no_mail() =>
        Assert.Equal(CertificateUse.None, Uses(new TestCaRequest { KeyUsage = null, CommonName = "alice@example.org" }));

    [Fact]
    public void A_key_that_is_neither_RSA_nor_EC_is_for_no_mail()
    {
        Assert.SkipUnless(OpenSsl.IsHere, "openssl is not on this machine");
        var (exitCode, _, errors) = OpenSsl.Run(
            "req", "-x509", "-newkey", "ed25519", "-nodes", "-keyout", folder.File("key"), "-subj", "/CN=a", "-out", folder.File("certificate"),
            "-addext", "subjectAltName=email:alice@example.org", "-addext", "basicConstraints=critical,CA:FALSE");
        Assert.True(exitCode == 0, errors);

        var certificate = Assert.Single(KeyFile.Read(folder.File("certificate")).Certificates);

        Assert.Contains("neither RSA nor EC", CertificateRules.CheckSigning(certificate)?.Message, StringComparison.Ordinal);
        Assert.Contains("neither RSA nor EC nor X25519", CertificateRules.CheckEncrypting(certificate)?.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_self_signed_certificate_that_says_CA_may_sign_by_the_same_rules()
    {
        Assert.SkipUnless(OpenSsl.IsHere, "openssl is not on this machine");
        var (exitCode, _, errors) = OpenSsl.Run(
            "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", folder.File("key"), "-subj", "/CN=a", "-out", folder.File("certificate"),
            "-addext", "subjectAltName=email:alice@example.org");
        Assert.True(exitCode == 0, errors);

        Assert.Equal(CertificateUse.Sign | CertificateUse.Encrypt | CertificateUse.Issue, CertificateRules.UsesOf(KeyFile.Read(folder.File("certificate")).Certificates[0]));
    }

    [Theory]
    [InlineData("alice@example.org", "Alice@EXAMPLE.org")]
    [InlineData("alice@xn--bcher-kva.example", "alice@bücher.example")]
    [InlineData("alice@bücher.example", "alice@xn--bcher-kva.example")]
    [InlineData("алиса@example.org", "алиса@example.org")]
    [InlineData("алиса@xn--bcher-kva.example", "алиса@Bücher.example")]
    public void An_address_of_the_certificate_is_the_senders_in_any_spelling(string named, string sender) =>
        Assert.Null(CertificateRules.CheckOwner(Certificate(new TestCaRequest(named)), AddressPattern.Of(Address(sender))));

    [Theory]
    [InlineData("domain-signing-authority@example.org", "alice@example.org", true)]
    [InlineData("gateway@EXAMPLE.org", "alice@example.org", true)]
    [InlineData("gateway@mail.example.org", "alice@example.org", false)]
    [InlineData("gateway@example.org", "alice@mail.example.org", false)]
    [InlineData("gateway@example.com", "alice@example.org", false)]
    public void A_domains_certificate_names_an_address_in_exactly_that_domain(string named, string sender, bool accepted) =>
        Assert.Equal(accepted, CertificateRules.CheckOwner(Certificate(new TestCaRequest(named)), AddressPattern.OfDomain(Address(sender))) is null);

    [Fact]
    public void Each_refusal_says_what_to_do()
    {
        Assert.Contains("have it issued with email:", CertificateRules.CheckSigning(Certificate(new TestCaRequest()))?.Message, StringComparison.Ordinal);
        Assert.Contains("issued with digitalSignature", CertificateRules.CheckSigning(Certificate(new TestCaRequest("a@b") { KeyUsage = X509KeyUsageFlags.KeyAgreement }))?.Message, StringComparison.Ordinal);
        Assert.Contains("issued with keyAgreement", CertificateRules.CheckEncrypting(Certificate(new TestCaRequest("a@b") { KeyUsage = X509KeyUsageFlags.DigitalSignature }))?.Message, StringComparison.Ordinal);
        Assert.Contains("issued with keyEncipherment", CertificateRules.CheckEncrypting(Certificate(new TestCaRequest("a@b") { Key = "RSA-2048", KeyUsage = X509KeyUsageFlags.DigitalSignature }))?.Message, StringComparison.Ordinal);
        Assert.Contains("issued with emailProtection", CertificateRules.CheckSigning(Certificate(new TestCaRequest("a@b") { ExtendedKeyUsage = WebServer }))?.Message, StringComparison.Ordinal);
    }

    public void Dispose() => folder.Dispose();

    private CertificateUse Uses(TestCaRequest request) => CertificateRules.UsesOf(Certificate(request));

    private X509Certificate2 Certificate(TestCaRequest request) =>
        X509Certificate2.CreateFromPem(folder.Ca.Issue(request).CertificatePem);
}
