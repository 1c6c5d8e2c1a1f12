using Microsoft.Extensions.Logging;
using Postseal.Certificates;
using Postseal.Certificates.Sources;
using Postseal.Mail;
using Postseal.Settings;
using Postseal.TestKit;

namespace Postseal.Tests;

/// <summary>The sources outside of files are those that the settings name, and none of them is silently left out.</summary>
public sealed class RemoteSourcesTests : IDisposable
{
    private readonly TemporaryDirectory directory = new();

    [Theory]
    [InlineData("[Ldap:a]\nUrl = ldaps://a.example", "Postseal.Ldap")]
    [InlineData("[Smimea]\nLookup = yes", "Postseal.Dns")]
    [InlineData("[Pkcs11]\nModule = module.so", "Postseal.Pkcs11")]
    public void A_source_that_no_package_answers_for_is_an_error(string ini, string package)
    {
        var options = Read(ini);

        var e = Assert.Throws<ConfigurationException>(() => RemoteSources.Open(options));

        Assert.Contains(package, e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task They_are_asked_in_the_order_of_the_file_and_dns_last()
    {
        var options = Read("[Smimea]\nLookup = yes\n[Ldap:zeta]\nUrl = ldaps://z.example\n[Ldap:alpha]\nUrl = ldaps://a.example");

        await using var sources = RemoteSources.Open(options, null, null, new Provider("Smimea"), new Provider("Ldap"));

        Assert.Equal(["ldap:zeta", "ldap:alpha", "smimea"], sources.All.Select(source => source.Name));
    }

    [Fact]
    public void Without_a_section_nothing_is_opened() => Assert.Same(RemoteSources.None, RemoteSources.Open(Read("")));

    [Theory]
    [InlineData("[Ldap:a]\nUrl = ldaps://a.example", true)]
    [InlineData("[Ldap:a]\nUrl = ldaps://a.example\n[Signing]\nMode = Never", true)]
    [InlineData("[Ldap:a]\nUrl = ldaps://b.example", false)]
    [InlineData("[Ldap:b]\nUrl = ldaps://a.example", false)]
    [InlineData("[Ldap:a]\nUrl = ldaps://a.example\nCache = 1h", false)]
    [InlineData("[Ldap:a]\nUrl = ldaps://a.example\n[Smimea]\nLookup = yes", false)]
    [InlineData("", false)]
    public async Task They_stay_open_while_the_settings_name_the_same(string ini, bool isSame)
    {
        await using var sources = RemoteSources.Open(Read("[Ldap:a]\nUrl = ldaps://a.example"), null, null, new Provider("Ldap"));

        Assert.Equal(isSame, sources.AreFor(Read(ini)));
    }

    public void Dispose() => directory.Dispose();

    private PostsealOptions Read(string ini)
    {
        Directory.CreateDirectory(directory.File("certificates"));
        directory.Write("module.so", "");
        return PostsealOptions.FromIni(directory.Write("postseal.ini", ini));
    }

    private sealed class Provider(string section) : ISourceProvider
    {
        public string Section => section;

        public IReadOnlyList<IRemoteSource> Open(PostsealOptions options, TimeProvider time, ILoggerFactory loggerFactory) =>
            section == "Ldap" ? [.. options.Ldap.Select(ldap => new Silent($"ldap:{ldap.Name}"))] : [new Silent("smimea")];
    }

    private sealed class Silent(string name) : ICertificateSource
    {
        public string Name => name;

        public ValueTask<FoundCertificates> FindAsync(MailAddress address, CancellationToken cancellationToken = default) => throw new IOException();

        public ValueTask<SourceReport> ProbeAsync(CancellationToken cancellationToken = default) => throw new NotSupportedException();
    }
}
