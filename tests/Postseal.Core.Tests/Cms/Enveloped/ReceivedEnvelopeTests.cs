using System.Buffers;
using System.Security.Cryptography;
using FsCheck;
using FsCheck.Fluent;
using MimeKit.Cryptography;
using Postseal.Bytes;
using Postseal.Cms;
using Postseal.Cms.Enveloped;
using Postseal.TestKit;

namespace Postseal.Tests.Cms.Enveloped;

/// <summary>What we and others encrypt is decrypted, by its recipients and by nobody else.</summary>
public sealed class ReceivedEnvelopeTests
{
    private static readonly byte[] Content = "Content-Type: text/plain\r\n\r\nHello\r\n"u8.ToArray();

    private static readonly string[] Kinds =
        ["RSA-2048", "RSA-3072", "P-256", "P-384", "P-521", "brainpoolP256r1", "brainpoolP384r1", "brainpoolP512r1", "X25519"];

    public static TheoryData<ContentEncryption, bool> Ciphers => EnvelopedDataTests.Ciphers();

    /// <summary>What openssl is to do, and for whom.</summary>
    public static TheoryData<string, string, string> OpenSslWays()
    {
        var ways = new TheoryData<string, string, string>();
        foreach (var cipher in (string[])["aes-128-cbc", "aes-192-cbc", "aes-256-cbc", "aes-128-gcm", "aes-192-gcm", "aes-256-gcm"])
        {
            ways.Add(cipher, "RSA-2048", "");
            ways.Add(cipher, "RSA-2048", "-keyopt rsa_padding_mode:oaep");
            ways.Add(cipher, "RSA-2048", "-keyid -keyopt rsa_padding_mode:oaep -keyopt rsa_oaep_md:sha256");
            ways.Add(cipher, "P-256", "");
            ways.Add(cipher, "P-256", "-keyid -keyopt ecdh_kdf_md:sha256");
            ways.Add(cipher, "P-384", "-keyopt ecdh_kdf_md:sha384");
            ways.Add(cipher, "P-521", "-keyopt ecdh_kdf_md:sha512");
            ways.Add(cipher, "brainpoolP256r1", "-keyopt ecdh_kdf_md:sha256");
        }

        ways.Add("aes-256-cbc", "RSA-2048", "-stream");
        ways.Add("aes-256-gcm", "P-256", "-stream");
        ways.Add("aes-128-cbc", "P-256", "-keyopt ecdh_cofactor_mode:1 -keyopt ecdh_kdf_md:sha256");
        ways.Add("aes-128-cbc", "RSA-2048", "-keyopt rsa_padding_mode:oaep -keyopt rsa_oaep_md:sha512");
        ways.Add("aes-128-cbc", "RSA-2048", "-keyopt rsa_padding_mode:oaep -keyopt rsa_oaep_md:sha256 -keyopt rsa_mgf1_md:sha1");
        ways.Add("aes-128-cbc", "RSA-2048", "-keyopt rsa_padding_mode:oaep -keyopt rsa_oaep_md:sha384 -keyopt rsa_oaep_label:0102FF");
        return ways;
    }

    [Theory]
    [MemberData(nameof(Ciphers))]
    public async Task Each_recipient_reads_what_was_encrypted_to_all(ContentEncryption encryption, bool byKeyIdentifier)
    {
        Correspondent[] people = [.. Kinds.Select(kind => Correspondent.Create(kind))];
        var encrypted = EnvelopedDataTests.Encrypt(
            Content, encryption, [.. people.Select(person => EnvelopedDataTests.Recipient(person, byKeyIdentifier: byKeyIdentifier))]);

        foreach (var person in people)
        {
            var decrypted = Assert.IsType<DecryptedContent>(await Decrypt(encrypted, person));
            Assert.Equal(Content, decrypted.Content.ToArray());
            Assert.Equal(encryption.IsAuthenticated(), decrypted.Algorithm.IsAuthenticated);
            Assert.Equal("1.2.840.113549.1.7.1", decrypted.ContentType);
        }
    }

    [Theory]
    [MemberData(nameof(OpenSslWays))]
    public async Task What_openssl_encrypts_is_read(string cipher, string key, string options)
    {
        Assert.SkipUnless(OpenSsl.IsHere, "openssl is not on this machine");
        using var bob = Correspondent.Create(key, 1);
        using var alice = Correspondent.Create(key);
        var content = RandomNumberGenerator.GetBytes(100_000);

        var encrypted = OpenSsl.Encrypt(content, cipher, options.Split(' ', StringSplitOptions.RemoveEmptyEntries), bob, alice);

        var decrypted = Assert.IsType<DecryptedContent>(await Decrypt(encrypted, alice));
        Assert.Equal(content, decrypted.Content.ToArray());
        Assert.Equal(cipher.Replace("-", "", StringComparison.Ordinal), decrypted.Algorithm.Name.Replace("-", "", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData(EncryptionAlgorithm.Aes128)]
    [InlineData(EncryptionAlgorithm.Aes192)]
    [InlineData(EncryptionAlgorithm.Aes256)]
    public async Task What_MimeKit_encrypts_is_read(EncryptionAlgorithm cipher)
    {
        using var alice = Correspondent.Create("RSA-2048");
        using var bob = Correspondent.Create("RSA-3072");
        foreach (var padding in (RsaEncryptionPadding[])
            [RsaEncryptionPadding.Pkcs1, RsaEncryptionPadding.OaepSha1, RsaEncryptionPadding.OaepSha256, RsaEncryptionPadding.OaepSha512])
        {
            foreach (var naming in (SubjectIdentifierType[])[SubjectIdentifierType.IssuerAndSerialNumber, SubjectIdentifierType.SubjectKeyIdentifier])
            {
                var encrypted = MimeKitJudge.Encrypt(Content, cipher, padding, naming, bob, alice);

                Assert.Equal(Content, Assert.IsType<DecryptedContent>(await Decrypt(encrypted, alice)).Content.ToArray());
            }
        }
    }

    [Theory]
    [InlineData(ContentEncryption.Aes128Cbc)]
    [InlineData(ContentEncryption.Aes256Cbc)]
    public void MimeKit_reads_what_is_encrypted_to_RSA_in_CBC(ContentEncryption encryption)
    {
        using var alice = Correspondent.Create("RSA-2048");
        using var bob = Correspondent.Create("P-256");
        foreach (var oaep in (OaepParameters?[])[null, OaepParameters.Sha1, OaepParameters.Sha256, OaepParameters.With(HashAlgorithmName.SHA512)])
        {
            var encrypted = EnvelopedDataTests.Encrypt(
                Content, encryption, EnvelopedDataTests.Recipient(bob), EnvelopedDataTests.Recipient(alice, oaep));

            Assert.Equal(Content, MimeKitJudge.Decrypt(encrypted, alice));
        }
    }

    [Fact]
    public void Any_content_in_any_pieces_comes_back_from_any_pieces()
    {
        using var alice = Correspondent.Create("P-256");
        var recipient = EnvelopedDataTests.Recipient(alice);
        Check.One(Config.QuickThrowOnFailure.WithMaxTest(100), Prop.ForAll(
            Gen.Choose(0, 100_000).ToArbitrary(), Gen.Elements(Enum.GetValues<ContentEncryption>()).ToArbitrary(),
            Gen.Choose(1, 40_000).ToArbitrary(), (length, encryption, piece) =>
            {
                var content = RandomNumberGenerator.GetBytes(length);

                var encrypted = EnvelopedDataTests.Encrypt(Pieces(content, piece), encryption, recipient);

                var decryption = ReceivedEnvelope.TryRead(Pieces(encrypted, piece))!.DecryptAsync([alice.OpenDecryptionKey()], readsTripleDes: false).AsTask().Result;
                return ((DecryptedContent)decryption).Content.Span.SequenceEqual(content);
            }));
    }

    [Fact]
    public async Task Nobody_else_reads_it()
    {
        using var alice = Correspondent.Create("RSA-2048");
        foreach (var kind in Kinds)
        {
            using var bob = Correspondent.Create(kind, 1);
            using var mallory = Correspondent.Create(kind, 2);
            var envelope = ReceivedEnvelope.TryRead(new(EnvelopedDataTests.Encrypt(
                Content, ContentEncryption.Aes128Gcm, EnvelopedDataTests.Recipient(alice), EnvelopedDataTests.Recipient(bob))))!;

            Assert.Contains("not encrypted to", await Failure(envelope, mallory), StringComparison.Ordinal);
            // Bob's certificate, Mallory's key: found out at the end, and no sooner.
            Assert.Contains("was changed, or is not", await Failure(envelope, bob with { Pkcs8 = mallory.Pkcs8 }), StringComparison.Ordinal);
            // Bob's certificate, a key of another kind.
            using var other = Correspondent.Create(kind.StartsWith("RSA", StringComparison.Ordinal) ? "X25519" : "RSA-3072");
            Assert.IsType<CannotDecrypt>(await envelope.DecryptAsync(
                [new DecryptionKey(bob.Certificate, other.OpenKey(), "")], readsTripleDes: false, TestContext.Current.CancellationToken));
        }
    }

    [Fact]
    public void It_tells_whom_it_is_for()
    {
        Correspondent[] people = [.. Kinds.Select(kind => Correspondent.Create(kind))];
        var envelope = ReceivedEnvelope.TryRead(new(EnvelopedDataTests.Encrypt(
            Content, ContentEncryption.Aes256Gcm, [.. people.Select((person, i) => EnvelopedDataTests.Recipient(person, byKeyIdentifier: i % 2 == 0))])))!;

        Assert.Equal(people.Length, envelope.Recipients.Count);
        Assert.All(people, person => Assert.Single(envelope.Recipients, recipient => recipient.Id.Matches(person.Certificate)));
        Assert.All(envelope.Recipients, recipient => Assert.Matches("^([0-9A-F]{40}|CN=Odd Root [0-9A-F]{32})$", recipient.Id.ToString()));
    }

    internal static ValueTask<Decryption> Decrypt(byte[] encrypted, Correspondent recipient) =>
        ReceivedEnvelope.TryRead(new(encrypted))!.DecryptAsync([recipient.OpenDecryptionKey()], readsTripleDes: false, TestContext.Current.CancellationToken);

    internal static async ValueTask<string> Failure(ReceivedEnvelope envelope, Correspondent recipient) => Assert.IsType<CannotDecrypt>(
        await envelope.DecryptAsync([recipient.OpenDecryptionKey()], readsTripleDes: false, TestContext.Current.CancellationToken)).Reason;

    private static ReadOnlySequence<byte> Pieces(byte[] bytes, int length)
    {
        var rope = new ByteRope();
        foreach (var piece in bytes.Chunk(length))
            rope.Append(piece);
        return rope.ToSequence();
    }
}
