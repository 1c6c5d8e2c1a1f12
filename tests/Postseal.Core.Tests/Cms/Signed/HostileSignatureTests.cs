using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Postseal.Cms;
using Postseal.Cms.Signed;
using Postseal.TestKit;
using static Postseal.Tests.Cms.Signed.SignedParts;

namespace Postseal.Tests.Cms.Signed;

/// <summary>Signed mail made to be believed, or to keep busy.</summary>
public sealed class HostileSignatureTests : IDisposable
{
    private static readonly byte[] Content = "Content-Type: text/plain\r\n\r\nHello\r\n"u8.ToArray();

    private readonly Correspondent alice = Correspondent.Create("RSA-2048");
    private readonly Correspondent bob = Correspondent.Create("RSA-2048", 1);

    /// <summary>Each algorithm that a signature is said to be made with, though it is RSA with SHA-256.</summary>
    public static TheoryData<string, string, byte[]> Algorithms() => new()
    {
        { "RSA", "Good", Algorithm(RsaEncryption) }, // parameters absent
        { "sha256WithRSA", "Good", Algorithm("1.2.840.113549.1.1.11", Null) },
        { "sha384WithRSA", "Malformed", Algorithm("1.2.840.113549.1.1.12", Null) },
        { "sha1WithRSA", "Malformed", Algorithm("1.2.840.113549.1.1.5", Null) },
        { "md5WithRSA", "Malformed", Algorithm("1.2.840.113549.1.1.4", Null) },
        { "ECDSA with an RSA key", "Malformed", Algorithm(EcdsaWithSha256) },
        { "Ed25519 with SHA-256", "Malformed", Algorithm("1.3.101.112") },
        { "PSS", "Bad", Algorithm("1.2.840.113549.1.1.10", Pss(Sha256, Sha256, 32)) },
        { "PSS of an odd salt", "Bad", Algorithm("1.2.840.113549.1.1.10", Pss(Sha256, Sha256, 11)) },
        { "PSS of a salt for which there is no room", "Bad", Algorithm("1.2.840.113549.1.1.10", Pss(Sha256, Sha256, 1000)) },
        { "PSS of another hash", "Malformed", Algorithm("1.2.840.113549.1.1.10", Pss(Sha1, Sha256, 32)) },
        { "PSS of an unknown mask", "Unsupported", Algorithm("1.2.840.113549.1.1.10", Pss(Sha256, "1.2.3", 32)) },
        { "PSS without parameters", "Malformed", Algorithm("1.2.840.113549.1.1.10", Sequence()) }, // SHA-1 is the default
        { "ML-DSA-65", "Unsupported", Algorithm("2.16.840.1.101.3.4.3.18") },
        { "SLH-DSA-SHA2-128s", "Unsupported", Algorithm("2.16.840.1.101.3.4.3.20") },
        { "SLH-DSA-SHAKE-256f", "Unsupported", Algorithm("2.16.840.1.101.3.4.3.31") },
        { "DSA", "Unsupported", Algorithm("1.2.840.10040.4.3") },
        { "1.2.3.4", "Unsupported", Algorithm("1.2.3.4", Octets([1])) },
    };

    [Theory]
    [MemberData(nameof(Algorithms))]
    public void An_algorithm_is_what_the_signature_is_made_with(string name, string kind, byte[] algorithm)
    {
        var finding = Verifying.Finding((Of(alice, Content) with { SignatureAlgorithm = algorithm }).Encode());

        Assert.Equal(kind, finding.Kind.ToString());
        if (finding.Kind == FindingKind.Unsupported && !name.Contains(' ', StringComparison.Ordinal))
            Assert.Contains(name, finding.Why, StringComparison.Ordinal);
    }

    [Fact]
    public void Parameters_that_do_not_belong_break_it()
    {
        Correspondent carol = Correspondent.Create("P-256");
        foreach (var algorithm in (byte[][])
            [Algorithm(RsaEncryption, Octets([1])), Algorithm(RsaEncryption, Null, Null), Algorithm("1.2.840.113549.1.1.10"), Algorithm("1.3.101.112", Null),
             Algorithm("1.2.840.113549.1.1.10", Pss(Sha256, Sha256, -1)), Algorithm("1.2.840.113549.1.1.10", Pss(Sha256, Sha256, 1 << 20))])
        {
            Assert.Null(ReceivedSignedData.TryRead(new((Of(alice, Content) with { SignatureAlgorithm = algorithm }).Encode())));
        }

        Assert.Null(ReceivedSignedData.TryRead(new((Of(alice, Content) with { DigestAlgorithm = Algorithm(Sha256, Octets([1])) }).Encode())));
        Assert.Equal(FindingKind.Good, Verifying.Finding((Of(alice, Content) with { DigestAlgorithm = Algorithm(Sha256, Null) }).Encode()).Kind);
        // The ways in which programs name ECDSA.
        foreach (var algorithm in (byte[][])
            [Algorithm(EcdsaWithSha256, Null), Algorithm("1.2.840.10045.2.1"), Algorithm("1.2.840.10045.2.1", Oid("1.2.840.10045.3.1.7")),
             Algorithm("1.2.840.10045.4.3", Algorithm(Sha256))])
        {
            Assert.Equal(FindingKind.Good, Verifying.Finding((Of(carol, Content) with { SignatureAlgorithm = algorithm }).Encode()).Kind);
        }

        var specified = Algorithm("1.2.840.10045.4.3", Algorithm(Sha1));
        Assert.Equal(FindingKind.Malformed, Verifying.Finding((Of(carol, Content) with { SignatureAlgorithm = specified }).Encode()).Kind);
    }

    [Fact]
    public void A_clone_of_a_certificate_does_not_stand_for_it()
    {
        // The same issuer, serial number and subject, another key; and the same key under another name.
        using var clone = Clone(alice.Certificate, bob.Certificate.PublicKey, alice.Certificate.SubjectName);
        using var renamed = Clone(alice.Certificate, alice.Certificate.PublicKey, new X500DistinguishedName("CN=Alice's Other Name"));
        var hash = Attribute("1.2.840.113549.1.9.16.2.47", Sequence(Sequence(Sequence(Octets(SHA256.HashData(alice.Certificate.RawData))))));
        var named = Verifying.Read(Of(alice, Content, hash).Encode());
        var plain = Verifying.Read(Of(alice, Content).Encode());
        var digests = ContentDigests.Of(named, named.Content);

        FindingKind By(ReceivedSignedData read, X509Certificate2 certificate) =>
            read.Signers[0].Verify(VerificationKey.Of(certificate), certificate, digests).Kind;

        Assert.True(plain.Signers[0].Matches(clone) && plain.Signers[0].Matches(renamed));
        Assert.Equal(FindingKind.Good, By(plain, alice.Certificate));
        Assert.Equal(FindingKind.Bad, By(plain, clone));
        Assert.Equal(FindingKind.Good, By(named, alice.Certificate));
        Assert.Equal(FindingKind.Bad, By(named, clone));
        Assert.Equal(FindingKind.Bad, By(named, renamed)); // only the attribute tells
        Assert.Equal(FindingKind.Malformed, By(plain, bob.Certificate)); // one that he does not name at all
    }

    [Fact]
    public void More_certificates_or_signers_than_honest_mail_has_are_not_looked_at()
    {
        byte[][] twenty = [.. Enumerable.Repeat(bob.Certificate.RawData, 19), alice.Certificate.RawData];
        Assert.Equal(FindingKind.Good, Verifying.Finding((Of(alice, Content) with { Certificates = twenty }).Encode()).Kind);
        Assert.Equal(16, Verifying.Findings((Of(alice, Content) with { Signers = 16 }).Encode()).Count(finding => finding.Kind == FindingKind.Good));

        foreach (var (certificates, signers, obstacle) in ((int, int, string)[])
            [(21, 1, "20 certificates"), (10_000, 1, "20 certificates"), (1, 17, "16 signers"), (1, 4096, "16 signers"), (10_000, 4096, "certificates")])
        {
            byte[][] many = [.. Enumerable.Repeat(alice.Certificate.RawData, certificates)];
            var encoded = (Of(alice, Content) with { Certificates = many, Signers = signers }).Encode();
            ReceivedSignedData? read = null;

            var time = CpuTime.Of(() => read = ReceivedSignedData.TryRead(new(encoded)));

            Assert.Contains(obstacle, read!.Obstacle, StringComparison.Ordinal);
            Assert.Empty(read.Signers);
            Assert.Empty(read.Certificates);
            Assert.InRange(time, TimeSpan.Zero, TimeSpan.FromMilliseconds(200));
        }
    }

    [Fact]
    public void What_stands_behind_the_signature_is_noticed()
    {
        Assert.Null(Verifying.Read((Of(alice, Content) with { Trailer = " \r\n\0\0"u8.ToArray() }).Encode()).Obstacle);
        var read = Verifying.Read((Of(alice, Content) with { Trailer = Content }).Encode());
        Assert.Contains("behind", read.Obstacle, StringComparison.Ordinal);
        Assert.Empty(read.Signers);
    }

    [Fact]
    public void Content_is_one_octet_string_in_any_pieces()
    {
        byte[] half = Octets(Content[..10]), rest = Octets(Content[10..]);
        foreach (var good in (byte[][])
            [Element(0x24, half, rest), [0x24, 0x80, .. half, .. rest, 0, 0], Element(0x24, Octets([]), Element(0x24, half, Octets([])), Element(0x24, rest)),
             [0x04, 0x84, 0, 0, 0, (byte)Content.Length, .. Content], Element(0x24, [0x24, 0x80, .. half, 0, 0], rest)])
        {
            foreach (byte[] encapsulated in (byte[][])[Element(0xA0, good), [0xA0, 0x80, .. good, 0, 0]])
            {
                var signed = (Of(alice, Content) with { EncapsulatedContent = encapsulated }).Encode();
                Assert.Equal(FindingKind.Good, Verifying.Finding(signed).Kind);
            }
        }

        // Two contents, of which each reader could take another; something that is none; one that does not end.
        foreach (var broken in (byte[][])
            [Element(0xA0, Octets(Content), Octets(Content)), Element(0xA0), Element(0xA0, Null), Element(0xA0, Element(0x24, Null)),
             Element(0xA0, [0x24, 0x80, .. half]), Element(0xA0, [0x04, 0x80, .. Content, 0, 0]), [.. Element(0xA0, Octets(Content)), .. Element(0xA0, Octets(Content))],
             Element(0xA0, [0x04, 0x84, 0x7F, 0xFF, 0xFF, 0xFF, .. Content]), Element(0xA0, [0x04, 0x88, 0xFF, 0, 0, 0, 0, 0, 0, 0]), Element(0xA1, Octets(Content))])
        {
            Assert.Null(ReceivedSignedData.TryRead(new((Of(alice, Content) with { EncapsulatedContent = broken }).Encode())));
        }
    }

    [Fact]
    public void Bombs_are_passed_over_in_time_and_memory_that_their_length_allows()
    {
        const int Length = 8_000_000;
        byte[][] bombs =
        [
            [.. Enumerable.Repeat<byte[]>([0x24, 0x80], Length / 2).SelectMany(one => one)], // as deep as it is long
            [0x24, 0x80, .. Enumerable.Repeat<byte[]>([0x04, 0x00], Length / 2).SelectMany(one => one), 0, 0], // pieces of nothing
            [0x24, 0x80, .. Enumerable.Repeat<byte[]>([0x04, 0x01, 0x20], Length / 3).SelectMany(one => one), 0, 0],
            [0x24, 0x80, .. Enumerable.Repeat<byte[]>([0x24, 0x80, 0, 0], Length / 4).SelectMany(one => one), 0, 0],
        ];
        foreach (var bomb in bombs)
        {
            var encoded = (Of(alice, Content) with { EncapsulatedContent = Element(0xA0, bomb) }).Encode();
            var before = GC.GetAllocatedBytesForCurrentThread();

            var time = CpuTime.Of(() => Assert.Null(ReceivedSignedData.TryRead(new(encoded))));

            Assert.InRange(time, TimeSpan.Zero, TimeSpan.FromSeconds(1));
            Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 4 * Length);
        }
    }

    [Fact]
    public void A_set_as_deep_as_it_is_long_does_no_harm_where_nothing_is_looked_for()
    {
        byte[] deep = [.. Enumerable.Repeat<byte>(0x30, 1).Concat(Enumerable.Repeat<byte[]>([0x80, 0x30], 1_000_000).SelectMany(one => one))];
        foreach (var parts in (SignedParts[])
            [Of(alice, Content) with { Certificates = [deep] }, Of(alice, Content) with { UnsignedAttributes = Element(0xA1, deep) },
             Of(alice, Content) with { DigestAlgorithm = deep }, Of(alice, Content, deep)])
        {
            var time = CpuTime.Of(() =>
            {
                var read = ReceivedSignedData.TryRead(new(parts.Encode()));
                Assert.True(read is null || read.Signers.All(signer => signer.Problem is not null));
            });
            Assert.InRange(time, TimeSpan.Zero, TimeSpan.FromSeconds(1));
        }
    }

    [Fact]
    public void One_cut_off_anywhere_is_none()
    {
        var signed = Of(alice, Content, TimeOf(DateTimeOffset.UnixEpoch)).Encode();

        for (var length = 0; length < signed.Length; length++)
            Assert.Null(ReceivedSignedData.TryRead(new(signed.AsMemory(0, length))));
    }

    public void Dispose()
    {
        alice.Dispose();
        bob.Dispose();
    }

    private static byte[] Pss(string hash, string maskHash, int saltLength) => Sequence(
        Element(0xA0, Algorithm(hash)), Element(0xA1, Algorithm("1.2.840.113549.1.1.8", Algorithm(maskHash))), Element(0xA2, Number(saltLength)));

    private static X509Certificate2 Clone(X509Certificate2 original, PublicKey key, X500DistinguishedName subject)
    {
        using var ca = RSA.Create(2048);
        var request = new CertificateRequest(subject, key, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        return request.Create(
            original.IssuerName, X509SignatureGenerator.CreateForRSA(ca, RSASignaturePadding.Pkcs1), original.NotBefore, original.NotAfter,
            original.SerialNumberBytes.Span);
    }
}
