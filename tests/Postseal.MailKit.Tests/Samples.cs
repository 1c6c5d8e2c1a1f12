using System.Security.Cryptography.X509Certificates;
using MailKit;
using MailKit.Net.Smtp;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using MimeKit;
using MimeKit.Cryptography;
using Postseal.Dns;
using Postseal.Ldap;
using Postseal.Mail;
using Postseal.Pkcs11;
using Postseal.Policy;
using Postseal.Settings;

namespace Postseal.MailKit.Tests;

/// <summary>The code in the package's README: a test compares the two, and others run all of it.</summary>
internal static class Samples
{
    public static async Task SendAsync(string[] args)
    {
        var signer = new SmimeSigner(PostsealOptions.FromIni("postseal.ini")); // one for the whole program

        var message = new MimeMessage();
        message.From.Add(new MailboxAddress("Alice", "alice@example.org"));
        message.To.Add(new MailboxAddress("Bob", "bob@example.net"));
        message.Subject = "Grüße";
        message.Body = new TextPart("plain") { Text = "This message is signed.\n" };

        using var client = new SmimeSmtpClient(signer);
        client.MessageSent += (_, e) =>
            Console.WriteLine(((SmimeMessageSentEventArgs)e).Outcome is { IsSigned: true } signed
                ? $"signed with {signed.Certificate.Subject}" : "not signed");
        await client.ConnectAsync(args[0], int.Parse(args[1]));
        await client.SendAsync(message);
        await client.DisconnectAsync(true);
    }

    public static void DecideOverOne(MimeMessage message)
    {
        message.SetSigning(SigningMode.Never); // or Required, IfPossible; null: as the settings say
    }

    public static void DecideOverEncryption(MimeMessage message)
    {
        message.SetEncryption(EncryptionMode.Required); // or IfPossible, Never; null: as the settings say
    }

    public static async Task SendToAllAsync(SmimeSmtpClient client, MimeMessage message, Queue<MimeMessage> later)
    {
        try
        {
            await client.SendAsync(message);
        }
        catch (PartialDeliveryException partial)
        {
            foreach (var recipient in partial.Remaining)
                Console.WriteLine($"{recipient.Mailbox.Address} did not get it: {recipient.Reason}");
            if (partial.Remaining.All(recipient => recipient.IsTemporary))
                later.Enqueue(message); // sent again, it goes to these alone
        }
    }

    public static async Task PostAsync(
        SmimeSigner signer, MimeMessage message, Func<MimeMessage, IReadOnlyList<MailboxAddress>, Task> postAsync)
    {
        foreach (var copy in signer.Protect(message).Copies)
            await postAsync(copy.Message, copy.Recipients);
    }

    public static PostsealOptions[] Settings(IConfiguration configuration)
    {
        var file = PostsealOptions.FromIni("postseal.ini"); // the file of the milter
        var section = PostsealOptions.FromConfiguration(configuration.GetSection("Postseal")); // appsettings.json, environment, …
        var code = new PostsealOptions { Certificates = new() { Path = "/etc/postseal/certificates" } };
        return [file, section, code];
    }

    public static WebApplication Serve(string[] args)
    {
        var builder = WebApplication.CreateBuilder(args);
        builder.Services.AddPostseal(builder.Configuration.GetSection("Postseal"));
        var app = builder.Build();
        app.MapPost("/greetings", async (ISmtpClient client, IConfiguration settings) =>
        {
            using var message = new MimeMessage();
            message.From.Add(new MailboxAddress("Alice", "alice@example.org"));
            message.To.Add(new MailboxAddress("Bob", "bob@example.net"));
            message.Body = new TextPart("plain") { Text = "Sent from a web application.\n" };
            await client.ConnectAsync(settings["Smtp:Host"] ?? "localhost", settings.GetValue<int>("Smtp:Port"));
            await client.SendAsync(message);
            await client.DisconnectAsync(true);
        });
        return app;
    }

    public static async Task SendThroughAsync(IMailTransport anyTransport, SmimeSigner signer, MimeMessage message)
    {
        using var transport = new SmimeTransport(anyTransport, signer);
        await transport.SendAsync(message);
    }

    public static MimeMessage AsSent(SmimeSigner signer, MimeMessage message)
    {
        MimeMessage asSent = signer.Sign(message).Message;
        return asSent;
    }

    public static DigitalSignatureCollection Verify(SmimeSigner signer, X509Certificate2[] roots, MimeMessage message)
    {
        CryptographyContext.Register(() => new PostsealSecureMimeContext(signer.Certificates, roots));
        var signatures = ((MultipartSigned)message.Body!).Verify();
        return signatures;
    }

    public static async Task ReadAsync(IMailFolder inbox, UniqueId uid)
    {
        using var reader = new SmimeReader(PostsealOptions.FromIni("postseal.ini")); // one for the whole program
        using var fetched = await inbox.GetStreamAsync(uid); // inbox is an IMailFolder of MailKit
        using var message = new MemoryStream();
        await fetched.CopyToAsync(message);
        var verdict = reader.Verify(message.ToArray());
        Console.WriteLine($"{verdict.Result}: {verdict.Reason}");
    }

    public static void Open(SmimeReader reader, MemoryStream message, MailAddress bob)
    {
        var opened = reader.Open(message.ToArray(), bob); // a MailAddress: whose mailbox it is
        if (opened.IsEncrypted && !opened.IsDecrypted)
            Console.WriteLine($"stays encrypted: {opened.Reason}");
        Console.WriteLine(opened.Message.TextBody); // a MimeMessage, in clear where it was decrypted
        Console.WriteLine($"{opened.Integrity}; {opened.Verdict.Result}: {opened.Verdict.Reason}");
    }

    public static async Task OpenSourcesAsync()
    {
        var options = PostsealOptions.FromIni("postseal.ini");
        await using var sources = RemoteSources.Open(options, providers: [new LdapProvider(), new SmimeaProvider(), new Pkcs11Provider()]);
        var signer = new SmimeSigner(options, sources: sources);
        using var reader = new SmimeReader(options, sources: sources);
    }

    public sealed class ReportingClient(SmimeSigner signer) : SmimeSmtpClient(signer)
    {
        protected override string? GetEnvelopeId(MimeMessage message) => message.MessageId;

        protected override void OnRecipientNotAccepted(MimeMessage message, MailboxAddress mailbox, SmtpResponse response) =>
            Console.WriteLine($"{message.MessageId}: {mailbox.Address} was refused: {response.Response}");
    }
}
