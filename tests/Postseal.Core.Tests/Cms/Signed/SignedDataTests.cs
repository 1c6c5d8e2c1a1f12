using System.Buffers;
using System.Formats.Asn1;
using System.Globalization;
using System.Security.Cryptography;
using System.Security.Cryptography.Pkcs;
using Postseal.Bytes;
using Postseal.Certificates;
using Postseal.Cms;
using Postseal.Cms.Signed;
using Postseal.TestKit;
using static Postseal.TestKit.TestMail;

namespace Postseal.Tests.Cms.Signed;

public sealed class SignedDataTests : IDisposable
{
    private static readonly DateTimeOffset Noon = new(2026, 11, 22, 12, 0, 0, TimeSpan.Zero);

    private static readonly byte[] Content = "Content-Type: text/plain\r\n\r\nHello\r\n"u8.ToArray();

    private readonly CertificateFolder folder = new(new SettableTime(Noon));

    public static TheoryData<string, Digest, RsaPadding> KeysAndDigests()
    {
        var cases = new TheoryData<string, Digest, RsaPadding>();
        foreach (var digest in Enum.GetValues<Digest>())
        {
            cases.Add("RSA-2048", digest, RsaPadding.Pkcs1);
            cases.Add("RSA-3072", digest, RsaPadding.Pss);
            cases.Add("P-256", digest, RsaPadding.Pkcs1);
            cases.Add("P-384", digest, RsaPadding.Pkcs1);
            cases.Add("P-521", digest, RsaPadding.Pss); // the padding of an RSA key is nothing to an EC key
        }

        return cases;
    }

    [Theory]
    [MemberData(nameof(KeysAndDigests))]
    public void Every_key_with_every_digest_is_verified_by_dotnet_and_openssl(string key, Digest digest, RsaPadding padding)
    {
        var signature = Sign(Content, key, digest, padding).EncodeDetached().ToArray();

        Decode(signature, Content).CheckSignature(verifySignatureOnly: true);
        Assert.SkipUnless(OpenSsl.IsHere, "openssl is not on this machine");
        var (verified, errors) = OpenSsl.VerifyDetached(Content, signature, folder.Ca.Root);
        Assert.True(verified, errors);
    }

    [Fact]
    public void A_signature_over_other_content_does_not_verify()
    {
        var signature = Sign(Content).EncodeDetached().ToArray();
        byte[] altered = [.. Content, (byte)'!'];

        Assert.Throws<CryptographicException>(() => Decode(signature, altered).CheckSignature(verifySignatureOnly: true));
    }

    [Fact]
    public void The_sender_and_the_intermediate_are_in_it_and_the_root_is_not()
    {
        var subjects = Decode(Sign(Content).EncodeDetached().ToArray(), Content).Certificates.Select(c => c.Subject);

        Assert.Equal(["CN=Trial Intermediate", "CN=alice@example.org"], subjects.Order());
    }

    [Fact]
    public void The_signed_attributes_are_the_five_of_the_profile()
    {
        var signer = Decode(Sign(Content).EncodeDetached().ToArray(), Content).SignerInfos[0];

        Assert.Equal(
            [
                "1.2.840.113549.1.9.15", // smimeCapabilities
                "1.2.840.113549.1.9.16.2.47", // signingCertificateV2
                "1.2.840.113549.1.9.3", // contentType
                "1.2.840.113549.1.9.4", // messageDigest
                "1.2.840.113549.1.9.5", // signingTime
            ],
            signer.SignedAttributes.Cast<CryptographicAttributeObject>().Select(a => a.Oid.Value!).Order(StringComparer.Ordinal));
    }

    [Theory]
    [InlineData("2026-11-22T12:00:00Z", UniversalTagNumber.UtcTime)]
    [InlineData("2049-12-31T23:59:59Z", UniversalTagNumber.UtcTime)]
    [InlineData("2050-01-01T00:00:00Z", UniversalTagNumber.GeneralizedTime)]
    public void The_signing_time_is_the_clocks_in_the_form_of_its_century(string time, UniversalTagNumber form)
    {
        var at = DateTimeOffset.Parse(time, CultureInfo.InvariantCulture);
        var signature = Sign(Content, signingTime: at).EncodeDetached().ToArray();

        var attribute = Decode(signature, Content).SignerInfos[0].SignedAttributes
            .Cast<CryptographicAttributeObject>().Single(a => a.Oid.Value == "1.2.840.113549.1.9.5");
        var reader = new AsnReader(attribute.Values[0].RawData, AsnEncodingRules.DER);
        Assert.Equal(at, form == UniversalTagNumber.UtcTime ? reader.ReadUtcTime() : reader.ReadGeneralizedTime());
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(127)]
    [InlineData(128)]
    [InlineData(65_536)]
    [InlineData(20_000_000)]
    public void Opaque_content_of_any_length_comes_back(int length)
    {
        var content = new byte[length];
        Random.Shared.NextBytes(content);
        var pieces = Pieces(content);

        var encoded = Sign(pieces).EncodeOpaque(pieces).ToArray();

        var cms = new SignedCms();
        cms.Decode(encoded);
        cms.CheckSignature(verifySignatureOnly: true);
        Assert.Equal(content, cms.ContentInfo.Content);
    }

    [Fact]
    public void One_key_signs_for_many_threads_at_once()
    {
        var identity = Identity("RSA-2048");

        Parallel.For(0, 200, new ParallelOptions { MaxDegreeOfParallelism = 8 }, i =>
        {
            var content = BitConverter.GetBytes(i);
            var signature = Sign(new(content), identity, new(SignatureAlgorithm.RsaPkcs1, Digest.SHA256));
            Decode(signature.EncodeDetached().ToArray(), content).CheckSignature(verifySignatureOnly: true);
        });
    }

    public void Dispose() => folder.Dispose();

    private SignedData Sign(
        byte[] content, string key = "P-256", Digest digest = Digest.SHA256, RsaPadding padding = RsaPadding.Pkcs1,
        DateTimeOffset? signingTime = null) =>
        Sign(new(content), Identity(key), SchemeOf(key, digest, padding), signingTime);

    private SignedData Sign(ReadOnlySequence<byte> content) =>
        Sign(content, Identity("P-256"), new(SignatureAlgorithm.Ecdsa, Digest.SHA256));

    private static SignedData Sign(
        ReadOnlySequence<byte> content, Identity identity, SignatureScheme scheme, DateTimeOffset? signingTime = null)
    {
        var signed = SignedData.SignAsync(content, identity.Signer, scheme, signingTime ?? Noon, TestContext.Current.CancellationToken);
        return signed.IsCompleted ? signed.GetAwaiter().GetResult() : throw new InvalidOperationException("The platform's key waits.");
    }

    // The digest as it is wanted, also where a key of more bits would take a longer one.
    private static SignatureScheme SchemeOf(string key, Digest digest, RsaPadding padding) => new(
        !key.StartsWith("RSA", StringComparison.Ordinal) ? SignatureAlgorithm.Ecdsa
        : padding == RsaPadding.Pss ? SignatureAlgorithm.RsaPss
        : SignatureAlgorithm.RsaPkcs1,
        digest);

    private Identity Identity(string key)
    {
        folder.Add("alice@example.org", key);
        return Assert.IsType<Lookup<Identity>.Found>(folder.Open().FindSigner(Address("alice@example.org"))).Value;
    }

    private static SignedCms Decode(byte[] signature, byte[] content)
    {
        var cms = new SignedCms(new ContentInfo(content), detached: true);
        cms.Decode(signature);
        return cms;
    }

    /// <summary>The same bytes in pieces of odd lengths.</summary>
    private static ReadOnlySequence<byte> Pieces(byte[] content)
    {
        var rope = new ByteRope();
        for (int start = 0, length = 1; start < content.Length; start += length, length = (length * 7) + 1)
            rope.Append(content.AsMemory(start, Math.Min(length, content.Length - start)));
        return rope.ToSequence();
    }
}
