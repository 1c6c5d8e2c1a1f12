using System.Buffers;
using System.Formats.Asn1;
using System.Security.Cryptography.Pkcs;
using System.Security.Cryptography.X509Certificates;
using Postseal.Cms.Signed;
using Postseal.TestKit;

namespace Postseal.Tests.Cms.Signed;

/// <summary>A SignedData of somebody, written again with its content inside or elsewhere: its signatures are what they were.</summary>
public sealed class EncodedAgainTests : IDisposable
{
    private static readonly byte[] Content = Text.Bytes("Content-Type: text/plain\r\n\r\n\xFC\0\r\n");
    private static readonly string Folder = Repository.File("../shared/corpora");

    private readonly Correspondent alice = Correspondent.Create("P-256");
    private readonly Correspondent bob = Correspondent.Create("RSA-2048");

    public static TheoryData<string> Options => new("", "-nodetach", "-nocerts", "-keyid", "-md sha512", "-noattr", "-nosmimecap -stream -indef", "-nodetach -stream");

    [Theory]
    [MemberData(nameof(Options))]
    public void Openssl_verifies_it_in_each_form(string options)
    {
        Assert.SkipUnless(OpenSsl.IsHere, "openssl is not here");
        var signed = Read(OpenSsl.Sign(Content, options, alice, bob));
        X509Certificate2[] certificates = [alice.Certificate, bob.Certificate];

        var opaque = signed.EncodeWith(new(Content)).ToArray();
        var detached = signed.EncodeWithoutContent();

        Assert.Equal((true, true), (OpenSsl.VerifySignatures(opaque, null, certificates).Verified, OpenSsl.VerifySignatures(detached, Content, certificates).Verified));
        Assert.False(OpenSsl.VerifySignatures(signed.EncodeWith(new(Content[1..])).ToArray(), null, certificates).Verified);
        AssertIsDer(opaque);
        AssertIsDer(detached);
    }

    [Fact]
    public void Dotnet_verifies_it_in_each_form()
    {
        using var room = new LetterRoom();
        var signed = Read(LetterRoom.By(room.Alice, room.Mallory).Sign(Content, isDetached: true));
        var opaque = new SignedCms();
        var detached = new SignedCms(new ContentInfo(Content), detached: true);

        opaque.Decode(signed.EncodeWith(new(Content)).ToArray());
        detached.Decode(signed.EncodeWithoutContent());

        opaque.CheckSignature(verifySignatureOnly: true);
        detached.CheckSignature(verifySignatureOnly: true);
        Assert.Equal(Content, opaque.ContentInfo.Content);
        Assert.Equal(signed.Certificates.Select(one => one.ToArray()).Order(Bytes), opaque.Certificates.Select(one => one.RawData).Order(Bytes));
    }

    [Fact]
    public void Nothing_but_the_content_is_another_when_it_is_read_again()
    {
        var signed = Read(OpenSslOrOurs());

        var again = Read(signed.EncodeWith(new(Content)).ToArray());
        var bare = Read(signed.EncodeWithoutContent());

        Assert.Equal(Content, again.Content.ToArray());
        Assert.False(bare.HasContent);
        foreach (var other in (ReceivedSignedData[])[again, bare])
        {
            Assert.Equal(signed.Signers.Select(signer => signer.Id).Order(), other.Signers.Select(signer => signer.Id).Order());
            Assert.Equal(signed.Certificates.Count, other.Certificates.Count);
            Assert.Equal(signed.Signers[0].Capabilities?.ToArray(), other.Signers.First(signer => signer.Id == signed.Signers[0].Id).Capabilities?.ToArray());
        }

        // The one form does not depend on which the other was.
        Assert.Equal(bare.EncodeWithoutContent(), again.EncodeWithoutContent());
    }

    [Fact]
    public void Certificates_alone_stay_certificates_alone()
    {
        using var room = new LetterRoom();
        var bag = new SignedCms();
        bag.Decode((LetterRoom.By(room.Alice) with { IsSigned = false }).Sign(Content, isDetached: true));

        var again = new SignedCms();
        again.Decode(Read(bag.Encode()).EncodeWithoutContent());

        Assert.Equal((bag.Certificates.Count, 0), (again.Certificates.Count, again.SignerInfos.Count));
    }

    [Fact]
    public void What_was_not_read_whole_is_not_written()
    {
        var signed = Read((SignedParts.Of(alice, Content) with { Signers = 20 }).Encode());

        Assert.NotNull(signed.Obstacle);
        Assert.Throws<InvalidOperationException>(() => signed.EncodeWithoutContent());
    }

    public static TheoryData<string> Corpus => new(
        Directory.Exists(Folder)
            ? (string[])[.. Directory.EnumerateFiles(Folder, "*", SearchOption.AllDirectories)
                .Where(file => Path.GetExtension(file) is ".sig" or ".p7m" or ".p7s" or ".cms" or ".der" or ".bin" or ".p7b")
                .Select(file => Path.GetRelativePath(Folder, file)).Order(StringComparer.Ordinal)]
            : [""]);

    [Theory]
    [MemberData(nameof(Corpus), DisableDiscoveryEnumeration = true)]
    public void Openssl_says_the_same_of_those_of_others(string file)
    {
        Assert.SkipUnless(Directory.Exists(Folder), "../shared/corpora is not there");
        Assert.SkipUnless(OpenSsl.IsHere, "openssl is not here");
        var bytes = File.ReadAllBytes(Path.Combine(Folder, file));
        if (ReceivedSignedData.TryRead(new(bytes)) is not { Obstacle: null, HasContent: true, Signers.Count: > 0 } signed)
            return;
        X509Certificate2[] none = [];

        var before = OpenSsl.VerifySignatures(bytes, null, none).Verified;
        var after = OpenSsl.VerifySignatures(signed.EncodeWith(signed.Content).ToArray(), null, none).Verified;
        var detached = OpenSsl.VerifySignatures(signed.EncodeWithoutContent(), signed.Content.ToArray(), none).Verified;

        Assert.Equal((before, before), (after, detached));
    }

    public void Dispose()
    {
        alice.Dispose();
        bob.Dispose();
    }

    private static Comparer<byte[]> Bytes { get; } = Comparer<byte[]>.Create(static (x, y) => x.AsSpan().SequenceCompareTo(y));

    private static ReceivedSignedData Read(byte[] encoded)
    {
        var signed = ReceivedSignedData.TryRead(new(encoded));
        Assert.NotNull(signed);
        return signed;
    }

    private byte[] OpenSslOrOurs() => OpenSsl.IsHere ? OpenSsl.Sign(Content, "-nodetach", alice, bob) : SignedParts.Of(alice, Content).Encode();

    /// <summary>What stands around SignerInfos and certificates is DER, which was DER itself here.</summary>
    private static void AssertIsDer(byte[] encoded)
    {
        var reader = new AsnReader(encoded, AsnEncodingRules.DER);
        var signedData = reader.ReadSequence();
        reader.ThrowIfNotEmpty();
        signedData.ReadObjectIdentifier();
        signedData = signedData.ReadSequence(new Asn1Tag(TagClass.ContextSpecific, 0)).ReadSequence();
        signedData.ReadInteger();
        signedData.ReadSetOf();
        signedData.ReadSequence();
        if (signedData.PeekTag().TagClass == TagClass.ContextSpecific)
            signedData.ReadSetOf(new Asn1Tag(TagClass.ContextSpecific, 0));
        signedData.ReadSetOf();
        signedData.ThrowIfNotEmpty();
    }
}
