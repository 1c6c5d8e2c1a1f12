using System.Formats.Asn1;
using System.Security.Cryptography;
using Org.BouncyCastle.Crypto;
using Org.BouncyCastle.Crypto.Agreement.Kdf;
using Org.BouncyCastle.Crypto.Digests;
using Org.BouncyCastle.Crypto.Engines;
using Org.BouncyCastle.Crypto.Generators;
using Org.BouncyCastle.Crypto.Parameters;
using Org.BouncyCastle.Math.EC.Rfc7748;
using Postseal.Cms;
using Postseal.Cms.Enveloped;
using Postseal.TestKit;

namespace Postseal.Tests.Cms.Enveloped;

/// <summary>
/// Key agreement step by step, as RFC 8418 and RFC 5753 tell it, with the structures of the KDF written out and all
/// cryptography Bouncy Castle's: openssl 3.0 knows neither X25519 in CMS nor a way to write ukm.
/// </summary>
public sealed class KeyAgreementTests
{
    // SEQUENCE { SEQUENCE { id-aes256-wrap }, [0] { OCTET STRING ukm }?, [2] { OCTET STRING 00000100 } }
    private const string Wrap256 = "300B060960864801650304012D", Bits256 = "A206040400000100";

    private static readonly byte[] Content = "Hello"u8.ToArray();
    private static readonly Asn1Tag Context0 = new(TagClass.ContextSpecific, 0), Context1 = new(TagClass.ContextSpecific, 1);

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(64)]
    public async Task A_message_to_X25519_put_together_by_RFC_8418_is_read(int ukmLength)
    {
        using var dana = Correspondent.Create("X25519");
        var ukm = ukmLength == 0 ? null : RandomNumberGenerator.GetBytes(ukmLength);
        var ephemeral = RandomNumberGenerator.GetBytes(32);
        var (ephemeralPublic, secret) = (new byte[32], new byte[32]);
        X25519.ScalarMultBase(ephemeral, 0, ephemeralPublic, 0);
        Assert.True(X25519.CalculateAgreement(ephemeral, 0, dana.Certificate.PublicKey.EncodedKeyValue.RawData, 0, secret, 0));
        var (contentKey, iv) = (RandomNumberGenerator.GetBytes(32), RandomNumberGenerator.GetBytes(16));

        var wrapped = Wrap(Hkdf(secret, ukm), contentKey);
        var message = new CmsParts
        {
            Recipients = [KeyAgreement(dana, "1.3.101.110", ephemeralPublic, ukm, "1.2.840.113549.1.9.16.3.19", wrapped)],
            Algorithm = CmsParts.WithIv("2.16.840.1.101.3.4.1.42", iv),
            Content = CmsParts.Primitive(Cbc(contentKey, iv)),
        };

        Assert.Equal(Content, Assert.IsType<DecryptedContent>(await ReceivedEnvelopeTests.Decrypt(message.Encode(), dana)).Content.ToArray());
    }

    [Fact]
    public void A_message_to_X25519_is_read_by_RFC_8418()
    {
        using var dana = Correspondent.Create("X25519");

        var encrypted = EnvelopedDataTests.Encrypt(Content, ContentEncryption.Aes256Cbc, EnvelopedDataTests.Recipient(dana));

        var data = new AsnReader(encrypted, AsnEncodingRules.DER).ReadSequence();
        data.ReadObjectIdentifier();
        data = data.ReadSequence(Context0).ReadSequence();
        Assert.Equal(2, data.ReadInteger());
        var info = data.ReadSetOf().ReadSequence(Context1);
        Assert.Equal(3, info.ReadInteger());
        var originator = info.ReadSequence(Context0).ReadSequence(Context1);
        Assert.Equal("300506032B656E", Convert.ToHexString(originator.ReadEncodedValue().Span)); // no parameters
        var ephemeralPublic = originator.ReadBitString(out _);
        Assert.Equal(
            "301A060B2A864886F70D0109100313" + Wrap256, // dhSinglePass-stdDH-hkdf-sha256-scheme with aes256-wrap
            Convert.ToHexString(info.ReadEncodedValue().Span));
        var key = info.ReadSequence().ReadSequence();
        key.ReadEncodedValue();
        var wrapped = key.ReadOctetString();

        var secret = new byte[32];
        X25519.CalculateAgreement(dana.Pkcs8.AsSpan(^32..).ToArray(), 0, ephemeralPublic, 0, secret, 0);
        var contentKey = Unwrap(Hkdf(secret, ukm: null), wrapped);
        var content = data.ReadSequence();
        content.ReadObjectIdentifier();
        var algorithm = content.ReadSequence();
        algorithm.ReadObjectIdentifier();
        using var aes = Aes.Create();
        aes.SetKey(contentKey);
        Assert.Equal(Content, aes.DecryptCbc(content.ReadOctetString(Context0), algorithm.ReadOctetString()));
    }

    [Theory]
    [InlineData("1.3.132.1.11.1", "SHA-256")]
    [InlineData("1.3.132.1.11.3", "SHA-512")]
    [InlineData("1.3.133.16.840.63.0.2", "SHA-1")]
    [InlineData("1.3.132.1.14.1", "SHA-256")] // cofactor
    public async Task A_message_to_P_256_with_ukm_put_together_by_RFC_5753_is_read(string scheme, string hash)
    {
        using var carol = Correspondent.Create("P-256");
        using var ephemeral = ECDiffieHellman.Create(ECCurve.NamedCurves.nistP256);
        using var carolsKey = carol.Certificate.PublicKey.GetECDiffieHellmanPublicKey()!;
        var secret = ephemeral.DeriveRawSecretAgreement(carolsKey.PublicKey);
        var point = ephemeral.ExportParameters(false).Q;
        var ukm = RandomNumberGenerator.GetBytes(20);
        var (contentKey, iv) = (RandomNumberGenerator.GetBytes(32), RandomNumberGenerator.GetBytes(16));
        IDigest digest = hash switch { "SHA-256" => new Sha256Digest(), "SHA-512" => new Sha512Digest(), _ => new Sha1Digest() };
        var derivation = new Kdf2BytesGenerator(digest);
        derivation.Init(new KdfParameters(secret, SharedInfo(ukm)));
        var wrappingKey = new byte[32];
        derivation.GenerateBytes(wrappingKey, 0, 32);

        var message = new CmsParts
        {
            Recipients = [KeyAgreement(carol, "1.2.840.10045.2.1", [4, .. point.X!, .. point.Y!], ukm, scheme, Wrap(wrappingKey, contentKey))],
            Algorithm = CmsParts.WithIv("2.16.840.1.101.3.4.1.42", iv),
            Content = CmsParts.Primitive(Cbc(contentKey, iv)),
        };

        Assert.Equal(Content, Assert.IsType<DecryptedContent>(await ReceivedEnvelopeTests.Decrypt(message.Encode(), carol)).Content.ToArray());
    }

    private static byte[] Hkdf(byte[] secret, byte[]? ukm)
    {
        var derivation = new HkdfBytesGenerator(new Sha256Digest());
        derivation.Init(new HkdfParameters(secret, ukm, SharedInfo(ukm))); // the ukm is the salt, too
        var key = new byte[32];
        derivation.GenerateBytes(key, 0, key.Length);
        return key;
    }

    private static byte[] SharedInfo(byte[]? ukm)
    {
        var entity = ukm is null ? "" : $"A0{ukm.Length + 2:X2}04{ukm.Length:X2}{Convert.ToHexString(ukm)}";
        return Convert.FromHexString($"30{(Wrap256.Length + entity.Length + Bits256.Length) / 2:X2}{Wrap256}{entity}{Bits256}");
    }

    private static byte[] Wrap(byte[] wrappingKey, byte[] key)
    {
        var engine = new AesWrapEngine();
        engine.Init(true, new KeyParameter(wrappingKey));
        return engine.Wrap(key, 0, key.Length);
    }

    private static byte[] Unwrap(byte[] wrappingKey, byte[] wrapped)
    {
        var engine = new AesWrapEngine();
        engine.Init(false, new KeyParameter(wrappingKey));
        return engine.Unwrap(wrapped, 0, wrapped.Length);
    }

    private static byte[] Cbc(byte[] key, byte[] iv)
    {
        using var aes = Aes.Create();
        aes.SetKey(key);
        return aes.EncryptCbc(Content, iv);
    }

    private static byte[] KeyAgreement(
        Correspondent recipient, string algorithm, byte[] originatorKey, byte[]? ukm, string scheme, byte[] wrapped)
    {
        var writer = new AsnWriter(AsnEncodingRules.DER);
        using (writer.PushSequence(Context1))
        {
            writer.WriteInteger(3);
            using (writer.PushSequence(Context0))
            using (writer.PushSequence(Context1))
            {
                using (writer.PushSequence())
                    writer.WriteObjectIdentifier(algorithm);
                writer.WriteBitString(originatorKey);
            }

            if (ukm is not null)
            {
                using (writer.PushSequence(Context1))
                    writer.WriteOctetString(ukm);
            }

            using (writer.PushSequence())
            {
                writer.WriteObjectIdentifier(scheme);
                writer.WriteEncodedValue(Convert.FromHexString(Wrap256));
            }

            using (writer.PushSequence())
            using (writer.PushSequence())
            {
                using (writer.PushSequence())
                {
                    writer.WriteEncodedValue(recipient.Certificate.IssuerName.RawData);
                    writer.WriteInteger(recipient.Certificate.SerialNumberBytes.Span);
                }

                writer.WriteOctetString(wrapped);
            }
        }

        return writer.Encode();
    }
}
