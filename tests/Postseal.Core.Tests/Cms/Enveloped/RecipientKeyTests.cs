using System.Formats.Asn1;
using System.Numerics;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Postseal.Cms;
using Postseal.Cms.Enveloped;
using Postseal.TestKit;

namespace Postseal.Tests.Cms.Enveloped;

/// <summary>Certificates that lie about their key, or whose key is none, found before a message needs them.</summary>
public sealed class RecipientKeyTests
{
    private const string Rsa = "1.2.840.113549.1.1.1", Oaep = "1.2.840.113549.1.1.7", Ec = "1.2.840.10045.2.1";
    private const string P256 = "06082A8648CE3D030107";
    private const string Null = "0500";

    // A point on P-256: its generator (SEC 2 section 2.4.2).
    private const string PointOfP256 =
        "046B17D1F2E12C4247F8BCE6E563A440F277037D812DEB33A0F4A13945D898C2964FE342E2FE1A7F9B8EE7EB4A7C0F9E162BCE33576B315ECECBB6406837BF51F5";

    public static TheoryData<string, string, string, string, string> Unusable => new()
    {
        { "RSA, exponent 1", Rsa, Null, RsaKey(2048, 1), "1, or longer" },
        { "RSA, exponent 0", Rsa, Null, RsaKey(2048, 0), "is even" },
        { "RSA, exponent 2", Rsa, Null, RsaKey(2048, 2), "is even" },
        { "RSA, exponent -3", Rsa, Null, RsaKey(2048, -3), "exponent" },
        { "RSA, exponent 2^32 + 1", Rsa, Null, RsaKey(2048, (BigInteger.One << 32) + 1), "longer than 32 bits" },
        { "RSA, exponent as long as the modulus", Rsa, Null, RsaKey(2048, (BigInteger.One << 2000) + 1), "longer than 32 bits" },
        { "RSA, 16,384 bits", Rsa, Null, RsaKey(16_384, 65_537), "8192" },
        { "RSA, 8,193 bits", Rsa, Null, RsaKey(8_193, 65_537), "8192" },
        { "RSA, 512 bits", Rsa, Null, RsaKey(512, 65_537), "512 bits" },
        { "RSA, even modulus", Rsa, Null, RsaKey(BigInteger.One << 2047, 65_537), "negative or even" },
        { "RSA, negative modulus", Rsa, Null, RsaKey(-((BigInteger.One << 2047) + 1), 65_537), "negative or even" },
        { "RSA, no key", Rsa, Null, "0400", "damaged" },
        { "RSA, empty", Rsa, Null, "3000", "damaged" },
        { "RSA, more behind it", Rsa, Null, RsaKey(2048, 65_537) + Null, "damaged" },
        { "OAEP with MD5", Oaep, OaepOf("2A864886F70D0205"), RsaKey(2048, 65_537), "unknown kind" },
        { "OAEP with SHA-512, too short for it", Oaep, OaepOf("608648016503040203"), RsaKey(1024, 65_537), "too short" },
        { "OAEP, broken parameters", Oaep, "300102", RsaKey(2048, 65_537), "damaged" },
        { "PSS", "1.2.840.113549.1.1.10", Null, RsaKey(2048, 65_537), "1.2.840.113549.1.1.10" },
        { "DSA", "1.2.840.10040.4.1", Null, "020101", "1.2.840.10040.4.1" },
        { "Ed25519", "1.3.101.112", "", new string('1', 64), "1.3.101.112" },
        { "EC, off the curve", Ec, P256, PointOfP256[..^2] + "F6", "no point on P-256" },
        { "EC, of another curve", Ec, "06052B81040022", PointOfP256, "no point on P-384" },
        { "EC, too short", Ec, P256, PointOfP256[..^2], "no point on P-256" },
        { "EC, infinity", Ec, P256, "00", "no point on P-256" },
        { "EC, zeros", Ec, P256, "04" + new string('0', 128), "no point on P-256" },
        { "EC, coordinates beyond the field", Ec, P256, "04" + new string('F', 128), "no point on P-256" },
        { "EC, unknown curve", Ec, "06052B8104000A", PointOfP256, "1.3.132.0.10" },
        { "EC, no curve", Ec, "", PointOfP256, "does not name its curve" },
        { "EC, curve spelled out", Ec, "3003020101", PointOfP256, "does not name its curve" },
        { "EC, NULL", Ec, Null, PointOfP256, "does not name its curve" },
        { "X25519, too short", "1.3.101.110", "", new string('1', 62), "31 bytes" },
        { "X25519, too long", "1.3.101.110", "", new string('1', 66), "33 bytes" },
        { "X25519, of order 1", "1.3.101.110", "", new string('0', 64), "nothing secret" },
        { "X25519, of order 2", "1.3.101.110", "", "01" + new string('0', 62), "nothing secret" },
        { "X25519, of order 8", "1.3.101.110", "", "E0EB7A7C3B41B8AE1656E3FAF19FC46ADA098DEB9C32B1FD866205165F49B800", "nothing secret" },
    };

    [Theory]
    [MemberData(nameof(Unusable))]
    public void A_key_that_cannot_be_used_is_refused_with_a_sentence(string what, string algorithm, string parameters, string key, string reason)
    {
        using var certificate = Correspondent.Issue(KeyOf(algorithm, parameters, new AsnEncodedData(Convert.FromHexString(key))));

        var refusal = Assert.Throws<CryptographicException>(() => RecipientKey.Create(certificate));

        Assert.True(refusal.Message.Contains(reason, StringComparison.Ordinal) && refusal.Message.EndsWith('.'), $"{what}: {refusal.Message}");
    }

    [Theory]
    [InlineData("RSA-2048", KeyKind.Rsa, null)]
    [InlineData("P-256", KeyKind.Ec, "P-256")]
    [InlineData("brainpoolP384r1", KeyKind.Ec, "brainpoolP384r1")]
    [InlineData("X25519", KeyKind.X25519, "X25519")]
    public void A_key_says_what_it_is(string key, KeyKind kind, string? curve)
    {
        using var correspondent = Correspondent.Create(key);

        var recipient = RecipientKey.Create(correspondent.Certificate);

        Assert.Equal((kind, curve, false), (recipient.Kind, recipient.Curve?.Name, recipient.RequiresOaep));
    }

    [Theory]
    [InlineData("", null)] // RFC 4055 section 4.1: no parameters, no rules
    [InlineData(Null, null)]
    [InlineData("3000", "1.3.14.3.2.26")]
    [InlineData("sha512", "2.16.840.1.101.3.4.2.3")]
    public void A_key_labelled_OAEP_is_used_as_it_prescribes_and_in_no_other_way(string parameters, string? hash)
    {
        var encoded = parameters == "sha512" ? OaepOf("608648016503040203") : parameters;
        using var alice = Correspondent.Create("RSA-2048", key => KeyOf(Oaep, encoded, key.EncodedKeyValue));
        var key = RecipientKey.Create(alice.Certificate);
        Assert.True(key.RequiresOaep);

        var encrypted = EnvelopedDataTests.Encrypt([1, 2, 3], ContentEncryption.Aes256Cbc, new EnvelopeRecipient(key, Oaep: false));

        var (algorithm, written) = KeyTransportOf(encrypted);
        Assert.Equal(Oaep, algorithm);
        Assert.Equal(hash ?? "2.16.840.1.101.3.4.2.1", written);
    }

    [Theory]
    [InlineData("300D06092A864886F70D0101073000", "sha1")]
    [InlineData(
        "303806092A864886F70D010107302B300D06096086480165030402010500301A06092A864886F70D010108300D06096086480165030402010500", "sha256")]
    [InlineData(
        "303806092A864886F70D010107302B300D06096086480165030402030500301A06092A864886F70D010108300D06096086480165030402030500", "sha512")]
    public void Parameters_of_OAEP_are_those_of_RFC_3560(string capability, string hash)
    {
        var parameters = hash switch
        {
            "sha1" => OaepParameters.Sha1,
            "sha256" => OaepParameters.Sha256,
            _ => OaepParameters.With(HashAlgorithmName.SHA512),
        };
        var writer = new AsnWriter(AsnEncodingRules.DER);
        parameters.Write(writer);
        var written = writer.Encode();

        // Section 5 shows them without their tags [0] and [1].
        var untagged = Convert.ToHexString(written).Replace("A00F30", "30", StringComparison.Ordinal).Replace("A11C30", "30", StringComparison.Ordinal)
            .Replace("302F", "302B", StringComparison.Ordinal);
        Assert.EndsWith(untagged, capability, StringComparison.Ordinal);
        Assert.Equal((parameters.Hash, parameters.MaskHash), (OaepParameters.Read(written)!.Hash, OaepParameters.Read(written)!.MaskHash));
    }

    [Fact]
    public void A_certificate_without_key_identifier_is_not_named_by_it()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var certificate = new CertificateRequest("CN=Nobody", key, HashAlgorithmName.SHA256)
            .CreateSelfSigned(DateTimeOffset.UnixEpoch, DateTimeOffset.UnixEpoch.AddYears(1));

        Assert.Throws<CryptographicException>(() => RecipientKey.Create(certificate, RecipientNaming.SubjectKeyIdentifier));
    }

    private static PublicKey KeyOf(string algorithm, string parameters, AsnEncodedData key) => new(
        new Oid(algorithm), parameters.Length == 0 ? null : new AsnEncodedData(Convert.FromHexString(parameters)), key);

    private static string RsaKey(int bits, BigInteger exponent) => RsaKey((BigInteger.One << (bits - 1)) + 1, exponent);

    private static string RsaKey(BigInteger modulus, BigInteger exponent)
    {
        var writer = new AsnWriter(AsnEncodingRules.DER);
        using (writer.PushSequence())
        {
            writer.WriteInteger(modulus);
            writer.WriteInteger(exponent);
        }

        return Convert.ToHexString(writer.Encode());
    }

    /// <summary>RSAES-OAEP-params with a hash, and MGF1 with the same.</summary>
    private static string OaepOf(string hash)
    {
        var oid = Convert.FromHexString($"06{hash.Length / 2:X2}{hash}");
        var writer = new AsnWriter(AsnEncodingRules.DER);
        using (writer.PushSequence())
        {
            using (writer.PushSequence(new Asn1Tag(TagClass.ContextSpecific, 0)))
            using (writer.PushSequence())
                writer.WriteEncodedValue(oid);
            using (writer.PushSequence(new Asn1Tag(TagClass.ContextSpecific, 1)))
            using (writer.PushSequence())
            {
                writer.WriteObjectIdentifier("1.2.840.113549.1.1.8");
                using (writer.PushSequence())
                    writer.WriteEncodedValue(oid);
            }
        }

        return Convert.ToHexString(writer.Encode());
    }

    /// <summary>The algorithm of the one RecipientInfo, and the hash of its parameters.</summary>
    private static (string Algorithm, string? Hash) KeyTransportOf(byte[] encrypted)
    {
        var info = new AsnReader(encrypted, AsnEncodingRules.DER).ReadSequence();
        info.ReadObjectIdentifier();
        var data = info.ReadSequence(new Asn1Tag(TagClass.ContextSpecific, 0)).ReadSequence();
        data.ReadInteger();
        var recipient = data.ReadSetOf().ReadSequence();
        recipient.ReadInteger();
        recipient.ReadEncodedValue();
        var algorithm = recipient.ReadSequence();
        var oid = algorithm.ReadObjectIdentifier();
        var parameters = algorithm.ReadSequence();
        return (oid, parameters.HasData
            ? parameters.ReadSequence(new Asn1Tag(TagClass.ContextSpecific, 0)).ReadSequence().ReadObjectIdentifier()
            : "1.3.14.3.2.26");
    }
}
