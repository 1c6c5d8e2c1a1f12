using MailKit.Net.Smtp;
using MimeKit;
using Postseal.Configuration;
using Postseal.MailKit;

namespace Postseal.MailKit.Tests;

/// <summary>The program in the package's README: a test compares the two, and runs this one.</summary>
internal static class Sample
{
    public static async Task RunAsync(string[] args)
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
}
