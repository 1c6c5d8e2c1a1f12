using System.Security.Cryptography;
using Postseal.Cms.Signed;
using Postseal.TestKit;
using static Postseal.Tests.Cms.Signed.SignedParts;

namespace Postseal.Tests.Cms.Signed;

/// <summary>Signed attributes say exactly what was signed, or the signature is not believed, whatever it fits.</summary>
public sealed class SignedAttributeTests : IDisposable
{
    private const string AlgorithmProtection = "1.2.840.113549.1.9.52";
    private const string SigningCertificate = "1.2.840.113549.1.9.16.2.12", SigningCertificateV2 = "1.2.840.113549.1.9.16.2.47";
    private const string Unknown = "1.3.6.1.4.1.99999.1";

    private static readonly byte[] Content = "Content-Type: text/plain\r\n\r\nHello\r\n"u8.ToArray();
    private static readonly DateTimeOffset Noon = new(2026, 11, 22, 12, 0, 0, TimeSpan.Zero);

    private readonly Correspondent alice = Correspondent.Create("P-256");
    private readonly Correspondent bob = Correspondent.Create("P-256");

    /// <summary>Attributes, and what is wrong with them.</summary>
    public static TheoryData<string, byte[][]> Problems()
    {
        byte[] type = ContentTypeOf(Data), digest = DigestOf(Content), time = TimeOf(Noon);
        byte[] two = Octets(SHA256.HashData(Content));
        return new TheoryData<string, byte[][]>
        {
            { "do not say what the content is", [digest] },
            { "do not say what the content is", [] },
            { "no digest", [type] },
            { "no digest", [type, Attribute(MessageDigest, Octets([]))] },
            { "disagree", [ContentTypeOf("1.2.840.113549.1.9.16.1.4"), digest] },
            { "twice", [type, digest, digest] },
            { "twice", [type, type, digest] },
            { "twice", [type, digest, time, time] },
            { "twice", [type, digest, Attribute(Unknown, Null), Attribute(Unknown, Null)] },
            { "not encoded", [type, Attribute(MessageDigest, two, two)] },
            { "not encoded", [Attribute(ContentTypeAttribute, Oid(Data), Oid(Data)), digest] },
            { "not encoded", [type, Attribute(MessageDigest)] },
            { "not encoded", [type, Attribute(MessageDigest, Null)] },
            { "not encoded", [type, Attribute(MessageDigest, [0x24, 0x22, .. two])] }, // a constructed OCTET STRING
            { "not encoded", [type, digest, Attribute(SigningTime, Octets([]))] },
            { "not encoded", [type, digest, Attribute(SigningTime, Element(0x17, "991332000000Z"u8.ToArray()))] },
            { "not encoded", [type, digest, Sequence(Oid(Unknown), Set(Null), Null)] },
            { "not encoded", [type, digest, Sequence(Oid(Unknown))] },
            { "not encoded", [type, digest, Null] },
            { "not encoded", [type, digest, Attribute(Unknown, Null, Octets([1]))] }, // a SET out of order
            { "not encoded", [type, [0x30, 0x81, .. digest.AsSpan(1)]] }, // a length longer than need be
            { "not encoded", [type, [0x30, 0x80, .. digest.AsSpan(2), 0, 0]] }, // an indefinite length
            { "countersignature", [type, digest, Attribute("1.2.840.113549.1.9.6", Null)] },
            { "longer than", [type, digest, Attribute(Unknown, Octets(new byte[70_000]))] },
            { "more than 32", [type, digest, .. Enumerable.Range(1, 31).Select(i => Attribute($"{Unknown}.{i}", Null))] },
            { "not encoded", [type, digest, Attribute(SigningCertificateV2, Sequence(Sequence()))] }, // names none
            { "other algorithms", [type, digest, Attribute(AlgorithmProtection, Sequence(Algorithm(Sha1), Tagged1(EcdsaWithSha256)))] },
            { "other algorithms", [type, digest, Attribute(AlgorithmProtection, Sequence(Algorithm(Sha256), Tagged1(RsaEncryption)))] },
            { "other algorithms", [type, digest, Attribute(AlgorithmProtection, Sequence(Algorithm(Sha256)))] },
            { "other algorithms", [type, digest, Attribute(AlgorithmProtection, Null)] },
        };
    }

    [Theory]
    [MemberData(nameof(Problems))]
    public void Attributes_that_are_wrong_are_a_problem_whatever_the_signature(string problem, byte[][] attributes)
    {
        var signed = (new SignedParts(alice, Content) { Attributes = attributes }).Encode();

        Assert.Contains(problem, Assert.Single(Verifying.Read(signed).Signers).Problem, StringComparison.Ordinal);
        var finding = Verifying.Finding(signed);
        Assert.Equal(FindingKind.Malformed, finding.Kind);
        Assert.Contains(problem, finding.Why, StringComparison.Ordinal);
    }

    [Fact]
    public void Attributes_that_are_right_are_good()
    {
        Assert.Equal(new(FindingKind.Good, ""), Verifying.Finding(Of(alice, Content).Encode()));
        Assert.Equal(new(FindingKind.Good, ""), Verifying.Finding(Of(alice, Content, Attribute(Unknown, Octets([1]), Null)).Encode()));
        var protection = Attribute(AlgorithmProtection, Sequence(Algorithm(Sha256, Null), Tagged1(EcdsaWithSha256)));
        var signed = Of(alice, Content, TimeOf(Noon), protection).Encode();
        Assert.Equal(new(FindingKind.Good, ""), Verifying.Finding(signed));
        Assert.Equal(Noon, Verifying.Read(signed).Signers[0].SigningTime);
    }

    [Fact]
    public void The_header_of_the_attributes_may_be_in_any_BER_as_it_is_not_signed()
    {
        var parts = Of(alice, Content, TimeOf(Noon));
        var length = parts.Attributes!.Sum(attribute => attribute.Length);

        Assert.Equal(FindingKind.Good, Verifying.Finding((parts with { AttributesHeader = [0xA0, 0x80] }).Encode()).Kind);
        Assert.Equal(FindingKind.Good, Verifying.Finding((parts with { AttributesHeader = [0xA0, 0x83, 0, 0, (byte)length] }).Encode()).Kind);
    }

    [Fact]
    public void Attributes_are_signed_in_the_order_they_come_in_as_openssl_wants_it()
    {
        byte[] type = ContentTypeOf(Data), digest = DigestOf(Content), time = TimeOf(Noon);
        byte[][] sorted = [.. new[] { type, digest, time }.OrderBy(one => Convert.ToHexString(one), StringComparer.Ordinal)];
        byte[][] reversed = [.. sorted.Reverse()];

        var asSent = (new SignedParts(alice, Content) { Attributes = reversed }).Encode();
        var asOrdered = (new SignedParts(alice, Content) { Attributes = reversed, Signed = Set(sorted) }).Encode(); // .NET takes it
        var otherwise = (new SignedParts(alice, Content) { Attributes = sorted, Signed = Set(reversed) }).Encode();

        Assert.Equal(FindingKind.Good, Verifying.Finding(asSent).Kind);
        Assert.Equal(FindingKind.Bad, Verifying.Finding(asOrdered).Kind);
        Assert.Equal(FindingKind.Bad, Verifying.Finding(otherwise).Kind);
        Assert.SkipUnless(OpenSsl.IsHere, "openssl is not on this machine");
        Assert.True(OpenSsl.VerifySignatures(asSent, null).Verified);
        Assert.False(OpenSsl.VerifySignatures(asOrdered, null).Verified);
        Assert.False(OpenSsl.VerifySignatures(otherwise, null).Verified);
    }

    [Fact]
    public void A_signature_over_attributes_is_not_one_over_a_content_that_reads_like_them()
    {
        // What Alice signed as attributes, sent as content without attributes.
        var genuine = Of(alice, Content);
        var contents = Set([.. genuine.Attributes!]);
        var forged = new SignedParts(alice, contents) { Signature = genuine.Sign(contents) }.Encode();
        Assert.Equal(FindingKind.Malformed, Verifying.Finding(forged).Kind);
        Assert.SkipUnless(OpenSsl.IsHere, "openssl is not on this machine");
        Assert.True(OpenSsl.VerifySignatures(forged, null).Verified); // it takes it for a message of hers
    }

    [Fact]
    public void What_has_to_be_signed_is_nowhere_else_and_what_need_not_be_is_not_looked_at()
    {
        var countersignature = Attribute("1.2.840.113549.1.9.6", Sequence(Null));
        Assert.Equal(FindingKind.Good, Verifying.Finding((Of(alice, Content) with { UnsignedAttributes = Element(0xA1, countersignature) }).Encode()).Kind);
        foreach (var misplaced in (byte[][])[TimeOf(Noon), ContentTypeOf(Data), DigestOf(Content), Attribute(SigningCertificateV2, Null)])
        {
            var signed = (Of(alice, Content) with { UnsignedAttributes = Element(0xA1, countersignature, misplaced) }).Encode();
            Assert.Contains("is not signed", Verifying.Finding(signed).Why, StringComparison.Ordinal);
            Assert.Null(Verifying.Read(signed).Signers[0].SigningTime);
        }
    }

    [Fact]
    public void A_digest_that_the_message_does_not_announce_is_not_good_as_it_is_not_for_openssl()
    {
        var announced = (Of(alice, Content) with { Announced = [Algorithm(Sha1), Algorithm(Sha256, Null)] }).Encode();
        var other = (Of(alice, Content) with { Announced = [Algorithm(Sha1)] }).Encode();

        Assert.Equal(FindingKind.Good, Verifying.Finding(announced).Kind);
        Assert.Contains("announces", Verifying.Finding(other).Why, StringComparison.Ordinal);
        Assert.SkipUnless(OpenSsl.IsHere, "openssl is not on this machine");
        Assert.True(OpenSsl.VerifySignatures(announced, null).Verified);
        Assert.False(OpenSsl.VerifySignatures(other, null).Verified);
    }

    [Fact]
    public void A_certificate_that_is_named_is_the_only_one()
    {
        byte[] hash = SHA256.HashData(alice.Certificate.RawData), other = SHA256.HashData(bob.Certificate.RawData);
        var sha1 = alice.Certificate.GetCertHash(HashAlgorithmName.SHA1);
        byte[] IssuerSerial(byte[] issuer, byte[] serial) => Sequence(Sequence(Element(0xA4, issuer)), Element(0x02, serial));
        var mine = IssuerSerial(alice.Certificate.IssuerName.RawData, alice.Certificate.SerialNumberBytes.ToArray());
        var notMine = IssuerSerial(alice.Certificate.IssuerName.RawData, bob.Certificate.SerialNumberBytes.ToArray());
        var notItsIssuer = IssuerSerial(alice.Certificate.SubjectName.RawData, alice.Certificate.SerialNumberBytes.ToArray());
        byte[] V2(params byte[][][] ids) => Attribute(SigningCertificateV2, Sequence(Sequence([.. ids.Select(id => Sequence(id))])));
        byte[] V1(params byte[][][] ids) => Attribute(SigningCertificate, Sequence(Sequence([.. ids.Select(id => Sequence(id))])));

        foreach (var good in (byte[][])
            [V2([Octets(hash)]), V2([Octets(hash), mine]), V2([Algorithm(Sha256), Octets(hash), mine]), V2([Algorithm(Sha1, Null), Octets(sha1)]),
             V2([Octets(hash), mine], [Octets(other)]), V1([Octets(sha1)]), V1([Octets(sha1), mine])])
        {
            Assert.True(Verifying.Finding(Of(alice, Content, good).Encode()) == SignatureFinding.Good, Convert.ToHexString(good));
        }

        foreach (var bad in (byte[][])
            [V2([Octets(other)]), V2([Octets(hash), notMine]), V2([Octets(hash), notItsIssuer]), V2([Octets(other)], [Octets(hash)]), V2([Octets([])]),
             V2([Algorithm(Sha1), Octets(hash)]), V1([Octets(hash)]), V1([Octets(sha1), notMine]), V1([Octets(sha1[..19])])])
        {
            Assert.Equal(FindingKind.Bad, Verifying.Finding(Of(alice, Content, bad).Encode()).Kind);
        }

        Assert.Equal(FindingKind.Bad, Verifying.Finding(Of(alice, Content, V1([Octets(sha1)]), V2([Octets(other)])).Encode()).Kind);
        Assert.Equal(FindingKind.Unsupported, Verifying.Finding(Of(alice, Content, V2([Algorithm(Unknown), Octets(hash)])).Encode()).Kind);
        Assert.Equal(FindingKind.Malformed, Verifying.Finding(Of(alice, Content, V1([Octets(sha1), Null])).Encode()).Kind);
    }

    [Theory]
    [InlineData("1.2.840.113549.1.9.16.1.1", "a signed receipt")]
    [InlineData("1.2.840.113549.1.9.16.1.4", "a time stamp")]
    [InlineData("1.2.840.113549.1.7.3", "an encrypted message")]
    [InlineData("1.2.3.4", "a content of type 1.2.3.4")]
    public void What_is_no_mail_is_called_what_it_is(string type, string name)
    {
        var signed = (new SignedParts(alice, Content) { ContentType = type, Attributes = [ContentTypeOf(type), DigestOf(Content)] }).Encode();

        Assert.Equal(type, Verifying.Read(signed).ContentType);
        Assert.EndsWith(name, Verifying.Finding(signed).Why, StringComparison.Ordinal);
        // And it is not made mail by saying so outside.
        signed = (new SignedParts(alice, Content) { Attributes = [ContentTypeOf(type), DigestOf(Content)] }).Encode();
        Assert.Equal(FindingKind.Malformed, Verifying.Finding(signed).Kind);
    }

    public void Dispose()
    {
        alice.Dispose();
        bob.Dispose();
    }

    private static byte[] Tagged1(string algorithm) => Element(0xA1, Oid(algorithm));
}
