using System.Security.Cryptography.X509Certificates;
using System.Text.Json;
using Postseal.Certificates;
using Postseal.Certificates.Revocation;
using Postseal.Certificates.Trust;
using Postseal.Mail;
using Postseal.TestKit;
using Postseal.Verification;

namespace Postseal.Tests.Verification;

/// <summary>Verdicts on whole messages of others, beside what their own programs say.</summary>
public sealed class CorpusVerdictTests
{
    private static readonly string Folder = Repository.File("../shared/corpora");

    [Fact]
    public void Thunderbird()
    {
        SkipWithoutCorpora();
        var verifier = Verifier("thunderbird-smime/mailnews/test/data/smime/TestCA.pem", new DateTimeOffset(2026, 1, 26, 15, 0, 0, TimeSpan.Zero));
        using var expected = JsonDocument.Parse(File.ReadAllText(Path.Combine(Folder, "thunderbird-smime/expected.json")));
        var (passed, different) = (0, new List<string>());
        foreach (var message in expected.RootElement.EnumerateArray())
        {
            var (file, theirs) = (message.GetProperty("file").GetString()!, message.GetProperty("thunderbird"));
            // What is encrypted is not opened here, and nothing is said of what is inside.
            var isGood = theirs.GetProperty("enc").GetString() == "false" && theirs.GetProperty("sig_good").GetString() == "true";
            var verdict = verifier.Verify(MailMessage.Parse(File.ReadAllBytes(Path.Combine(Folder, "thunderbird-smime", file))));
            passed += verdict.Result == SmimeResult.Pass ? 1 : 0;
            // Dave signed what Alice had signed as multipart/signed. Thunderbird shows no signature then; openssl verifies both.
            if (IsNestedMultipart(file))
                Assert.Equal(file.Contains("SHA1", StringComparison.Ordinal) ? SmimeResult.Policy : SmimeResult.Pass, verdict.Result);
            // Alice signed what is encrypted; Thunderbird shows no signature, as she need not know what is inside. It is said beside the pass.
            else if (IsSignedCiphertext(file))
                Assert.Equal("what was signed is encrypted", verdict.Decisive!.Beside);
            else if (isGood != (verdict.Result == SmimeResult.Pass))
                different.Add($"{file}: {verdict.Result}, {verdict.Reason}");
        }

        Assert.Empty(different);
        Assert.True(passed >= 10, $"{passed} passed");
    }

    [Theory]
    [InlineData("alice.dsig.SHA256.multipart.bad.eml", SmimeResult.Fail, "its content was changed after it was signed")]
    [InlineData("alice.dsig.SHA256.multipart.mismatch-econtent.eml", SmimeResult.Fail, "the signature has a content of its own beside the one it belongs to")]
    [InlineData("alice.dsig.SHA1.multipart.eml", SmimeResult.Policy, "SHA-1")]
    [InlineData("alice.future.dsig.SHA256.multipart.eml", SmimeResult.Policy, "too far apart")]
    [InlineData("alice.env.eml", SmimeResult.None, "it is encrypted")]
    public void Thunderbird_and_why(string file, SmimeResult result, string reason)
    {
        SkipWithoutCorpora();
        var verifier = Verifier("thunderbird-smime/mailnews/test/data/smime/TestCA.pem", new DateTimeOffset(2026, 1, 26, 15, 0, 0, TimeSpan.Zero));

        var verdict = verifier.Verify(MailMessage.Parse(File.ReadAllBytes(Path.Combine(Folder, "thunderbird-smime/mailnews/test/data/smime", file))));

        Assert.Equal(result, verdict.Result);
        Assert.Contains(reason, verdict.Reason, StringComparison.Ordinal);
    }

    /// <summary>Signed by Thunderbird and Outlook with a certificate whose address is not the author's: verified and trusted, and no pass.</summary>
    [Fact]
    public void Simple_Java_Mail()
    {
        SkipWithoutCorpora();
        const string folder = "simple-java-mail/modules/simple-java-mail/src/test/resources/pkcs12";
        var files = Directory.GetFiles(Path.Combine(Folder, folder, "test messages"), "*signed.eml");
        Assert.NotEmpty(files);
        foreach (var file in files)
        {
            var message = MailMessage.Parse(File.ReadAllBytes(file));
            var verdict = Verifier($"{folder}/ca.crt", SentDate.Of(message.Headers)!.Value).Verify(message);

            Assert.True(verdict.IsVerified, $"{file}: {verdict.Result}, {verdict.Reason}");
        }
    }

    private static void SkipWithoutCorpora() => Assert.SkipUnless(Directory.Exists(Folder), "../shared/corpora is not here");

    private static bool IsSignedCiphertext(string file) =>
        file.Contains("alice.env.sig", StringComparison.Ordinal) && !file.Contains(".dave.", StringComparison.Ordinal);

    private static bool IsNestedMultipart(string file) =>
        file.Contains("alice.plain.dsig", StringComparison.Ordinal) || file.Contains("alice.env.dsig", StringComparison.Ordinal) && file.Contains(".dave.", StringComparison.Ordinal)
        || file.Contains("alice.plain.sig", StringComparison.Ordinal) && file.Contains(".dave.dsig", StringComparison.Ordinal);

    private static MailVerifier Verifier(string anchors, DateTimeOffset now)
    {
        var trust = new SignerTrust(
            new TrustOptions { Anchors = Path.Combine(Folder, anchors) }, new NobodyAsked(), () => [], issuers: null, new SettableTime(now),
            warning => throw new InvalidOperationException(warning));
        return new MailVerifier(new SignerCheck(new ReceivedCertificates(), trust, UnknownRevocation.Say, TimeSpan.FromHours(1)), maxLayers: 4);
    }
}
