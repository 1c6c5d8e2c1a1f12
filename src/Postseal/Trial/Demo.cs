using System.Buffers;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Microsoft.Extensions.Logging.Abstractions;
using Milter.Testing;
using Postseal.Mail;
using Postseal.Mime;
using Postseal.Program.Milter;
using Postseal.Program.Terminal;

namespace Postseal.Program.Trial;

/// <summary>The demo's steps, in the order a reader sees them.</summary>
/// <param name="directory">Where its files are.</param>
/// <param name="encrypts">Whether the message is encrypted after it was signed.</param>
/// <param name="output">Where it is shown.</param>
/// <param name="time">The clock.</param>
internal sealed class Demo(string directory, bool encrypts, CommandOutput output, TimeProvider time)
{
    private static readonly MailAddress Sender = Address("aimee@example.org");
    private static readonly MailAddress Recipient = Address("bob@example.net");

    private int step;

    /// <summary>Runs the demo; returns whether the recipient reads a message whose signature is good.</summary>
    public async Task<bool> RunAsync(bool kept, CancellationToken cancellationToken)
    {
        using var ca = new TestCa("Postseal Demo", time);
        using var recipient = SetUp(ca);
        var original = ReadMessage();
        Save("original.eml", original);

        Title("The message, as a program hands it to the MTA");
        Show(original);

        Title($"The milter signs it with the certificate of {Sender}{(encrypts ? $", and encrypts it to {Recipient}" : "")}");
        var sent = await SendThroughMilterAsync(original, cancellationToken);
        Save(encrypts ? "encrypted.eml" : "signed.eml", sent);

        Title("The message, as it leaves the MTA");
        Show(sent);

        var good = (recipient is null ? sent : Open(sent, recipient)) is { } signed && Verify(signed, ca);

        Title("Where to look next");
        TellWhereNext(kept);
        return good;
    }

    /// <summary>Makes the directory that the milter reads, and beside it what only the recipient has.</summary>
    /// <returns>The recipient's certificate with its key; <see langword="null"/> where it is not needed.</returns>
    private X509Certificate2? SetUp(TestCa ca)
    {
        var trial = TrialDirectory.Create(directory, ca, encrypts ? "[Encryption]\nMode = Required\n" : "");
        trial.Issue(Sender, new TestCaRequest(Sender.ToString()) { Key = "RSA-3072", CommonName = "Aimée Example" });
        return encrypts
            ? trial.IssueToCorrespondent(Recipient, new TestCaRequest(Recipient.ToString()) { Key = "RSA-2048", CommonName = "Bob Example" })
            : null;
    }

    private static MailMessage ReadMessage()
    {
        using var resource = typeof(Demo).Assembly.GetManifestResourceStream("demo.eml")!;
        using var bytes = new MemoryStream();
        resource.CopyTo(bytes);
        return MailMessage.Parse(bytes.ToArray());
    }

    /// <summary>Starts the real milter from the configuration just written, and plays Postfix for one message.</summary>
    private async Task<MailMessage> SendThroughMilterAsync(MailMessage original, CancellationToken cancellationToken)
    {
        var settings = MilterSettings.Load(Path.Combine(directory, "postseal.ini"));
        await using var server = MilterDaemon.CreateServer(settings.Server, () => settings.Mail, NullLoggerFactory.Instance, time);
        await server.StartAsync(cancellationToken);
        output.Line($"listening on {server.Endpoints[0]}");

        await using var mta = await MtaDouble.ConnectAsync(server.Endpoints[0], MtaKind.Postfix, cancellationToken);
        var handedIn = MtaMessage.FromBytes(BytesOf(original)) with { Sender = Sender.ToString(), Recipients = [Recipient.ToString()] };
        var result = await mta.SendAsync(handedIn, cancellationToken);
        output.Line($"the milter's verdict: {result.Verdict}");
        return MailMessage.Parse(result.ToBytes());
    }

    /// <summary>Opens the message as the recipient does; <see langword="null"/> when he cannot.</summary>
    private MailMessage? Open(MailMessage encrypted, X509Certificate2 recipient)
    {
        Title($"What is in it, opened with the key of {Recipient} by .NET's own CMS");
        try
        {
            var opened = MailMessage.Parse(SecondOpinion.Open(encrypted.Body.ToArray(), recipient));
            Show(opened);
            return opened;
        }
        catch (CryptographicException e)
        {
            output.Line($"It can NOT be opened: {e.Message}");
            return null;
        }
    }

    private bool Verify(MailMessage signed, TestCa ca)
    {
        Title("A second opinion");
        try
        {
            var type = ContentType.Parse(signed.Headers.First(field => field.Is("Content-Type")).Value.Span);
            var signer = SecondOpinion.Verify(signed.Body.ToArray(), type?.Parameter("boundary") ?? "", ca.Root);
            output.Line($"The signature is good, says .NET's own CMS: signed by {signer.Subject}, issued by {signer.Issuer}.");
            return true;
        }
        catch (CryptographicException e)
        {
            output.Line($"The signature is NOT good: {e.Message}");
            return false;
        }
    }

    private void TellWhereNext(bool kept)
    {
        if (kept && encrypts)
        {
            output.Line($"Kept in {directory}: certificates/, root.pem, postseal.ini, {Recipient}.pem, original.eml, encrypted.eml. Look at them with");
            output.Line($"  openssl cms -decrypt -in {directory}/encrypted.eml -inkey {directory}/{Recipient}.pem -out {directory}/signed.eml");
        }
        else if (kept)
        {
            output.Line($"Kept in {directory}: certificates/, root.pem, postseal.ini, original.eml, signed.eml. Look at them with");
        }

        if (kept)
        {
            output.Line($"  openssl cms -verify -in {directory}/signed.eml -CAfile {directory}/root.pem");
            output.Line($"  postseal check --config {directory}/postseal.ini");
        }
        else
        {
            output.Line("The files of this demo are deleted at the end; 'postseal demo --keep DIR' keeps them for a look with openssl.");
        }

        output.Line("Behind a Postfix of your own: postfix-sample/README.md. The code: src/Postseal.Core/OutgoingProcessor.cs.");
    }

    private void Save(string name, MailMessage message) =>
        File.WriteAllBytes(Path.Combine(directory, name), BytesOf(message));

    private static byte[] BytesOf(MailMessage message)
    {
        using var bytes = new MemoryStream();
        message.WriteTo(bytes);
        return bytes.ToArray();
    }

    private static MailAddress Address(string text) => MailAddress.TryParse(text, out var address) ? address : throw new FormatException(text);

    private void Title(string title)
    {
        output.Line();
        output.Line($"== {++step}. {title}");
        output.Line();
    }

    /// <summary>Prints the message; of base64 the first and last line.</summary>
    private void Show(MailMessage message)
    {
        var lines = Encoding.UTF8.GetString(BytesOf(message)).Split("\r\n");
        for (var i = 0; i < lines.Length; i++)
        {
            var run = lines.Skip(i).TakeWhile(IsBase64).Count();
            output.Text($"    {lines[i]}".TrimEnd() + "\n"); // our own message: a tab in it stays one
            if (run <= 3)
                continue;
            output.Line($"    [... {run - 2} lines more]");
            i += run - 2;
        }
    }

    private static bool IsBase64(string line) =>
        line.Length > 40 && line.All(c => char.IsAsciiLetterOrDigit(c) || c is '+' or '/' or '=');
}
