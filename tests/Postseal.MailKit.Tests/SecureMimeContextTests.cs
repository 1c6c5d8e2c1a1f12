using MimeKit;
using MimeKit.Cryptography;
using Postseal.MailKit.Tests.Support;
using Postseal.TestKit;

namespace Postseal.MailKit.Tests;

public sealed class SecureMimeContextTests : IDisposable
{
    private static readonly MailboxAddress Alice = new("", "alice@example.org");
    private static readonly MailboxAddress Erin = new("", "erin@example.org");

    private readonly Office office = new();
    private readonly PostsealSecureMimeContext context;

    public SecureMimeContextTests() => context = new PostsealSecureMimeContext(office.Signer().Certificates, [Office.Root]);

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("alice@example.org")]
    [InlineData("erin@example.org")]
    public void Mail_we_signed_is_verified_by_MimeKit(string sender)
    {
        var sent = Letters.Bytes(office.Signer().Sign(Letters.Rich(sender), cancellationToken: Cancel).Message);

        var signed = (MultipartSigned)MimeMessage.Load(new MemoryStream(sent), Cancel).Body!;

        var signature = Assert.Single(signed.Verify(context, Cancel));
        Assert.True(signature.Verify());
        Assert.Equal(sender, signature.SignerCertificate!.Email);
    }

    [Fact]
    public void A_changed_message_and_a_strangers_authority_are_not_believed()
    {
        var sent = Letters.Bytes(office.Signer().Sign(Letters.Plain(), cancellationToken: Cancel).Message);
        var changed = (MultipartSigned)MimeMessage.Load(
            new MemoryStream(System.Text.Encoding.Latin1.GetBytes(Letters.Text(sent).Replace("Hello", "Hallo", StringComparison.Ordinal))), Cancel).Body!;
        var intact = (MultipartSigned)MimeMessage.Load(new MemoryStream(sent), Cancel).Body!;
        using var strangers = new CertificateFolder(office.Time);
        using var elsewhere = new PostsealSecureMimeContext(strangers.Open(), [strangers.Ca.Root]);

        Assert.Throws<DigitalSignatureVerifyException>(() => changed.Verify(context, Cancel)[0].Verify());
        Assert.Throws<DigitalSignatureVerifyException>(() => intact.Verify(elsewhere, Cancel)[0].Verify());
    }

    [Fact]
    public void A_message_is_signed_and_encrypted_for_and_by_those_in_the_directory()
    {
        var body = new TextPart("plain") { Text = "secret" };

        var encrypted = ApplicationPkcs7Mime.SignAndEncrypt(context, Alice, DigestAlgorithm.Sha256, [Alice, Erin], body, Cancel);

        var signed = Assert.IsType<MultipartSigned>(encrypted.Decrypt(context, Cancel));
        Assert.True(Assert.Single(signed.Verify(context, Cancel)).Verify());
        Assert.Equal("secret", ((TextPart)signed[0]).Text);
    }

    [Fact]
    public void Openssl_encrypts_to_our_certificate_and_we_decrypt_even_after_it_has_expired()
    {
        Assert.SkipUnless(OpenSsl.IsHere, "openssl is not on this machine");
        using var directory = new TemporaryDirectory();
        var text = directory.Write("text", "Content-Type: text/plain\r\n\r\nsecret\r\n");
        var (exitCode, encrypted, errors) = OpenSsl.Run("cms", "-encrypt", "-aes256", "-in", text, Path.Combine(office.Path, "alice@example.org.pem"));
        Assert.True(exitCode == 0, errors);
        office.Time.Now = Office.Noon.AddYears(50);

        var part = (ApplicationPkcs7Mime)MimeEntity.Load(new MemoryStream(System.Text.Encoding.ASCII.GetBytes(encrypted)), Cancel);

        Assert.Equal("secret", ((TextPart)part.Decrypt(context, Cancel)).Text.Trim());
        Assert.False(context.CanSign(Alice, Cancel));
        Assert.False(context.CanEncrypt(Alice, Cancel));
    }

    [Fact]
    public void Nobody_without_files_signs_or_is_encrypted_to()
    {
        var nobody = new MailboxAddress("", "nobody@example.org");

        Assert.False(context.CanSign(nobody, Cancel));
        Assert.False(context.CanEncrypt(nobody, Cancel));
        Assert.True(context.CanSign(Alice, Cancel) && context.CanEncrypt(Erin, Cancel));
        Assert.Throws<CertificateNotFoundException>(() => ApplicationPkcs7Mime.Encrypt(context, [nobody], new TextPart("plain") { Text = "x" }, Cancel));
    }

    [Fact]
    public void The_directory_is_only_read()
    {
        Assert.Throws<NotSupportedException>(() => context.Import(new MemoryStream(), Cancel));
        Assert.Throws<NotSupportedException>(() => context.Import(new MemoryStream(), "password", Cancel));
    }

    public void Dispose()
    {
        context.Dispose();
        office.Dispose();
    }
}
