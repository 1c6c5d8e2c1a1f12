using Postseal.Certificates.Sources;
using Postseal.Mail;
using Postseal.Settings;
using Postseal.TestKit;

namespace Postseal.Tests.Settings;

/// <summary>The settings of sources outside of files: what is read, and what would be unsafe or can never work is refused at the start.</summary>
public sealed class SourceSettingsTests : IDisposable
{
    private readonly TemporaryDirectory directory = new();

    public SourceSettingsTests()
    {
        Directory.CreateDirectory(directory.File("certificates"));
        foreach (var file in new[] { "password", "ca.pem", "client.pem", "client.key", "module.so", "pin" })
            directory.Write(file, "x");
    }

    [Fact]
    public void A_directory_service_is_read_whole()
    {
        var ldap = Assert.Single(Read(
            """
            [Ldap:corporate]
            Url = ldap://one.example, ldap://two.example:3389
            Base = ou=people,dc=example,dc=org
            Filter = (|(mail=%a)(proxyAddresses=smtp:%a))
            Attributes = userCertificate, userSMIMECertificate
            Domains = example.org, @example.net
            BindDn = cn=postseal,dc=example,dc=org
            BindFile = password
            StartTls = yes
            CaFile = ca.pem
            Timeout = 1s
            Connections = 2
            Cache = 1h
            NegativeCache = 1m
            """).Ldap);

        Assert.Equal(["ldap://one.example/", "ldap://two.example:3389/"], ldap.Urls.Select(url => url.ToString()));
        Assert.Equal(["userCertificate", "userSMIMECertificate"], ldap.Attributes);
        Assert.Equal(LdapBind.Simple, ldap.Bind);
        Assert.True(ldap.IsFor(TestMail.Address("alice@example.org")) && ldap.IsFor(TestMail.Address("bob@example.net")));
        Assert.False(ldap.IsFor(TestMail.Address("carol@example.com")));
        Assert.Equal(directory.File("password"), ldap.BindFile);
        Assert.Equal((TimeSpan.FromSeconds(1), 2, TimeSpan.FromHours(1), TimeSpan.FromMinutes(1)), (ldap.Timeout, ldap.Connections, ldap.Cache, ldap.NegativeCache));
    }

    [Theory]
    [InlineData("[Ldap:a b]\nUrl = ldaps://a.example", "[Ldap:a b]", "is no name")]
    [InlineData("[Ldap:a]\nBase = dc=example", "Url", "names no server")]
    [InlineData("[Ldap:a]\nUrl = http://a.example", "Url", "is not the address of a server")]
    [InlineData("[Ldap:a]\nUrl = ldaps://user@a.example", "Url", "is not the address of a server")]
    [InlineData("[Ldap:a]\nUrl = ldaps://a.example\nFilter = (mail=bob)", "Filter", "is not a filter")]
    [InlineData("[Ldap:a]\nUrl = ldaps://a.example\nFilter = (mail=%a", "Filter", "is not a filter")]
    [InlineData("[Ldap:a]\nUrl = ldaps://a.example\nFilter = (mail=%a))(x=y", "Filter", "is not a filter")]
    [InlineData("[Ldap:a]\nUrl = ldaps://a.example\nFilter = (mail=%s)", "Filter", "is not a filter")]
    [InlineData("[Ldap:a]\nUrl = ldaps://a.example\nAttributes = user certificate", "Attributes", "is not the name of an attribute")]
    [InlineData("[Ldap:a]\nUrl = ldaps://a.example\nBindDn = cn=x", "Bind", "needs BindDn and BindFile")]
    [InlineData("[Ldap:a]\nUrl = ldap://a.example\nBindDn = cn=x\nBindFile = password", "BindFile", "would be sent in clear")]
    [InlineData("[Ldap:a]\nUrl = ldaps://a.example\nBind = External", "Bind", "needs CertFile and KeyFile")]
    [InlineData("[Ldap:a]\nUrl = ldaps://a.example\nStartTls = yes", "StartTls", "is for ldap://")]
    [InlineData("[Ldap:a]\nUrl = ldaps://a.example\nCertFile = client.pem", "CertFile", "belong together")]
    [InlineData("[Ldap:a]\nUrl = ldapi://", "Url", "is not the address of a server")]
    [InlineData("[Ldap:a]\nUrl = ldapi:///", "Url", "is not the address of a server")]
    [InlineData("[Ldap:a]\nUrl = ldapi://%2F", "Url", "is not the address of a server")]
    [InlineData("[Ldap:a]\nUrl = ldapi://a.example/run/slapd/ldapi", "Url", "is not the address of a server")]
    [InlineData("[Ldap:a]\nUrl = ldapi://%2Frun%2Fslapd%2Fldapi????x", "Url", "is not the address of a server")]
    [InlineData("[Ldap:a]\nUrl = ldapi://%2Frun%2Fslapd%2Fldapi\nStartTls = yes", "StartTls", "is for ldap://")]
    [InlineData("[Ldap:a]\nUrl = ldapi://%2Frun%2Fslapd%2Fldapi, ldaps://a.example\nBind = External", "Bind", "needs CertFile and KeyFile")]
    [InlineData("[Smimea]\nLookup = yes\nResolver = 192.0.2.53", "Resolver", "is not on this machine")]
    [InlineData("[Smimea]\nLookup = yes\nResolver = resolver.example", "Resolver", "is not the address of a resolver")]
    [InlineData("[Smimea]\nLookup = yes\nResolver =", "Resolver", "names no server")]
    [InlineData("[Pkcs11]\nScan = yes", "Scan", "needs Module")]
    [InlineData("[Pkcs11]\nModule = module.so\nToken = mail", "Token", "is not a PKCS #11 URI")]
    [InlineData("[Sender:alice@example.org]\nCertificate = pkcs11:object=alice", "Certificate", "needs [Pkcs11] Module")]
    [InlineData("[Pkcs11]\nModule = module.so\n[Sender:@example.org]\nCertificate = pkcs11:object=x", "Certificate", "DomainCertificates")]
    public void What_is_unsafe_or_cannot_work_is_refused(string ini, string key, string why)
    {
        var e = Assert.Throws<ConfigurationException>(() => Read(ini));

        Assert.Contains(key, e.Message, StringComparison.Ordinal);
        Assert.Contains(why, e.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("[Ldap:a]\nUrl = ldap://127.0.0.1\nBindDn = cn=x\nBindFile = password")]
    [InlineData("[Ldap:a]\nUrl = ldap://a.example\nStartTls = yes\nBindDn = cn=x\nBindFile = password")]
    [InlineData("[Ldap:a]\nUrl = ldaps://a.example\nBind = External\nCertFile = client.pem\nKeyFile = client.key")]
    [InlineData("[Ldap:a]\nUrl = ldapi://%2Frun%2Fslapd%2Fldapi\nBind = External")]
    [InlineData("[Ldap:a]\nUrl = ldapi://%2Frun%2Fslapd%2Fldapi\nBindDn = cn=x\nBindFile = password")]
    [InlineData("[Smimea]\nLookup = yes\nResolver = 127.0.0.1:5353, ::1")]
    [InlineData("[Smimea]\nLookup = yes\nResolver = 192.0.2.53\nTrustPath = yes")]
    [InlineData("[Smimea]\nResolver = 192.0.2.53")]
    [InlineData("[Pkcs11]\nModule = module.so\nPinFile = pin\nScan = yes\n[Sender:alice@example.org]\nCertificate = pkcs11:token=mail;object=alice")]
    public void What_works_is_read(string ini) => Read(ini);

    [Theory]
    [InlineData("ldapi://%2Frun%2Fslapd%2Fldapi")]
    [InlineData("ldapi://%2frun%2fslapd%2fldapi")]
    [InlineData("LDAPI://%2Frun%2Fslapd%2Fldapi")]
    [InlineData("ldapi://%2Frun%2Fslapd%2Fldapi/")]
    [InlineData("ldapi:///run/slapd/ldapi")]
    public void A_socket_of_a_directory_service_is_named_as_OpenLDAP_does_and_by_its_path(string url) =>
        Assert.Equal("ldapi:///run/slapd/ldapi", Assert.Single(Assert.Single(Read($"[Ldap:a]\nUrl = {url}").Ldap).Urls).ToString());

    [Fact]
    public void A_key_in_the_token_is_no_file()
    {
        var options = Read("[Pkcs11]\nModule = module.so\n[Sender:alice@example.org]\nCertificate = pkcs11:token=mail;object=alice");

        var sender = options.Certificates.Senders[AddressPattern.Parse("alice@example.org")];
        Assert.Equal((null, "pkcs11:token=mail;object=alice"), (sender.Certificate, sender.Token));
    }

    public void Dispose() => directory.Dispose();

    private PostsealOptions Read(string ini) => PostsealOptions.FromIni(directory.Write("postseal.ini", ini));
}
