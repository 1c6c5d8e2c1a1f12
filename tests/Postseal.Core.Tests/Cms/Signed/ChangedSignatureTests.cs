using FsCheck;
using FsCheck.Fluent;
using Postseal.Cms;
using Postseal.Cms.Signed;
using Postseal.TestKit;

namespace Postseal.Tests.Cms.Signed;

/// <summary>A byte changed anywhere is noticed, or is one that nothing depends on.</summary>
public sealed class ChangedSignatureTests
{
    private static readonly byte[] Content = "Content-Type: text/plain\r\n\r\nHello\r\n"u8.ToArray();

    [Theory]
    [InlineData("RSA-2048", "-cades -nodetach -nocerts")]
    [InlineData("P-256", "-cades -nodetach -nocerts")]
    [InlineData("RSA-2048", "-cades -nodetach -nocerts -keyopt rsa_padding_mode:pss")]
    [InlineData("RSA-2048", "-nodetach -nocerts -keyid -stream")]
    public void Whatever_byte_is_changed_another_content_is_never_good(string key, string options)
    {
        Assert.SkipUnless(OpenSsl.IsHere, "openssl is not on this machine");
        using var alice = Correspondent.Create(key);
        var signed = OpenSsl.Sign(Content, options, alice);
        var verificationKey = VerificationKey.Of(alice.Certificate);
        Assert.True(IsGood(signed, alice, verificationKey, out _));
        List<(int Position, byte Value)> good = [];

        for (var position = 0; position < signed.Length; position++)
        {
            foreach (var flip in (byte[])[0x01, 0x02, 0x04, 0x08, 0x10, 0x20, 0x40, 0x80, 0xFF])
            {
                var changed = signed.ToArray();
                changed[position] ^= flip;
                if (!IsGood(changed, alice, verificationKey, out var content))
                    continue;
                // It may be good where only a version was changed, or a flag of what is not signed. What is signed is the same.
                Assert.Equal(Content, content);
                good.Add((position, changed[position]));
            }
        }

        Assert.All(good, one => Assert.True(signed[one.Position - 2] == 0x02, $"{one.Position} {Convert.ToHexString(signed)}")); // INTEGER, length 1
        Assert.InRange(good.Select(one => one.Position).Distinct().Count(), 0, 2); // version of SignedData, version of SignerInfo
    }

    [Fact]
    public void However_two_messages_are_mixed_only_what_was_signed_is_good()
    {
        Assert.SkipUnless(OpenSsl.IsHere, "openssl is not on this machine");
        using var alice = Correspondent.Create("P-256");
        var key = VerificationKey.Of(alice.Certificate);
        byte[][] contents = [Content, [.. Content, .. "again\r\n"u8]];
        byte[][] signed = [.. contents.SelectMany(content => (byte[][])
            [OpenSsl.Sign(content, "-nodetach", alice), OpenSsl.Sign(content, "-nodetach -stream", alice), OpenSsl.Sign(content, "-nodetach -noattr", alice)])];
        var mixed =
            from start in Gen.Elements(signed)
            from changes in (
                from other in Gen.Elements(signed)
                from at in Gen.Choose(0, start.Length - 1)
                from otherAt in Gen.Choose(0, other.Length - 1)
                from length in Gen.Choose(1, 64)
                from skip in Gen.Choose(0, 64)
                select (other, at, otherAt, length, skip)).ListOf(3)
            select changes.Aggregate(start, (bytes, change) =>
            [
                .. bytes.AsSpan(0, Math.Min(change.at, bytes.Length)), .. change.other.AsSpan(change.otherAt, Math.Min(change.length, change.other.Length - change.otherAt)),
                .. bytes.AsSpan(Math.Min(bytes.Length, change.at + change.skip)),
            ]);

        Check.One(Config.QuickThrowOnFailure.WithMaxTest(2000), Prop.ForAll(mixed.ToArbitrary(), bytes =>
            !IsGood(bytes, alice, key, out var content) || contents.Any(one => one.AsSpan().SequenceEqual(content))));
    }

    private static bool IsGood(byte[] signed, Correspondent signer, VerificationKey key, out byte[] content)
    {
        content = [];
        if (ReceivedSignedData.TryRead(new(signed)) is not { Obstacle: null, Signers.Count: > 0 } read)
            return false;
        content = System.Buffers.BuffersExtensions.ToArray(read.Content);
        var digests = ContentDigests.Of(read, read.Content);
        return read.Signers.All(one => one.Verify(key, signer.Certificate, digests).Kind == FindingKind.Good);
    }
}
