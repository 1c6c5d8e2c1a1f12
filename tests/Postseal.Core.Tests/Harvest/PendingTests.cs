using Postseal.Harvest;
using Postseal.TestKit;

namespace Postseal.Tests.Harvest;

/// <summary>What waits for a person, and what becomes of it when he has decided.</summary>
public sealed class PendingTests : IDisposable
{
    private const string Alice = "alice@example.org";
    private readonly HarvestRoom room = new() { Harvest = new HarvestOptions { Accept = HarvestAccept.Pending, DkimFrom = "mx.example.net" } };
    private readonly LetterSigner alice;

    public PendingTests() => alice = room.Person(Alice);

    public void Dispose()
    {
        alice.Dispose();
        room.Dispose();
    }

    private HarvestDirectory Directory => new(room.Directory);

    [Fact]
    public void What_is_approved_is_used_from_then_on_and_not_before()
    {
        Assert.Equal(HarvestKind.Pending, Offer().Kind);
        Assert.Empty(room.Learned);

        var waiting = Assert.Single(Directory.Waiting());
        Assert.Equal((Alice, "nothing was known of alice@example.org"), (waiting.Record.Address.ToString(), waiting.Record.Why));
        Assert.Null(room.Accept(waiting));

        Assert.Equal(["alice@example.org", "alice@example.org.capabilities", "alice@example.org.learned", "alice@example.org.p7s"], room.Learned);
        Assert.Equal("signed 2026-11-22T12:00:00Z\naes256-gcm\n", File.ReadAllText(room.File("alice@example.org.capabilities")));
        Assert.Equal(room.Now, Directory.RecordOf(TestMail.Address(Alice))!.ApprovedAt);
        Assert.Empty(Directory.Waiting());
        Assert.Equal(HarvestKind.Known, Offer().Kind);
    }

    [Fact]
    public void A_Message_ID_does_not_hide_what_waits()
    {
        room.OfferOf(alice, fields: $"{HarvestRoom.Vouched}\r\nMessage-ID: -----BEGIN CMS-----AAAA-----END CMS-----");

        Assert.Equal(Alice, Assert.Single(Directory.Waiting()).Record.Address.ToString());
    }

    [Fact]
    public void What_is_rejected_does_not_come_again_whatever_is_allowed_then()
    {
        Offer();
        Directory.Reject(Directory.Waiting()[0]);

        Assert.Empty(Directory.Waiting());
        Assert.Equal(HarvestKind.Refused, Offer().Kind);
        room.Harvest = room.Harvest with { Accept = HarvestAccept.Replace };
        Assert.Equal(HarvestKind.Refused, Offer().Kind);
        Assert.Empty(room.Learned);
    }

    [Fact]
    public void What_waits_is_told_once()
    {
        Assert.True(Offer().IsNews);
        Assert.False(Offer().IsNews);
    }

    [Fact]
    public void What_is_allowed_meanwhile_waits_no_longer()
    {
        Offer();
        room.Harvest = room.Harvest with { Accept = HarvestAccept.New };

        Assert.Equal(HarvestKind.New, Offer().Kind);
        Assert.Empty(Directory.Waiting());
    }

    [Fact]
    public void Approval_replaces_nothing_that_an_administrator_placed()
    {
        Offer();
        File.WriteAllText(room.File(Alice), "by hand");

        Assert.Contains("was not learned", room.Accept(Directory.Waiting()[0]), StringComparison.Ordinal);
        Assert.Equal("by hand", File.ReadAllText(room.File(Alice)));
    }

    [Fact]
    public void Of_one_address_the_latest_three_wait()
    {
        for (var i = 0; i < 5; i++)
        {
            using var next = room.Person(Alice);
            Assert.Equal(HarvestKind.Pending, room.OfferOf(next).Kind);
        }

        Assert.Equal(3, Directory.Waiting().Count);
    }

    [Fact]
    public void However_many_send_there_is_a_bound()
    {
        var pending = new PendingFiles(room.File("pending"), room.Time);
        System.IO.Directory.CreateDirectory(room.Path);
        var refusals = 0;
        for (var i = 0; i < 10_000; i++)
        {
            if (pending.Add(CandidateOf($"x{i}@{(i % 2 == 0 ? "evil" : $"d{i % 100}")}.example"), "it is new") is not null)
                refusals++;
            // Once it is full it stays so, and nothing is to be learned of the rest but that.
            if (refusals > 2_000)
                break;
        }

        Assert.Equal(PendingFiles.MaxFiles, room.FilesIn("pending").Count);
        Assert.Equal(PendingFiles.MaxOfDomain, room.FilesIn("pending").Count(name => name.Contains("@evil.example~", StringComparison.Ordinal)));
    }

    [Fact]
    public void A_signature_that_is_too_large_does_not_wait()
    {
        var large = CandidateOf(Alice) with { Signature = new(() => new byte[PendingFiles.MaxSignature + 1]) };

        Assert.Contains("larger", new PendingFiles(room.File("pending"), room.Time).Add(large, "it is new"), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("")]
    [InlineData("address alice@example.org\nsigned 2026-11-22T12:00:00Z\nlearned 2026-11-22T12:00:00Z\n")]
    [InlineData("address alice@example.org\nsigned 2026-11-22T12:00:00Z\nlearned 2026-11-22T12:00:00Z\ncertificate both x y\n-----BEGIN CMS-----\nAAAA\n-----END CMS-----\n")]
    public void A_damaged_file_is_passed_over(string text)
    {
        System.IO.Directory.CreateDirectory(room.File("pending"));
        File.WriteAllText(room.File("pending/alice@example.org~0123456789abcdef"), text);

        Assert.Empty(Directory.Waiting());
    }

    private HarvestResult Offer() => room.Offer(room.Letter(
        Alice, (room.By(alice) with { Attributes = [HarvestRoom.Capabilities("2.16.840.1.101.3.4.1.46")] }).Detached(SignedLetter.Text)));

    private Candidate CandidateOf(string address) => new(
        TestMail.Address(address), room.Now, [new CandidateCertificate(LearnedUse.Both, alice.Certificate, new string('a', 64))])
    {
        Intermediates = [],
        Signature = new(() => []),
    };
}
