using MimeKit;
using Postseal.Certificates.Revocation;
using Postseal.Certificates.Trust;
using Postseal.MailKit.Tests.Support;
using Postseal.Settings;
using Postseal.TestKit;
using Postseal.Verification;

namespace Postseal.MailKit.Tests;

/// <summary>What a program is told of mail that it fetched.</summary>
public sealed class ReaderTests : IDisposable
{
    private readonly Office office = new();
    private readonly CertificateFolder files = new();

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public void Mail_that_its_author_signed_passes_as_bytes_and_as_MimeKit_holds_it()
    {
        var sent = Letters.Bytes(office.Signer().Sign(Dated(Letters.Rich("alice@example.org")), cancellationToken: Cancel).Message);
        using var reader = Reader();

        var ofBytes = reader.Verify(sent);
        var ofMessage = reader.Verify(MimeMessage.Load(new MemoryStream(sent), Cancel));

        foreach (var verdict in new[] { ofBytes, ofMessage })
        {
            Assert.Equal((SmimeResult.Pass, "trusted"), (verdict.Result, verdict.Reason));
            Assert.True(verdict is { IsVerified: true, IsTrusted: true, IsByAuthor: true });
            Assert.Equal("alice@example.org", verdict.Author!.ToString());
        }
    }

    [Fact]
    public void Lines_that_end_with_LF_are_those_of_a_file()
    {
        var sent = Letters.Bytes(office.Signer().Sign(Dated(Letters.Plain()), cancellationToken: Cancel).Message);
        using var reader = Reader();

        Assert.Equal(SmimeResult.Pass, reader.Verify(System.Text.Encoding.Latin1.GetBytes(Letters.Text(sent).ReplaceLineEndings("\n"))).Result);
    }

    [Fact]
    public void What_was_changed_fails_and_another_authors_signature_does_not_pass()
    {
        var sent = Letters.Text(Letters.Bytes(office.Signer().Sign(Dated(Letters.Plain()), cancellationToken: Cancel).Message));
        using var reader = Reader();

        Assert.Equal(SmimeResult.Fail, Verify(reader, sent.Replace("Hello", "Hallo", StringComparison.Ordinal)));
        Assert.Equal(SmimeResult.Policy, Verify(reader, sent.Replace("From: ", "From: boss@example.org, ", StringComparison.Ordinal)));
        Assert.Equal(SmimeResult.None, Verify(reader, "From: alice@example.org\r\n\r\nHello\r\n"));
    }

    [Fact]
    public void A_signature_under_a_CA_that_nobody_trusts_does_not_pass()
    {
        var signed = Letters.Text(Letters.Bytes(office.Signer().Sign(Dated(Letters.Plain()), cancellationToken: Cancel).Message));
        using var stranger = new CertificateFolder();
        using var reader = new SmimeReader(Options(stranger.Ca.Root.ExportCertificatePem()), time: office.Time);

        Assert.Equal(SmimeResult.Policy, Verify(reader, signed));
    }

    public void Dispose()
    {
        office.Dispose();
        files.Dispose();
    }

    private SmimeReader Reader() => new(Options(Office.Root.ExportCertificatePem()), time: office.Time);

    private PostsealOptions Options(string anchors) => new()
    {
        Certificates = files.Options with { Trust = new TrustOptions { Anchors = files.Write("anchors.txt", anchors) } },
        Revocation = new RevocationOptions { Check = RevocationMethod.Off },
        StatePath = files.File("state"),
    };

    private MimeMessage Dated(MimeMessage message)
    {
        message.Date = office.Time.GetUtcNow();
        return message;
    }

    private static SmimeResult Verify(SmimeReader reader, string message) => reader.Verify(System.Text.Encoding.Latin1.GetBytes(message)).Result;
}
