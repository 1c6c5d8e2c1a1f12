using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Postseal.Certificates.Store;
using Postseal.Harvest;
using Postseal.Mail;
using Postseal.Policy;
using Postseal.Program.Trial;
using Postseal.Settings;
using Postseal.TestKit;

namespace Postseal.Tests.Harvest;

/// <summary>From the mail that somebody signs to the mail that is encrypted to him, and to the day when his certificate has expired.</summary>
public sealed class EncryptingToLearnedTests : IDisposable
{
    private const string Alice = "alice@example.org";
    private readonly HarvestRoom room = new();
    private readonly TemporaryDirectory memory = new();

    public EncryptingToLearnedTests() => room.Folder.Add("bob@example.net");

    public void Dispose()
    {
        memory.Dispose();
        room.Dispose();
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void What_was_learned_is_encrypted_to_and_its_owner_reads_it_with_openssl(bool isPair)
    {
        if (!OpenSsl.IsHere)
            Assert.Skip("openssl is not here");
        using var alice = room.Person(Alice, isPair ? new TestCaRequest(Alice) { KeyUsage = X509KeyUsageFlags.DigitalSignature } : null);
        var issued = room.Folder.Ca.Issue(new TestCaRequest(Alice) { KeyUsage = X509KeyUsageFlags.KeyAgreement });
        using var other = LetterSigner.Of(issued);
        var reader = isPair ? other : alice;
        var letter = isPair
            ? room.By(alice) with { Beside = [other.Certificate], Attributes = [HarvestRoom.Preference(other.Certificate)] }
            : room.By(alice);
        Assert.Equal(EncryptionState.Plain, Send(EncryptionDowngrade.Warn).State);

        Assert.Equal(HarvestKind.New, room.Offer(room.Letter(Alice, letter.Detached(SignedLetter.Text))).Kind);
        var (state, message, fact) = Send(EncryptionDowngrade.Warn);

        Assert.Equal(EncryptionState.Encrypted, state);
        Assert.Equal(reader.Certificate.Thumbprint, fact!.To[0].Certificate.Thumbprint);
        Assert.Contains("Hello Alice", Decrypted(message!, reader), StringComparison.Ordinal);
    }

    [Fact]
    public void What_waits_or_was_rejected_is_not_encrypted_to()
    {
        room.Harvest = room.Harvest with { Accept = HarvestAccept.Pending };
        using var alice = room.Person(Alice);
        Assert.Equal(HarvestKind.Pending, room.OfferOf(alice).Kind);

        Assert.Equal(EncryptionState.Plain, Send(EncryptionDowngrade.Warn).State);
        Assert.Null(room.Accept(room.Waiting[0]));
        Assert.Equal(EncryptionState.Encrypted, Send(EncryptionDowngrade.Warn).State);
    }

    [Fact]
    public void A_correspondent_who_was_encrypted_to_is_not_written_to_in_clear_when_his_certificate_has_expired()
    {
        using var alice = room.Person(Alice, new TestCaRequest(Alice) { NotAfter = room.Now.AddDays(10) });
        room.OfferOf(alice);
        Assert.Equal(EncryptionState.Encrypted, Send(EncryptionDowngrade.Refuse).State);

        room.Now += TimeSpan.FromDays(11);

        Assert.Equal(EncryptionState.Refused, Send(EncryptionDowngrade.Refuse).State);
        Assert.Equal(EncryptionState.PlainWithWarning, Send(EncryptionDowngrade.Warn).State);
        // Neither does it help that its file is gone.
        foreach (var name in room.Learned)
            File.Delete(room.File(name));
        room.Now += TimeSpan.FromSeconds(5);
        Assert.Equal(EncryptionState.Refused, Send(EncryptionDowngrade.Refuse).State);

        using var next = room.Person(Alice);
        Assert.Equal(HarvestKind.New, room.OfferOf(next).Kind);
        Assert.Equal(EncryptionState.Encrypted, Send(EncryptionDowngrade.Refuse).State);
    }

    private enum EncryptionState
    {
        Plain,
        PlainWithWarning,
        Encrypted,
        Refused,
    }

    private (EncryptionState State, MailMessage? Message, Fact.Encrypted? Fact) Send(EncryptionDowngrade downgrade)
    {
        var options = new PostsealOptions
        {
            Certificates = room.Options,
            Encryption = new EncryptionRules { Mode = EncryptionMode.IfPossible, Downgrade = downgrade },
            StatePath = memory.Path,
        };
        var directory = new CertificateDirectory(options.Certificates, room.Time);
        var processor = new OutgoingProcessor(options, directory, new RecipientCertificates(directory), room.Time);
        var letter = MailMessage.Parse(Encoding.ASCII.GetBytes(
            "From: bob@example.net\r\nTo: alice@example.org\r\nSubject: Hello\r\n\r\nHello Alice\r\n"));
        var outcome = processor.Process(letter, new Envelope
        {
            Sender = TestMail.Address("bob@example.net"),
            Recipients = [new Recipient(Alice)],
            ClientAddress = System.Net.IPAddress.Loopback,
        });
        return outcome switch
        {
            Outcome.Refused => (EncryptionState.Refused, null, null),
            Outcome.Replaced { Facts: var facts } replaced when facts.OfType<Fact.Encrypted>().FirstOrDefault() is { } encrypted =>
                (EncryptionState.Encrypted, replaced.Message, encrypted),
            Outcome.Replaced { Facts: var facts } when facts.OfType<Fact.NotEncrypted>().Any(plain => plain.NeedsAttention) =>
                (EncryptionState.PlainWithWarning, null, null),
            _ => (EncryptionState.Plain, null, null),
        };
    }

    private static string Decrypted(MailMessage message, LetterSigner reader)
    {
        using var directory = new TemporaryDirectory();
        File.WriteAllBytes(directory.File("message"), TestMail.BytesOf(message));
        var certificate = directory.Write("certificate.pem", reader.Certificate.ExportCertificatePem());
        using AsymmetricAlgorithm key = (AsymmetricAlgorithm?)reader.Certificate.GetECDsaPrivateKey() ?? reader.Certificate.GetECDiffieHellmanPrivateKey()!;
        var keyFile = directory.Write("key.pem", key.ExportPkcs8PrivateKeyPem());
        var (exitCode, output, errors) = OpenSsl.Run("cms", "-decrypt", "-in", directory.File("message"), "-recip", certificate, "-inkey", keyFile);
        Assert.True(exitCode == 0, errors);
        return output;
    }
}
