using System.Globalization;
using MailKit.Net.Smtp;
using MimeKit;
using Postseal.MailKit;
using Postseal.Settings;

// mailkit-sender PORT SENDER RECIPIENT[,RECIPIENT...] [INI] < MESSAGE: hands a message to an SMTP server on this machine, signed and
// encrypted by the settings in INI, or without INI as plain MailKit does, and prints how it left. Exit code 1: refused, nothing was
// sent; 3: some recipients did not get it, and then the same message is sent again.
if (args.Length is not (3 or 4))
{
    Console.Error.WriteLine("usage: mailkit-sender PORT SENDER RECIPIENT[,RECIPIENT...] [INI] < MESSAGE");
    return 2;
}

using var message = MimeMessage.Load(Console.OpenStandardInput());
using var client = args.Length == 4 ? new SmimeSmtpClient(PostsealOptions.FromIni(args[3])) : new SmtpClient();
client.MessageSent += (_, e) =>
{
    foreach (var recipient in (e as SmimeMessageSentEventArgs)?.Outcome.Recipients ?? [])
        Console.WriteLine(recipient);
};
client.Connect("127.0.0.1", int.Parse(args[0], CultureInfo.InvariantCulture));
var exitCode = 0;
try
{
    Send();
}
catch (ProtectionException refused)
{
    Console.Error.WriteLine(refused.Message);
    return 1;
}
catch (PartialDeliveryException partial)
{
    Console.Error.WriteLine(partial.Message);
    exitCode = 3;
    try
    {
        Send();
    }
    catch (PartialDeliveryException again)
    {
        Console.Error.WriteLine(again.Message);
    }
}

client.Disconnect(true);
return exitCode;

void Send() => client.Send(message, MailboxAddress.Parse(args[1]), args[2].Split(',').Select(MailboxAddress.Parse));
