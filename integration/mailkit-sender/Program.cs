using System.Globalization;
using MailKit.Net.Smtp;
using MimeKit;
using Postseal.MailKit;
using Postseal.Settings;

// mailkit-sender PORT SENDER RECIPIENT [INI] < MESSAGE: hands a message to an SMTP server on this machine, signed by the
// settings in INI, or without INI as plain MailKit does. Exit code 1: refused, nothing was sent.
if (args.Length is not (3 or 4))
{
    Console.Error.WriteLine("usage: mailkit-sender PORT SENDER RECIPIENT [INI] < MESSAGE");
    return 2;
}

using var message = MimeMessage.Load(Console.OpenStandardInput());
using var client = args.Length == 4 ? new SmimeSmtpClient(PostsealOptions.FromIni(args[3])) : new SmtpClient();
client.Connect("127.0.0.1", int.Parse(args[0], CultureInfo.InvariantCulture));
try
{
    client.Send(message, MailboxAddress.Parse(args[1]), [MailboxAddress.Parse(args[2])]);
}
catch (SigningRefusedException refused)
{
    Console.Error.WriteLine(refused.Message);
    return 1;
}

client.Disconnect(true);
return 0;
