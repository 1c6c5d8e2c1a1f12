using System.Security.Cryptography.X509Certificates;
using MailKit;
using MailKit.Net.Smtp;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using MimeKit;
using Postseal.MailKit.Tests.Support;
using Postseal.Policy;
using Postseal.Settings;
using Postseal.TestKit;

namespace Postseal.MailKit.Tests;

public sealed class SetupTests : IDisposable
{
    private readonly Office office = new();

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public void An_INI_file_in_the_milters_words_sets_a_client_up()
    {
        var ini = office.Write(
            "postseal.ini", "[Milter]\nSocket = inet:8891@127.0.0.1\n[Certificates]\nPath = .\n[Originating]\nNetworks = 10.0.0.0/8\n");
        var signer = new SmimeSigner(PostsealOptions.FromIni(ini), time: office.Time);

        Assert.True(signer.Sign(Letters.Plain(), cancellationToken: Cancel).IsSigned);
    }

    [Fact]
    public void A_wrong_setting_is_told_at_the_start()
    {
        var ini = office.Write("postseal.ini", "[Certificates]\nPath = .\n[Signing]\nMode = Sometimes\nFrom = x\n");

        var wrong = Assert.Throws<ConfigurationException>(() => new SmimeSmtpClient(PostsealOptions.FromIni(ini)));

        Assert.Equal(["Mode", "From"], wrong.Errors.Select(error => error.Key));
    }

    [Fact]
    public void A_JSON_section_sets_the_container_up_with_one_signer_for_all_clients()
    {
        var json = office.Write("appsettings.json", $$"""
            { "Postseal": { "Certificates": { "Path": "{{office.Path}}" },
                            "Originating": { "Networks": "10.0.0.0/8" },
                            "Sender": { "@example.org": { "Mode": "Required" } } } }
            """);
        var configuration = new ConfigurationBuilder().AddJsonFile(json).Build();
        using var services = new ServiceCollection()
            .AddPostseal(configuration.GetSection("Postseal")).AddSingleton<TimeProvider>(office.Time).BuildServiceProvider();

        using var first = services.GetRequiredService<SmimeSmtpClient>();
        using var second = services.GetRequiredService<SmimeSmtpClient>();
        var signer = services.GetRequiredService<SmimeSigner>();

        Assert.NotSame(first, second);
        Assert.Same(signer, services.GetRequiredService<SmimeSigner>());
        Assert.True(signer.Sign(Letters.Plain(), cancellationToken: Cancel).IsSigned);
        Assert.Throws<SigningRefusedException>(() => signer.Sign(Letters.Plain("nobody@example.org"), cancellationToken: Cancel));
    }

    [Fact]
    public void Whoever_asks_for_MailKits_interfaces_gets_a_client_that_signs_each_time_a_new_one()
    {
        using var services = new ServiceCollection().AddTransient<ISmtpClient, SmtpClient>().AddPostseal(office.Options()).BuildServiceProvider();

        foreach (var type in (Type[])[typeof(SmimeSmtpClient), typeof(ISmtpClient), typeof(IMailTransport)])
        {
            Assert.IsType<SmimeSmtpClient>(services.GetRequiredService(type));
            Assert.NotSame(services.GetRequiredService(type), services.GetRequiredService(type));
        }
    }

    [Fact]
    public async Task A_registered_protocol_logger_gets_every_clients_dialogue_and_outlives_them()
    {
        var log = new RecordingLogger();
        await using var server = new SmtpServerDouble("8BITMIME");
        await using var services = new ServiceCollection()
            .AddSingleton<IProtocolLogger>(log).AddPostseal(office.Options()).BuildServiceProvider();

        for (var i = 0; i < 2; i++)
        {
            using var client = services.GetRequiredService<ISmtpClient>();
            await client.ConnectAsync("127.0.0.1", server.Port, cancellationToken: Cancel);
            await client.SendAsync(Letters.Plain(), Cancel);
            await client.DisconnectAsync(true, Cancel);
            Assert.False(log.IsDisposed);
        }

        Assert.Equal(2, log.Client.Split("MAIL FROM:<alice@example.org>").Length - 1);
        Assert.Contains("queued", log.Server, StringComparison.Ordinal);
    }

    [Fact]
    public void Relative_paths_start_from_the_content_root_of_the_host()
    {
        var settings = new Dictionary<string, string?> { ["Postseal:Certificates:Path"] = "." };
        var web = Microsoft.AspNetCore.Builder.WebApplication.CreateBuilder(new Microsoft.AspNetCore.Builder.WebApplicationOptions { ContentRootPath = office.Path });
        var worker = Microsoft.Extensions.Hosting.Host.CreateEmptyApplicationBuilder(new() { ContentRootPath = office.Path });
        foreach (var (services, configuration) in (List<(IServiceCollection, IConfigurationBuilder)>)
            [(web.Services, web.Configuration), (worker.Services, worker.Configuration)])
        {
            configuration.AddInMemoryCollection(settings);
            services.AddPostseal(((IConfiguration)configuration).GetSection("Postseal")).AddSingleton<TimeProvider>(office.Time);
            using var provider = services.BuildServiceProvider();

            Assert.Equal(office.Path, provider.GetRequiredService<SmimeSigner>().Options.Certificates.Path.TrimEnd('/', '\\'));
        }
    }

    [Fact]
    public void A_JSON_list_where_one_text_belongs_is_an_error_and_not_ignored()
    {
        var configuration = new ConfigurationBuilder().AddInMemoryCollection([
            new("Postseal:Certificates:Path", office.Path), new("Postseal:Originating:Networks:0", "10.0.0.0/8")]).Build();

        var wrong = Assert.Throws<ConfigurationException>(
            () => new ServiceCollection().AddPostseal(configuration.GetSection("Postseal")));

        Assert.Contains("[Originating] Networks: is a list", wrong.Message, StringComparison.Ordinal);
    }

    public static TheoryData<string, string, string> Refusals() => new()
    {
        { "nobody@example.org", "nobody@example.org", "[Sender:nobody@example.org]" },
        { "alice@example.org", "bounces@example.org", "NetworksFrom = Any" },
        { "", "alice@example.org", "one From field" },
    };

    [Theory]
    [MemberData(nameof(Refusals))]
    public void A_refusal_says_what_to_do(string from, string envelopeSender, string remedy)
    {
        var options = office.Options(SigningMode.Required) with
        {
            Originating = new OriginatingOptions { NetworksFrom = AllowedFrom.EnvelopeSender },
        };
        var message = Letters.Plain(from);
        if (from.Length == 0)
            message.From.Clear();

        var refused = Assert.Throws<SigningRefusedException>(() => new SmimeSigner(options, time: office.Time)
            .Sign(message, new MailboxAddress("", envelopeSender), cancellationToken: Cancel));

        Assert.Contains(remedy, refused.Remedy, StringComparison.Ordinal);
        Assert.Contains(refused.Remedy, refused.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(SigningMode.IfPossible)]
    [InlineData(SigningMode.Required)]
    public void What_the_server_would_not_take_when_it_is_signed_leaves_unsigned_or_is_refused_with_what_to_do(SigningMode mode)
    {
        var options = office.Options(mode);
        options = options with { Signing = options.Signing with { MaxSize = 1 << 20 } };
        var message = Letters.Plain();
        message.Body = new TextPart("plain") { Text = new string('x', 60).PadRight(1 << 20, '\n') };

        SigningOutcome Sign() => new SmimeSigner(options, time: office.Time).Sign(message, cancellationToken: Cancel);

        if (mode == SigningMode.Required)
            Assert.Contains("raise MaxSize", Assert.Throws<SigningRefusedException>(Sign).Remedy, StringComparison.Ordinal);
        else
            Assert.Contains("MaxSize = 1048576", Sign().Reason, StringComparison.Ordinal);
    }

    [Fact]
    public void A_certificate_that_was_replaced_signs_the_next_message()
    {
        var signer = office.Signer();
        var first = signer.Sign(Letters.Plain(), cancellationToken: Cancel);
        var renewed = Office.Issue("alice@example.org", "P-256");
        office.Write("alice@example.org.pem", renewed);

        var second = signer.Sign(Letters.Plain(), cancellationToken: Cancel);

        Assert.NotEqual(first.Certificate!.Thumbprint, second.Certificate!.Thumbprint);
        Assert.Equal(X509Certificate2.CreateFromPem(renewed).Thumbprint, second.Certificate.Thumbprint);
    }

    public void Dispose() => office.Dispose();

    private sealed class RecordingLogger : IProtocolLogger
    {
        private readonly MemoryStream client = new();
        private readonly MemoryStream server = new();

        public bool IsDisposed { get; private set; }

        public string Client => Letters.Text(client.ToArray());

        public string Server => Letters.Text(server.ToArray());

        public IAuthenticationSecretDetector? AuthenticationSecretDetector { get; set; }

        public void LogConnect(Uri uri)
        {
        }

        public void LogClient(byte[] buffer, int offset, int count) => client.Write(buffer, offset, count);

        public void LogServer(byte[] buffer, int offset, int count) => server.Write(buffer, offset, count);

        public void Dispose() => IsDisposed = true;
    }
}
