using System.Buffers;
using System.Net;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Microsoft.Extensions.Logging.Abstractions;
using Postseal.Certificates;
using Postseal.Certificates.Revocation;
using Postseal.Certificates.Store;
using Postseal.Mail;
using Postseal.Policy;
using Postseal.Program.Trial;
using Postseal.Settings;
using Postseal.TestKit;

namespace Postseal.Tests;

/// <summary>What Sympa and Zammad do with mail that comes in, one statement a test: who comes from there finds it here. What they learn from
/// it is in the tests of the harvest.</summary>
public sealed class IncomingPredecessorTests : IDisposable
{
    private const string Secret = "The vault opens at nine.";

    private static readonly DateTimeOffset Noon = new(2026, 11, 22, 12, 0, 0, TimeSpan.Zero);
    private static readonly byte[] Text = Encoding.ASCII.GetBytes($"Content-Type: text/plain\r\n\r\n{Secret}\r\n");

    private readonly CertificateFolder folder = new(new SettableTime(Noon));
    private readonly LetterSigner alice;

    public IncomingPredecessorTests()
    {
        Assert.SkipUnless(OpenSsl.IsHere, "openssl is not on this machine");
        alice = LetterSigner.Of(folder.Ca, "alice@example.org");
        folder.Write("anchors.txt", folder.Ca.Root.ExportCertificatePem());
    }

    [Fact]
    public void Sympa_trusted_CAs_are_a_file_or_a_directory_in_the_hashed_form_of_OpenSSL()
    {
        Directory.CreateDirectory(folder.File("capath"));
        var hash = OpenSsl.Run("x509", "-noout", "-hash", "-in", folder.File("anchors.txt")).Output.Trim();
        folder.Write($"capath/{hash}.0", folder.Ca.Root.ExportCertificatePem());

        Assert.Contains("smime=pass", Marks(Process(Signed(), anchors: "anchors.txt")));
        Assert.Contains("smime=pass", Marks(Process(Signed(), anchors: "capath")));
    }

    [Fact]
    public void Sympa_one_passphrase_opens_all_private_keys()
    {
        folder.Write("passphrase.txt", "correct horse");
        var bob = SealedLetter.Reader(WithPassphrase("bob@example.net", "correct horse"));

        Assert.Contains(Secret, Body(Process(Sealed(bob), settings: $"PassphraseFile = {folder.File("passphrase.txt")}")));
    }

    [Theory]
    [InlineData("")]
    [InlineData(".enc")]
    [InlineData(".sign")]
    [InlineData(".2024")]
    public void Sympa_decryption_tries_the_key_pairs_of_a_list_whatever_their_suffix(string suffix)
    {
        var list = SealedLetter.Reader(Pair("list@example.net", suffix));
        Pair("list@example.net", ".other");

        Assert.Contains(Secret, Body(Process(Sealed(list), recipient: "list@example.net")));
    }

    [Fact]
    public void Sympa_a_key_without_its_certificate_is_ignored()
    {
        var list = SealedLetter.Reader(Pair("list@example.net", ""));
        File.Move(folder.File("list@example.net/cert.pem"), folder.File("list@example.net/elsewhere.txt"));

        AssertClosed(Process(Sealed(list), recipient: "list@example.net"));
    }

    [Fact]
    public void Sympa_it_verifies_then_decrypts_then_verifies_what_was_inside_and_the_method_is_smime()
    {
        var bob = SealedLetter.Reader(folder.Add("bob@example.net"));
        var letter = By(alice).Detached(SealedLetter.Of(By(alice).Detached(Text), "aes-256-cbc", bob));

        var marks = Marks(Process(Mail(letter)));

        Assert.Equal(2, marks.Split("smime=pass").Length - 1);
    }

    [Fact]
    public void Sympa_what_it_cannot_decrypt_is_delivered_as_it_came()
    {
        using var elsewhere = SealedLetter.Reader(folder.Ca.Issue(new TestCaRequest("bob@example.net")));
        folder.Add("bob@example.net");
        var letter = Sealed(elsewhere);

        var outcome = Process(letter);

        AssertClosed(outcome);
        Assert.Equal(letter.Body.ToArray(), ((Outcome.Replaced)outcome).Message.Body.ToArray());
    }

    [Fact]
    public void Sympa_lets_all_inner_fields_win_and_here_only_those_of_the_content_do()
    {
        var bob = SealedLetter.Reader(folder.Add("bob@example.net"));

        var opened = (Outcome.Replaced)Process(Mail(SealedLetter.Of([.. "Subject: forged\r\n"u8, .. Text], "aes-256-gcm", bob)));

        Assert.Equal("Subject: money", opened.Message.Headers.Single(field => field.Is("Subject")).ToString());
    }

    [Fact]
    public void Sympa_mail_is_encrypted_again_to_its_reader_and_one_without_a_certificate_gets_a_template()
    {
        var bob = SealedLetter.Reader(folder.Add("bob@example.net"));
        folder.Write("missing.tt2", "{from}: a message could not be handed on to {recipient}.\n");

        var notice = Body(Process(Sealed(bob), incoming: $"Deliver = Reencrypted\nNotice = {folder.File("missing.tt2")}"));

        Assert.DoesNotContain(Secret, notice);
        Assert.Contains("a message could not be handed on to bob@example.net", notice);
    }

    [Fact]
    public void Sympa_a_signed_message_is_never_altered()
    {
        var letter = Signed();

        Assert.Equal(letter.Body.ToArray(), ((Outcome.Replaced)Process(letter)).Message.Body.ToArray());
    }

    [Fact]
    public void Sympa_decrypted_text_must_not_lie_where_others_read_it_and_here_it_is_in_no_file()
    {
        var bob = SealedLetter.Reader(folder.Add("bob@example.net"));
        var letter = Sealed(bob);
        using var written = new FileSystemWatcher(Path.GetTempPath()) { IncludeSubdirectories = true };
        var files = new List<string>();
        written.Created += (_, file) => files.Add(file.FullPath);
        written.EnableRaisingEvents = true;

        Assert.Contains(Secret, Body(Process(letter)));

        written.EnableRaisingEvents = false;
        Assert.DoesNotContain(files, file => File.Exists(file) && Encoding.Latin1.GetString(File.ReadAllBytes(file)).Contains(Secret));
    }

    [Fact]
    public void Zammad_the_certificate_of_the_signer_must_be_for_who_is_in_From()
    {
        using var mallory = LetterSigner.Of(folder.Ca, "mallory@evil.example");

        Assert.Contains("smime=policy (signed by mallory@evil.example", Marks(Process(Mail(By(mallory).Detached(Text)))));
    }

    [Fact]
    public void Zammad_a_certificate_that_has_expired_still_decrypts()
    {
        var bob = SealedLetter.Reader(folder.Add("bob@example.net", new TestCaRequest("bob@example.net") { NotBefore = Noon.AddYears(-2), NotAfter = Noon.AddYears(-1) }));

        Assert.Contains(Secret, Body(Process(Sealed(bob))));
    }

    [Fact]
    public void Zammad_a_key_that_is_not_RSA_fails_in_use_and_here_it_works()
    {
        var bob = SealedLetter.Reader(folder.Add("bob@example.net", "P-384"));

        Assert.Contains(Secret, Body(Process(Sealed(bob))));
    }

    [Fact]
    public void Zammad_separate_certificates_to_sign_and_to_encrypt_work()
    {
        folder.Add("bob@example.net", new TestCaRequest("bob@example.net") { KeyUsage = X509KeyUsageFlags.DigitalSignature });
        var issued = folder.Ca.Issue(new TestCaRequest("bob@example.net") { Key = "RSA-2048", KeyUsage = X509KeyUsageFlags.KeyEncipherment });
        folder.Write("bob@example.net.crt", issued.CertificatePem);
        folder.Write("bob@example.net.key", issued.KeyPem);

        Assert.Contains(Secret, Body(Process(Sealed(SealedLetter.Reader(issued)))));
    }

    [Fact]
    public void Zammad_old_mail_opens_once_its_key_was_added()
    {
        var issued = folder.Ca.Issue(new TestCaRequest("bob@example.net"));
        var letter = Sealed(SealedLetter.Reader(issued));
        AssertClosed(Process(letter));

        folder.Write("bob@example.net.pem", issued.KeyPem + issued.CertificatePem);

        Assert.Contains(Secret, Body(Process(letter)));
    }

    [Fact]
    public void Zammad_a_failure_says_what_a_person_can_act_on()
    {
        using var elsewhere = SealedLetter.Reader(folder.Ca.Issue(new TestCaRequest("bob@example.net")));

        var fact = ((Outcome.Replaced)Process(Sealed(elsewhere))).Facts.OfType<Fact.NotDecrypted>().Single();

        Assert.Equal(RejectionKind.NoKey, fact.Why.Kind);
    }

    public void Dispose()
    {
        alice?.Dispose();
        folder.Dispose();
    }

    private static SignedLetter By(LetterSigner signer) => new(signer) { Time = Noon };

    private MailMessage Signed() => Mail(By(alice).Detached(Text));

    private static MailMessage Sealed(Correspondent reader) => Mail(SealedLetter.Of(Text, "aes-256-cbc", reader));

    private static MailMessage Mail(byte[] entity) => MailMessage.Parse(
        SignedLetter.WithFields("From: alice@example.org\r\nDate: Sun, 22 Nov 2026 12:00:30 +0000", entity));

    private IssuedCertificate Pair(string list, string suffix)
    {
        var issued = folder.Ca.Issue(new TestCaRequest(list));
        Directory.CreateDirectory(folder.File(list));
        folder.Write($"{list}/cert.pem{suffix}", issued.CertificatePem);
        folder.Write($"{list}/private_key{suffix}", issued.KeyPem);
        return issued;
    }

    private IssuedCertificate WithPassphrase(string address, string passphrase)
    {
        var issued = folder.Ca.Issue(new TestCaRequest(address));
        folder.Write(address + ".pem", CertificateFolder.Encrypt(issued.KeyPem, passphrase) + issued.CertificatePem);
        return issued;
    }

    private static string Marks(Outcome outcome) => string.Join(
        '\n', Assert.IsType<Outcome.Replaced>(outcome).Message.Headers.Where(field => field.Is("Authentication-Results")).Select(field => field.ToString()));

    private static string Body(Outcome outcome) => Encoding.Latin1.GetString(Assert.IsType<Outcome.Replaced>(outcome).Message.Body.ToArray());

    private static void AssertClosed(Outcome outcome) => Assert.DoesNotContain(Secret, Body(outcome));

    private Outcome Process(
        MailMessage message, string incoming = "", string settings = "", string recipient = "bob@example.net", string anchors = "anchors.txt")
    {
        using var directory = new TemporaryDirectory();
        var options = PostsealOptions.FromIni(directory.Write(
            "postseal.ini",
            $"[Certificates]\nPath = {folder.Path}\n{settings}\n[Incoming]\nDomains = example.net\nDecrypt = yes\n{incoming}\n"
            + $"[Trust]\nAnchors = {folder.File(anchors)}\n[Revocation]\nCheck = Off\n[State]\nPath = {directory.Path}\n"));
        return new MailVerification(
            options, new CertificateDirectory(options.Certificates, folder.Time), new NobodyAsked(), null, folder.Time, NullLogger.Instance)
            .Incoming.Process(message, new Envelope
            {
                Recipients = [new Recipient(recipient)],
                ClientAddress = IPAddress.Parse("203.0.113.9"),
            });
    }
}
