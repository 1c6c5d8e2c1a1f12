using System.Security.Cryptography;
using Postseal.TestKit;
using Postseal.Tests.Cms.Enveloped;
using static Postseal.Tests.Verification.OpeningRoom;

namespace Postseal.Tests.Verification;

/// <summary>Attacks by the structure of what is encrypted, through all of the way.</summary>
public sealed class OpeningEnvelopeAttackTests(OpeningRoom room) : IClassFixture<OpeningRoom>
{
    private const string Aes128Cbc = "2.16.840.1.101.3.4.1.2", Aes128Ofb = "2.16.840.1.101.3.4.1.3", Aes128Gcm = "2.16.840.1.101.3.4.1.6";

    private readonly byte[] key = RandomNumberGenerator.GetBytes(16);

    [Fact]
    public void Two_RecipientInfos_for_one_certificate_open_nothing()
    {
        var good = CmsParts.KeyTransport(room.Bob, key);
        var tried = CmsParts.KeyTransportOf(room.Bob, RandomNumberGenerator.GetBytes(256));

        IsOpened(Cbc(Plain, good), isOpened: true);
        foreach (byte[][] recipients in (byte[][][])[[tried, good], [good, tried], [good, good]])
            IsOpened(Cbc(Plain, recipients), isOpened: false);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(4)]
    [InlineData(11)]
    public void A_one_byte_tag_opens_nothing(int length)
    {
        var parts = Gcm(Plain);

        IsOpened(parts, isOpened: true);
        IsOpened(parts with { Mac = parts.Mac![..length], Algorithm = CmsParts.Gcm(Aes128Gcm, new byte[12], length) }, isOpened: false);
        IsOpened(parts with { Mac = parts.Mac[..length] }, isOpened: false);
    }

    [Fact]
    public void OFB_inside_AuthEnvelopedData_opens_nothing()
    {
        var parts = Gcm(Plain);

        IsOpened(parts with { Algorithm = CmsParts.WithIv(Aes128Ofb, new byte[16]) }, isOpened: false);
        IsOpened(Cbc(Plain) with { Type = CmsParts.AuthEnvelopedData, Mac = new byte[16] }, isOpened: false);
    }

    [Fact]
    public void GCM_relabelled_CBC_opens_nothing()
    {
        byte[] padded = [.. Plain, .. Enumerable.Repeat((byte)' ', 16 - Plain.Length % 16)];
        var gcm = Gcm(padded);
        var relabelled = gcm with { Type = CmsParts.EnvelopedData, Mac = null, Algorithm = CmsParts.WithIv(Aes128Cbc, new byte[16]) };

        IsOpened(relabelled, isOpened: false);
        IsOpened(relabelled with { Content = CmsParts.Primitive(WithPadding(gcm.Content![2..])) }, isOpened: false);
    }

    [Theory]
    [InlineData(CmsParts.AuthEnvelopedData)]
    [InlineData(CmsParts.EnvelopedData)]
    public void What_says_that_it_is_no_mail_is_not_opened(string type)
    {
        const string signedData = "1.2.840.113549.1.7.2";
        var parts = type == CmsParts.EnvelopedData ? Cbc(Plain) : Gcm(Plain);

        IsOpened(parts with { ContentType = signedData }, isOpened: false);
    }

    [Theory]
    [InlineData(0, 0)]
    [InlineData(1, 0)]
    [InlineData(255, 0)]
    [InlineData(256, 0)]
    [InlineData(256, 0xFF)] // more than the modulus
    [InlineData(257, 1)]
    [InlineData(100_000, 0xFF)]
    public void A_content_key_of_any_form_fails_as_a_wrong_one_does(int length, byte value)
    {
        var encryptedKey = Enumerable.Repeat(value, length).ToArray();

        IsOpened(Cbc(Plain, CmsParts.KeyTransportOf(room.Bob, encryptedKey)), isOpened: false);
        IsOpened(Gcm(Plain) with { Recipients = [CmsParts.KeyTransportOf(room.Bob, encryptedKey)] }, isOpened: false);
    }

    /// <summary>Has the last block end with one octet of padding, as somebody can who knows what it was.</summary>
    private byte[] WithPadding(byte[] blocks)
    {
        using var aes = Aes.Create();
        aes.Key = key;
        var last = aes.DecryptEcb(blocks.AsSpan(blocks.Length - 16), PaddingMode.None);
        blocks[^17] = (byte)(last[15] ^ 1);
        return blocks;
    }

    private CmsParts Cbc(byte[] content, params byte[][] recipients)
    {
        using var aes = Aes.Create();
        aes.Key = key;
        return new CmsParts
        {
            Recipients = recipients.Length > 0 ? recipients : [CmsParts.KeyTransport(room.Bob, key)],
            Algorithm = CmsParts.WithIv(Aes128Cbc, new byte[16]),
            Content = CmsParts.Primitive(aes.EncryptCbc(content, new byte[16])),
        };
    }

    private CmsParts Gcm(byte[] content)
    {
        var (encrypted, tag) = (new byte[content.Length], new byte[16]);
        using (var aes = new AesGcm(key, 16))
            aes.Encrypt(new byte[12], content, encrypted, tag);
        return new CmsParts
        {
            Type = CmsParts.AuthEnvelopedData,
            Recipients = [CmsParts.KeyTransport(room.Bob, key)],
            Algorithm = CmsParts.Gcm(Aes128Gcm, new byte[12], 16),
            Content = CmsParts.Primitive(encrypted),
            Mac = tag,
        };
    }

    private void IsOpened(CmsParts parts, bool isOpened)
    {
        var letter = LetterOf(SignedLetter.OfObject("enveloped-data", parts.Encode()));
        if (isOpened)
            Assert.Contains(Secret, BodyOf(room.Opened(letter).Message));
        else
            AssertClosed(letter, room.Process(letter));
    }
}
