using System.Buffers;
using System.Net;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.RegularExpressions;
using Microsoft.Extensions.Logging.Abstractions;
using Postseal.Certificates.Revocation;
using Postseal.Certificates.Trust;
using Postseal.Mail;
using Postseal.Policy;
using Postseal.Settings;
using Postseal.TestKit;
using Postseal.Verification;

namespace Postseal.Tests.Verification;

/// <summary>A gateway that opens mail for bob@example.net and carol@example.net, and those who write to them.</summary>
public sealed class OpeningRoom : IDisposable
{
    public const string Secret = "The vault opens at nine.";

    private readonly CertificateFolder folder = new(new SettableTime(LetterRoom.Noon));

    public OpeningRoom()
    {
        Bob = SealedLetter.Reader(folder.Add("bob@example.net", "RSA-2048"));
        Carol = SealedLetter.Reader(folder.Add("carol@example.net"));
        Alice = LetterSigner.Of(folder.Ca, "alice@example.org");
        Mallory = LetterSigner.Of(folder.Ca, "mallory@evil.example");
        folder.Write("anchors.txt", folder.Ca.Root.ExportCertificatePem());
    }

    /// <summary>Gets what Alice writes to Bob.</summary>
    public static byte[] Plain { get; } = Encoding.ASCII.GetBytes($"Content-Type: text/plain; charset=us-ascii\r\n\r\n{Secret}\r\n");

    internal static IncomingOptions Opens { get; } = new()
    {
        Domains = [AddressPattern.Parse("@example.net")],
        AuthservId = "mx.example.net",
        Decrypt = true,
    };

    public Correspondent Bob { get; }

    public Correspondent Carol { get; }

    public LetterSigner Alice { get; }

    public LetterSigner Mallory { get; }

    public CertificateFolder Folder => folder;

    public static MailMessage LetterOf(byte[] entity, string author = "alice@example.org") =>
        MailMessage.Parse(SignedLetter.WithFields($"From: {author}\r\nDate: Sun, 22 Nov 2026 12:00:30 +0000", entity));

    public static string BodyOf(MailMessage message) => Encoding.Latin1.GetString(message.Body.ToArray());

    public static string AllOf(MailMessage message) => Encoding.Latin1.GetString(TestMail.BytesOf(message));

    public static string Unfolded(HeaderField field) => Regex.Replace(field.ToString(), @"\s+", " ");

    /// <summary>It is delivered as it came, but for one mark on top, which says nothing of why.</summary>
    internal static void AssertClosed(MailMessage letter, Outcome outcome)
    {
        var closed = Assert.IsType<Outcome.Replaced>(outcome);
        Assert.DoesNotContain(closed.Facts, fact => fact is Fact.Decrypted);
        var marks = closed.Message.Headers.TakeWhile(field => !field.Is("From")).Select(Unfolded).ToList();
        Assert.Contains("X-Postseal: not decrypted", marks);
        Assert.Equal(TestMail.BytesOf(letter), TestMail.BytesOf(closed.Message with { Headers = [.. closed.Message.Headers.Skip(marks.Count)] }));
        Assert.False(closed.ReturnsHeadersOnly);
    }

    internal static Envelope To(params Recipient[] recipients) => new()
    {
        Sender = new MailAddress("alice", "example.org"),
        Recipients = recipients,
        ClientAddress = IPAddress.Parse("203.0.113.9"),
    };

    internal Outcome Process(MailMessage message, IncomingOptions? incoming = null, string recipient = "bob@example.net") =>
        Process(message, incoming, To(new Recipient(recipient)));

    internal Outcome Process(MailMessage message, IncomingOptions? incoming, Envelope envelope) => ProcessWith(Options(incoming ?? Opens), message, envelope);

    internal Outcome ProcessWith(PostsealOptions options, MailMessage message, Envelope envelope) =>
        new MailVerification(options, folder.Open(options.Certificates), new NobodyAsked(), null, folder.Time, NullLogger.Instance).Incoming.Process(message, envelope);

    internal PostsealOptions Options(IncomingOptions incoming) => new()
    {
        Certificates = folder.Options with { Trust = new TrustOptions { Anchors = folder.File("anchors.txt") } },
        Incoming = incoming,
    };

    internal Outcome.Replaced Opened(MailMessage message, IncomingOptions? incoming = null)
    {
        var opened = Assert.IsType<Outcome.Replaced>(Process(message, incoming));
        Assert.Contains(opened.Facts, fact => fact is Fact.Decrypted);
        return opened;
    }

    public void Dispose()
    {
        foreach (var person in (IDisposable[])[Bob, Carol, Alice, Mallory, folder])
            person.Dispose();
    }
}
