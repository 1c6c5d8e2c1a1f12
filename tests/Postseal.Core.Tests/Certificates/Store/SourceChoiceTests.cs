using Postseal.Certificates;
using Postseal.Certificates.Store;
using Postseal.Program.Trial;
using Postseal.TestKit;
using static Postseal.TestKit.TestMail;

namespace Postseal.Tests.Certificates.Store;

/// <summary>Which of several certificates is used, and what completes its chain.</summary>
public sealed partial class SourceTests
{
    // ---- Several, none, a domain's ------------------------------------------------------------------------------

    [Fact]
    public void Of_several_the_newest_valid_one_is_used_whatever_its_convention()
    {
        folder.Add("alice@example.org", new TestCaRequest("alice@example.org") { CommonName = "second", NotBefore = Noon.AddDays(-5), NotAfter = Noon.AddDays(5) });
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
        folder.Add("alice@example.org", new TestCaRequest("alice@example.org") { NotBefore = Noon.AddDays(-5), NotAfter = Noon.AddDays(-1) });
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
        folder.Add("alice@example.org", new TestCaRequest("alice@example.org") { NotBefore = Noon.AddDays(-5), NotAfter = Noon.AddDays(-1) });
        Assert.Contains("expired on 2026-11-21", Reason(Find("alice@example.org")), StringComparison.Ordinal);

        folder.Write("alice@example.org.p12", "broken");
        Assert.Contains("alice@example.org.p12 is not a certificate", Reason(Find("alice@example.org")), StringComparison.Ordinal);
    }

    [Fact]
    public void Signing_and_encrypting_may_have_certificates_of_their_own()
    {
        folder.Add("alice@example.org", new TestCaRequest("alice@example.org") { CommonName = "sign" });
        folder.Write("alice@example.org@enc", Issue("alice@example.org", name: "encrypt", usage: Encrypt).CertificatePem);

        Assert.Equal("CN=sign", Signer("alice@example.org").Certificate.Subject);
        Assert.Equal("CN=encrypt", Encryption("alice@example.org"));
    }

    [Theory]
    [InlineData(false, false)]
    [InlineData(true, true)]
    public void A_domains_certificate_signs_for_its_addresses_when_that_is_allowed(bool allowed, bool signs)
    {
        folder.Add("@Example.org", new TestCaRequest("gateway@example.org"));

        var found = Find("alice@example.org", folder.Options with { DomainCertificates = allowed });

        Assert.Equal(signs, found is Lookup<Identity>.Found);
        Assert.IsType<Lookup<Identity>.None>(Find("alice@example.com", folder.Options with { DomainCertificates = allowed }));
    }

    [Fact]
    public void A_domains_certificate_does_not_stand_in_for_an_address_with_files_of_its_own()
    {
        folder.Add("@example.org", new TestCaRequest("gateway@example.org"));
        folder.Add("alice@example.org", new TestCaRequest("alice@example.org") { NotBefore = Noon.AddDays(-5), NotAfter = Noon.AddDays(-1) });

        Assert.Contains("expired", Reason(Find("alice@example.org", folder.Options with { DomainCertificates = true })), StringComparison.Ordinal);
    }

    [Fact]
    public void A_domains_certificate_that_is_for_another_domain_is_refused()
    {
        folder.Add("@example.org", new TestCaRequest("gateway@example.com"));

        Assert.Contains("not for the domain", Reason(Find("alice@example.org", folder.Options with { DomainCertificates = true })), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("alice@bücher.example", "alice@xn--bcher-kva.example")]
    [InlineData("alice@xn--bcher-kva.example", "alice@bücher.example")]
    [InlineData("алиса@bücher.example", "алиса@xn--bcher-kva.example")]
    public void A_domain_in_either_spelling_finds_the_files(string fileName, string sender)
    {
        folder.Add(fileName, new TestCaRequest(fileName));

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
        Assert.SkipWhen(OperatingSystem.IsWindows(), "file modes are Unix's");
        folder.Add("alice@example.org");
        folder.MakeReadableByEveryone(".");
        folder.MakeReadableByEveryone("alice@example.org.pem");
        var locked = Directory.CreateDirectory(folder.File("example.net"));
        folder.SetMode("example.net", "000");

        Unprivileged.Run(() =>
        {
            Assert.Throws<UnauthorizedAccessException>(() => locked.GetFiles());
            Signer("alice@example.org");
            Assert.Contains("it cannot be read", Assert.Single(new DirectoryCatalog(folder.Open()).Unused()).Reason, StringComparison.Ordinal);
        });

        folder.SetMode("example.net", "700");
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

        folder.Write(name, folder.Ca.Root.ExportCertificatePem() + "\n" + issued.ChainPem);

        Assert.Equal(["CN=Trial Intermediate"], Usable(directory.FindSigner(Address("alice@example.org"))).Intermediates.Select(c => c.Subject));
    }

    [Fact]
    public void Files_that_are_nobodys_and_no_CAs_are_told()
    {
        var issued = Issue("alice@example.org");
        folder.Write("alice.pem", issued.KeyPem + issued.CertificatePem);

        Assert.Contains("not a mail address", Assert.Single(new DirectoryCatalog(folder.Open()).Unused()).Reason, StringComparison.Ordinal);
        Assert.Empty(new DirectoryCatalog(folder.Open()).Senders());
    }

    [Fact]
    public void Everything_is_listed_with_its_kind_use_and_file()
    {
        var issued = Issue("alice@example.org");
        folder.Add("alice@example.org");
        folder.Write("bob@example.net", Issue("bob@example.net", usage: Encrypt).CertificatePem);
        folder.Add("@example.org", new TestCaRequest("gateway@example.org"));
        WritePair("", "", Issue("list@example.org"));
        folder.Write("trial.ca.pem", issued.ChainPem);

        var catalog = new DirectoryCatalog(folder.Open(folder.Options with { DomainCertificates = true }));
        var listed = catalog.Entries.OrderBy(entry => entry.Kind).DistinctBy(entry => (entry.Kind, entry.Owner)).ToList();

        Assert.Equal(
            [(CertificateKind.Own, "alice@example.org"), (CertificateKind.Domain, "@example.org"), (CertificateKind.Common, null), (CertificateKind.Correspondent, "bob@example.net"), (CertificateKind.Issuer, null)],
            listed.Select(entry => (entry.Kind, entry.Owner?.Text)));
        Assert.Equal(
            [CertificateUse.Sign | CertificateUse.Encrypt, CertificateUse.Sign | CertificateUse.Encrypt, CertificateUse.Sign, CertificateUse.Encrypt, CertificateUse.Issue],
            listed.Select(entry => CertificateRules.UsesOf(entry.Certificate!.Certificate)));
        Assert.All(listed, entry => Assert.Null(catalog.Check(entry)));
    }
}
