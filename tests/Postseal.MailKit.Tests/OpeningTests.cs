using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using MimeKit;
using MimeKit.Cryptography;
using Postseal.Certificates;
using Postseal.Certificates.Revocation;
using Postseal.Certificates.Trust;
using Postseal.Cms;
using Postseal.Mail;
using Postseal.MailKit.Tests.Support;
using Postseal.Policy;
using Postseal.Settings;
using Postseal.TestKit;
using Postseal.Verification;

namespace Postseal.MailKit.Tests;

/// <summary>Mail that a program fetched encrypted: by MimeKit and by openssl to Alice, whose key is RSA, and to Erin, whose key is on a
/// curve.</summary>
public sealed class OpeningTests : IDisposable
{
    private const string Inside = "Content-Type: text/plain; charset=utf-8\r\n\r\nNothing for strangers.\r\n";

    private static readonly MailAddress Alice = new("alice", "example.org");
    private static readonly MailAddress Erin = new("erin", "example.org");

    private readonly Office office = new();

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public void What_MimeKit_encrypted_is_opened_as_bytes_and_as_MimeKit_holds_it()
    {
        using var reader = Reader();
        var mail = ByMimeKit(Inside);
        var parsed = MimeMessage.Load(new MemoryStream(mail), Cancel);

        foreach (var opened in new[] { reader.Open(mail), reader.Open(mail, Alice), reader.Open(parsed), reader.Open(parsed, Alice) })
        {
            Assert.Equal((true, true, null), (opened.IsEncrypted, opened.IsDecrypted, opened.Reason));
            Assert.Equal("Nothing for strangers.", opened.Message.TextBody!.TrimEnd());
            Assert.Equal("Plans", opened.Message.Subject);
            Assert.Equal(("aes256-cbc", ContentIntegrity.None), (Assert.Single(opened.Encryption).Content, opened.Integrity));
            Assert.Equal(SmimeResult.None, opened.Verdict.Result);
        }
    }

    [Theory]
    [InlineData("aes-256-gcm", ContentIntegrity.Aead)]
    [InlineData("aes-128-cbc", ContentIntegrity.None)]
    public async Task What_openssl_encrypted_is_opened(string cipher, ContentIntegrity integrity)
    {
        Assert.SkipUnless(OpenSsl.IsHere, "openssl is not on this machine");
        using var reader = Reader();
        var mail = Mail(OpenSsl.Encrypt(Encoding.ASCII.GetBytes(Inside), cipher, [], ErinsOwn()));

        var opened = await reader.OpenAsync(mail, Erin, Cancel);

        Assert.Equal("Nothing for strangers.", opened.Message.TextBody!.TrimEnd());
        Assert.Equal(integrity, opened.Integrity);
    }

    [Fact]
    public void Who_signed_it_inside_is_in_the_verdict()
    {
        using var reader = Reader();
        var letter = Letters.Plain();
        letter.Date = office.Time.GetUtcNow();
        var signed = office.Signer().Sign(letter, cancellationToken: Cancel).Message;
        using var entity = new MemoryStream();
        var format = FormatOptions.Default.Clone();
        format.NewLineFormat = NewLineFormat.Dos;
        signed.Body!.WriteTo(format, entity, Cancel);

        var opened = reader.Open(ByMimeKit(Encoding.ASCII.GetString(entity.ToArray()), letter.Date.ToString("r")));

        Assert.True(opened.IsDecrypted, opened.Reason);
        Assert.Equal((SmimeResult.Pass, ContentIntegrity.Signature), (opened.Verdict.Result, opened.Integrity));
        Assert.IsType<MultipartSigned>(opened.Message.Body);
    }

    // Who may have his mail fetched must not read with it what was sent to others.
    [Fact]
    public void Of_the_keys_of_others_none_is_used()
    {
        using var reader = Reader();
        var mail = ByMimeKit(Inside);
        var parsed = MimeMessage.Load(new MemoryStream(mail), Cancel);

        var opened = reader.Open(parsed, Erin);

        Assert.Equal((true, false, null), (opened.IsEncrypted, opened.IsDecrypted, opened.Integrity));
        Assert.NotEmpty(opened.Reason!);
        Assert.Same(parsed, opened.Message);
        var ofBytes = reader.Open(mail, Erin).Message;
        Assert.Equal(Letters.Text(mail), Letters.Text(Letters.Bytes(ofBytes)));
    }

    [Fact]
    public void What_is_not_encrypted_stays_what_it_is()
    {
        using var reader = Reader();
        var plain = Letters.Plain();

        var opened = reader.Open(plain);

        Assert.Same(plain, opened.Message);
        Assert.Equal((false, false, "it is not encrypted"), (opened.IsEncrypted, opened.IsDecrypted, opened.Reason));
    }

    [Fact]
    public async Task A_key_may_be_far_away_and_is_asked_for_by_its_owner()
    {
        var token = new Token(Office.Alice);
        await using var reader = new SmimeReader(Options(), token, time: office.Time);
        var mail = ByMimeKit(Inside);

        var opening = reader.OpenAsync(mail, Alice, Cancel);
        Assert.False(opening.IsCompleted);
        token.Answer.SetResult();

        Assert.True((await opening).IsDecrypted);
        Assert.Equal([Alice], token.Asked);
        await Assert.ThrowsAsync<InvalidOperationException>(() => reader.OpenAsync(mail, Cancel));
        Assert.Throws<InvalidOperationException>(() => reader.Open(mail));
        using var stop = new CancellationTokenSource();
        token.Answer = new();
        var waiting = reader.OpenAsync(mail, Alice, stop.Token);
        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => waiting);
    }

    public void Dispose() => office.Dispose();

    private SmimeReader Reader() => new(Options(), time: office.Time);

    private PostsealOptions Options()
    {
        var anchors = office.Write("anchors.txt", Office.Root.ExportCertificatePem());
        var options = office.Options();
        return options with
        {
            Certificates = options.Certificates with { Trust = new TrustOptions { Anchors = anchors } },
            Revocation = new RevocationOptions { Check = RevocationMethod.Off },
        };
    }

    private static byte[] ByMimeKit(string entity, string date = "Sun, 22 Nov 2026 12:00:00 GMT") => Mail(
        MimeKitJudge.Encrypt(
            Encoding.ASCII.GetBytes(entity), EncryptionAlgorithm.Aes256, RsaEncryptionPadding.OaepSha256, SubjectIdentifierType.IssuerAndSerialNumber,
            Office.Alice),
        date);

    private static byte[] Mail(byte[] encrypted, string date = "Sun, 22 Nov 2026 12:00:00 GMT") => Encoding.ASCII.GetBytes(
        $"From: alice@example.org\r\nTo: erin@example.org\r\nSubject: Plans\r\nDate: {date}\r\nMIME-Version: 1.0\r\n"
        + "Content-Type: application/pkcs7-mime; smime-type=enveloped-data; name=smime.p7m\r\nContent-Transfer-Encoding: base64\r\n\r\n"
        + Convert.ToBase64String(encrypted, Base64FormattingOptions.InsertLineBreaks) + "\r\n");

    private Correspondent ErinsOwn()
    {
        var pem = File.ReadAllText(Path.Combine(office.Path, "erin@example.org.pem"));
        return new Correspondent(X509Certificate2.CreateFromPem(pem), []);
    }

    /// <summary>Keys that take their time.</summary>
    private sealed class Token(Correspondent owner) : IDecryptionSource
    {
        public TaskCompletionSource Answer { get; set; } = new();

        public List<MailAddress> Asked { get; } = [];

        public async ValueTask<IReadOnlyList<DecryptionKey>> FindDecryptionKeysAsync(
            MailAddress recipient, Func<X509Certificate2, bool> isWanted, CancellationToken cancellationToken)
        {
            Asked.Add(recipient);
            await Answer.Task.WaitAsync(cancellationToken);
            return isWanted(owner.Certificate) ? [owner.OpenDecryptionKey()] : [];
        }
    }
}
