using System.Formats.Asn1;
using System.Security.Cryptography;
using System.Security.Cryptography.Pkcs;
using System.Security.Cryptography.X509Certificates;
using Postseal.Certificates;
using Postseal.Cms;
using Postseal.Program.Trial;
using Postseal.TestKit;

namespace Postseal.Tests.Cms;

/// <summary>CMS objects read as they come: in any pieces, whole or cut off, honest or made to hurt.</summary>
public sealed class CmsContentTests : IDisposable
{
    private readonly CertificateFolder folder = new();
    private readonly byte[] signed;

    public CmsContentTests()
    {
        var issued = folder.Ca.Issue(new TestCaRequest("alice@example.org"));
        using var certificate = X509Certificate2.CreateFromPem(issued.CertificatePem, issued.KeyPem);
        var cms = new SignedCms(new ContentInfo(RandomNumberGenerator.GetBytes(3000)), detached: false);
        cms.ComputeSignature(new CmsSigner(certificate), silent: true);
        signed = cms.Encode();
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(1000)]
    [InlineData(1_000_000)]
    public void The_pieces_it_comes_in_do_not_matter(int length)
    {
        var content = CmsContent.TryRead(Pieces(signed, length));

        Assert.Equal(CmsType.Signed, content?.Type);
        var signer = Assert.Single(content!.Signers!.Certificates());
        Assert.Equal(["alice@example.org"], CertificateAddresses.Of(signer!).Select(address => address.ToString()));
    }

    [Fact]
    public void Whatever_is_cut_off_is_none()
    {
        for (var length = 0; length < signed.Length; length++)
            Assert.Null(CmsContent.TryRead(Pieces(signed[..length], 500)));
    }

    [Theory]
    [InlineData("0500")]
    [InlineData("040301")]
    [InlineData("")]
    public void A_certificate_with_a_broken_key_identifier_is_no_signer_s(string identifier)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=Mallory", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509Extension("2.5.29.14", Convert.FromHexString(identifier), critical: false));
        using var certificate = request.CreateSelfSigned(DateTimeOffset.UnixEpoch, DateTimeOffset.UnixEpoch.AddYears(1));

        var signers = SignerSet.Read(Written(new Asn1Tag(TagClass.ContextSpecific, 0), set => set.WriteEncodedValue(certificate.RawData)), Written(
            Asn1Tag.SetOf,
            set =>
            {
                using var signer = set.PushSequence();
                set.WriteInteger(3);
                set.WriteOctetString([1], new Asn1Tag(TagClass.ContextSpecific, 0));
            }));

        Assert.Equal([null], signers.Certificates());
    }

    private static byte[] Written(Asn1Tag set, Action<AsnWriter> write)
    {
        var writer = new AsnWriter(AsnEncodingRules.DER);
        using (writer.PushSetOf(set))
            write(writer);
        return writer.Encode();
    }

    [Fact]
    public void Who_signs_with_two_digests_is_the_signer_of_both()
    {
        var issued = folder.Ca.Issue(new TestCaRequest("alice@example.org"));
        using var certificate = X509Certificate2.CreateFromPem(issued.CertificatePem, issued.KeyPem);
        var cms = new SignedCms(new ContentInfo([1]), detached: false);
        foreach (var digest in (string[])["2.16.840.1.101.3.4.2.1", "2.16.840.1.101.3.4.2.3"])
            cms.ComputeSignature(new CmsSigner(certificate) { DigestAlgorithm = new Oid(digest) }, silent: true);

        var signers = CmsContent.TryRead(Pieces(cms.Encode(), 4096))!.Signers!.Certificates();

        Assert.Equal([certificate, certificate], signers);
    }

    [Fact]
    public void A_changed_byte_does_no_harm()
    {
        for (var i = 0; i < signed.Length; i++)
        {
            var changed = (byte[])signed.Clone();
            foreach (var value in (byte[])[0x30, 0x80, 0xFF])
            {
                changed[i] = value;
                foreach (var certificate in CmsContent.TryRead(Pieces(changed, 4096))?.Signers?.Certificates() ?? [])
                    certificate?.Dispose();
            }
        }
    }

    [Theory]
    [InlineData("opened without end", "3080")]
    [InlineData("opened in a known length", "A080")]
    [InlineData("tags without end", "3F")]
    [InlineData("zero octets", "00")]
    [InlineData("length octets", "30FF")]
    public void Nesting_without_end_is_none(string _, string repeated)
    {
        var hostile = Convert.FromHexString(string.Concat(Enumerable.Repeat(repeated, 100_000)));

        Assert.Null(CmsContent.TryRead([hostile]));
        Assert.Null(CmsContent.TryRead([Convert.FromHexString("308006092A864886F70D010702A080308002010131803080"), hostile]));
    }

    [Fact]
    public void A_content_in_many_pieces_of_its_own_takes_linear_time() => Assert.True(CpuTime.IsLinear(
        count =>
        {
            var encoded = WithContentOf(count);
            Assert.Equal(CmsType.Signed, CmsContent.TryRead([encoded])?.Type);
            return () => CmsContent.TryRead([encoded]);
        },
        200_000));

    [Fact]
    public void More_certificates_than_anyone_sends_are_none()
    {
        var certificates = Enumerable.Repeat(folder.Ca.Root.RawData, 1000).SelectMany(bytes => bytes).ToArray();

        Assert.Null(CmsContent.TryRead([SignedData(content: null, certificates)]));
        Assert.NotNull(CmsContent.TryRead([SignedData(content: null, folder.Ca.Root.RawData)]));
    }

    public void Dispose() => folder.Dispose();

    private static IEnumerable<ReadOnlyMemory<byte>> Pieces(byte[] bytes, int length) =>
        bytes.Chunk(length).Select(chunk => new ReadOnlyMemory<byte>(chunk));

    /// <summary>SignedData whose content is a constructed OCTET STRING of indefinite length, as streaming senders write it.</summary>
    private static byte[] WithContentOf(int count) =>
        SignedData([0x24, 0x80, .. Enumerable.Repeat((byte[])[0x04, 0x01, 0x61], count).SelectMany(bytes => bytes), 0, 0], certificates: null);

    private static byte[] SignedData(byte[]? content, byte[]? certificates)
    {
        var writer = new AsnWriter(AsnEncodingRules.BER);
        var tag = new Asn1Tag(TagClass.ContextSpecific, 0, isConstructed: true);
        using (writer.PushSequence())
        {
            writer.WriteObjectIdentifier("1.2.840.113549.1.7.2");
            using (writer.PushSequence(tag))
            using (writer.PushSequence())
            {
                writer.WriteInteger(1);
                using (writer.PushSetOf())
                {
                }

                using (writer.PushSequence())
                {
                    writer.WriteObjectIdentifier("1.2.840.113549.1.7.1");
                    if (content is not null)
                    {
                        using (writer.PushSequence(tag))
                            writer.WriteEncodedValue(content);
                    }
                }

                if (certificates is not null)
                    WriteSet(writer, certificates);
                using (writer.PushSetOf())
                {
                }
            }
        }

        return writer.Encode();
    }

    // certificates [0] IMPLICIT, indefinite: written by hand, since a writer takes one value at a time.
    private static void WriteSet(AsnWriter writer, byte[] certificates) =>
        writer.WriteEncodedValue((byte[])[0xA0, 0x80, .. certificates, 0, 0]);
}
