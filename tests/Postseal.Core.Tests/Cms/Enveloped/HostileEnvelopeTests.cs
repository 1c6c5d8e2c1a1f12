using System.Buffers;
using System.Formats.Asn1;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Postseal.Cms;
using Postseal.Cms.Enveloped;
using Postseal.TestKit;

namespace Postseal.Tests.Cms.Enveloped;

/// <summary>Encrypted mail made to break in, to keep busy, or to find out a little at a time.</summary>
public sealed class HostileEnvelopeTests : IDisposable
{
    private const string Aes128Cbc = "2.16.840.1.101.3.4.1.2", Aes128Gcm = "2.16.840.1.101.3.4.1.6", Aes128Ofb = "2.16.840.1.101.3.4.1.3";

    private static readonly byte[] Content = "Content-Type: text/plain\r\n\r\nHello\r\n"u8.ToArray();

    private readonly Correspondent alice = Correspondent.Create("RSA-2048");
    private readonly Correspondent bob = Correspondent.Create("RSA-2048", 1);
    private readonly byte[] contentKey = RandomNumberGenerator.GetBytes(16);
    private readonly byte[] nonce = RandomNumberGenerator.GetBytes(12);
    private readonly byte[] iv = RandomNumberGenerator.GetBytes(16);

    [Fact]
    public async Task What_is_put_together_right_is_read()
    {
        Assert.Equal(Content, await Read(Cbc()));
        foreach (var length in (int[])[12, 13, 14, 15, 16])
            Assert.Equal(Content, await Read(Gcm(length)));
        Assert.Equal(Content, await Read(Gcm(12) with { Algorithm = CmsParts.Gcm(Aes128Gcm, nonce, tagLength: null) })); // the default
    }

    [Theory]
    [InlineData(1)]
    [InlineData(4)]
    [InlineData(11)]
    [InlineData(17)]
    [InlineData(0)]
    [InlineData(-1)]
    public async Task A_tag_of_another_length_is_none(int length)
    {
        var parts = Gcm(16);
        var mac = new byte[Math.Max(0, length)];
        parts.Mac.AsSpan(0, Math.Min(mac.Length, 16)).CopyTo(mac);

        await IsRefused(parts with { Mac = mac, Algorithm = CmsParts.Gcm(Aes128Gcm, nonce, length) });
        await IsRefused(parts with { Mac = mac });
        await IsRefused(parts with { Algorithm = CmsParts.Gcm(Aes128Gcm, nonce, length) });
    }

    [Fact]
    public async Task A_tag_is_as_long_as_is_said_and_12_where_nothing_is_said()
    {
        await IsRefused(Gcm(16) with { Algorithm = CmsParts.Gcm(Aes128Gcm, nonce, tagLength: null) });
        await IsRefused(Gcm(16) with { Algorithm = CmsParts.Gcm(Aes128Gcm, nonce, 12) });
        await IsRefused(Gcm(12) with { Algorithm = CmsParts.Gcm(Aes128Gcm, nonce, 16) });
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(11)]
    [InlineData(13)]
    [InlineData(16)]
    [InlineData(1_000_000)]
    public async Task A_nonce_of_another_length_is_none(int length)
    {
        if (length > 60_000)
            Assert.Null(ReceivedEnvelope.TryRead(new((Gcm(16) with { Algorithm = CmsParts.Gcm(Aes128Gcm, new byte[length], 16) }).Encode())));
        else
            await IsRefused(Gcm(16) with { Algorithm = CmsParts.Gcm(Aes128Gcm, new byte[length], 16) });
    }

    [Theory]
    [InlineData(0)]
    [InlineData(8)]
    [InlineData(15)]
    [InlineData(17)]
    [InlineData(60_000)]
    public async Task An_IV_of_another_length_is_none(int length) =>
        await IsRefused(Cbc() with { Algorithm = CmsParts.WithIv(Aes128Cbc, new byte[length]) });

    [Fact]
    public async Task A_cipher_is_read_only_in_the_type_it_belongs_to()
    {
        // CVE-2026-34182: GCM's ciphertext under another label, so that what comes out tells of the key.
        var gcm = Gcm(16);
        var inBlocks = gcm with { Content = CmsParts.Primitive(new byte[64]) };
        await IsRefused(inBlocks with { Type = CmsParts.EnvelopedData, Mac = null, Algorithm = CmsParts.WithIv(Aes128Ofb, iv) });
        await IsRefused(inBlocks with { Algorithm = CmsParts.WithIv(Aes128Ofb, iv) });
        await IsRefused(inBlocks with { Algorithm = CmsParts.WithIv(Aes128Cbc, iv) });
        await IsRefused(gcm with { Type = CmsParts.EnvelopedData, Mac = null });
        await IsRefused(Cbc() with { Type = CmsParts.AuthEnvelopedData, Mac = new byte[16] });
    }

    [Fact]
    public async Task GCM_relabelled_CBC_gives_noise_at_best_and_CBC_relabelled_GCM_nothing()
    {
        // In CBC the blocks of GCM are noise, which ends like a padding one time in 256: what is noise is for who reads MIME to find out.
        byte[] blocks = [.. EncryptGcm(contentKey, 16, []).Encrypted.AsSpan(0, 32)];
        var gcmAsCbc = Cbc() with { Content = CmsParts.Primitive(blocks), Algorithm = CmsParts.WithIv(Aes128Cbc, [.. nonce, 0, 0, 0, 2]) };
        var decryption = await ReceivedEnvelopeTests.Decrypt(gcmAsCbc.Encode(), alice);
        Assert.True(decryption is CannotDecrypt { Kind: DecryptionFailure.Failed }
            || decryption is DecryptedContent noise && noise.Content.Span.IndexOf(Content.AsSpan(0, 8)) < 0);

        var cbcAsGcm = Cbc() with { Type = CmsParts.AuthEnvelopedData, Mac = new byte[16], Algorithm = CmsParts.Gcm(Aes128Gcm, nonce, 16) };
        Assert.Equal(
            DecryptionFailure.Failed, Assert.IsType<CannotDecrypt>(await ReceivedEnvelopeTests.Decrypt(cbcAsGcm.Encode(), alice)).Kind);
    }

    [Fact]
    public async Task Nothing_of_GCM_is_released_that_was_changed()
    {
        var parts = Gcm(16);
        for (var i = 0; i < parts.Content!.Length - 2; i++)
        {
            var changed = (byte[])parts.Content.Clone();
            changed[2 + i] ^= 1;
            await IsRefused(parts with { Content = changed });
        }

        await IsRefused(parts with { Mac = new byte[16] });
        await IsRefused(parts with { Attributes = AttributesOf(CmsParts.Data) }); // authenticated, and were not
    }

    [Fact]
    public async Task Attributes_are_authenticated_as_DER_whatever_they_come_in()
    {
        var attributes = AttributesOf(CmsParts.Data);
        byte[] der = [0x31, .. attributes.AsSpan(1)];
        var parts = Gcm(16, der) with { Attributes = attributes };
        byte[] indefinite = [0xA1, 0x80, .. attributes.AsSpan(2), 0, 0];

        Assert.Equal(Content, await Read(parts));
        Assert.Equal(Content, await Read(parts with { Attributes = indefinite }));
        await IsRefused(parts with { Attributes = null });
        // Another content type than the one that is authenticated, or one that is not.
        Assert.Null(ReceivedEnvelope.TryRead(new((parts with { ContentType = "1.2.840.113549.1.7.2" }).Encode())));
        await IsRefused(Gcm(16) with { ContentType = "1.2.840.113549.1.7.2" });
    }

    [Fact]
    public async Task Two_RecipientInfos_for_one_certificate_are_refused()
    {
        var twice = Cbc() with { Recipients = [CmsParts.KeyTransport(alice, contentKey), CmsParts.KeyTransport(alice, new byte[16])] };
        var oneEach = Cbc() with { Recipients = [CmsParts.KeyTransport(bob, new byte[16]), CmsParts.KeyTransport(alice, contentKey)] };

        await IsRefused(twice);
        Assert.Equal(Content, await Read(oneEach));
    }

    [Fact]
    public async Task A_content_key_of_another_length_is_none()
    {
        await IsRefused(Cbc() with { Recipients = [CmsParts.KeyTransport(alice, [.. contentKey, .. contentKey])] });
        await IsRefused(Cbc() with { Recipients = [CmsParts.KeyTransport(alice, [])] });
        await IsRefused(Cbc() with { Recipients = [CmsParts.KeyTransport(alice, contentKey[..8])] });
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(255)]
    [InlineData(256)]
    [InlineData(257)]
    [InlineData(100_000)]
    public async Task An_encrypted_key_that_is_none_fails_as_a_wrong_one_does(int length)
    {
        var encryptedKey = RandomNumberGenerator.GetBytes(length);
        var unreadable = await IsRefused(Cbc() with { Recipients = [CmsParts.KeyTransportOf(alice, encryptedKey)] });
        var tooShort = await IsRefused(Cbc() with { Recipients = [CmsParts.KeyTransport(alice, contentKey[..15])] });
        var changed = await IsRefused(Gcm(16) with { Mac = new byte[16] });

        Assert.Equal((unreadable, unreadable), (tooShort, changed));
    }

    [Fact]
    public async Task A_key_of_zeros_in_X25519_is_refused()
    {
        using var dana = Correspondent.Create("X25519");
        foreach (var point in (string[])["00", "01"])
        {
            var parts = Cbc() with { Recipients = [KeyAgreement(dana, [.. Convert.FromHexString(point), .. new byte[31]])] };
            await IsRefused(parts, dana);
        }
    }

    [Theory]
    [InlineData("off the curve")]
    [InlineData("infinity")]
    [InlineData("empty")]
    [InlineData("compressed")]
    [InlineData("zeros")]
    [InlineData("too long")]
    public async Task A_point_that_is_none_is_refused(string what)
    {
        using var carol = Correspondent.Create("P-256");
        using var key = ECDiffieHellman.Create(ECCurve.NamedCurves.nistP256);
        var point = key.ExportParameters(false).Q;
        byte[] right = [0x04, .. point.X!, .. point.Y!];
        byte[] wrong = what switch
        {
            "off the curve" => [.. right.AsSpan(0, 64), (byte)(right[64] ^ 1)],
            "infinity" => [0],
            "empty" => [],
            "compressed" => [0x02, .. right.AsSpan(1, 32)],
            "zeros" => [0x04, .. new byte[64]],
            _ => [.. right, 0],
        };

        await IsRefused(Cbc() with { Recipients = [KeyAgreement(carol, wrong)] }, carol);
    }

    [Fact]
    public void More_recipients_than_anyone_writes_to_are_none_and_take_no_time()
    {
        var one = CmsParts.KeyTransportOf(bob, new byte[256]);
        var before = GC.GetAllocatedBytesForCurrentThread();

        Assert.NotNull(ReceivedEnvelope.TryRead(new((Cbc() with { Recipients = [.. Enumerable.Repeat(one, 1000)] }).Encode())));
        Assert.Null(ReceivedEnvelope.TryRead(new((Cbc() with { Recipients = [.. Enumerable.Repeat(one, 1001)] }).Encode())));
        var encoded = (Cbc() with { Recipients = [.. Enumerable.Repeat(one, 100_000)] }).Encode();
        Assert.Null(ReceivedEnvelope.TryRead(new(encoded)));
        var password = new byte[] { 0xA3, 0x03, 0x02, 0x01, 0x00 };
        Assert.Null(ReceivedEnvelope.TryRead(new((Cbc() with { Recipients = [.. Enumerable.Repeat(password, 1001)] }).Encode())));
        Assert.Null(ReceivedEnvelope.TryRead(new((Cbc() with { Recipients = [] }).Encode())));
        Assert.True(GC.GetAllocatedBytesForCurrentThread() - before < 20 * encoded.Length);
    }

    [Fact]
    public async Task Recipients_of_unknown_kinds_are_passed_over()
    {
        byte[] password = [0xA3, 0x03, 0x02, 0x01, 0x00];
        byte[] other = [0xA4, 0x80, 0x06, 0x01, 0x2A, 0x30, 0x80, 0x00, 0x00, 0x00, 0x00];
        byte[] longTag = [0xBF, 0x81, 0x00, 0x02, 0x05, 0x00];

        Assert.Equal(Content, await Read(Cbc() with { Recipients = [password, other, longTag, CmsParts.KeyTransport(alice, contentKey)] }));
    }

    [Fact]
    public async Task Content_in_many_pieces_of_its_own_is_read_in_linear_time_and_little_memory()
    {
        Assert.True(CpuTime.IsLinear(
            count =>
            {
                var encoded = InPieces(count);
                return () => ReceivedEnvelope.TryRead(new(encoded));
            },
            100_000));
        var encoded = InPieces(100_000);
        var before = GC.GetAllocatedBytesForCurrentThread();
        var decrypted = await ReceivedEnvelopeTests.Decrypt(encoded, alice);
        Assert.Equal(1_599_990, Assert.IsType<DecryptedContent>(decrypted).Content.Length);
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 2 * encoded.Length);

        byte[] InPieces(int count)
        {
            using var aes = Aes.Create();
            aes.SetKey(contentKey);
            var encrypted = aes.EncryptCbc(new byte[count * 16 - 10], iv);
            // Each block of 16 in an OCTET STRING, four of these in a constructed one, without lengths.
            var pieces = new List<byte> { 0xA0, 0x80 };
            foreach (var four in encrypted.Chunk(64))
                pieces.AddRange([0x24, 0x80, .. four.Chunk(16).SelectMany(block => (byte[])[0x04, 0x10, .. block]), 0, 0]);
            pieces.AddRange([0, 0]);
            return (Cbc() with { Content = [.. pieces] }).Encode();
        }
    }

    [Fact]
    public async Task Whatever_is_cut_off_or_changed_does_no_harm()
    {
        using var carol = Correspondent.Create("P-256");
        using var dana = Correspondent.Create("X25519");
        foreach (var encryption in (ContentEncryption[])[ContentEncryption.Aes128Cbc, ContentEncryption.Aes256Gcm])
        {
            var encrypted = EnvelopedDataTests.Encrypt(
                Content, encryption, EnvelopedDataTests.Recipient(alice, OaepParameters.Sha256), EnvelopedDataTests.Recipient(carol), EnvelopedDataTests.Recipient(dana));
            for (var length = 0; length < encrypted.Length; length++)
                Assert.Null(ReceivedEnvelope.TryRead(new(encrypted.AsMemory(0, length))));
            var (carolsKey, danasKey) = (carol.OpenKey(), dana.OpenKey());
            for (var i = 0; i < encrypted.Length; i++)
            {
                var changed = (byte[])encrypted.Clone();
                foreach (var value in (byte[])[0x80, (byte)(encrypted[i] ^ 1)])
                {
                    changed[i] = value;
                    if (value == encrypted[i] || ReceivedEnvelope.TryRead(new(changed)) is not { } envelope)
                        continue;
                    foreach (var (certificate, key) in ((X509Certificate2, PrivateKey)[])[(carol.Certificate, carolsKey), (dana.Certificate, danasKey)])
                    {
                        var decryption = await envelope.DecryptAsync([new DecryptionKey(certificate, key, "")], readsTripleDes: false, TestContext.Current.CancellationToken);
                        // CBC notices nothing, and versions are nobody's business; but GCM's content is what it was.
                        if (decryption is DecryptedContent decrypted && encryption.IsAuthenticated())
                            Assert.Equal(Content, decrypted.Content.ToArray());
                    }
                }
            }
        }
    }

    [Theory]
    [InlineData("3080")]
    [InlineData("A080")]
    [InlineData("2480")]
    [InlineData("3F")]
    [InlineData("00")]
    [InlineData("30FF")]
    public void Nesting_without_end_is_none(string repeated)
    {
        var hostile = Convert.FromHexString(string.Concat(Enumerable.Repeat(repeated, 100_000)));

        Assert.Null(ReceivedEnvelope.TryRead(new(hostile)));
        Assert.Null(ReceivedEnvelope.TryRead(new([.. Convert.FromHexString("308006092A864886F70D010703A0803080020100"), .. hostile])));
        Assert.Null(ReceivedEnvelope.TryRead(new([.. Convert.FromHexString("308006092A864886F70D010703A08030800201003180"), .. hostile])));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(15)]
    [InlineData(17)]
    public async Task CBC_is_in_whole_blocks(int length) => await IsRefused(Cbc() with { Content = CmsParts.Primitive(new byte[length]) });

    [Fact]
    public async Task Content_that_is_elsewhere_is_not_decrypted() => await IsRefused(Cbc() with { Content = null });

    [Fact]
    public async Task A_padding_that_is_wrong_leaves_nothing()
    {
        foreach (var padding in (byte[])[0, 17, 255])
        {
            using var aes = Aes.Create();
            aes.SetKey(contentKey);
            byte[] block = [.. new byte[15], padding];
            await IsRefused(Cbc() with { Content = CmsParts.Primitive(aes.EncryptCbc(block, iv, PaddingMode.None)) });
        }
    }

    [Fact]
    public async Task A_key_bound_to_its_algorithm_is_read_and_no_other_algorithm_with_it()
    {
        // RFC 9709
        var gcm = CmsParts.Gcm(Aes128Gcm, nonce, 16);
        var bound = HKDF.DeriveKey(HashAlgorithmName.SHA256, contentKey, 16, "The Cryptographic Message Syntax"u8.ToArray(), gcm);
        var (encrypted, mac) = EncryptGcm(bound, 16, []);
        var parts = Gcm(16) with { Content = CmsParts.Primitive(encrypted), Mac = mac, Algorithm = Bind(gcm) };

        Assert.Equal(Content, await Read(parts));
        await IsRefused(parts with { Algorithm = gcm });
        await IsRefused(parts with { Algorithm = Bind(Bind(gcm)) });
        await IsRefused(parts with { Type = CmsParts.EnvelopedData, Mac = null, Algorithm = Bind(CmsParts.WithIv(Aes128Cbc, iv)) });

        static byte[] Bind(byte[] algorithm)
        {
            var writer = new AsnWriter(AsnEncodingRules.DER);
            using (writer.PushSequence())
            {
                writer.WriteObjectIdentifier("1.2.840.113549.1.9.16.3.31");
                writer.WriteEncodedValue(algorithm);
            }

            return writer.Encode();
        }
    }

    [Fact]
    public async Task A_key_that_could_not_be_asked_is_no_wrong_key()
    {
        var envelope = ReceivedEnvelope.TryRead(new(Cbc().Encode()))!;

        await Assert.ThrowsAsync<CryptographicException>(
            async () => await envelope.DecryptAsync([new DecryptionKey(alice.Certificate, new AbsentToken(), "")], readsTripleDes: false, TestContext.Current.CancellationToken));
    }

    public void Dispose()
    {
        alice.Dispose();
        bob.Dispose();
    }

    private CmsParts Cbc()
    {
        using var aes = Aes.Create();
        aes.SetKey(contentKey);
        return new CmsParts
        {
            Recipients = [CmsParts.KeyTransport(alice, contentKey)],
            Algorithm = CmsParts.WithIv(Aes128Cbc, iv),
            Content = CmsParts.Primitive(aes.EncryptCbc(Content, iv)),
        };
    }

    private CmsParts Gcm(int tagLength, byte[]? authenticated = null)
    {
        var (encrypted, mac) = EncryptGcm(contentKey, tagLength, authenticated ?? []);
        return new CmsParts
        {
            Type = CmsParts.AuthEnvelopedData,
            Recipients = [CmsParts.KeyTransport(alice, contentKey)],
            Algorithm = CmsParts.Gcm(Aes128Gcm, nonce, tagLength),
            Content = CmsParts.Primitive(encrypted),
            Mac = mac,
        };
    }

    private (byte[] Encrypted, byte[] Mac) EncryptGcm(byte[] key, int tagLength, byte[] authenticated)
    {
        using var aes = new AesGcm(key, tagLength);
        var (encrypted, mac) = (new byte[Content.Length], new byte[tagLength]);
        aes.Encrypt(nonce, Content, encrypted, mac, authenticated);
        return (encrypted, mac);
    }

    /// <summary>authAttrs with the content-type attribute and one more, not in DER's order.</summary>
    private static byte[] AttributesOf(string contentType)
    {
        var writer = new AsnWriter(AsnEncodingRules.DER);
        using (writer.PushSetOf(new Asn1Tag(TagClass.ContextSpecific, 1)))
        {
            foreach (var attribute in (string[])["1.2.840.113549.1.9.3", "1.2.3.4.5.6.7.8.9.10.11.12.13.14"])
            {
                using (writer.PushSequence())
                {
                    writer.WriteObjectIdentifier(attribute);
                    using (writer.PushSetOf())
                        writer.WriteObjectIdentifier(contentType);
                }
            }
        }

        return writer.Encode();
    }

    /// <summary>A KeyAgreeRecipientInfo with whatever originator's key.</summary>
    private static byte[] KeyAgreement(Correspondent recipient, byte[] originatorKey)
    {
        var isX25519 = recipient.Certificate.PublicKey.Oid.Value == OddKeys.X25519;
        var writer = new AsnWriter(AsnEncodingRules.DER);
        using (writer.PushSequence(new Asn1Tag(TagClass.ContextSpecific, 1)))
        {
            writer.WriteInteger(3);
            using (writer.PushSequence(new Asn1Tag(TagClass.ContextSpecific, 0)))
            using (writer.PushSequence(new Asn1Tag(TagClass.ContextSpecific, 1)))
            {
                using (writer.PushSequence())
                    writer.WriteObjectIdentifier(isX25519 ? OddKeys.X25519 : "1.2.840.10045.2.1");
                writer.WriteBitString(originatorKey);
            }

            using (writer.PushSequence())
            {
                writer.WriteObjectIdentifier(isX25519 ? "1.2.840.113549.1.9.16.3.19" : "1.3.132.1.11.1");
                using (writer.PushSequence())
                    writer.WriteObjectIdentifier("2.16.840.1.101.3.4.1.5");
            }

            using (writer.PushSequence())
            using (writer.PushSequence())
            {
                writer.WriteEncodedValue(RecipientKey.Create(recipient.Certificate).Identifier);
                writer.WriteOctetString(new byte[24]);
            }
        }

        return writer.Encode();
    }

    private async Task<byte[]> Read(CmsParts parts) =>
        Assert.IsType<DecryptedContent>(await ReceivedEnvelopeTests.Decrypt(parts.Encode(), alice)).Content.ToArray();

    private async Task<string> IsRefused(CmsParts parts, Correspondent? recipient = null) =>
        Assert.IsType<CannotDecrypt>(await ReceivedEnvelopeTests.Decrypt(parts.Encode(), recipient ?? alice)).Reason;

    /// <summary>A key in a token that was taken out.</summary>
    private sealed class AbsentToken() : PrivateKey(KeyKind.Rsa, 2048)
    {
        public override ValueTask<byte[]> SignHashAsync(ReadOnlyMemory<byte> hash, SignatureScheme scheme, CancellationToken cancellationToken = default) =>
            throw new CryptographicException("The token is not there.");
    }
}
