using System.Numerics;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Postseal.Certificates;
using Postseal.TestKit;

namespace Postseal.Tests.Certificates;

/// <summary>What mail may be encrypted to: a certificate says of its key what it likes.</summary>
public sealed class EncryptionRulesTests
{
    private const string Curves = "1.3.36.3.3.2.8.1.1.7 1.3.36.3.3.2.8.1.1.11 1.3.36.3.3.2.8.1.1.13 1.2.840.10045.3.1.7 1.3.132.0.34 1.3.132.0.35";
    private static readonly DateTimeOffset Noon = new(2026, 11, 22, 12, 0, 0, TimeSpan.Zero);
    private static readonly OddCa Root = OddCa.Root("CN=Root", Noon.AddYears(-1), Noon.AddYears(1));

    [Theory]
    [InlineData(2048, 65537)]
    [InlineData(2048, 3)]
    [InlineData(8192, 65537)]
    [InlineData(2048, 4294967295)]
    public void An_RSA_key_of_2048_to_8192_bits_is_encrypted_to(int bits, long exponent)
    {
        Assert.Null(Check(OddKeys.Rsa(bits, exponent)));
        Assert.Null(Check(OddKeys.Rsa(bits, exponent, OddKeys.RsaesOaep)));
    }

    [Theory]
    [InlineData(512, 65537, RejectionKind.TooWeak, "its key (RSA-512) has fewer than 1024 bits")]
    [InlineData(1024, 65537, RejectionKind.TooWeak, "its key (RSA-1024) has fewer than 2048 bits, too few to keep a secret")]
    [InlineData(2040, 65537, RejectionKind.TooWeak, "its key (RSA-2040) has fewer than 2048 bits")]
    [InlineData(8200, 65537, RejectionKind.WrongUse, "its key (RSA-8200) has more than 8192 bits")]
    [InlineData(16384, 65537, RejectionKind.WrongUse, "its key (RSA-16384) has more than 8192 bits")]
    [InlineData(2048, 1, RejectionKind.TooWeak, "has a public exponent that is 1 or even")]
    [InlineData(2048, 2, RejectionKind.TooWeak, "has a public exponent that is 1 or even")]
    [InlineData(2048, 65536, RejectionKind.TooWeak, "has a public exponent that is 1 or even")]
    [InlineData(2048, 0, RejectionKind.TooWeak, "has a public exponent that is 1 or even")]
    [InlineData(2048, -3, RejectionKind.TooWeak, "has a public exponent that is 1 or even")]
    [InlineData(2048, 4294967297, RejectionKind.WrongUse, "has a public exponent above 2^32")]
    public void Any_other_RSA_key_is_not(int bits, long exponent, RejectionKind kind, string reason)
    {
        AssertRefused(kind, reason, OddKeys.Rsa(bits, exponent));
        AssertRefused(kind, reason.Replace(bits + ")", bits + " for OAEP)", StringComparison.Ordinal), OddKeys.Rsa(bits, exponent, OddKeys.RsaesOaep));
    }

    [Fact]
    public void An_exponent_as_long_as_the_modulus_is_not_computed_with() =>
        AssertRefused(RejectionKind.WrongUse, "above 2^32", OddKeys.Rsa(4096, BigInteger.Pow(2, 4000) + 1));

    [Fact]
    public void A_key_for_OAEP_alone_signs_nothing() =>
        Assert.Equal(CertificateUse.Encrypt, CertificateRules.UsesOf(Certificate(OddKeys.Rsa(2048, 65537, OddKeys.RsaesOaep))));

    [Fact]
    public void A_point_on_a_curve_for_mail_is_encrypted_to() =>
        Assert.All(Curves.Split(' '), curve => Assert.Null(Check(OddKeys.Point(curve, OddKeys.PointOn(curve)))));

    [Fact]
    public void A_point_that_is_not_on_its_curve_is_refused() =>
        Assert.All(Curves.Split(' '), curve =>
        {
            var point = OddKeys.PointOn(curve);
            point[^1] ^= 1;

            AssertRefused(RejectionKind.Damaged, "is no point on its curve", OddKeys.Point(curve, point));
        });

    [Fact]
    public void A_point_of_another_curve_is_refused() =>
        AssertRefused(RejectionKind.Damaged, "is no point on its curve", OddKeys.Point("1.2.840.10045.3.1.7", OddKeys.PointOn("1.3.36.3.3.2.8.1.1.7")));

    [Theory]
    [InlineData("00")] // the point at infinity
    [InlineData("02A1A2A3A4A5A6A7A8A9AAABACADAEAFB0B1B2B3B4B5B6B7B8B9BABBBCBDBEBFC0")]
    [InlineData("")]
    public void A_point_in_another_form_is_refused(string point) => AssertRefused(
        RejectionKind.WrongUse, "is not written as an uncompressed point", OddKeys.Point("1.2.840.10045.3.1.7", Convert.FromHexString(point)));

    [Theory]
    [InlineData("04")]
    [InlineData("0401020304")]
    public void A_point_that_is_cut_off_is_refused(string point) => AssertRefused(
        RejectionKind.Damaged, "is no point on its curve", OddKeys.Point("1.2.840.10045.3.1.7", Convert.FromHexString(point)));

    [Theory]
    [InlineData("1.3.132.0.33")] // P-224
    [InlineData("1.3.132.0.10")] // secp256k1
    [InlineData("1.3.36.3.3.2.8.1.1.8")] // brainpoolP256t1
    public void A_curve_that_nobody_uses_for_mail_is_refused(string curve) =>
        AssertRefused(RejectionKind.WrongUse, "is on a curve that is not used for mail", OddKeys.Point(curve, OddKeys.PointOn(curve)));

    [Fact]
    public void A_curve_that_is_written_out_is_refused()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var written = ECDsa.Create(key.ExportExplicitParameters(includePrivateParameters: false));

        AssertRefused(RejectionKind.WrongUse, "is on a curve that is not used for mail", new PublicKey(written));
    }

    [Fact]
    public void An_X25519_key_is_encrypted_to_and_signs_nothing()
    {
        var certificate = Certificate(OddKeys.Montgomery(X25519Point()));

        Assert.Null(CertificateRules.CheckEncrypting(certificate));
        Assert.Equal(CertificateUse.Encrypt, CertificateRules.UsesOf(certificate));
        Assert.Equal("X25519", KeyNames.Of(certificate));
    }

    /// <summary>The points of small order: <see href="https://cr.yp.to/ecdh.html"/>, with the two that are not reduced.</summary>
    [Theory]
    [InlineData("0000000000000000000000000000000000000000000000000000000000000000")]
    [InlineData("0100000000000000000000000000000000000000000000000000000000000000")]
    [InlineData("e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800")]
    [InlineData("5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157")]
    [InlineData("ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f")]
    [InlineData("edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f")]
    [InlineData("eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f")]
    [InlineData("0102")]
    public void An_X25519_point_with_which_everybody_agrees_on_zero_is_refused(string point) =>
        AssertRefused(RejectionKind.Damaged, "nothing secret can be agreed on", OddKeys.Montgomery(Convert.FromHexString(point)));

    [Theory]
    [InlineData("X25519", X509KeyUsageFlags.KeyAgreement, true)]
    [InlineData("X25519", X509KeyUsageFlags.KeyEncipherment, false)]
    [InlineData("X25519", X509KeyUsageFlags.DigitalSignature, false)]
    [InlineData("OAEP", X509KeyUsageFlags.KeyEncipherment, true)]
    [InlineData("OAEP", X509KeyUsageFlags.KeyAgreement, false)]
    [InlineData("OAEP", X509KeyUsageFlags.DataEncipherment, false)]
    public void The_key_usage_fits_the_kind_of_key(string key, X509KeyUsageFlags usage, bool accepted)
    {
        var publicKey = key == "X25519" ? OddKeys.Montgomery(X25519Point()) : OddKeys.Rsa(2048, 65537, OddKeys.RsaesOaep);

        var rejection = CertificateRules.CheckEncrypting(Certificate(publicKey, new X509KeyUsageExtension(usage, critical: true)));

        Assert.Equal(accepted, rejection is null);
        Assert.Equal(accepted ? null : RejectionKind.WrongUse, rejection?.Kind);
    }

    [Fact]
    public void A_certificate_that_anybody_can_forge_is_refused()
    {
        var certificate = Root.Issue(
            new X500DistinguishedName("CN=bob"), OddKeys.Rsa(2048, 65537), [Name()], Noon.AddDays(-1), Noon.AddDays(1), HashAlgorithmName.MD5);

        Assert.Equal(RejectionKind.TooWeak, CertificateRules.CheckEncrypting(certificate)?.Kind);
    }

    [Fact]
    public void The_rules_for_encryption_leave_signing_as_it_is()
    {
        var certificate = Certificate(OddKeys.Rsa(1024, 65537));

        Assert.Equal(CertificateUse.Sign, CertificateRules.UsesOf(certificate));
    }

    [Fact]
    public void One_without_any_address_is_encrypted_to_only_where_somebody_names_it()
    {
        var certificate = Root.Issue(new X500DistinguishedName("CN=gateway"), OddKeys.Rsa(2048, 65537), [], Noon.AddDays(-1), Noon.AddDays(1));

        Assert.Null(CertificateRules.CheckEncrypting(certificate));
        Assert.Equal(CertificateUse.None, CertificateRules.UsesOf(certificate));
    }

    private static Rejection? Check(PublicKey key) => CertificateRules.CheckEncrypting(Certificate(key));

    private static void AssertRefused(RejectionKind kind, string reason, PublicKey key)
    {
        var rejection = Check(key);

        Assert.Contains(reason, rejection?.Message, StringComparison.Ordinal);
        Assert.Equal(kind, rejection?.Kind);
    }

    private static byte[] X25519Point() => [9, .. new byte[31]];

    private static X509Certificate2 Certificate(PublicKey key, params X509Extension[] extensions) => Root.Issue(
        new X500DistinguishedName("CN=bob"), key, [Name(), .. extensions], Noon.AddDays(-1), Noon.AddDays(1));

    private static X509Extension Name()
    {
        var names = new SubjectAlternativeNameBuilder();
        names.AddEmailAddress("bob@example.net");
        return names.Build();
    }
}
