using System.Security.Cryptography;
using System.Security.Cryptography.Pkcs;
using System.Security.Cryptography.X509Certificates;
using Org.BouncyCastle.Cms;
using Org.BouncyCastle.Crypto.Parameters;
using Org.BouncyCastle.Security;
using Org.BouncyCastle.Utilities.Collections;
using Postseal.Cms;
using Postseal.Cms.Signed;
using Postseal.TestKit;

namespace Postseal.Tests.Cms.Signed;

/// <summary>What other programs sign is verified.</summary>
public sealed class ReceivedSignatureTests
{
    private static readonly byte[] Content = "Content-Type: text/plain\r\n\r\nHello\r\n"u8.ToArray();

    /// <summary>What openssl is to do, with which key, and what is found.</summary>
    public static TheoryData<string, string, string> OpenSslWays()
    {
        var ways = new TheoryData<string, string, string>();
        foreach (var digest in (string[])["sha256", "sha384", "sha512"])
        {
            ways.Add("RSA-2048", $"-md {digest}", "Good");
            ways.Add("RSA-3072", $"-md {digest} -nodetach -keyid", "Good");
            ways.Add("RSA-2048", $"-md {digest} -keyopt rsa_padding_mode:pss", "Good"); // the longest salt
            ways.Add("P-256", $"-md {digest}", "Good");
            ways.Add("P-384", $"-md {digest} -nodetach -stream", "Good");
            ways.Add("P-521", $"-md {digest} -keyid", "Good");
            ways.Add("brainpoolP256r1", $"-md {digest}", "Good");
            ways.Add("brainpoolP384r1", $"-md {digest}", "Good");
            ways.Add("brainpoolP512r1", $"-md {digest}", "Good");
        }

        foreach (var salt in (string[])["digest", "max", "0", "1", "20", "32", "64", "190"])
            ways.Add("RSA-2048", $"-keyopt rsa_padding_mode:pss -keyopt rsa_pss_saltlen:{salt}", "Good");
        ways.Add("RSA-2048", "-keyopt rsa_padding_mode:pss -keyopt rsa_mgf1_md:sha1", "Good");
        ways.Add("RSA-3072", "-md sha512 -keyopt rsa_padding_mode:pss -keyopt rsa_mgf1_md:sha256 -keyopt rsa_pss_saltlen:17", "Good");
        ways.Add("RSA-4096", "-md sha384 -keyopt rsa_padding_mode:pss -keyopt rsa_mgf1_md:sha224 -keyopt rsa_pss_saltlen:digest", "Unsupported");
        ways.Add("RSA-2048", "-cades -nodetach", "Good"); // signingCertificateV2
        ways.Add("RSA-2048", "-cades -md sha1", "Weak"); // signingCertificate
        ways.Add("RSA-2048", "-cades -md sha512", "Good");
        ways.Add("P-256", "-md sha1", "Weak");
        ways.Add("RSA-2048", "-md sha1 -keyopt rsa_padding_mode:pss", "Weak");
        ways.Add("RSA-2048", "-md md5", "Weak");
        ways.Add("RSA-2048", "-md sha224", "Unsupported");
        ways.Add("RSA-2048", "-md sha3-256", "Good");
        ways.Add("RSA-2048", "-md sha3-512", "Good");
        ways.Add("RSA-2048", "-md ripemd160", "Unsupported");
        ways.Add("RSA-2048", "-noattr", "Malformed");
        ways.Add("P-256", "-noattr -nodetach", "Malformed");
        ways.Add("RSA-2048", "-nosmimecap -nodetach -stream -indef", "Good");
        ways.Add("RSA-2048", "-econtent_type 1.2.840.113549.1.9.16.1.4 -nodetach", "Malformed");
        return ways;
    }

    [Theory]
    [MemberData(nameof(OpenSslWays))]
    public void What_openssl_signs_is_verified_and_nothing_else(string key, string options, string kind)
    {
        Assert.SkipUnless(OpenSsl.IsHere, "openssl is not on this machine");
        using var alice = Correspondent.Create(key);
        using var bob = Correspondent.Create(key, 1);
        var signed = OpenSsl.Sign(Content, options, alice);
        var read = Verifying.Read(signed);
        var content = read.HasContent ? null : Content;

        Assert.Equal(options.Contains("-nodetach", StringComparison.Ordinal), read.HasContent);
        Assert.Equal(read.HasContent ? Content : [], Bytes(read));
        Assert.Equal(kind, Verifying.Finding(signed, content).Kind.ToString());
        Assert.Equal(alice.Certificate.RawData, Assert.Single(read.Certificates).ToArray());
        Assert.True(Assert.Single(read.Signers).Matches(alice.Certificate));
        Assert.False(read.Signers[0].Matches(bob.Certificate));

        // Other content, and the other's key.
        var other = Verifying.Findings(read, new([.. Content, (byte)'!']))[0];
        Assert.NotEqual("Good", other.Kind.ToString());
        Assert.Equal(kind is "Good" or "Weak" ? "Bad" : kind, other.Kind.ToString());
        var digests = ContentDigests.Of(read, new(Content));
        var byBob = read.Signers[0].Verify(VerificationKey.Of(bob.Certificate), alice.Certificate, digests).Kind;
        Assert.Equal(kind is "Good" or "Weak" ? "Bad" : kind, byBob.ToString());
    }

    [Fact]
    public void Each_of_several_signers_of_openssl_is_verified_for_himself()
    {
        Assert.SkipUnless(OpenSsl.IsHere, "openssl is not on this machine");
        Correspondent[] people = [Correspondent.Create("RSA-2048"), Correspondent.Create("P-256"), Correspondent.Create("RSA-3072")];
        var signed = OpenSsl.Sign(Content, "-nodetach -stream", people);

        Assert.Equal([FindingKind.Good, FindingKind.Good, FindingKind.Good], Verifying.Findings(signed).Select(finding => finding.Kind));
        var read = Verifying.Read(signed);
        Assert.All(people, person => Assert.Single(read.Signers, signer => signer.Matches(person.Certificate)));
        Assert.All(read.Signers, signer => Assert.Equal("SHA-256", signer.Hash.Name));
    }

    [Fact]
    public void A_large_message_in_the_pieces_of_openssl_is_read_where_it_lies()
    {
        Assert.SkipUnless(OpenSsl.IsHere, "openssl is not on this machine");
        using var alice = Correspondent.Create("P-256");
        var content = RandomNumberGenerator.GetBytes(3_000_000);
        var signed = OpenSsl.Sign(content, "-nodetach -stream", alice);
        Assert.Equal(0x80, signed[1]); // of indefinite length

        foreach (var length in (int[])[signed.Length, 65_536, 1000, 7])
        {
            var read = ReceivedSignedData.TryRead(Verifying.Pieces(signed, length))!;
            Assert.Equal(content, Bytes(read));
            Assert.Equal(FindingKind.Good, Verifying.Findings(read, null)[0].Kind);
        }
    }

    [Theory]
    [InlineData("RSA-2048", SubjectIdentifierType.IssuerAndSerialNumber, "2.16.840.1.101.3.4.2.1", "Good")]
    [InlineData("RSA-2048", SubjectIdentifierType.SubjectKeyIdentifier, "2.16.840.1.101.3.4.2.3", "Good")]
    [InlineData("RSA-2048", SubjectIdentifierType.SubjectKeyIdentifier, "1.3.14.3.2.26", "Weak")]
    [InlineData("P-256", SubjectIdentifierType.IssuerAndSerialNumber, "2.16.840.1.101.3.4.2.1", "Good")]
    [InlineData("P-521", SubjectIdentifierType.SubjectKeyIdentifier, "2.16.840.1.101.3.4.2.2", "Good")]
    public void What_dotnet_signs_is_verified(string key, SubjectIdentifierType naming, string digest, string kind)
    {
        using var alice = Correspondent.Create(key);
        using var withKey = WithKey(alice);
        var cms = new SignedCms(naming, new ContentInfo(Content), detached: true);
        var at = new DateTime(2026, 11, 27, 10, 20, 30, DateTimeKind.Utc);
        cms.ComputeSignature(new CmsSigner(naming, withKey)
        {
            DigestAlgorithm = new Oid(digest),
            IncludeOption = X509IncludeOption.EndCertOnly,
            SignedAttributes = { new Pkcs9SigningTime(at) },
        });
        cms.SignerInfos[0].ComputeCounterSignature(new CmsSigner(withKey)); // it says nothing of the content

        Assert.Equal(kind, Verifying.Finding(cms.Encode(), Content).Kind.ToString());
        var signer = Verifying.Read(cms.Encode()).Signers[0];
        Assert.Equal(new DateTimeOffset(at), signer.SigningTime);
        Assert.Null(signer.Capabilities);
    }

    [Theory]
    [InlineData("RSA-2048", "SHA256WITHRSAENCRYPTION")]
    [InlineData("RSA-2048", "SHA512WITHRSA")]
    [InlineData("RSA-2048", "SHA384WITHRSAANDMGF1")]
    [InlineData("P-256", "SHA256WITHECDSA")]
    [InlineData("P-384", "SHA3-384WITHECDSA")]
    [InlineData("RSA-3072", "SHA3-256WITHRSA")]
    public void What_Bouncy_Castle_signs_is_verified(string key, string algorithm)
    {
        using var alice = Correspondent.Create(key);

        foreach (var encapsulate in (bool[])[true, false])
        {
            var signed = BouncyCastleSign(alice.Certificate, PrivateKeyFactory.CreateKey(alice.Pkcs8), algorithm, encapsulate);

            Assert.Equal(new(FindingKind.Good, ""), Verifying.Finding(signed, encapsulate ? null : Content));
            Assert.Equal(FindingKind.Bad, Verifying.Finding(signed, "other"u8.ToArray()).Kind);
        }
    }

    [Fact]
    public void Ed25519_of_Bouncy_Castle_is_verified_with_Danas_key()
    {
        Assert.SkipUnless(Directory.Exists(Repository.File("../shared/corpora")), "../shared/corpora is not there");
        using var dana = X509Certificate2.CreateFromPem(File.ReadAllText(Repository.File("../shared/corpora/rfc9216/dana.sign.crt")));
        var pem = File.ReadAllText(Repository.File("../shared/corpora/rfc9216/dana.sign.key"));
        var key = PrivateKeyFactory.CreateKey(Convert.FromBase64String(pem[PemEncoding.Find(pem).Base64Data]));
        var signed = BouncyCastleSign(dana, key, "Ed25519", encapsulate: true);

        Assert.Equal(new(FindingKind.Good, ""), Verifying.Finding(signed));
        Assert.Equal(FindingKind.Bad, Verifying.Finding(signed, "other"u8.ToArray()).Kind);
        Assert.Equal("Ed25519", VerificationKey.Of(dana).Name);
        var publicKey = dana.PublicKey.EncodedKeyValue.RawData;
        Assert.Equal(((Ed25519PrivateKeyParameters)key).GeneratePublicKey().GetEncoded(), publicKey);
    }

    [Fact]
    public void What_MimeKit_signs_is_verified_with_its_capabilities()
    {
        using var alice = Correspondent.Create("RSA-2048");
        var signed = MimeKitJudge.Sign(Content, alice);

        Assert.Equal(new(FindingKind.Good, ""), Verifying.Finding(signed, Content));
        var signer = Verifying.Read(signed).Signers[0];
        Assert.NotNull(signer.SigningTime);
        Assert.Equal(0x30, signer.Capabilities!.Value.Span[0]);
    }

    [Fact]
    public void One_key_verifies_for_many_threads_at_once()
    {
        Assert.SkipUnless(OpenSsl.IsHere, "openssl is not on this machine");
        foreach (var (kind, options) in ((string, string)[])[("RSA-2048", ""), ("P-256", ""), ("RSA-2048", "-keyopt rsa_padding_mode:pss")])
        {
            using var alice = Correspondent.Create(kind);
            var signed = OpenSsl.Sign(Content, "-nodetach " + options, alice);
            var changed = OpenSsl.Sign([.. Content, 1], "-nodetach " + options, alice);
            var key = VerificationKey.Of(alice.Certificate);

            Parallel.For(0, 400, new ParallelOptions { MaxDegreeOfParallelism = 8 }, i =>
            {
                var read = Verifying.Read(i % 3 == 0 ? changed : signed);
                var finding = read.Signers[0].Verify(key, alice.Certificate, ContentDigests.Of(read, i % 2 == 0 ? new(Content) : read.Content));
                Assert.Equal(i % 6 == 0 ? FindingKind.Bad : FindingKind.Good, finding.Kind);
            });
        }
    }

    private static byte[] BouncyCastleSign(X509Certificate2 certificate, Org.BouncyCastle.Crypto.AsymmetricKeyParameter key, string algorithm, bool encapsulate)
    {
        var generator = new CmsSignedDataGenerator();
        var theirs = new Org.BouncyCastle.X509.X509Certificate(certificate.RawData);
        generator.AddSignerInfoGenerator(new SignerInfoGeneratorBuilder().Build(
            new Org.BouncyCastle.Crypto.Operators.Asn1SignatureFactory(algorithm, key), theirs));
        generator.AddCertificates(CollectionUtilities.CreateStore([theirs]));
        return generator.Generate(new CmsProcessableByteArray(Content), encapsulate).GetEncoded();
    }

    private static X509Certificate2 WithKey(Correspondent person)
    {
        using var key = ECDsaOrRsa(person);
        return key is RSA rsa ? person.Certificate.CopyWithPrivateKey(rsa) : person.Certificate.CopyWithPrivateKey((ECDsa)key);
    }

    private static AsymmetricAlgorithm ECDsaOrRsa(Correspondent person)
    {
        AsymmetricAlgorithm key = person.Certificate.PublicKey.Oid.Value == "1.2.840.10045.2.1" ? ECDsa.Create() : RSA.Create();
        key.ImportPkcs8PrivateKey(person.Pkcs8, out _);
        return key;
    }

    private static byte[] Bytes(ReceivedSignedData read) => System.Buffers.BuffersExtensions.ToArray(read.Content);
}
