using System.Buffers;
using System.Formats.Asn1;
using System.Security.Cryptography;
using System.Security.Cryptography.Pkcs;
using System.Security.Cryptography.Xml;
using Postseal.Bytes;
using Postseal.Cms;
using Postseal.Cms.Enveloped;
using Postseal.TestKit;

namespace Postseal.Tests.Cms.Enveloped;

public sealed class EnvelopedDataTests
{
    private static readonly byte[] Content = "Content-Type: text/plain\r\n\r\nHello\r\n"u8.ToArray();

    public static TheoryData<ContentEncryption, bool> Ciphers()
    {
        var cases = new TheoryData<ContentEncryption, bool>();
        foreach (var encryption in Enum.GetValues<ContentEncryption>())
        {
            cases.Add(encryption, false);
            cases.Add(encryption, true);
        }

        return cases;
    }

    [Theory]
    [MemberData(nameof(Ciphers))]
    public void Each_of_many_recipients_reads_it_with_openssl(ContentEncryption encryption, bool byKeyIdentifier)
    {
        Assert.SkipUnless(OpenSsl.IsHere, "openssl is not on this machine");
        (Correspondent Correspondent, OaepParameters? Oaep)[] people =
        [
            (Correspondent.Create("RSA-2048", 0), null),
            (Correspondent.Create("RSA-2048", 1), OaepParameters.Sha1),
            (Correspondent.Create("RSA-3072"), OaepParameters.Sha256),
            (Correspondent.Create("RSA-2048", 2), OaepParameters.With(HashAlgorithmName.SHA384)),
            (Correspondent.Create("RSA-2048", 3), OaepParameters.With(HashAlgorithmName.SHA512)),
            (Correspondent.Create("P-256", 4), null),
            (Correspondent.Create("P-256", 5), null),
            (Correspondent.Create("P-384"), null),
            (Correspondent.Create("P-521"), null),
            (Correspondent.Create("brainpoolP256r1"), null),
            (Correspondent.Create("brainpoolP384r1"), null),
            (Correspondent.Create("brainpoolP512r1"), null),
            (Correspondent.Create("X25519"), null),
        ];

        var encrypted = Encrypt(Content, encryption, [.. people.Select(person => Recipient(person.Correspondent, person.Oaep, byKeyIdentifier))]);

        // openssl 3.0 has no X25519 in CMS.
        Assert.All(people.SkipLast(1), person =>
        {
            var (content, errors) = OpenSsl.Decrypt(encrypted, person.Correspondent);
            Assert.True(content is not null, errors);
            Assert.Equal(Content, content);
        });
    }

    [Theory]
    [InlineData(ContentEncryption.Aes128Cbc)]
    [InlineData(ContentEncryption.Aes256Cbc)]
    public void The_platform_reads_what_is_encrypted_to_RSA_in_CBC(ContentEncryption encryption)
    {
        using var alice = Correspondent.Create("RSA-2048");
        using var key = RSA.Create();
        key.ImportPkcs8PrivateKey(alice.Pkcs8, out _);
        foreach (var oaep in (OaepParameters?[])[null, OaepParameters.Sha1, OaepParameters.Sha256])
        {
            var cms = new EnvelopedCms();
            cms.Decode(Encrypt(Content, encryption, Recipient(alice, oaep)));
            cms.Decrypt(cms.RecipientInfos[0], key);

            Assert.Equal(Content, cms.ContentInfo.Content);
        }
    }

    [Theory]
    [InlineData(ContentEncryption.Aes256Cbc, false, "RSA-2048", "1.2.840.113549.1.7.3", 0)]
    [InlineData(ContentEncryption.Aes256Cbc, true, "RSA-2048", "1.2.840.113549.1.7.3", 2)]
    [InlineData(ContentEncryption.Aes128Cbc, false, "P-256", "1.2.840.113549.1.7.3", 2)]
    [InlineData(ContentEncryption.Aes128Gcm, true, "P-256", "1.2.840.113549.1.9.16.1.23", 0)]
    public void Type_and_version_are_those_of_its_parts(
        ContentEncryption encryption, bool byKeyIdentifier, string key, string type, int version)
    {
        using var alice = Correspondent.Create(key);

        var info = new AsnReader(Encrypt(Content, encryption, Recipient(alice, byKeyIdentifier: byKeyIdentifier)), AsnEncodingRules.DER).ReadSequence();

        Assert.Equal(type, info.ReadObjectIdentifier());
        var data = info.ReadSequence(new Asn1Tag(TagClass.ContextSpecific, 0)).ReadSequence();
        Assert.True(data.TryReadInt32(out var written) && written == version);
        Assert.NotNull(data.ReadSetOf()); // sorted, or this would throw
    }

    [Fact]
    public void Who_is_named_twice_gets_the_key_once()
    {
        using var alice = Correspondent.Create("RSA-2048");
        var cms = new EnvelopedCms();

        cms.Decode(Encrypt(Content, ContentEncryption.Aes128Cbc, Recipient(alice), Recipient(alice, OaepParameters.Sha256)));

        Assert.Single(cms.RecipientInfos.Cast<RecipientInfo>());
    }

    [Fact]
    public void Recipients_on_one_curve_share_one_ephemeral_key_and_come_in_any_order()
    {
        Correspondent[] people = [.. Enumerable.Range(0, 5).Select(_ => Correspondent.Create("P-256"))];
        EnvelopeRecipient[] recipients = [.. people.Select(person => Recipient(person))];
        var orders = new HashSet<string>();
        for (var i = 0; i < 20; i++)
        {
            var cms = new EnvelopedCms();
            cms.Decode(Encrypt(Content, ContentEncryption.Aes256Cbc, recipients));
            var infos = cms.RecipientInfos.Cast<KeyAgreeRecipientInfo>().ToList();
            Assert.Single(infos.Select(info => Convert.ToHexString(((PublicKeyInfo)info.OriginatorIdentifierOrKey.Value!).KeyValue)).Distinct());
            orders.Add(string.Concat(infos.Select(info => ((X509IssuerSerial)info.RecipientIdentifier.Value!).SerialNumber)));
        }

        Assert.True(orders.Count > 2); // one chance in 10^40 that it is wrong
    }

    [Fact]
    public void A_key_and_a_nonce_are_used_once()
    {
        using var alice = Correspondent.Create("P-256");
        using var data = EnvelopedData.Prepare([Recipient(alice)], ContentEncryption.Aes256Gcm, Content.Length);
        var output = new byte[data.Length];
        data.Write(new(Content), output);

        Assert.Throws<InvalidOperationException>(() => data.Write(new(Content), output));
    }

    [Fact]
    public void One_key_encrypts_for_many_threads_at_once()
    {
        EnvelopeRecipient[] recipients = [.. ((string[])["RSA-2048", "P-256", "brainpoolP256r1", "X25519"]).Select(kind => Recipient(Correspondent.Create(kind)))];
        using var alice = Correspondent.Create("P-384");
        var alicesKey = alice.OpenKey();

        Parallel.For(0, 200, new ParallelOptions { MaxDegreeOfParallelism = 8 }, i =>
        {
            var encrypted = Encrypt(BitConverter.GetBytes(i), ContentEncryption.Aes128Gcm, [.. recipients, Recipient(alice)]);
            var decryption = ReceivedEnvelope.TryRead(new(encrypted))!.DecryptAsync([new DecryptionKey(alice.Certificate, alicesKey, "")], readsTripleDes: false).AsTask().Result;
            Assert.Equal(i, BitConverter.ToInt32(Assert.IsType<DecryptedContent>(decryption).Content.Span));
        });
    }

    [Theory]
    [InlineData(ContentEncryption.Aes256Cbc)]
    [InlineData(ContentEncryption.Aes256Gcm)]
    public void It_takes_no_more_memory_than_what_comes_out(ContentEncryption encryption)
    {
        using var alice = Correspondent.Create("P-256");
        var recipient = Recipient(alice);
        var rope = new ByteRope();
        for (var i = 0; i < 100; i++)
            rope.Append(new byte[65_536]);
        var content = rope.ToSequence();

        var before = GC.GetAllocatedBytesForCurrentThread();
        using var data = EnvelopedData.Prepare([recipient], encryption, content.Length);
        var lines = Base64Lines.Encode(
            (int)data.Length, (data, content), static (output, state) => state.data.Write(state.content, output));

        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, lines.Length, lines.Length + (128 << 10));
    }

    [Fact]
    public void It_goes_into_lines_of_base64_in_place()
    {
        using var alice = Correspondent.Create("RSA-2048");
        using var key = RSA.Create();
        key.ImportPkcs8PrivateKey(alice.Pkcs8, out _);
        var content = RandomNumberGenerator.GetBytes(100_000);
        using var data = EnvelopedData.Prepare([Recipient(alice)], ContentEncryption.Aes256Cbc, content.Length);

        var lines = Base64Lines.Encode(
            (int)data.Length, (data, content), static (output, state) => state.data.Write(new(state.content), output));

        var cms = new EnvelopedCms();
        cms.Decode(Convert.FromBase64String(Text.Of(lines)));
        cms.Decrypt(cms.RecipientInfos[0], key);
        Assert.Equal(content, cms.ContentInfo.Content);
    }

    internal static EnvelopeRecipient Recipient(
        Correspondent correspondent, OaepParameters? oaep = null, bool byKeyIdentifier = false) =>
        new(
            RecipientKey.Create(
                correspondent.Certificate,
                byKeyIdentifier ? RecipientNaming.SubjectKeyIdentifier : RecipientNaming.IssuerAndSerialNumber),
            oaep is not null)
        {
            OaepParameters = oaep ?? OaepParameters.Sha256,
        };

    internal static byte[] Encrypt(byte[] content, ContentEncryption encryption, params EnvelopeRecipient[] recipients) =>
        Encrypt(new ReadOnlySequence<byte>(content), encryption, recipients);

    internal static byte[] Encrypt(in ReadOnlySequence<byte> content, ContentEncryption encryption, params EnvelopeRecipient[] recipients)
    {
        using var data = EnvelopedData.Prepare(recipients, encryption, content.Length);
        var output = new byte[data.Length];
        data.Write(content, output);
        return output;
    }
}
