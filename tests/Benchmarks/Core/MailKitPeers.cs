using System.Text;
using MimeKit;
using MimeKit.Cryptography;
using Org.BouncyCastle.Security;
using Postseal.Benchmarks.Load;
using Postseal.Benchmarks.Parts;
using Postseal.Cms;
using Postseal.MailKit;

namespace Postseal.Benchmarks.Core;

/// <summary>MimeKit with Bouncy Castle, and Postseal.MailKit beside it.</summary>
internal static class MailKitPeers
{
    private static readonly FormatOptions Format = CreateFormat();

    /// <summary>The raw message read, signed and written with MimeKit.</summary>
    public static Contender OfRawMessage(TrialSigner signer, byte[] raw, int size)
    {
        var sign = Signing(signer);
        return new($"MimeKit with Bouncy Castle, {signer.Key}", size, Sign, signed => CoreCommand.IsSigned(signed, raw, signer));

        void Sign(Stream output)
        {
            // Persistent: MimeKit then copies no content while it reads.
            using var message = MimeMessage.Load(new MemoryStream(raw), persistent: true);
            message.Body = sign(message.Body!);
            message.WriteTo(Format, output);
        }
    }

    /// <summary>A message that a program has made, signed and written: by Postseal.MailKit, and the way MimeKit has for it.</summary>
    public static IEnumerable<Contender> OfMadeMessage(TrialSigner signer, int size)
    {
        var sign = Signing(signer);
        var signerOfOurs = new SmimeSigner(signer.Options);
        var message = Make(size);
        using var stream = new MemoryStream();
        message.WriteTo(Format, stream);
        var raw = stream.ToArray();
        return
        [
            new($"Postseal.MailKit, {signer.Key}", size, SignOurWay, IsSigned),
            new($"MultipartSigned.Create, {signer.Key}", size, SignMimeKitsWay, IsSigned),
        ];

        bool IsSigned(byte[] signed) => CoreCommand.IsSigned(signed, raw, signer);

        void SignOurWay(Stream output) => signerOfOurs.Sign(message).Message.WriteTo(Format, output);

        void SignMimeKitsWay(Stream output)
        {
            var body = message.Body!;
            message.Body = sign(body);
            message.WriteTo(Format, output);
            message.Body = body;
        }
    }

    private static MimeMessage Make(int size) => new()
    {
        From = { new MailboxAddress("Alice Example", SampleMail.Sender) },
        To = { new MailboxAddress("Bob Example", "bob@example.net") },
        Subject = "Figures of the third quarter",
        Body = new TextPart("plain") { Text = Encoding.ASCII.GetString(Letter.Text(SampleMail.Sender, size).Body.Span) },
    };

    private static Func<MimeEntity, MimeEntity> Signing(TrialSigner signer)
    {
        var identity = signer.Identity;
        var context = new TemporarySecureMimeContext();
        // As Bouncy Castle reads a key from a file, it knows its curve by name and is three times as fast as with the
        // parameters of the platform's key, which is what MimeKit's AsAsymmetricKeyParameter hands over.
        var key = PrivateKeyFactory.CreateKey(((PlatformKey)identity.Key).Handle.ExportPkcs8PrivateKey());
        var cmsSigner = new CmsSigner(
            identity.Intermediates.Prepend(identity.Certificate).Select(certificate => certificate.AsBouncyCastleCertificate()),
            key)
        {
            DigestAlgorithm = DigestAlgorithm.Sha256,
        };
        return entity => MultipartSigned.Create(context, cmsSigner, entity);
    }

    private static FormatOptions CreateFormat()
    {
        var format = FormatOptions.Default.Clone();
        format.NewLineFormat = NewLineFormat.Dos;
        return format;
    }
}
