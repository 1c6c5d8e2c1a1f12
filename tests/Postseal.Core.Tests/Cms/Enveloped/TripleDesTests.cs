using System.Security.Cryptography;
using Postseal.Cms.Enveloped;
using Postseal.TestKit;

namespace Postseal.Tests.Cms.Enveloped;

/// <summary>Mail of the time before AES, which is read where somebody asks for it.</summary>
public sealed class TripleDesTests
{
    private const string Oid = "1.2.840.113549.3.7";

    private static readonly byte[] Iv = RandomNumberGenerator.GetBytes(8);

    [Theory]
    [InlineData(0)]
    [InlineData(7)]
    [InlineData(8)]
    [InlineData(100_000)]
    public async Task What_openssl_encrypts_is_read_where_that_is_wanted(int length)
    {
        Assert.SkipUnless(OpenSsl.IsHere, "openssl is not on this machine");
        using var alice = Correspondent.Create("RSA-2048");
        var content = RandomNumberGenerator.GetBytes(length);
        var envelope = ReceivedEnvelope.TryRead(new(OpenSsl.Encrypt(content, "des3", [], alice)))!;

        var decrypted = Assert.IsType<DecryptedContent>(await Decrypt(envelope, alice, readsTripleDes: true));
        var refused = Assert.IsType<CannotDecrypt>(await Decrypt(envelope, alice, readsTripleDes: false));

        Assert.Equal(content, decrypted.Content.ToArray());
        Assert.Equal(("des-ede3-cbc", false), (decrypted.Algorithm.Name, decrypted.Algorithm.IsAuthenticated));
        Assert.Equal(DecryptionFailure.NobodyCould, refused.Kind);
        Assert.Contains("[Incoming] TripleDes", refused.Reason, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(7, 8)]
    [InlineData(16, 8)]
    [InlineData(8, 0)]
    [InlineData(8, 7)]
    [InlineData(8, 12)]
    public async Task Its_IV_and_its_blocks_have_8_bytes(int ivLength, int length)
    {
        using var alice = Correspondent.Create("RSA-2048");
        var parts = Parts(alice, RandomNumberGenerator.GetBytes(24)) with
        {
            Algorithm = CmsParts.WithIv(Oid, new byte[ivLength]),
            Content = CmsParts.Primitive(new byte[length]),
        };

        await Fails(parts, alice, DecryptionFailure.NobodyCould);
    }

    [Fact]
    public async Task A_key_that_is_none_fails_as_a_wrong_one_does()
    {
        using var alice = Correspondent.Create("RSA-2048");
        var half = RandomNumberGenerator.GetBytes(8);

        // DES once, in the clothes of triple DES; keys of other lengths; and one that is wrong.
        await Fails(Parts(alice, [.. half, .. half, .. RandomNumberGenerator.GetBytes(8)]), alice, DecryptionFailure.Failed);
        await Fails(Parts(alice, new byte[24]), alice, DecryptionFailure.Failed);
        await Fails(Parts(alice, RandomNumberGenerator.GetBytes(16)), alice, DecryptionFailure.Failed);
        await Fails(Parts(alice, RandomNumberGenerator.GetBytes(32)), alice, DecryptionFailure.Failed);
    }

    [Fact]
    public async Task It_has_no_place_in_AuthEnvelopedData()
    {
        using var alice = Correspondent.Create("RSA-2048");

        await Fails(
            Parts(alice, RandomNumberGenerator.GetBytes(24)) with { Type = CmsParts.AuthEnvelopedData, Mac = new byte[16] }, alice, DecryptionFailure.NobodyCould);
    }

    private static CmsParts Parts(Correspondent recipient, byte[] contentKey) => new()
    {
        Recipients = [CmsParts.KeyTransport(recipient, contentKey)],
        Algorithm = CmsParts.WithIv(Oid, Iv),
        Content = CmsParts.Primitive(new byte[64]),
    };

    private static async Task Fails(CmsParts parts, Correspondent recipient, DecryptionFailure kind)
    {
        var envelope = ReceivedEnvelope.TryRead(new(parts.Encode()))!;
        Assert.Equal(kind, Assert.IsType<CannotDecrypt>(await Decrypt(envelope, recipient, readsTripleDes: true)).Kind);
    }

    private static ValueTask<Decryption> Decrypt(ReceivedEnvelope envelope, Correspondent recipient, bool readsTripleDes) =>
        envelope.DecryptAsync([recipient.OpenDecryptionKey()], readsTripleDes, TestContext.Current.CancellationToken);
}
