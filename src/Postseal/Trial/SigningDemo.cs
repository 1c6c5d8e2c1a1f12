using System.Buffers;
using System.Security.Cryptography;
using System.Text;
using Microsoft.Extensions.Logging.Abstractions;
using Milter.Testing;
using Postseal.Mail;
using Postseal.Mime;
using Postseal.Program.Milter;
using Postseal.Program.Terminal;

namespace Postseal.Program.Trial;

/// <summary>The demo's five steps, in the order a reader sees them.</summary>
internal sealed class SigningDemo(string directory, CommandOutput output, TimeProvider time)
{
    private static readonly MailAddress Sender =
        MailAddress.TryParse("aimee@example.org", out var address) ? address : throw new FormatException();

    /// <summary>Runs the demo; returns whether the signature is good.</summary>
    public async Task<bool> RunAsync(bool kept, CancellationToken cancellationToken)
    {
        using var ca = new TestCa("Postseal Demo", time);
        TrialDirectory.Create(directory, ca)
            .Issue(Sender, new TestCaRequest(Sender.ToString()) { Key = "RSA-3072", CommonName = "Aimée Example" });
        var original = ReadMessage();
        Save("original.eml", original);

        Title("1. The message, as a program hands it to the MTA");
        Show(original);

        Title($"2. The milter signs it with the certificate of {Sender}");
        var signed = await SendThroughMilterAsync(original, cancellationToken);
        Save("signed.eml", signed);

        Title("3. The message, as it leaves the MTA");
        Show(signed);

        Title("4. A second opinion");
        var good = Verify(signed, ca);

        Title("5. Where to look next");
        TellWhereNext(kept);
        return good;
    }

    private static MailMessage ReadMessage()
    {
        using var resource = typeof(SigningDemo).Assembly.GetManifestResourceStream("demo.eml")!;
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
        var handedIn = MtaMessage.FromBytes(BytesOf(original)) with { Sender = Sender.ToString(), Recipients = ["bob@example.net"] };
        var result = await mta.SendAsync(handedIn, cancellationToken);
        output.Line($"the milter's verdict: {result.Verdict}");
        return MailMessage.Parse(result.ToBytes());
    }

    private bool Verify(MailMessage signed, TestCa ca)
    {
        try
        {
            var type = ContentType.Parse(signed.Headers.First(field => field.Is("Content-Type")).Value.Span);
            var signer = SignatureVerifier.Verify(signed.Body.ToArray(), type?.Parameter("boundary") ?? "", ca.Root);
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
        if (kept)
        {
            output.Line($"Kept in {directory}: certificates/, root.pem, postseal.ini, original.eml, signed.eml. Look at them with");
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

    private void Title(string title)
    {
        output.Line();
        output.Line($"== {title}");
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
