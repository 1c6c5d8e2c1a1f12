using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using MailKit.Net.Smtp;
using MimeKit;
using Postseal.Certificates.Store;
using Postseal.Mail;
using Postseal.Policy;
using Postseal.Program.Trial;
using Postseal.Settings;
using Postseal.TestKit;
using static Postseal.TestKit.TestMail;

namespace Postseal.MailKit.Tests.Support;

/// <summary>
/// A program's side: certificates, settings, a clock that stands. Alice's key is RSA, so that the same message is signed
/// with the same bytes each time; it is made once for all tests, since that takes long.
/// </summary>
internal sealed class Office : IDisposable
{
    public static readonly DateTimeOffset Noon = new(2026, 11, 22, 12, 0, 0, TimeSpan.Zero);

    private static readonly TestCa Authority = new("Trial", new SettableTime(Noon));
    private static readonly string AliceFile = Issue("alice@example.org", "RSA-2048", X509KeyUsageFlags.KeyEncipherment);
    private static readonly string ErinFile = Issue("erin@example.org", "P-256", X509KeyUsageFlags.KeyAgreement);

    private static readonly ConcurrentDictionary<string, Lazy<Correspondent>> Correspondents = new();

    private readonly TemporaryDirectory directory = new();

    public Office()
    {
        Write("alice@example.org.pem", AliceFile);
        Write("erin@example.org.pem", ErinFile);
        // They count as old by this clock. What has just been written is read again, with its keys, for each message.
        foreach (var path in Directory.EnumerateFiles(Path))
            File.SetLastWriteTimeUtc(path, Noon.UtcDateTime.AddHours(-1));
        Directory.SetLastWriteTimeUtc(Path, Noon.UtcDateTime.AddHours(-1));
    }

    public static X509Certificate2 Root => Authority.Root;

    public SettableTime Time { get; } = new(Noon);

    public string Path => directory.Path;

    public string Write(string name, string text) => directory.Write(name, text);

    /// <summary>Puts the certificate of somebody elsewhere into the directory, without the key. It is issued once for all tests.</summary>
    public Correspondent AddCorrespondent(string address, string key = "P-256")
    {
        var correspondent = Correspondents.GetOrAdd(address, _ => new Lazy<Correspondent>(() => Read(Issue(
            address, key, key.StartsWith("RSA", StringComparison.Ordinal) ? X509KeyUsageFlags.KeyEncipherment : X509KeyUsageFlags.KeyAgreement)))).Value;
        Write(address + ".crt", correspondent.Certificate.ExportCertificatePem());
        return correspondent;
    }

    /// <summary>Alice, who reads what she sent.</summary>
    public static Correspondent Alice { get; } = Read(AliceFile);

    /// <summary>A key file as it is put into the directory: key, certificate, chain.</summary>
    public static string Issue(string address, string key, X509KeyUsageFlags alsoFor = X509KeyUsageFlags.None)
    {
        var issued = Authority.Issue(
            new TestCaRequest(address) { Key = key, KeyUsage = X509KeyUsageFlags.DigitalSignature | alsoFor });
        return issued.KeyPem + issued.CertificatePem + issued.ChainPem;
    }

    public PostsealOptions Options(SigningMode mode = SigningMode.IfPossible) =>
        new() { Certificates = new() { Path = Path }, Signing = new SigningRules { Mode = mode }, StatePath = directory.File("state") };

    /// <summary>The settings of an INI file, beside the directory and the state.</summary>
    public PostsealOptions Options(string settings) => PostsealOptions.FromIni(
        Write("postseal.ini", $"[Certificates]\nPath = .\n[State]\nPath = state\n{settings}\n"));

    public SmimeSigner Signer(SigningMode mode = SigningMode.IfPossible) => new(Options(mode), time: Time);

    public SmimeSmtpClient Client(SigningMode mode = SigningMode.IfPossible) => new(Signer(mode));

    /// <summary>What the core makes of bytes that a client on the MTA's own machine handed in.</summary>
    public byte[] SignedByCore(byte[] message)
    {
        var processor = new OutgoingProcessor(Options(), new CertificateDirectory(Options().Certificates, Time), Time);
        var envelope = new Envelope { ClientAddress = System.Net.IPAddress.Loopback };
        return BytesOf(Assert.IsType<Outcome.Replaced>(processor.Process(MailMessage.Parse(message), envelope)).Message);
    }

    /// <summary>Sends one message over a connection of its own.</summary>
    public static async Task SendAsync(SmtpClient client, SmtpServerDouble server, MimeMessage message)
    {
        await client.ConnectAsync("127.0.0.1", server.Port, cancellationToken: TestContext.Current.CancellationToken);
        await client.SendAsync(message, TestContext.Current.CancellationToken);
        await client.DisconnectAsync(true, TestContext.Current.CancellationToken);
    }

    /// <summary>The bytes plain MailKit sends of the same message to a server with these extensions.</summary>
    public static async Task<ReceivedMessage> SentByMailKitAsync(MimeMessage message, params string[] extensions)
    {
        await using var server = new SmtpServerDouble(extensions);
        using var client = new SmtpClient();
        await SendAsync(client, server, message);
        return Assert.Single(server.Messages);
    }

    public void Dispose() => directory.Dispose();

    private static Correspondent Read(string file)
    {
        using var certificate = X509Certificate2.CreateFromPem(file, file);
        return new Correspondent(X509Certificate2.CreateFromPem(file), KeyOf(certificate).ExportPkcs8PrivateKey());
    }

    private static AsymmetricAlgorithm KeyOf(X509Certificate2 certificate) =>
        (AsymmetricAlgorithm?)certificate.GetRSAPrivateKey() ?? certificate.GetECDsaPrivateKey()!;
}
