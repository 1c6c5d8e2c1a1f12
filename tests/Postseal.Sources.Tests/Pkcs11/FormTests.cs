using System.Formats.Asn1;
using System.Security.Cryptography;
using Postseal.Cms;
using Postseal.Pkcs11.Keys;
using Postseal.Pkcs11.Listing;
using Postseal.TestKit;

namespace Postseal.Sources.Tests.Pkcs11;

/// <summary>What is made of what tokens take and give.</summary>
public sealed class FormTests
{
    [Theory]
    [InlineData("0102", "0304", "300802020102020203 04")]
    [InlineData("0001", "8000", "300802010102030080 00")] // zeros before the number go, one comes where it would be negative
    [InlineData("0000", "0001", "3006020100020101")]
    public void R_and_s_become_a_sequence_in_DER(string r, string s, string sequence) => Assert.Equal(
        sequence.Replace(" ", "", StringComparison.Ordinal), Convert.ToHexString(SignatureForms.ToSequence(Convert.FromHexString(r + s), 16)));

    [Fact]
    public void What_is_neither_is_refused() => Assert.Throws<AsnContentException>(() => SignatureForms.ToSequence(new byte[63], 256));

    [Fact]
    public void Every_signature_of_the_platform_is_read_by_it_in_the_other_form()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var hash = new byte[32];
        // One in 128 has a number that begins with zeros.
        for (var i = 0; i < 600; i++)
            Assert.True(key.VerifyHash(hash, SignatureForms.ToSequence(key.SignHash(hash), 256), DSASignatureFormat.Rfc3279DerSequence));
    }

    [Fact]
    public void A_point_is_found_in_an_octet_string_and_without()
    {
        var point = OddKeys.PointOn("1.2.840.10045.3.1.7");
        Assert.Equal(point, PublicPart.OfPoint(point));
        Assert.Equal(point, PublicPart.OfPoint([0x04, 65, .. point]));
    }

    public static TheoryData<string, string, string> Paddings => new()
    {
        { "SHA1", "SHA1", "" }, { "SHA256", "SHA256", "" }, { "SHA384", "SHA384", "" }, { "SHA512", "SHA512", "" },
        { "SHA256", "SHA1", "" }, { "SHA256", "SHA256", "label" }, { "SHA512", "SHA1", "label" },
    };

    [Theory]
    [MemberData(nameof(Paddings), DisableDiscoveryEnumeration = true)]
    public void What_others_pad_by_OAEP_is_unpadded(string hash, string maskHash, string label)
    {
        using var key = (RSA)TestKeys.Create("RSA-2048");
        var parameters = ParametersOf(hash, maskHash, label);
        byte[] plain = [.. RandomNumberGenerator.GetBytes(31), 7];
        var block = RawOf(key, OddOaep.Encrypt(key, plain, parameters));
        Assert.Equal(plain, Unpadding.Oaep(block, parameters));
        for (var i = 0; i < block.Length; i += 5)
        {
            var changed = block.ToArray();
            changed[i] ^= 0x10;
            Assert.Null(Unpadding.Oaep(changed, parameters));
        }
    }

    [Fact]
    public void What_others_pad_by_PKCS1_is_unpadded()
    {
        using var key = (RSA)TestKeys.Create("RSA-2048");
        var plain = RandomNumberGenerator.GetBytes(32);
        var block = RawOf(key, key.Encrypt(plain, RSAEncryptionPadding.Pkcs1));
        Assert.Equal(plain, Unpadding.Pkcs1(block));
        foreach (var i in (int[])[0, 1])
        {
            var changed = block.ToArray();
            changed[i] ^= 0x01;
            Assert.Null(Unpadding.Pkcs1(changed));
        }
    }

    [Theory]
    [InlineData("0002 0101010101010101 00", "")]
    [InlineData("0002 0101010101010101 00 0007", "0007")]
    [InlineData("0002 01010101010101 00 07", null)] // seven octets of padding
    [InlineData("0002 010101010101010101010101", null)] // no end
    [InlineData("0001 0101010101010101 00 07", null)]
    [InlineData("0102 0101010101010101 00 07", null)]
    [InlineData("0002 0001010101010101 00 07", null)]
    public void The_padding_of_PKCS1_is_what_RFC_8017_says(string block, string? plain) => Assert.Equal(
        plain,
        Unpadding.Pkcs1(Convert.FromHexString(block.Replace(" ", "", StringComparison.Ordinal))) is { } found ? Convert.ToHexString(found) : null);

    internal static OaepParameters ParametersOf(string hash, string maskHash, string label)
    {
        var names = new Dictionary<string, string>
        {
            ["SHA1"] = Oids.Sha1,
            ["SHA256"] = Digest.SHA256.Oid(),
            ["SHA384"] = Digest.SHA384.Oid(),
            ["SHA512"] = Digest.SHA512.Oid(),
        };
        var writer = new AsnWriter(AsnEncodingRules.DER);
        using (writer.PushSequence())
        {
            using (writer.PushSequence(new Asn1Tag(TagClass.ContextSpecific, 0)))
            using (writer.PushSequence())
                writer.WriteObjectIdentifier(names[hash]);
            using (writer.PushSequence(new Asn1Tag(TagClass.ContextSpecific, 1)))
            using (writer.PushSequence())
            {
                writer.WriteObjectIdentifier(Oids.Mgf1);
                using (writer.PushSequence())
                    writer.WriteObjectIdentifier(names[maskHash]);
            }

            using (writer.PushSequence(new Asn1Tag(TagClass.ContextSpecific, 2)))
            using (writer.PushSequence())
            {
                writer.WriteObjectIdentifier(Oids.PSpecified);
                writer.WriteOctetString(System.Text.Encoding.UTF8.GetBytes(label));
            }
        }

        return OaepParameters.Read(writer.Encode())!;
    }

    private static byte[] RawOf(RSA key, byte[] encrypted)
    {
        var token = new TokenDouble("raw") { IsLoggedIn = true };
        token.AddKey("key", key, [1]);
        var plain = token.Decrypt(Postseal.Pkcs11.Module.Mechanism.RsaRaw, 0, encrypted);
        return [.. new byte[encrypted.Length - plain.Length], .. plain];
    }
}
