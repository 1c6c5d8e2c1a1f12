using System.Globalization;
using MailKit;
using MailKit.Net.Smtp;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using MimeKit;
using Postseal.Mail;
using Postseal.MailKit.Tests.Support;
using Postseal.Program.Trial;
using Postseal.Settings;
using Postseal.TestKit;

namespace Postseal.MailKit.Tests;

/// <summary>All the code in the README, run. It tells the time by the system's clock, and so do the certificates here.</summary>
[Collection(nameof(Alone))]
public sealed class SampleTests : IDisposable
{
    private readonly CertificateFolder folder = new();

    public SampleTests()
    {
        folder.Add("alice@example.org", "RSA-2048");
        folder.Write("postseal.ini", "[Certificates]\nPath = .\n[Sender:@example.org]\nMode = Required\n");
    }

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public void All_code_in_the_README_is_compiled_here()
    {
        var samples = string.Join('\n', Code(Lines("Samples.cs")));
        var blocks = Blocks().ToList();

        Assert.Equal(14, blocks.Count);
        Assert.All(blocks, block => Assert.Contains($"\n{string.Join('\n', Code(block))}\n", samples, StringComparison.Ordinal));
        Assert.InRange(blocks[0].Count(line => line.Length > 0), 15, 21);
    }

    [Fact]
    public async Task The_first_program_sends_signed_mail()
    {
        await using var server = new SmtpServerDouble("8BITMIME");

        var written = await WrittenAsync(() => InFolderAsync(() => Samples.SendAsync(["127.0.0.1", Port(server)])));

        AssertSigned(server);
        Assert.Equal("signed with CN=alice@example.org\n", written);
    }

    [Fact]
    public async Task What_was_fetched_is_verified()
    {
        folder.Write("postseal.ini", "[Certificates]\nPath = .\n[Trust]\nAnchors = anchors.txt\n[Revocation]\nCheck = Off\n");
        folder.Write("anchors.txt", folder.Ca.Root.ExportCertificatePem());
        var letter = Letters.Plain();
        letter.Date = DateTimeOffset.Now;
        var inbox = Inbox.With(Letters.Bytes(Signer().Sign(letter, cancellationToken: Cancel).Message));

        var written = await WrittenAsync(() => InFolderAsync(() => Samples.ReadAsync(inbox, new UniqueId(1))));

        Assert.Equal("Pass: trusted\n", written);
    }

    [Fact]
    public async Task What_was_fetched_in_clear_or_for_somebody_else_is_shown_as_it_is()
    {
        folder.Write("postseal.ini", "[Certificates]\nPath = .\n[Revocation]\nCheck = Off\n");
        using var reader = new SmimeReader(PostsealOptions.FromIni(folder.File("postseal.ini")));
        using var message = new MemoryStream("From: alice@example.org\r\n\r\nHello"u8.ToArray());

        var written = await WrittenAsync(() =>
        {
            Samples.Open(reader, message, new MailAddress("bob", "example.net"));
            return Task.CompletedTask;
        });

        Assert.Equal("Hello\n; None: it is not signed\n", written);
    }

    [Fact]
    public void The_program_has_the_last_word_on_one_message()
    {
        var message = Letters.Plain();

        Samples.DecideOverOne(message);

        Assert.False(Signer().Sign(message, cancellationToken: Cancel).IsSigned);
    }

    [Fact]
    public async Task The_rest_of_the_recipients_get_it_when_it_is_sent_again()
    {
        AddCorrespondent("bob@example.net");
        await using var server = new SmtpServerDouble("8BITMIME");
        using var client = new SmimeSmtpClient(Signer());
        await client.ConnectAsync("127.0.0.1", server.Port, cancellationToken: Cancel);
        var message = Letters.Plain();
        message.Cc.Add(new MailboxAddress("", "dave@example.net"));
        message.SetEncryption(Policy.EncryptionMode.IfPossible);
        var later = new Queue<MimeMessage>();
        server.Instead = command => command.StartsWith("RCPT TO:<dave@", StringComparison.Ordinal) ? "450 4.2.1 later\r\n" : null;

        var written = await WrittenAsync(() => Samples.SendToAllAsync(client, message, later));
        server.Instead = _ => null;
        await Samples.SendToAllAsync(client, later.Dequeue(), later);

        Assert.Equal("dave@example.net did not get it: 4.2.1 later\n", written);
        Assert.Equal(["RCPT TO:<bob@example.net>", "RCPT TO:<dave@example.net>"], server.Messages.SelectMany(received => received.Recipients));
    }

    [Fact]
    public async Task A_program_that_posts_its_mail_gets_it_encrypted()
    {
        AddCorrespondent("bob@example.net");
        var message = Letters.Plain();
        Samples.DecideOverEncryption(message);
        var posted = new List<(MimeMessage Message, IReadOnlyList<MailboxAddress> Recipients)>();

        await Samples.PostAsync(Signer(), message, (copy, recipients) =>
        {
            posted.Add((copy, recipients));
            return Task.CompletedTask;
        });

        Assert.True(SecretMail.IsEncrypted(Letters.Bytes(Assert.Single(posted).Message)));
        Assert.Equal("bob@example.net", Assert.Single(posted[0].Recipients).Address);
    }

    [Fact]
    public async Task The_settings_come_from_a_file_a_section_or_code()
    {
        var configuration = new ConfigurationBuilder().AddInMemoryCollection([new("Postseal:Certificates:Path", folder.Path)]).Build();
        PostsealOptions[] options = [];

        await InFolderAsync(() => Task.FromResult(options = Samples.Settings(configuration)));

        Assert.Equal([folder.Path, folder.Path, "/etc/postseal/certificates"], options.Select(option => option.Certificates.Path));
    }

    [Fact]
    public async Task The_web_application_sends_signed_mail()
    {
        await using var server = new SmtpServerDouble("8BITMIME");
        await using var app = Samples.Serve([
            "--urls", "http://127.0.0.1:0", "--contentRoot", folder.Path, "--Postseal:Certificates:Path", ".",
            "--Smtp:Host", "127.0.0.1", "--Smtp:Port", Port(server), "--Logging:LogLevel:Default", "Warning"]);
        await app.StartAsync(Cancel);
        var address = app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Single();
        using var http = new HttpClient();

        using var answer = await http.PostAsync(new Uri($"{address}/greetings"), null, Cancel);

        Assert.True(answer.IsSuccessStatusCode);
        AssertSigned(server);
    }

    [Fact]
    public async Task A_transport_that_is_there_already_sends_signed_mail()
    {
        await using var server = new SmtpServerDouble("8BITMIME");
        using var smtp = new SmtpClient();
        await smtp.ConnectAsync("127.0.0.1", server.Port, cancellationToken: Cancel);

        await Samples.SendThroughAsync(smtp, Signer(), Letters.Plain());

        AssertSigned(server);
    }

    [Fact]
    public async Task A_subclass_asks_for_delivery_reports()
    {
        await using var server = new SmtpServerDouble("8BITMIME", "DSN");
        using var client = new Samples.ReportingClient(Signer());
        await client.ConnectAsync("127.0.0.1", server.Port, cancellationToken: Cancel);

        await client.SendAsync(Letters.Plain(), Cancel);

        Assert.Contains("ENVID=1@example.org", server.Messages.Single().Mail, StringComparison.Ordinal);
        AssertSigned(server);
    }

    [Fact]
    public void What_was_sent_is_filed_and_verified()
    {
        var sent = Letters.Bytes(Samples.AsSent(Signer(), Letters.Plain()));

        var signatures = Samples.Verify(Signer(), [folder.Ca.Root], MimeMessage.Load(new MemoryStream(sent), Cancel));

        Assert.True(Assert.Single(signatures).Verify());
    }

    public void Dispose() => folder.Dispose();

    private SmimeSigner Signer() => new(new PostsealOptions { Certificates = new() { Path = folder.Path }, StatePath = folder.File("state") });

    private void AddCorrespondent(string address) =>
        folder.Write(address + ".crt", folder.Ca.Issue(new TestCaRequest(address)).CertificatePem);

    /// <summary>What is written to standard output meanwhile.</summary>
    private static async Task<string> WrittenAsync(Func<Task> run)
    {
        var output = Console.Out;
        using var written = new StringWriter();
        Console.SetOut(written);
        try
        {
            await run();
        }
        finally
        {
            Console.SetOut(output);
        }

        return written.ToString().ReplaceLineEndings("\n");
    }

    private static string Port(SmtpServerDouble server) => server.Port.ToString(CultureInfo.InvariantCulture);

    private static void AssertSigned(SmtpServerDouble server) =>
        Assert.Contains("multipart/signed", Letters.Text(Assert.Single(server.Messages).Bytes), StringComparison.Ordinal);

    private async Task InFolderAsync(Func<Task> run)
    {
        var here = Environment.CurrentDirectory;
        Environment.CurrentDirectory = folder.Path;
        try
        {
            await run();
        }
        finally
        {
            Environment.CurrentDirectory = here;
        }
    }

    private static IEnumerable<string[]> Blocks()
    {
        var lines = Lines("README.md").ToList();
        for (var start = 0; (start = lines.FindIndex(start, line => line == "```csharp") + 1) > 0;)
            yield return [.. lines.Skip(start).TakeWhile(line => line != "```")];
    }

    /// <summary>Without empty lines and directives.</summary>
    private static IEnumerable<string> Code(IEnumerable<string> lines) =>
        lines.Where(line => line.Length > 0 && !(line.StartsWith("using ", StringComparison.Ordinal) && !line.Contains('=', StringComparison.Ordinal)));

    private static IEnumerable<string> Lines(string resource)
    {
        using var reader = new StreamReader(typeof(SampleTests).Assembly.GetManifestResourceStream(resource)!);
        return reader.ReadToEnd().ReplaceLineEndings("\n").Split('\n').Select(line => line.Trim());
    }
}
