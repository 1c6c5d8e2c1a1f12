using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Postseal.Cms.Signed;
using Postseal.TestKit;

namespace Postseal.Tests.Cms.Signed;

/// <summary>Signatures of other projects: verified, or refused with the reason.</summary>
public sealed class CorpusSignatureTests
{
    private const string BouncyCastle = "bc-csharp-cms/crypto/test/data/cms/sigs/";
    private const string OpenSslCms = "openssl-cms/test/recipes/80-test_cms_data/";
    private const string Rfc4134 = "bc-rfc4134/rfc4134/";
    private const string Rust = "rustcrypto-cms/cms/tests/examples/";
    private const string Asn1Crypto = "asn1crypto/tests/fixtures/";
    private const string Gnu = "gnupg-sm/tests/cms/";
    private const string MlDsa = "lamps-cms-mldsa/examples/";
    private const string WithoutAttributes = "Malformed: it is made without signed attributes";

    private static readonly string Folder = Repository.File("../shared/corpora");

    /// <summary>The file, that of its content where it is elsewhere, and what is found of each signer: the kind and the beginning
    /// of the reason.</summary>
    public static TheoryData<string, string, string[]> Verdicts => new()
    {
        { BouncyCastle + "PSSSignDataSHA256.sig", BouncyCastle + "PSSSignData.data", ["Good"] },
        { BouncyCastle + "PSSSignDataSHA512.sig", BouncyCastle + "PSSSignData.data", ["Good"] },
        { BouncyCastle + "PSSSignDataSHA1.sig", BouncyCastle + "PSSSignData.data", ["Weak: it is made with SHA-1"] },
        { BouncyCastle + "PSSSignDataSHA256Enc.sig", "", ["Good"] },
        { BouncyCastle + "PSSSignDataSHA512Enc.sig", "", ["Good"] },
        { BouncyCastle + "PSSSignDataSHA1Enc.sig", "", ["Weak: it is made with SHA-1"] },
        { BouncyCastle + "counterSig.p7m", "", ["Weak: it is made with SHA-1"] },
        // Good for Bouncy Castle, which takes no attributes, and a DigestInfo without NULL; bad for openssl for the latter.
        { BouncyCastle + "rawsha256nonull.p7m", "", [WithoutAttributes] },

        // The names say what is wrong. The time is wrong in that it is not signed.
        { OpenSslCms + "no_ct_attr.cms", "", ["Malformed: its signed attributes do not say what the content is"] },
        { OpenSslCms + "no_md_attr.cms", "", ["Malformed: its signed attributes have no digest"] },
        { OpenSslCms + "ct_multiple_attr.cms", "", ["Malformed: its signed attribute 1.2.840.113549.1.9.3 is there twice"] },
        { OpenSslCms + "bad_signtime_attr.cms", "", ["Malformed: its attribute 1.2.840.113549.1.9.5 is not signed"] },
        { OpenSslCms + "pkcs7-md4.pem", "", ["Unsupported: its digest, MD4"] },

        // RFC 4134 shows that attributes may be absent, and DSA, which RFC 8551 has given up.
        { Rfc4134 + "4.1.bin", "", [WithoutAttributes] },
        { Rfc4134 + "4.2.bin", "", [WithoutAttributes] },
        { Rfc4134 + "4.3.bin", Rfc4134 + "ExContent.bin", [WithoutAttributes] },
        { Rfc4134 + "4.4.bin", "", ["Unsupported: its algorithm, DSA"] },
        { Rfc4134 + "4.5.bin", "", [WithoutAttributes] },
        { Rfc4134 + "4.6.bin", "", [WithoutAttributes, WithoutAttributes] },
        { Rfc4134 + "4.7.bin", "", [WithoutAttributes] },
        { Rfc4134 + "4.10.bin", "", ["Unsupported: its algorithm, DSA"] },
        { Rfc4134 + "4.11.bin", "", [] }, // certificates alone

        { Rust + "cms_der.bin", "", ["Good"] },
        { Rust + "cms_ber.bin", "", ["Good"] },
        { Rust + "scep_der.bin", "", ["Good"] },
        { Rust + "sd.cms", "", ["Good"] },
        { Rust + "pkits.p7b", "", [] },
        { Asn1Crypto + "cms-signed.der", "", ["Good"] },
        { Asn1Crypto + "pkcs7-signed.der", "", ["Good"] },
        { Asn1Crypto + "cms-signed-digested.der", "", [WithoutAttributes] },
        { Asn1Crypto + "cms-signed-indefinite-length.der", "", ["Bad: its content was changed"] }, // for openssl too

        // gpgsm wrote no contentType in 2001, when the content was data (PKCS #7 version 1.5 section 9.2 has it so).
        { Gnu + "text-1.osig.pem", "", ["Malformed: its signed attributes do not say what the content is"] },
        { Gnu + "text-1.osig-bad.pem", "", ["Malformed: its signed attributes do not say what the content is"] },
    };

    [Theory]
    [MemberData(nameof(Verdicts))]
    public void Each_has_its_verdict(string file, string content, string[] expected)
    {
        Assert.SkipUnless(Directory.Exists(Folder), "../shared/corpora is not there");
        X509Certificate2[] others = [.. Directory.GetFiles(Path.Combine(Folder, Rfc4134), "*.cer").Select(X509CertificateLoader.LoadCertificateFromFile)];

        var findings = Verifying.Findings(Read(file), content.Length == 0 ? null : File.ReadAllBytes(Path.Combine(Folder, content)), others);

        Assert.Equal(expected.Length, findings.Count);
        Assert.All(expected.Zip(findings), pair => Assert.StartsWith(pair.First, $"{pair.Second.Kind}: {pair.Second.Why}", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("mldsa44-signed-attrs.pem", "ML-DSA-44")]
    [InlineData("mldsa65-signed-attrs.pem", "ML-DSA-65")]
    [InlineData("mldsa87-signed-attrs.pem", "ML-DSA-87")]
    public void A_signature_of_the_next_decade_is_known_by_its_name(string file, string name)
    {
        Assert.SkipUnless(Directory.Exists(Folder), "../shared/corpora is not there");

        var signer = Assert.Single(Verifying.Read(Read(MlDsa + file)).Signers);

        Assert.Equal($"its algorithm, {name}, is not supported", signer.WhyUnsupported);
        Assert.Equal((null, "SHA-512"), (signer.Problem, signer.Hash.Name));
    }

    [Theory]
    [InlineData(OpenSslCms + "rsa-malformed.der")] // EnvelopedData
    [InlineData("openssl-cms/test/recipes/25-test_pkcs7_data/malformed.pkcs7")]
    [InlineData(BouncyCastle + "Pkcs7SignedContent.p7b")] // the content is no OCTET STRING, as PKCS #7 allowed
    [InlineData(BouncyCastle + "SignedMSPkcs7.sig")] // a program of Windows
    [InlineData(Rust + "authroot.stl")]
    [InlineData(Asn1Crypto + "pkcs7-signed-digested.der")]
    public void What_is_not_SignedData_of_octets_is_none(string file)
    {
        Assert.SkipUnless(Directory.Exists(Folder), "../shared/corpora is not there");

        Assert.Null(ReceivedSignedData.TryRead(new(Read(file))));
    }

    [Fact]
    public void What_a_fuzzer_found_does_no_harm()
    {
        Assert.SkipUnless(Directory.Exists(Folder), "../shared/corpora is not there");
        var files = Directory.GetFiles(Path.Combine(Folder, "openssl-fuzz-cms"), "*", SearchOption.AllDirectories);
        var before = GC.GetAllocatedBytesForCurrentThread();

        var time = CpuTime.Of(() => Assert.All(files, file =>
        {
            if (ReceivedSignedData.TryRead(new(File.ReadAllBytes(file))) is { } read)
                Assert.All(read.Signers, signer => Assert.NotNull(signer.Problem ?? signer.WhyUnsupported));
        }));

        Assert.True(files.Length > 1000 && time < TimeSpan.FromSeconds(5));
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 200_000_000);
    }

    private static byte[] Read(string file)
    {
        var bytes = File.ReadAllBytes(Path.Combine(Folder, file));
        if (bytes is [0x30, ..])
            return bytes;
        var text = Encoding.Latin1.GetString(bytes);
        return Convert.FromBase64String(text[PemEncoding.Find(text).Base64Data]);
    }
}
