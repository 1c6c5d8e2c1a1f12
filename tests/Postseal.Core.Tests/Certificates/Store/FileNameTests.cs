using Postseal.Certificates;
using Postseal.Certificates.Store;
using Postseal.Mail;
using Postseal.Program.Trial;
using Postseal.TestKit;
using static Postseal.TestKit.TestMail;

namespace Postseal.Tests.Certificates.Store;

/// <summary>Which file is whose, by its name: what looks like a convention and is an address, and what is nobody's.</summary>
public sealed class FileNameTests : IDisposable
{
    private readonly CertificateFolder folder = new();

    [Theory]
    [InlineData("alice@example.ca")] // NAME.ca.pem is a CA's
    [InlineData("@example.ca")]
    [InlineData("cert.pem@example.org")] // cert.pem… and private_key… are Sympa's
    [InlineData("cert.pem.sign@example.org")]
    [InlineData("private_key@example.org")]
    [InlineData("private_keys@example.org")]
    [InlineData("alice@chain")]
    [InlineData("alice@sign.example")]
    [InlineData("alice@example.sign")]
    [InlineData("alice@example.enc")]
    [InlineData("alice@example.pem")]
    [InlineData("alice@example.key")]
    [InlineData("alice@example.p12")]
    [InlineData("1a2b3c4d@y.0")]
    public void A_name_that_is_an_address_is_an_address(string name)
    {
        var author = AddressPattern.Parse(name).IsDomain ? "alice" + name : name;
        var issued = folder.Ca.Issue(new TestCaRequest(author));
        folder.Write(name + ".crt", issued.CertificatePem);
        folder.Write(name + ".key", issued.KeyPem);
        Assert.Equal(name + ".crt", NameOfSigner(author));
        File.Delete(folder.File(name + ".crt"));
        File.Delete(folder.File(name + ".key"));

        folder.Write(name + ".pem", issued.KeyPem + issued.CertificatePem);

        Assert.Equal(name + ".pem", NameOfSigner(author));
        Assert.Empty(Unused(domainCertificates: true));
    }

    [Theory]
    [InlineData(".crt", ".key")]
    [InlineData(".cer", ".key")]
    [InlineData(".cer", ".pem")]
    [InlineData(".pem", ".key")]
    public void The_key_lies_beside_the_certificate(string certificate, string key)
    {
        var issued = folder.Ca.Issue(new TestCaRequest("alice@example.org"));
        folder.Write("alice@example.org" + certificate, issued.CertificatePem + issued.ChainPem);
        folder.Write("alice@example.org" + key, issued.KeyPem);

        Assert.Equal("alice@example.org" + certificate, NameOfSigner("alice@example.org"));
        Assert.Empty(Unused());
    }

    [Fact]
    public void A_certificate_in_DER_named_cer_is_read_with_its_key()
    {
        var issued = folder.Ca.Issue(new TestCaRequest("alice@example.org"));
        using var certificate = System.Security.Cryptography.X509Certificates.X509Certificate2.CreateFromPem(issued.CertificatePem);
        File.WriteAllBytes(folder.File("alice@example.org.cer"), certificate.RawData);
        folder.Write("alice@example.org.key", issued.KeyPem);

        Assert.Equal("alice@example.org.cer", NameOfSigner("alice@example.org"));
    }

    [Fact]
    public void The_key_of_the_next_certificate_disturbs_nothing_and_is_told()
    {
        var (now, next) = (folder.Ca.Issue(new TestCaRequest("alice@example.org")), folder.Ca.Issue(new TestCaRequest("alice@example.org")));
        folder.Write("alice@example.org.crt", now.CertificatePem);
        folder.Write("alice@example.org.pem", now.KeyPem);
        folder.Write("alice@example.org.key", next.KeyPem);
        folder.Write("alice@example.org.csr", "-----BEGIN CERTIFICATE REQUEST-----\nAAAA\n-----END CERTIFICATE REQUEST-----\n");

        Assert.Equal("alice@example.org.crt", NameOfSigner("alice@example.org"));
        Assert.Equal(["alice@example.org.csr", "alice@example.org.key"], Unused().Select(file => Path.GetFileName(file.Path)));

        folder.Write("alice@example.org.crt", next.CertificatePem + "\n\n");

        Assert.EndsWith("alice@example.org.crt + alice@example.org.key", Signer("alice@example.org").Source, StringComparison.Ordinal);
    }

    public static TheoryData<string, string> Strangers => new()
    {
        { "notes.txt", "its name is no mail address" },
        { "alice.p12", "its name is no mail address" },
        { "alice.key", "its name is no mail address" },
        { "alice.pem", "is not a certificate" },
        { "alice@example.org.csr", "its name is no mail address" },
        { "alice@example.org.pem.bak", "its name is no mail address" },
        { "alice@example.org.pem~", "its name is no mail address" },
        { "alice@example.org.key", "it has no certificate beside it" },
        { "alice@example.org.pem.enc", "it has no certificate beside it" },
        { "cert.pem", "belong together" },
        { "private_key.sign", "belong together" },
        { "list@example.org/cert.pem", "belong together" },
        { "example.org/alice@example.org.pem", "it lies in a domain's directory" },
        { "some thing/alice@example.org.pem", "neither a mail address nor a domain" },
        { "@example.org.pem", "DomainCertificates is no" },
    };

    [Theory]
    [MemberData(nameof(Strangers))]
    public void What_nobody_uses_is_told_with_the_reason(string name, string reason)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(folder.File(name))!);
        folder.Write(name, "text");

        Assert.Contains(reason, Assert.Single(Unused()).Reason, StringComparison.Ordinal);
    }

    [Fact]
    public void What_another_file_comes_before_is_told()
    {
        folder.Write("alice@example.org.crt", "text");
        folder.Write("alice@example.org.pem.enc", "text");
        folder.Write("alice@example.org.key", "text");

        Assert.Equal("alice@example.org.pem.enc comes before it", Assert.Single(Unused()).Reason);
    }

    [Fact]
    public void Files_of_a_sender_whose_section_names_another_are_told()
    {
        using var elsewhere = new TemporaryDirectory();
        var issued = folder.Add("alice@example.org");
        var named = elsewhere.Write("alice.pem", issued.KeyPem + issued.CertificatePem);

        var unused = new DirectoryCatalog(folder.Open(folder.Options with
        {
            Senders = new Dictionary<AddressPattern, SenderCertificate> { [AddressPattern.Parse("alice@example.org")] = new(named, null) },
        })).Unused();

        Assert.Contains("[Sender:alice@example.org] Certificate names another file", Assert.Single(unused).Reason, StringComparison.Ordinal);
    }

    [Fact]
    public void Other_files_of_a_mailing_lists_directory_are_none_of_our_business()
    {
        var list = Directory.CreateDirectory(folder.File("list@example.org")).FullName;
        File.WriteAllText(Path.Combine(list, "config"), "subject A list");

        Assert.Empty(Unused());
    }

    public void Dispose() => folder.Dispose();

    private IReadOnlyList<UnusedFile> Unused(bool domainCertificates = false) =>
        new DirectoryCatalog(folder.Open(folder.Options with { DomainCertificates = domainCertificates })).Unused();

    private string NameOfSigner(string address) => Path.GetFileName(Signer(address).Source.Split(" + ")[0]);

    private Identity Signer(string address)
    {
        var found = folder.Open(folder.Options with { DomainCertificates = true }).FindSigner(Address(address));
        return found is Lookup<Identity>.Found usable ? usable.Value : throw new Xunit.Sdk.XunitException($"{found}");
    }
}
