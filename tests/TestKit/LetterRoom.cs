using System.Security.Cryptography.X509Certificates;
using Postseal.Certificates;
using Postseal.Certificates.Revocation;
using Postseal.Certificates.Trust;
using Postseal.Mail;
using Postseal.Program.Trial;
using Postseal.Verification;

namespace Postseal.TestKit;

/// <summary>Honest people and attackers, whose letters are verified at noon.</summary>
public sealed class LetterRoom : IDisposable
{
    private readonly TestCa strangers;

    public LetterRoom()
    {
        Folder = new CertificateFolder(new SettableTime(Noon));
        strangers = new TestCa("Strangers", Folder.Time, TestKeys.Create);
        (Alice, Mallory, List) = (Trusted("alice@example.org"), Trusted("mallory@evil.example"), Trusted("list@lists.example"));
        Eve = LetterSigner.Of(strangers, "alice@example.org");
        Clone = LetterSigner.CloneOf(Alice.Certificate, "alice@example.org");
        Folder.Write("anchors.txt", Folder.Ca.Root.ExportCertificatePem());
        var trust = new SignerTrust(
            new TrustOptions { Anchors = Folder.File("anchors.txt") }, new NobodyAsked(), () => [], issuers: null, Folder.Time, warning => throw new InvalidOperationException(warning));
        Verifier = new MailVerifier(new SignerCheck(new ReceivedCertificates(), trust, UnknownRevocation.Say, TimeSpan.FromHours(1)), maxLayers: 4);
    }

    /// <summary>Gets when every letter is dated and read.</summary>
    public static DateTimeOffset Noon { get; } = new(2026, 11, 22, 12, 0, 0, TimeSpan.Zero);

    public CertificateFolder Folder { get; }

    /// <summary>Gets alice@example.org, whom everybody trusts.</summary>
    public LetterSigner Alice { get; }

    /// <summary>Gets mallory@evil.example, who has a certificate of the same CA.</summary>
    public LetterSigner Mallory { get; }

    /// <summary>Gets list@lists.example, who signs what others wrote.</summary>
    public LetterSigner List { get; }

    /// <summary>Gets somebody with Alice's address and a CA that nobody trusts.</summary>
    public LetterSigner Eve { get; }

    /// <summary>Gets somebody whose certificate has issuer, serial number and address of Alice's.</summary>
    public LetterSigner Clone { get; }

    internal MailVerifier Verifier { get; }

    /// <summary>Signs at noon.</summary>
    public static SignedLetter By(params LetterSigner[] signers) => new(signers) { Time = Noon };

    /// <summary>Makes a letter of an entity, dated noon.</summary>
    public static byte[] Letter(string author, byte[] entity) => Letter(entity, $"From: {author}");

    /// <summary>Makes a letter with other fields before its date.</summary>
    public static byte[] Letter(byte[] entity, string fields) =>
        SignedLetter.WithFields($"{fields}\r\nDate: Sun, 22 Nov 2026 12:00:30 +0000", entity);

    internal MailVerdict Verify(byte[] letter) => Verifier.Verify(MailMessage.Parse(letter));

    public void Dispose()
    {
        foreach (var person in (LetterSigner[])[Alice, Mallory, List, Eve, Clone])
            person.Dispose();
        strangers.Dispose();
        Folder.Dispose();
    }

    private LetterSigner Trusted(string address) => LetterSigner.Of(Folder.Ca, address);
}
