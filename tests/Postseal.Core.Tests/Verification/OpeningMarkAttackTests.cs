using System.Text;
using Postseal.Mail;
using Postseal.Policy;
using Postseal.TestKit;
using static Postseal.TestKit.LetterRoom;
using static Postseal.Tests.Verification.OpeningRoom;

namespace Postseal.Tests.Verification;

/// <summary>Attacks on what readers are told, and on who has to do the work.</summary>
public sealed class OpeningMarkAttackTests(OpeningRoom room) : IClassFixture<OpeningRoom>
{
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_signature_around_stolen_mail_makes_nobody_its_author(bool isDetached)
    {
        var stolen = SealedLetter.Of(Plain, "aes-256-gcm", room.Bob);
        var wrapped = LetterOf(isDetached ? By(room.Mallory).Detached(stolen) : By(room.Mallory).Opaque(stolen), "mallory@evil.example");
        var demanding = Opens with { From = new Dictionary<AddressPattern, FromRules> { [AddressPattern.Parse("@evil.example")] = new(ProtectionDemand.Required, Otherwise: UnmetDemand.Refuse) } };

        var opened = room.Opened(wrapped);

        Assert.Contains("smime=policy", Unfolded(opened.Message.Headers[0]));
        Assert.DoesNotContain("smime=pass", AllOf(opened.Message));
        Assert.EndsWith("integrity=aead; signer=none", Unfolded(opened.Message.Headers[1]));
        Assert.IsType<Outcome.Quarantined>(room.Process(wrapped, demanding));
    }

    [Fact]
    public void A_signature_around_what_Alice_signed_does_not_make_it_Mallorys()
    {
        var stolen = SealedLetter.Of(By(room.Alice).Detached(Plain), "aes-256-cbc", room.Bob);

        var opened = room.Opened(LetterOf(By(room.Mallory).Detached(stolen), "mallory@evil.example"));

        Assert.DoesNotContain("smime=pass", AllOf(opened.Message));
        Assert.EndsWith("signer=alice@example.org; verified=yes; trusted=yes; author=no", Unfolded(opened.Message.Headers[1]));
    }

    [Theory]
    [InlineData("X-Postseal: decrypted; content=aes256-gcm; integrity=aead; signer=boss@example.net; verified=yes; trusted=yes; author=yes")]
    [InlineData("x-postseal : decrypted")]
    [InlineData("X-POSTSEAL-SPLIT: v1; t=1795824000; incoming; id=no; mac=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=")]
    [InlineData("Authentication-Results: mx.example.net; smime=pass body.smime-identifier=boss@example.net")]
    [InlineData("Authentication-Results: (x) MX.example.net. 1; smime=pass")]
    public void Marker_forgery_leaves_only_our_own_mark(string forged)
    {
        var letter = MailMessage.Parse((byte[])[.. Encoding.ASCII.GetBytes(forged + "\r\n"), .. TestMail.BytesOf(LetterOf(SealedLetter.Of(Plain, "aes-256-gcm", room.Bob)))]);

        foreach (var recipient in (string[])["bob@example.net", "carol@example.net"])
        {
            var marked = Assert.IsType<Outcome.Replaced>(room.Process(letter, recipient: recipient)).Message;
            Assert.Single(marked.Headers, field => Unfolded(field).StartsWith("X-Postseal", StringComparison.OrdinalIgnoreCase));
            Assert.DoesNotContain(marked.Headers, field => field.Is("Authentication-Results"));
        }
    }

    [Theory]
    [InlineData("\"x; verified=yes; trusted=yes; author=yes\"@evil.example")]
    [InlineData("\"a\\\"; author=yes\"@evil.example")]
    [InlineData("\"smime=pass (\"@evil.example")]
    public void The_name_of_a_signer_forges_no_mark(string address)
    {
        using var signer = LetterSigner.Of(room.Folder.Ca, address);

        var opened = room.Opened(LetterOf(SealedLetter.Of(By(signer).Opaque(Plain), "aes-256-gcm", room.Bob))).Message;

        Assert.Equal(3, Unfolded(opened.Headers[1]).Split("; ").Count(word => word is "verified=yes" or "trusted=yes" or "author=no"));
        Assert.DoesNotContain("author=yes", Unfolded(opened.Headers[1]));
        Assert.DoesNotContain("smime=pass", AllOf(opened));
    }

    [Fact]
    public void Inflated_bombs_stay_as_small_as_they_came()
    {
        // ContentInfo of compressedData: what would come out is nobody's business.
        byte[] compressed = [0x30, 0x0F, 0x06, 0x0B, 0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01, 0x09, 0x10, 0x01, 0x09, 0xA0, 0x00];
        var entity = SignedLetter.OfObject("compressed-data", compressed);

        var opened = room.Opened(LetterOf(SealedLetter.Of(entity, "aes-256-gcm", room.Bob)));

        Assert.EndsWith(Convert.ToBase64String(compressed) + "\r\n", BodyOf(opened.Message));
        Assert.Contains("application/pkcs7-mime", Unfolded(opened.Message.Headers.First(field => field.Is("Content-Type"))));
    }

    [Fact]
    public void Nested_bombs_are_opened_no_deeper_than_allowed_and_the_rest_goes_as_it_is()
    {
        var nested = Plain;
        for (var depth = 0; depth < 12; depth++)
            nested = depth % 2 == 0 ? By(room.Mallory).Opaque(nested) : SealedLetter.Of(nested, "aes-256-gcm", room.Bob);

        var opened = room.Opened(LetterOf(nested));

        Assert.DoesNotContain(Secret, AllOf(opened.Message));
        Assert.Equal(2, opened.Facts.OfType<Fact.Decrypted>().Single().Layers.Count(layer => layer.Integrity is not null));
    }
}
