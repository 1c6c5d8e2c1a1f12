using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using Postseal.Certificates.Formats;
using Postseal.Certificates.Store;
using Postseal.Cms;
using Postseal.Cms.Enveloped;
using Postseal.TestKit;

namespace Postseal.Tests.Cms.Enveloped;

/// <summary>Encrypted messages of other projects: read with their keys, or refused with the reason.</summary>
public sealed partial class CorpusEnvelopeTests
{
    private const string Thunderbird = "thunderbird-smime/mailnews/test/data/smime/";
    private const string OpenSslCms = "openssl-cms/test/recipes/80-test_cms_data/";
    private const string Rfc4134 = "bc-rfc4134/rfc4134/";
    private const string JavaMail = "simple-java-mail/modules/simple-java-mail/src/test/resources/pkcs12/";
    private const string NotForIt = "not encrypted to any";
    private const string Asn1Crypto = "asn1crypto/tests/fixtures/";
    private const string TripleDes = "[Incoming] TripleDes";

    private static readonly string Folder = Repository.File("../shared/corpora");

    /// <summary>What is opened, as openssl opens it: the message, whose it is (a key file, its certificate, the passphrase), and whether
    /// it is triple DES.</summary>
    public static TheoryData<string, string, string, string, bool> Opened => new()
    {
        { OpenSslCms + "ciphertext_from_1_1_1.cms", "openssl-cms/test/smime-certs/smec3.pem", "", "", true }, // by agreement
        { Rfc4134 + "5.1.bin", Rfc4134 + "BobPrivRSAEncrypt.pri", Rfc4134 + "BobRSASignByCarl.cer", "", true },
        { Rfc4134 + "5.3.eml", Rfc4134 + "BobPrivRSAEncrypt.pri", Rfc4134 + "BobRSASignByCarl.cer", "", true },
        { JavaMail + "test messages/S_MIME test message encrypted.eml", JavaMail + "smime_test_user.p12", "", "letmein", true },
        { JavaMail + "test messages/S_MIME test message signed & encrypted.eml", JavaMail + "smime_test_user.p12", "", "letmein", true },
        { Asn1Crypto + "cms-enveloped.der", Asn1Crypto + "keys/test.key", Asn1Crypto + "keys/test.crt", "", true },
    };

    /// <summary>What is refused: the message, whose it is, what that tells of keys, and why.</summary>
    public static TheoryData<string, string, string, string, string> Refused => new()
    {
        { OpenSslCms + "ecdh-malformed.der", OpenSslCms + "ecdh-key.pem", OpenSslCms + "ecdh-cert.pem", "", "no key wrap" },
        { OpenSslCms + "dh-malformed.der", OpenSslCms + "ecdh-key.pem", OpenSslCms + "ecdh-cert.pem", "", "1.2.840.113549.1.9.16.3" },
        { OpenSslCms + "ciphertext_from_1_1_1.cms", "openssl-cms/test/smime-certs/smec3.pem", "", "", TripleDes },
        { "openssl-cms/test/recipes/80-test_cmsapi_data/encDataWithTooLongIV.pem", "openssl-cms/test/certs/ca-key.pem", "openssl-cms/test/certs/ca-cert.pem", "", "too long" },
        { Rfc4134 + "5.1.bin", Rfc4134 + "BobPrivRSAEncrypt.pri", Rfc4134 + "BobRSASignByCarl.cer", "", TripleDes },
        { Rfc4134 + "5.2.bin", Rfc4134 + "BobPrivRSAEncrypt.pri", Rfc4134 + "BobRSASignByCarl.cer", "", "1.2.840.113549.3.2" }, // RC2
        { Rfc4134 + "5.3.eml", Rfc4134 + "BobPrivRSAEncrypt.pri", Rfc4134 + "BobRSASignByCarl.cer", "", TripleDes },
        { JavaMail + "test messages/S_MIME test message encrypted.eml", JavaMail + "smime_test_user.p12", "", "letmein", TripleDes },
        { "gnupg-sm/tests/cms/samplemsgs/pwri-sample.cbc.p7m", "rfc9216/alice.encrypt.key", "rfc9216/alice.encrypt.crt", "", NotForIt },
        { "gnupg-sm/tests/cms/samplemsgs/pwri-sample.gcm.p7m", "rfc9216/alice.encrypt.key", "rfc9216/alice.encrypt.crt", "", "too long or too short" },
        { "lamps-cms-mlkem/example/ML-KEM-512.cms", "rfc9216/alice.encrypt.key", "rfc9216/alice.encrypt.crt", "", NotForIt },
    };

    [Fact]
    public async Task What_Thunderbird_and_openssl_decrypt_is_decrypted()
    {
        Assert.SkipUnless(Directory.Exists(Folder), "../shared/corpora is not there");
        Assert.SkipUnless(OpenSsl.IsHere, "openssl is not on this machine");
        using var expected = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(Folder, "thunderbird-smime/expected.json")));
        var read = 0;
        foreach (var entry in expected.RootElement.EnumerateArray())
        {
            var file = entry.GetProperty("file").GetString()!;
            var decrypted = entry.GetProperty("openssl").EnumerateArray().Select(verdict => verdict.GetString()!).FirstOrDefault(verdict => verdict.StartsWith("dec:", StringComparison.Ordinal));
            if (decrypted is null || ReceivedEnvelope.TryRead(new(CmsIn("thunderbird-smime/" + file))) is not { } envelope)
                continue;
            using var who = Open(Thunderbird + decrypted["dec:smime_".Length..] + ".p12", "", "nss", envelope);
            var decryption = await envelope.DecryptAsync([who.OpenDecryptionKey()], readsTripleDes: true, TestContext.Current.CancellationToken);

            var (content, errors) = OpenSsl.Decrypt(CmsIn("thunderbird-smime/" + file), who);
            Assert.True(content is not null, errors);
            Assert.Equal(content, Assert.IsType<DecryptedContent>(decryption).Content.ToArray());
            read++;
        }

        Assert.InRange(read, 15, 100); // among them OAEP with a label and with two hashes, and two by agreement
    }

    [Theory]
    [MemberData(nameof(Opened))]
    public async Task What_openssl_opens_is_opened_and_triple_DES_where_it_is_wanted(
        string message, string key, string certificate, string passphrase, bool isTripleDes)
    {
        Assert.SkipUnless(Directory.Exists(Folder), "../shared/corpora is not there");
        Assert.SkipUnless(OpenSsl.IsHere, "openssl is not on this machine");
        var envelope = Assert.IsType<ReceivedEnvelope>(ReceivedEnvelope.TryRead(new(CmsIn(message))));
        using var who = Open(key, certificate, passphrase, envelope);

        var decryption = await envelope.DecryptAsync([who.OpenDecryptionKey()], readsTripleDes: true, TestContext.Current.CancellationToken);
        var (content, errors) = OpenSsl.Decrypt(CmsIn(message), who);

        Assert.True(content is not null, errors);
        Assert.Equal(content, Assert.IsType<DecryptedContent>(decryption).Content.ToArray());
        Assert.Equal(isTripleDes, envelope.WhyNobodyCould(readsTripleDes: false)?.Contains(TripleDes, StringComparison.Ordinal) == true);
    }

    [Theory]
    [MemberData(nameof(Refused))]
    public async Task What_is_not_read_has_its_reason(string message, string key, string certificate, string passphrase, string reason)
    {
        Assert.SkipUnless(Directory.Exists(Folder), "../shared/corpora is not there");
        var envelope = Assert.IsType<ReceivedEnvelope>(ReceivedEnvelope.TryRead(new(CmsIn(message))));
        using var who = Open(key, certificate, passphrase, envelope);

        var decryption = await envelope.DecryptAsync([who.OpenDecryptionKey()], readsTripleDes: false, TestContext.Current.CancellationToken);

        var refused = Assert.IsType<CannotDecrypt>(decryption);
        Assert.Contains(reason, refused.Reason, StringComparison.Ordinal);
        Assert.Equal(
            reason.Contains(NotForIt, StringComparison.Ordinal) ? DecryptionFailure.NoKey : DecryptionFailure.NobodyCould, refused.Kind);
    }

    [Theory]
    [InlineData("alice")]
    [InlineData("bob")]
    [InlineData("carlos")]
    [InlineData("dana")]
    public async Task The_people_of_RFC_9216_read_their_mail(string name)
    {
        Assert.SkipUnless(Directory.Exists(Folder), "../shared/corpora is not there");
        using var directory = new TemporaryDirectory();
        var pkcs12 = Path.Combine(Folder, $"rfc9216/{name}.p12");
        File.Copy(pkcs12, directory.File($"{name}@smime.example.p12"));
        var pem = File.ReadAllText(Path.Combine(Folder, $"rfc9216/{name}.encrypt.crt"));
        using var certificate = X509Certificate2.CreateFromPem(pem);
        var options = new CertificateOptions { Path = directory.Path, PassphraseFile = directory.Write("passphrase", name) };
        var recipient = new EnvelopeRecipient(RecipientKey.Create(certificate), Oaep: false);
        var envelope = ReceivedEnvelope.TryRead(new(EnvelopedDataTests.Encrypt("Hello"u8.ToArray(), ContentEncryption.Aes128Gcm, recipient)))!;

        var keys = new CertificateDirectory(options, TimeProvider.System).FindDecryptionKeys(TestMail.Address($"{name}@smime.example"), envelope.Names);
        var decryption = await envelope.DecryptAsync(keys, readsTripleDes: false, TestContext.Current.CancellationToken);

        Assert.Equal("Hello"u8.ToArray(), Assert.IsType<DecryptedContent>(decryption).Content.ToArray());
    }

    [Theory]
    [InlineData("enveloped_data_kari.bin", 1)]
    [InlineData("enveloped_data_kekri.bin", 0)]
    [InlineData("enveloped_data_ktri.bin", 1)]
    [InlineData("enveloped_data_multi.bin", 2)]
    [InlineData("enveloped_data_pwri.bin", 0)]
    [InlineData("kms_ciphertext_for_recipient_1.ber", 1)]
    [InlineData("kms_ciphertext_for_recipient_2.ber", 1)]
    [InlineData("kms_ciphertext_for_recipient_3.ber", 1)]
    [InlineData("kms_ciphertext_for_recipient_4.ber", 1)]
    public void Recipients_of_every_kind_are_counted_where_they_have_a_certificate(string file, int recipients)
    {
        Assert.SkipUnless(Directory.Exists(Folder), "../shared/corpora is not there");

        var envelope = Assert.IsType<ReceivedEnvelope>(ReceivedEnvelope.TryRead(new(CmsIn("rustcrypto-cms/cms/tests/examples/" + file))));

        Assert.Equal((recipients, null), (envelope.Recipients.Count, envelope.Obstacle));
    }

    [Fact]
    public void A_key_transport_that_is_malformed_is_no_message_at_all()
    {
        Assert.SkipUnless(Directory.Exists(Folder), "../shared/corpora is not there");

        Assert.Null(ReceivedEnvelope.TryRead(new(CmsIn(OpenSslCms + "rsa-malformed.der"))));
    }

    [Fact]
    public void What_a_fuzzer_found_is_broken_and_does_no_harm()
    {
        Assert.SkipUnless(Directory.Exists(Folder), "../shared/corpora is not there");
        var files = Directory.GetFiles(Path.Combine(Folder, "openssl-fuzz-cms/cms"));
        var started = CpuTime.Of(() => Assert.All(files, file => Assert.Null(ReceivedEnvelope.TryRead(new(File.ReadAllBytes(file))))));

        Assert.True(files.Length > 500 && started < TimeSpan.FromSeconds(5));
    }

    /// <summary>Opens the one of a file's certificates that a message is for, or its first, and the key of it.</summary>
    internal static Correspondent Open(string key, string certificate, string passphrase, ReceivedEnvelope envelope)
    {
        using var file = KeyFile.Read(Path.Combine(Folder, key), () => Encoding.UTF8.GetBytes(passphrase));
        using var beside = certificate.Length == 0 ? null : KeyFile.Read(Path.Combine(Folder, certificate));
        var certificates = (beside ?? file).Certificates;
        var found = certificates.FirstOrDefault(one => envelope.Recipients.Any(recipient => recipient.Id.Matches(one))) ?? certificates[0];
        return new Correspondent(found, file.Keys.First(one => one.BelongsTo(found)).Open().ExportPkcs8PrivateKey());
    }

    /// <summary>Reads the CMS object in a file: in DER, PEM, or a message.</summary>
    internal static byte[] CmsIn(string file)
    {
        var bytes = File.ReadAllBytes(Path.Combine(Folder, file));
        if (bytes is [0x30, ..])
            return bytes;
        var text = Encoding.Latin1.GetString(bytes);
        var base64 = Pem().Match(text) is { Success: true } pem ? pem : Body().Match(text);
        return base64.Success ? Convert.FromBase64String(base64.Groups[1].Value) : [];
    }

    [GeneratedRegex(@"-----BEGIN [A-Z0-9 #]+-----\s*([A-Za-z0-9+/=\s]+)-----END")]
    private static partial Regex Pem();

    [GeneratedRegex(@"^Content-Type: *application/(?:x-)?pkcs7-mime(?:.*\r?\n)*?\r?\n([A-Za-z0-9+/=\s]+)", RegexOptions.Multiline | RegexOptions.IgnoreCase)]
    private static partial Regex Body();
}
