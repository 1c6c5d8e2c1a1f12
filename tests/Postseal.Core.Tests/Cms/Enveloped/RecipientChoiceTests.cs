using System.Security.Cryptography;
using Postseal.Cms;
using Postseal.Cms.Enveloped;
using Postseal.TestKit;

namespace Postseal.Tests.Cms.Enveloped;

/// <summary>Which of a recipient's keys opens a message, and what whoever sent it can find out of them.</summary>
public sealed class RecipientChoiceTests : IDisposable
{
    private static readonly DateTimeOffset Then = new(2020, 1, 1, 0, 0, 0, TimeSpan.Zero);
    private static readonly byte[] Content = "Content-Type: text/plain\r\n\r\nHello\r\n"u8.ToArray();
    private static readonly byte[] Password = [0xA3, 0x03, 0x02, 0x01, 0x00];

    private readonly Correspondent older = Correspondent.Create("RSA-2048", 0, Then);
    private readonly Correspondent newer = Correspondent.Create("RSA-2048", 1, Then.AddYears(2));
    private readonly Correspondent newest = Correspondent.Create("P-256", 0, Then.AddYears(4));
    private readonly Correspondent stranger = Correspondent.Create("RSA-2048", 2);
    private readonly byte[] contentKey = RandomNumberGenerator.GetBytes(16);
    private readonly byte[] iv = RandomNumberGenerator.GetBytes(16);

    [Fact]
    public async Task Mail_to_any_key_that_the_recipient_ever_had_is_opened()
    {
        foreach (var person in (Correspondent[])[older, newer, newest])
        {
            var encrypted = EnvelopedDataTests.Encrypt(
                Content, ContentEncryption.Aes128Gcm, EnvelopedDataTests.Recipient(stranger), EnvelopedDataTests.Recipient(person));

            using var opened = Assert.IsType<DecryptedContent>(await Decrypt(encrypted));

            Assert.Equal(Content, opened.Content.ToArray());
            Assert.Same(person.Certificate, opened.Key.Certificate);
        }
    }

    [Fact]
    public async Task Of_several_keys_the_newest_is_used_in_whatever_order_they_come()
    {
        var encrypted = Message(CmsParts.KeyTransport(older, contentKey), CmsParts.KeyTransport(newer, contentKey));

        foreach (var keys in (Correspondent[][])[[older, newer, newest], [newest, newer, older]])
        {
            var opened = Assert.IsType<DecryptedContent>(await Decrypt(encrypted, keys));
            Assert.Same(newer.Certificate, opened.Key.Certificate);
        }
    }

    [Fact]
    public async Task An_honest_RecipientInfo_never_answers_for_a_forged_one()
    {
        // CVE-2019-1563: mine is tried first and fails; that the next succeeds tells that it failed.
        byte[][] questions =
        [
            CmsParts.KeyTransportOf(newer, RandomNumberGenerator.GetBytes(256)),
            CmsParts.KeyTransport(newer, RandomNumberGenerator.GetBytes(16)),
            CmsParts.KeyTransport(newer, RandomNumberGenerator.GetBytes(15)),
        ];
        foreach (var question in questions)
        {
            await Fails(DecryptionFailure.Failed, Message(question, CmsParts.KeyTransport(older, contentKey)));
            await Fails(DecryptionFailure.Failed, Message(CmsParts.KeyTransport(older, contentKey), question));
            await Fails(DecryptionFailure.Failed, Message(question, CmsParts.KeyTransport(newer, contentKey)));
        }
    }

    [Fact]
    public async Task Two_RecipientInfos_for_one_certificate_fail_in_either_naming_and_whatever_else_is_named()
    {
        var byIssuer = CmsParts.KeyTransport(older, contentKey);
        var byKey = KeyTransportByKey(older);

        await Fails(DecryptionFailure.Failed, Message(byIssuer, byIssuer));
        await Fails(DecryptionFailure.Failed, Message(byIssuer, byKey));
        await Fails(DecryptionFailure.Failed, Message(byIssuer, byKey, CmsParts.KeyTransport(newer, contentKey)));
        Assert.IsType<DecryptedContent>(await Decrypt(Message(byKey, CmsParts.KeyTransport(stranger, contentKey))));
    }

    [Fact]
    public async Task A_RecipientInfo_that_names_a_key_fits_each_certificate_of_it()
    {
        using var renewed = Correspondent.Create("RSA-2048", 0, Then.AddYears(6)); // the same key
        var encrypted = Message(KeyTransportByKey(older));

        var opened = Assert.IsType<DecryptedContent>(await Decrypt(encrypted, older, renewed));

        Assert.Same(renewed.Certificate, opened.Key.Certificate);
    }

    [Fact]
    public async Task A_certificate_that_lies_in_two_files_is_one()
    {
        var encrypted = Message(CmsParts.KeyTransport(older, contentKey));

        Assert.IsType<DecryptedContent>(await Decrypt(encrypted, older, older));
    }

    [Fact]
    public async Task What_is_for_a_key_in_an_unknown_way_hinders_no_other()
    {
        var unknown = CmsParts.UnknownKeyOf(newer);

        Assert.IsType<DecryptedContent>(await Decrypt(Message(unknown, CmsParts.KeyTransport(older, contentKey))));
        // Were it told apart from a key that failed, it would tell that the key is here.
        await Fails(DecryptionFailure.Failed, Message(unknown, CmsParts.KeyTransport(stranger, contentKey)));
        await Fails(DecryptionFailure.NoKey, Message(CmsParts.UnknownKeyOf(stranger), CmsParts.KeyTransport(stranger, contentKey)));
    }

    [Fact]
    public async Task Nothing_is_tried_with_a_key_that_it_does_not_name()
    {
        await Fails(DecryptionFailure.NoKey, Message(CmsParts.KeyTransport(stranger, contentKey)));
        await Fails(DecryptionFailure.NoKey, Message(Password));
        Assert.Equal(
            DecryptionFailure.NoKey,
            Assert.IsType<CannotDecrypt>(await Decrypt(Message(CmsParts.KeyTransport(older, contentKey)), [])).Kind);
    }

    [Fact]
    public async Task What_nobody_could_decrypt_is_told_alike_to_those_with_a_key_and_without()
    {
        var parts = new CmsParts
        {
            Recipients = [CmsParts.KeyTransport(older, contentKey)],
            Algorithm = CmsParts.WithIv("2.16.840.1.101.3.4.1.2", iv),
            Content = CmsParts.Primitive(new byte[32]),
        };
        CmsParts[] hopeless =
        [
            parts with { Content = null },
            parts with { Content = CmsParts.Primitive(new byte[33]) },
            parts with { Content = CmsParts.Primitive([]) },
            parts with { Algorithm = CmsParts.WithIv("2.16.840.1.101.3.4.1.2", new byte[8]) },
            parts with { Algorithm = CmsParts.WithIv("2.16.840.1.101.3.4.1.3", iv) }, // OFB
            parts with { Algorithm = CmsParts.Gcm("2.16.840.1.101.3.4.1.6", new byte[12], 16) },
            parts with { Type = CmsParts.AuthEnvelopedData, Mac = new byte[16] },
            parts with { Type = CmsParts.AuthEnvelopedData, Mac = [1], Algorithm = CmsParts.Gcm("2.16.840.1.101.3.4.1.6", new byte[12], 1) },
            parts with { Type = CmsParts.AuthEnvelopedData, Mac = new byte[15], Algorithm = CmsParts.Gcm("2.16.840.1.101.3.4.1.6", new byte[12], 16) },
            parts with { Type = CmsParts.AuthEnvelopedData, Mac = new byte[16], Algorithm = CmsParts.Gcm("2.16.840.1.101.3.4.1.6", new byte[600], 16) },
            parts with { Algorithm = CmsParts.WithIv("1.2.840.113549.3.7", new byte[8]) }, // triple DES, where it is not read
            parts with { Recipients = [CmsParts.UnknownKeyOf(older), CmsParts.UnknownKeyOf(stranger)] },
        ];

        foreach (var one in hopeless)
        {
            var envelope = ReceivedEnvelope.TryRead(new(one.Encode()))!;
            var withKey = await envelope.DecryptAsync([Ours(older)], readsTripleDes: false, TestContext.Current.CancellationToken);
            var without = await envelope.DecryptAsync([], readsTripleDes: false, TestContext.Current.CancellationToken);

            Assert.Equal(withKey, without);
            Assert.Equal(DecryptionFailure.NobodyCould, Assert.IsType<CannotDecrypt>(withKey).Kind);
        }
    }

    [Fact]
    public async Task A_thousand_recipients_and_a_thousand_keys_are_compared_and_no_more()
    {
        byte[][] many = [.. Enumerable.Repeat(KeyTransportByKey(stranger), 1000)];
        var envelope = ReceivedEnvelope.TryRead(new(Message(many)))!;
        DecryptionKey[] keys = [.. Enumerable.Repeat(Ours(older), 1000)];
        var before = GC.GetAllocatedBytesForCurrentThread();

        var decryption = await envelope.DecryptAsync(keys, readsTripleDes: false, TestContext.Current.CancellationToken);

        Assert.Equal(DecryptionFailure.NoKey, Assert.IsType<CannotDecrypt>(decryption).Kind);
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 20_000_000); // not for each of a million
    }

    [Fact]
    public async Task Content_is_cleared_when_nobody_needs_it_any_more()
    {
        var opened = Assert.IsType<DecryptedContent>(await Decrypt(Message(CmsParts.KeyTransport(older, contentKey))));

        opened.Dispose();

        Assert.False(opened.Content.Span.ContainsAnyExcept((byte)0));
        Assert.Equal(Content.Length, opened.Content.Length);
    }

    public void Dispose()
    {
        foreach (var person in (Correspondent[])[older, newer, newest, stranger])
            person.Dispose();
    }

    private static DecryptionKey Ours(Correspondent person) => new(person.Certificate, person.OpenKey(), "");

    private byte[] KeyTransportByKey(Correspondent person)
    {
        using var key = person.Certificate.PublicKey.GetRSAPublicKey()!;
        return CmsParts.KeyTransportByKey(person, key.Encrypt(contentKey, RSAEncryptionPadding.Pkcs1));
    }

    private byte[] Message(params byte[][] recipients)
    {
        using var aes = Aes.Create();
        aes.SetKey(contentKey);
        return new CmsParts
        {
            Recipients = recipients,
            Algorithm = CmsParts.WithIv("2.16.840.1.101.3.4.1.2", iv),
            Content = CmsParts.Primitive(aes.EncryptCbc(Content, iv)),
        }.Encode();
    }

    private ValueTask<Decryption> Decrypt(byte[] encrypted) => Decrypt(encrypted, older, newer, newest);

    private static ValueTask<Decryption> Decrypt(byte[] encrypted, params Correspondent[] people) =>
        ReceivedEnvelope.TryRead(new(encrypted))!.DecryptAsync([.. people.Select(Ours)], readsTripleDes: false, TestContext.Current.CancellationToken);

    private async Task Fails(DecryptionFailure kind, byte[] encrypted) =>
        Assert.Equal(kind, Assert.IsType<CannotDecrypt>(await Decrypt(encrypted)).Kind);
}
