using System.Security.Cryptography.X509Certificates;
using Postseal.Certificates;
using Postseal.Certificates.Sources;
using Postseal.Certificates.Store;
using Postseal.Cms;
using Postseal.Mail;
using Postseal.Policy;
using Postseal.Program.Trial;
using Postseal.Settings;
using Postseal.TestKit;

namespace Postseal.Tests.Certificates.Store;

/// <summary>Keys in a token sign and open the mail of those they belong to, and of nobody else.</summary>
public sealed class TokenCertificatesTests : IDisposable
{
    private const string Alice = "alice@example.org", Bob = "bob@example.org", Uri = "pkcs11:token=mail;object=alice";

    private readonly CertificateFolder folder = new();
    private readonly Token token = new();

    [Fact]
    public async Task A_section_names_the_key_of_its_sender()
    {
        var issued = token.Add(folder, Alice, Uri);

        Assert.Equal(issued.Thumbprint, Found(await FindSignerAsync(Alice, Named(Alice))).Certificate.Thumbprint);
    }

    [Fact]
    public async Task A_section_that_names_a_key_is_followed_and_not_the_directory()
    {
        folder.Add(Alice);

        var lookup = await FindSignerAsync(Alice, Named(Alice));

        Assert.Contains(Uri, Assert.IsType<Lookup<Identity>.Unusable>(lookup).Why.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(Bob)]
    [InlineData("@example.org")]
    public async Task A_key_that_is_named_for_somebody_else_does_not_sign(string owner)
    {
        token.Add(folder, Alice, Uri);

        Assert.IsType<Lookup<Identity>.None>(await FindSignerAsync(Alice, Named(owner)));
    }

    [Fact]
    public async Task A_named_key_whose_certificate_is_for_another_address_does_not_sign()
    {
        token.Add(folder, Bob, Uri);

        Assert.Equal(RejectionKind.WrongAddress, Assert.IsType<Lookup<Identity>.Unusable>(await FindSignerAsync(Alice, Named(Alice))).Why.Kind);
    }

    [Fact]
    public async Task A_domains_key_signs_for_its_addresses_where_domains_may()
    {
        var issued = token.Add(folder, "gateway@example.org", Uri);
        var options = Named("@example.org");

        Assert.IsType<Lookup<Identity>.None>(await FindSignerAsync(Alice, options));
        var domain = options with { Certificates = options.Certificates with { DomainCertificates = true } };
        Assert.Equal(issued.Thumbprint, Found(await FindSignerAsync(Alice, domain)).Certificate.Thumbprint);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Keys_that_no_section_names_are_used_where_the_token_is_scanned(bool isScanned)
    {
        token.Add(folder, Alice);

        var lookup = await FindSignerAsync(Alice, Options(isScanned));

        Assert.Equal(isScanned, lookup is Lookup<Identity>.Found);
        Assert.Equal(isScanned, await Sources(Options(isScanned)).Identities.HoldsKeyOfAsync(Address(Alice), TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task Files_come_first_and_the_token_helps_where_they_have_expired()
    {
        token.Add(folder, Alice);
        folder.Add(Alice);
        Assert.EndsWith(".pem", Found(await FindSignerAsync(Alice, Options())).Source, StringComparison.Ordinal);

        folder.Add(Alice, new TestCaRequest(Alice) { NotBefore = folder.Time.GetUtcNow().AddDays(-9), NotAfter = folder.Time.GetUtcNow().AddDays(-1) });
        Assert.StartsWith("pkcs11", Found(await FindSignerAsync(Alice, Options())).Source, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_token_that_is_gone_is_an_exception_and_never_an_absence()
    {
        token.IsGone = true;
        var sources = Sources(Options());
        var cancellation = TestContext.Current.CancellationToken;

        await Assert.ThrowsAsync<IOException>(() => sources.Identities.FindSignerAsync(Address(Alice), cancellation).AsTask());
        await Assert.ThrowsAsync<IOException>(() => sources.Identities.HoldsKeyOfAsync(Address(Alice), cancellation).AsTask());
        await Assert.ThrowsAsync<IOException>(() => sources.Recipients.FindRecipientAsync(Address(Alice), cancellation).AsTask());
        await Assert.ThrowsAsync<IOException>(() => sources.Keys.FindDecryptionKeysAsync(Address(Alice), _ => true, cancellation).AsTask());
    }

    [Fact]
    public async Task Mail_is_opened_with_its_recipients_key_and_with_no_other()
    {
        var issued = token.Add(folder, Alice);
        token.Add(folder, Bob);

        Assert.Equal([issued.Thumbprint], await KeysOfAsync(Alice, _ => true));
        Assert.Empty(await KeysOfAsync("carol@example.org", _ => true));
        Assert.Empty(await KeysOfAsync(Alice, certificate => certificate.Subject.Contains(Bob, StringComparison.Ordinal)));
    }

    [Fact]
    public async Task A_key_that_is_in_a_file_too_is_taken_from_there()
    {
        token.Add(folder, Alice);
        folder.Add(Alice);
        token.IsGone = true;

        Assert.Single(await KeysOfAsync(Alice, certificate => true));
    }

    [Fact]
    public async Task Whose_keys_open_other_mail_holds_for_the_token_too()
    {
        var issued = token.Add(folder, Alice);
        var options = Options();
        options = options with
        {
            Certificates = options.Certificates with
            {
                KeysOf = new Dictionary<AddressPattern, IReadOnlyList<AddressPattern>>
                {
                    [AddressPattern.Parse("team@example.org")] = [AddressPattern.Parse(Alice)],
                },
            },
        };

        Assert.Equal([issued.Thumbprint], await KeysOfAsync("team@example.org", _ => true, options));
    }

    [Fact]
    public async Task Mail_is_not_encrypted_again_to_a_key_in_the_token()
    {
        token.Add(folder, Alice);

        var lookup = await Sources(Options()).Recipients.FindReaderAsync(Address(Alice), TestContext.Current.CancellationToken);

        Assert.IsType<Lookup<MailCertificate>.None>(lookup);
    }

    [Fact]
    public async Task A_message_is_signed_with_a_key_in_the_token_and_every_reader_verifies_it()
    {
        var issued = token.Add(folder, Alice);
        var options = Options();
        var processor = new OutgoingProcessor(options, Sources(options), folder.Time, null);

        var outcome = await processor.ProcessAsync(
            MailMessage.Parse("From: alice@example.org\r\nTo: carol@example.net\r\n\r\nHello\r\n"u8.ToArray()),
            new Envelope { Sender = Address(Alice), Recipients = [new("carol@example.net")], ClientAddress = System.Net.IPAddress.Loopback },
            TestContext.Current.CancellationToken);

        using var mail = new MemoryStream(TestMail.BytesOf(Assert.IsType<Outcome.Replaced>(outcome).Message));
        Assert.Equal((issued.Thumbprint.ToLowerInvariant(), null), MimeKitJudge.Verify(mail, folder.Write("root.txt", folder.Ca.Root.ExportCertificatePem())));
    }

    public void Dispose() => folder.Dispose();

    private static MailAddress Address(string text) => TestMail.Address(text);

    private static Identity Found(Lookup<Identity> lookup) => Assert.IsType<Lookup<Identity>.Found>(lookup).Value;

    private PostsealOptions Options(bool isScanned = true) => new()
    {
        Certificates = folder.Options,
        Pkcs11 = new Pkcs11Options { Module = "/usr/lib/token.so", Scan = isScanned },
    };

    private PostsealOptions Named(string owner)
    {
        var options = Options(isScanned: false);
        return options with
        {
            Certificates = options.Certificates with
            {
                Senders = new Dictionary<AddressPattern, SenderCertificate>
                {
                    [AddressPattern.Parse(owner)] = new(null, null) { Token = Uri },
                },
            },
        };
    }

    private CertificateSources Sources(PostsealOptions options) => new(
        options, folder.Open(options.Certificates), RemoteSources.Open(options, folder.Time, null, new Provider(token)));

    private ValueTask<Lookup<Identity>> FindSignerAsync(string address, PostsealOptions options) =>
        Sources(options).Identities.FindSignerAsync(Address(address), TestContext.Current.CancellationToken);

    private async Task<IReadOnlyList<string>> KeysOfAsync(string address, Func<X509Certificate2, bool> isWanted, PostsealOptions? options = null) =>
    [
        .. from key in await Sources(options ?? Options()).Keys.FindDecryptionKeysAsync(Address(address), isWanted, TestContext.Current.CancellationToken)
           select key.Certificate.Thumbprint,
    ];

    private sealed class Provider(Token token) : ISourceProvider
    {
        public string Section => "Pkcs11";

        public IReadOnlyList<IRemoteSource> Open(PostsealOptions options, TimeProvider time, Microsoft.Extensions.Logging.ILoggerFactory loggerFactory) => [token];
    }

    private sealed class Token : IKeyToken
    {
        private readonly List<(string? Uri, MailCertificate Certificate)> certificates = [];

        public bool IsGone { get; set; }

        public string Name => "pkcs11";

        public X509Certificate2 Add(CertificateFolder folder, string address, string? uri = null)
        {
            var issued = folder.Ca.Issue(new TestCaRequest(address));
            var certificate = X509Certificate2.CreateFromPem(issued.CertificatePem, issued.KeyPem);
            var key = new PlatformKey(certificate.GetECDsaPrivateKey()!);
            certificates.Add((uri, MailCertificate.InToken(
                X509Certificate2.CreateFromPem(issued.CertificatePem), key, $"pkcs11:object={address}", [folder.Ca.Intermediate])));
            return certificate;
        }

        public ValueTask<IReadOnlyList<MailCertificate>> ListAsync(CancellationToken cancellationToken = default) =>
            Answer(certificates.Select(known => known.Certificate));

        public ValueTask<IReadOnlyList<MailCertificate>> FindAsync(string uri, CancellationToken cancellationToken = default) =>
            Answer(certificates.Where(known => known.Uri == uri).Select(known => known.Certificate));

        public ValueTask<SourceReport> ProbeAsync(CancellationToken cancellationToken = default) => throw new NotSupportedException();

        private ValueTask<IReadOnlyList<MailCertificate>> Answer(IEnumerable<MailCertificate> found) =>
            IsGone ? throw new IOException("pkcs11: the token is gone") : ValueTask.FromResult<IReadOnlyList<MailCertificate>>([.. found]);
    }
}
