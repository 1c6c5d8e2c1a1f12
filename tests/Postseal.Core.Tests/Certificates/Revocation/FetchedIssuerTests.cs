using System.Security.Cryptography.X509Certificates;
using Postseal.Certificates.Revocation;
using Postseal.TestKit;

namespace Postseal.Tests;

/// <summary>How missing issuers are found, and where they are not looked for.</summary>
public sealed class FetchedIssuerTests : IAsyncDisposable
{
    private const string Url = "http://pki.test/ca.cer";

    private readonly ListScenario scenario = new();
    private readonly X509Certificate2 alice;

    public FetchedIssuerTests()
    {
        alice = Issue(Url);
        scenario.Network[Url] = scenario.Ca.Certificate.RawData;
    }

    [Fact]
    public async Task A_host_that_nobody_trusted_names_is_never_asked()
    {
        Assert.Empty(await FindAsync(alice));
        Assert.Empty(scenario.Network.Asked);
    }

    [Fact]
    public async Task A_host_that_a_trusted_certificate_names_is()
    {
        scenario.Contact.Revocation.Check(Issue("http://PKI.test/other.cer"), scenario.Ca.Chain); // which asks only whose chain is trusted

        Assert.Equal(scenario.Ca.Certificate, Assert.Single(await FindAsync(alice)));
    }

    [Fact]
    public async Task A_host_that_an_anchor_or_the_directory_names_is()
    {
        scenario.Known.Add(scenario.Root.Intermediate("CN=Other", scenario.Now, extensions: RevokingCa.PointsTo("http://pki.test/root.crl")).Certificate);

        Assert.Single(await FindAsync(alice));
    }

    [Fact]
    public async Task A_host_in_the_settings_is_and_what_it_has_outlasts_a_restart()
    {
        await using (var first = Contact(scenario.Network))
        {
            var before = first.Issuers.Version;
            first.Issuers.IssuersOf(alice);
            await first.WhenIdleAsync();
            Assert.Single(first.Issuers.IssuersOf(alice));
            Assert.NotEqual(before, first.Issuers.Version);
        }

        await using var second = Contact(null);
        Assert.Equal(scenario.Ca.Certificate, Assert.Single(second.Issuers.IssuersOf(alice)));
    }

    [Fact]
    public async Task A_PKCS_7_bundle_is_read_and_only_its_CAs_are_taken()
    {
        var bundle = new X509Certificate2Collection { scenario.Ca.Certificate, scenario.Root.Certificate, alice };
        scenario.Network[Url] = bundle.Export(X509ContentType.Pkcs7)!;
        await using var contact = Contact(scenario.Network);
        contact.Issuers.IssuersOf(alice);
        await contact.WhenIdleAsync();

        Assert.Equal(
            new[] { scenario.Ca.Certificate.Thumbprint, scenario.Root.Certificate.Thumbprint }.Order(),
            contact.Issuers.IssuersOf(alice).Select(issuer => issuer.Thumbprint).Order());
    }

    [Theory]
    [InlineData("<html>")]
    [InlineData("-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n")]
    [InlineData("")]
    public async Task What_is_no_certificate_is_none(string content)
    {
        scenario.Network[Url] = System.Text.Encoding.ASCII.GetBytes(content);
        await using var contact = Contact(scenario.Network);
        contact.Issuers.IssuersOf(alice);
        await contact.WhenIdleAsync();

        Assert.Empty(contact.Issuers.IssuersOf(alice));
        Assert.Equal([Url], scenario.Network.Asked);
        Assert.Contains($"{Url} has no CA certificate; it is tried again", scenario.Warnings);
    }

    [Fact]
    public async Task Addresses_that_somebody_makes_up_leave_room_for_others()
    {
        await using var contact = Contact(scenario.Network);
        for (var i = 0; i < FetchedIssuers.MaxUrls; i += 4)
            contact.Issuers.IssuersOf(Issue([.. Enumerable.Range(i, 4).Select(number => $"http://pki.test/none{number}.cer")]));
        await contact.WhenIdleAsync();

        contact.Issuers.IssuersOf(alice);
        await contact.WhenIdleAsync();

        Assert.Single(contact.Issuers.IssuersOf(alice));
    }

    public ValueTask DisposeAsync() => scenario.DisposeAsync();

    private X509Certificate2 Issue(params string[] urls) => scenario.Ca.Issue("CN=Alice", scenario.Now, RevokingCa.Access([], urls));

    private CaContact Contact(NetworkDouble? network) => new(
        new CaContactOptions(RevocationMethod.Crl, scenario.StatePath, null, ["pki.test"]), network, () => [], scenario.Time, scenario.Warnings.Add);

    private async Task<IReadOnlyList<X509Certificate2>> FindAsync(X509Certificate2 certificate)
    {
        scenario.Contact.Issuers.IssuersOf(certificate);
        await scenario.Contact.WhenIdleAsync();
        return scenario.Contact.Issuers.IssuersOf(certificate);
    }
}
