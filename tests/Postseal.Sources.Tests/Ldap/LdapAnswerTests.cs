using System.Security.Cryptography.X509Certificates;
using Postseal.Certificates;
using Postseal.Certificates.Sources;
using Postseal.Ldap.Connections;
using Postseal.Mail;
using Postseal.TestKit;

namespace Postseal.Sources.Tests.Ldap;

public class LdapAnswerTests
{
    [Theory]
    [InlineData("userCertificate;binary")]
    [InlineData("userCertificate")]
    [InlineData("USERCERTIFICATE;Binary")]
    public async Task A_certificate_is_found_whatever_the_server_calls_its_attribute(string attribute)
    {
        var found = await LdapRoom.FindAsync(request => LdapServerDouble.Answer(
            request.Id, LdapServerDouble.Entry(request.Id, LdapRoom.AlicesDn, (attribute, [LdapRoom.Alice.RawData]))));
        var certificate = Assert.Single(found.Certificates);
        Assert.Equal(LdapRoom.Alice, certificate.Certificate);
        Assert.Equal("ldap:corporate: uid=alice,ou=people,dc=example,dc=org", certificate.Source);
        Assert.Null(found.Problem);
    }

    [Fact]
    public async Task An_entry_may_have_none() =>
        Assert.Same(FoundCertificates.None, await LdapRoom.FindAsync(request => LdapRoom.WithValues(request)));

    [Fact]
    public async Task An_answer_without_entries_says_that_there_is_none() =>
        Assert.Same(FoundCertificates.None, await LdapRoom.FindAsync(request => LdapServerDouble.Answer(request.Id)));

    [Fact]
    public async Task Those_of_other_people_and_those_that_are_expired_are_left_to_the_caller()
    {
        var others = LdapRoom.CertificateOf("mallory@example.net");
        var expired = LdapRoom.CertificateOf("alice@example.org", LdapRoom.Now.AddDays(-1));
        var found = await LdapRoom.FindAsync(request => LdapRoom.WithValues(request, others.RawData, expired.RawData, LdapRoom.Alice.RawData));
        Assert.Equal(3, found.Certificates.Count);
        Assert.DoesNotContain(LdapRoom.Address("alice@example.org"), found.Certificates.Single(one => one.Certificate.Equals(others)).Addresses);
    }

    [Fact]
    public async Task Issuers_are_beside_the_certificates_and_no_certificates_of_people()
    {
        var found = await LdapRoom.FindAsync(request => LdapRoom.WithValues(request, LdapRoom.Root.Certificate.RawData, LdapRoom.Alice.RawData));
        var alice = Assert.Single(found.Certificates);
        Assert.Equal(LdapRoom.Alice, alice.Certificate);
        Assert.Contains(LdapRoom.Root.Certificate, alice.Beside);
    }

    [Fact]
    public async Task A_damaged_value_is_passed_over_and_said_once()
    {
        var log = new LineCollector();
        byte[] damaged = [.. LdapRoom.Alice.RawData[..^1]];
        await using var server = new LdapServerDouble(request => LdapRoom.WithValues(request, damaged, LdapRoom.Alice.RawData));
        await using var source = LdapRoom.Source(LdapRoom.Options(server.Url), log);
        for (var i = 0; i < 2; i++)
        {
            var found = await source.FindAsync(LdapRoom.Address("alice@example.org"), TestContext.Current.CancellationToken);
            Assert.Single(found.Certificates);
            Assert.NotNull(found.Problem);
        }

        Assert.Contains("a value of userCertificate is ", Assert.Single(log.Lines));
    }

    [Theory]
    [InlineData("")]
    [InlineData("00")]
    [InlineData("3000")]
    [InlineData("3003020103")]
    [InlineData("30050603550403")]
    [InlineData("3080")]
    public async Task Where_every_value_is_damaged_nobody_says_that_there_is_none(string value)
    {
        var found = await LdapRoom.FindAsync(request => LdapRoom.WithValues(request, Convert.FromHexString(value)));
        Assert.Empty(found.Certificates);
        if (value != "3003020103")
            Assert.StartsWith("ldap:corporate: uid=alice", found.Problem);
    }

    [Fact]
    public async Task A_pkcs_12_file_is_not_used_and_said()
    {
        var log = new LineCollector();
        var pfx = LdapRoom.Alice.Export(X509ContentType.Pkcs12);
        Assert.Same(FoundCertificates.None, await LdapRoom.FindAsync(request => LdapRoom.WithValues(request, pfx), log));
        Assert.Contains("PKCS #12", Assert.Single(log.Lines));
    }

    [Theory]
    [InlineData("ldap://elsewhere.example.org/ou=sales,dc=example,dc=org", false)]
    [InlineData("ldap://dc.example.org/DC=ForestDnsZones,DC=example,DC=org", true)]
    [InlineData("ldap://example.org/CN=Configuration,DC=example,DC=org", true)]
    public async Task Where_another_server_may_have_the_entry_that_is_no_absence(string url, bool isWithoutPeople)
    {
        var asking = LdapRoom.FindAsync(request => LdapServerDouble.Answer(request.Id, LdapServerDouble.Reference(request.Id, url)));

        if (isWithoutPeople)
            Assert.Empty((await asking).Certificates);
        else
            Assert.Contains(url, (await Assert.ThrowsAsync<EntriesElsewhereException>(() => asking)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task References_to_other_servers_do_not_matter_where_there_is_an_entry()
    {
        var found = await LdapRoom.FindAsync(request =>
        [
            LdapServerDouble.Reference(request.Id, "ldap://elsewhere.example.org/dc=example,dc=org"), .. LdapRoom.WithValues(request, LdapRoom.Alice.RawData),
        ]);
        Assert.Single(found.Certificates);
    }

    [Fact]
    public async Task A_name_with_control_characters_reaches_no_log()
    {
        var found = await LdapRoom.FindAsync(request => LdapServerDouble.Answer(
            request.Id, LdapServerDouble.Entry(request.Id, "cn=a\r\n\u001b[31m\u202e\0", ("userCertificate", [LdapRoom.Alice.RawData]))));
        Assert.Equal("ldap:corporate: cn=a???[31m??", Assert.Single(found.Certificates).Source);
    }

    [Fact]
    public async Task Attributes_that_were_not_asked_for_do_not_count() =>
        Assert.Same(FoundCertificates.None, await LdapRoom.FindAsync(request => LdapServerDouble.Answer(
            request.Id, LdapServerDouble.Entry(request.Id, LdapRoom.AlicesDn, ("cACertificate", [LdapRoom.Alice.RawData])))));

    [Fact]
    public async Task An_address_outside_of_Domains_is_not_asked_for()
    {
        await using var server = new LdapServerDouble(request => LdapServerDouble.Answer(request.Id));
        var options = LdapRoom.Options(server.Url) with { Domains = [AddressPattern.Parse("@example.net")] };
        Assert.Same(FoundCertificates.None, await LdapRoom.FindAsync(options));
        Assert.Equal(0, server.Connections);
        await LdapRoom.FindAsync(options, "bob@example.net");
        Assert.Equal(1, server.Connections);
    }

    [Fact]
    public async Task What_is_asked_for_is_the_address_below_the_base_with_the_attributes()
    {
        await using var server = new LdapServerDouble(request => LdapServerDouble.Answer(request.Id));
        await LdapRoom.FindAsync(LdapRoom.Options(server.Url));
        var request = Assert.Single(server.Requests);
        Assert.Equal(LdapServerDouble.Search, request.Operation);
        Assert.Contains("dc=example,dc=org", request.Text);
        Assert.Contains("alice@example.org", request.Text);
        Assert.Contains("userCertificate;binary", request.Text);
        Assert.Contains("userSMIMECertificate", request.Text);
    }
}
