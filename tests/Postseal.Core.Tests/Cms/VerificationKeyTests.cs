using System.Formats.Asn1;
using System.Numerics;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Postseal.Cms;
using Postseal.Cms.Signed;
using Postseal.TestKit;
using Postseal.Tests.Cms.Signed;

namespace Postseal.Tests.Cms;

/// <summary>Keys of certificates verify, or say why they do not.</summary>
public sealed class VerificationKeyTests
{
    private const string RsaPss = "1.2.840.113549.1.1.10";

    [Theory]
    [InlineData("RSA-2048", "RSA-2048")]
    [InlineData("P-256", "P-256")]
    [InlineData("P-521", "P-521")]
    [InlineData("brainpoolP512r1", "brainpoolP512r1")]
    public void Keys_that_verify_have_their_name(string kind, string name)
    {
        using var somebody = Correspondent.Create(kind);

        var key = VerificationKey.Of(somebody.Certificate);

        Assert.Equal((name, null), (key.Name, key.WhyUnusable));
    }

    [Fact]
    public void Keys_that_do_not_say_why()
    {
        foreach (var (key, why) in ((PublicKey, string)[])
            [
                (OddKeys.Rsa(8200, 65537), "8200 bits"),
                (OddKeys.Rsa(16384, 65537), "16384 bits"),
                (OddKeys.Rsa(504, 65537), "504 bits"),
                (OddKeys.Rsa(2048, 1), "exponent"),
                (OddKeys.Rsa(2048, 4), "exponent"),
                (OddKeys.Rsa(2048, BigInteger.Pow(2, 64) + 13), "exponent"),
                (OddKeys.Rsa([0x80, .. new byte[255]], 3), "even"),
                (OddKeys.Rsa(2048, 65537, OddKeys.RsaesOaep), "encryption alone"),
                (OddKeys.Montgomery(new byte[32]), "encryption alone"),
                (OddKeys.Point("1.2.840.10045.3.1.7", [0x04, .. new byte[64]]), "broken"), // not on the curve
                (OddKeys.Point("1.2.840.10045.3.1.7", [0x00]), "broken"), // the point at infinity
                (OddKeys.Point("1.2.840.10045.3.1.1", [0x04, .. new byte[48]]), "not supported"), // P-192
                (Specified(), "broken"),
            ])
        {
            using var certificate = Correspondent.Issue(key);
            var reason = VerificationKey.Of(certificate).WhyUnusable;
            Assert.True(reason?.Contains(why, StringComparison.Ordinal), $"{key.Oid.Value} {Convert.ToHexString(key.EncodedKeyValue.RawData)}: {reason}");
        }
    }

    [Fact]
    public void The_largest_RSA_key_and_exponent_are_opened()
    {
        using var large = Correspondent.Issue(OddKeys.Rsa(8192, BigInteger.Pow(2, 32) + 1));

        Assert.Null(VerificationKey.Of(large).WhyUnusable);
    }

    [Fact]
    public void A_key_for_RSASSA_PSS_verifies_nothing_else_and_only_with_the_padding_it_names()
    {
        Assert.SkipUnless(OpenSsl.IsHere, "openssl is not on this machine");
        byte[] content = [1, 2, 3];
        using var plain = Correspondent.Create("RSA-2048");
        PublicKey For(byte[]? parameters) => new(
            new Oid(RsaPss), parameters is null ? null! : new AsnEncodedData(parameters), plain.Certificate.PublicKey.EncodedKeyValue);
        using var any = Correspondent.Issue(For(null));
        using var sha256 = Correspondent.Issue(For(Pss("2.16.840.1.101.3.4.2.1", 32)));
        using var sha512 = Correspondent.Issue(For(Pss("2.16.840.1.101.3.4.2.3", 32)));
        using var longSalt = Correspondent.Issue(For(Pss("2.16.840.1.101.3.4.2.1", 33)));
        var withPss = Verifying.Read(OpenSsl.Sign(content, "-nodetach -keyopt rsa_padding_mode:pss -keyopt rsa_pss_saltlen:32", plain)).Signers[0];
        var withPkcs1 = Verifying.Read(OpenSsl.Sign(content, "-nodetach", plain));
        var digests = ContentDigests.Of(withPkcs1, new(content));
        FindingKind By(ReceivedSigner signer, X509Certificate2 key) => signer.Verify(VerificationKey.Of(key), plain.Certificate, digests).Kind;

        Assert.Equal(FindingKind.Good, By(withPss, plain.Certificate));
        Assert.Equal(FindingKind.Good, By(withPss, any));
        Assert.Equal(FindingKind.Good, By(withPss, sha256));
        Assert.Equal(FindingKind.Malformed, By(withPss, sha512));
        Assert.Equal(FindingKind.Malformed, By(withPss, longSalt));
        Assert.Equal(FindingKind.Good, By(withPkcs1.Signers[0], plain.Certificate));
        Assert.Equal(FindingKind.Malformed, By(withPkcs1.Signers[0], any));
        Assert.Equal(FindingKind.Malformed, By(withPkcs1.Signers[0], sha256));
    }

    private static byte[] Pss(string hash, int saltLength) => SignedParts.Sequence(
        SignedParts.Element(0xA0, SignedParts.Algorithm(hash)),
        SignedParts.Element(0xA1, SignedParts.Algorithm("1.2.840.113549.1.1.8", SignedParts.Algorithm(hash))),
        SignedParts.Element(0xA2, SignedParts.Number(saltLength)));

    /// <summary>P-256 with its parameters spelled out, where another base point could stand.</summary>
    private static PublicKey Specified()
    {
        using var named = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var specified = ECDsa.Create(named.ExportExplicitParameters(includePrivateParameters: false));
        var key = PublicKey.CreateFromSubjectPublicKeyInfo(specified.ExportSubjectPublicKeyInfo(), out _);
        Assert.Equal(Asn1Tag.Sequence, new AsnReader(key.EncodedParameters!.RawData, AsnEncodingRules.DER).PeekTag());
        return key;
    }
}
