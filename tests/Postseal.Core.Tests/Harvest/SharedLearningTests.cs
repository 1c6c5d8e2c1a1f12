using Postseal.Certificates;
using Postseal.Harvest;
using Postseal.Mail;
using Postseal.TestKit;

namespace Postseal.Tests.Harvest;

/// <summary>What several hosts learn together, at the same time, and when their store does not answer.</summary>
public sealed class SharedLearningTests : IDisposable
{
    private const string Alice = "alice@example.org";
    private readonly HarvestRoom room = new() { Harvest = new HarvestOptions { Accept = HarvestAccept.Replace, DkimFrom = "mx.example.net" } };
    private readonly SharedStoreDouble store;
    private readonly LetterSigner alice;

    public SharedLearningTests() => (store, alice) = (room.Share(), room.Person(Alice));

    public void Dispose()
    {
        alice.Dispose();
        room.Dispose();
    }

    private LearnedRecord Record => LearnedRecord.Parse(File.ReadAllText(room.File("alice@example.org.learned")))!;

    [Fact]
    public void What_one_host_learned_the_others_know()
    {
        Assert.Equal(HarvestKind.New, room.OfferOf(alice).Kind);

        Assert.Equal(HarvestKind.Known, room.OfferOf(alice).Kind);
        Assert.False(Directory.Exists(room.Own));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Of_two_who_learn_at_once_the_later_message_wins(bool isLaterFirst)
    {
        using var other = room.Person(Alice);
        var letters = new[] { Signed(alice), SignedLater(other) };
        // Both have decided before either changes anything.
        var (arrived, both) = (0, new TaskCompletionSource());
        store.Between = _ =>
        {
            if (++arrived == 2)
                both.SetResult();
            return both.Task;
        };
        if (isLaterFirst)
            Array.Reverse(letters);

        var results = await Task.WhenAll(letters.Select(letter => room.OfferAsync(letter, TestContext.Current.CancellationToken)));

        Assert.Equal(1, store.Repeated);
        Assert.DoesNotContain(results, result => result.Kind == HarvestKind.Failed);
        Assert.Equal(CandidateCertificate.FingerprintOf(other.Certificate), Record.Recipient!.Fingerprint);
        Assert.StartsWith(other.Certificate.ExportCertificatePem(), File.ReadAllText(room.File(Alice)), StringComparison.Ordinal);
    }

    [Fact]
    public void What_somebody_else_placed_between_stays_and_the_candidate_waits()
    {
        store.Between = _ =>
        {
            File.WriteAllText(room.File(Alice), "by hand");
            File.WriteAllText(room.File("alice@example.org.learned"), "by hand");
            return Task.CompletedTask;
        };
        Directory.CreateDirectory(room.Path);

        Assert.Equal(HarvestKind.Pending, room.OfferOf(alice).Kind);

        Assert.Equal("by hand", File.ReadAllText(room.File(Alice)));
        Assert.Single(room.Waiting);
    }

    [Fact]
    public void What_is_replaced_is_kept_by_the_host_that_replaced_it()
    {
        room.OfferOf(alice);
        using var next = room.Person(Alice);
        room.Now += TimeSpan.FromHours(1);

        Assert.Equal(HarvestKind.Replaced, room.OfferOf(next).Kind);

        Assert.Equal(["20261122T130000000Z~alice@example.org"], room.FilesIn("replaced"));
        Assert.Equal(alice.Certificate.ExportCertificatePem() + "\n", File.ReadAllText(Path.Combine(room.Own, "replaced", room.FilesIn("replaced")[0])));
    }

    [Fact]
    public void A_store_that_fails_costs_no_mail()
    {
        store.Asked = () => throw new IOException("ldap:corporate: does not answer");

        var result = room.OfferOf(alice);

        Assert.Equal((HarvestKind.Failed, "ldap:corporate: does not answer"), (result.Kind, result.Why));
    }

    [Fact]
    public void What_changed_is_forgotten_by_whoever_reads_there_also_where_nobody_knows_whether_it_did()
    {
        List<string> forgotten = [];
        room.Shared = new RemoteLearned(store, "ldap:corporate", address => forgotten.Add(address.ToString()), room.Time);
        store.Between = _ => throw new IOException("ldap:corporate: the connection broke");

        Assert.Equal(HarvestKind.Failed, room.OfferOf(alice).Kind);
        store.Between = _ => Task.CompletedTask;
        Assert.Equal(HarvestKind.New, room.OfferOf(alice).Kind);
        Assert.Equal(HarvestKind.Known, room.OfferOf(alice).Kind);

        Assert.Equal([Alice, Alice], forgotten);
    }

    [Fact]
    public void A_store_that_is_down_is_left_alone_for_a_time()
    {
        var asked = 0;
        room.Shared = new RemoteLearned(store, "ldap:corporate", _ => { }, room.Time);
        store.Asked = () =>
        {
            asked++;
            throw new SourceUnavailableException("ldap:corporate: does not answer");
        };

        var results = Enumerable.Range(0, 10).Select(_ => room.OfferOf(alice)).ToList();

        Assert.All(results, result => Assert.Equal(HarvestKind.Failed, result.Kind));
        Assert.Equal(3, asked);
        Assert.Contains("has not answered since 2026-11-22 12:00:00Z", results[^1].Why, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Whoever_gives_up_waits_no_longer_for_the_store()
    {
        using var givenUp = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        store.Between = async cancellationToken =>
        {
            await givenUp.CancelAsync();
            await Task.Delay(Timeout.Infinite, cancellationToken);
        };

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => room.OfferAsync(Signed(alice), givenUp.Token));
    }

    [Fact]
    public void What_waits_stays_here_and_what_is_approved_is_everybodys()
    {
        room.Harvest = room.Harvest with { Accept = HarvestAccept.Pending };
        Assert.Equal(HarvestKind.Pending, room.OfferOf(alice).Kind);
        Assert.Empty(room.Learned);
        Assert.Single(room.FilesIn("pending"));

        Assert.Null(room.Accept(room.Waiting[0]));

        Assert.Equal(room.Now, Record.ApprovedAt);
        Assert.Empty(room.FilesIn("pending"));
    }

    [Fact]
    public void What_was_learned_before_in_files_is_known_and_is_shared_with_the_next_message()
    {
        LearnAlone();
        Assert.Contains(Alice, room.FilesIn(""));
        room.Now += TimeSpan.FromHours(1);

        Assert.Equal(HarvestKind.Known, room.OfferOf(alice).Kind);

        Assert.Contains(Alice, room.Learned);
        Assert.Empty(room.FilesIn(""));
        Assert.Equal(2, room.FilesIn("replaced").Count);
    }

    [Fact]
    public void What_was_learned_before_in_files_is_replaced_no_more_easily_than_in_the_store()
    {
        LearnAlone();
        room.Harvest = room.Harvest with { Accept = HarvestAccept.Renew };
        using var next = room.Person(Alice);
        room.Now += TimeSpan.FromHours(1);

        Assert.Equal(HarvestKind.Pending, room.OfferOf(next).Kind);

        Assert.Empty(room.Learned);
        Assert.Contains(Alice, room.FilesIn(""));
    }

    [Fact]
    public async Task Files_of_before_are_set_aside_where_another_host_knows_more_and_not_by_a_trial()
    {
        LearnAlone();
        using var next = room.Person(Alice);
        room.Now += TimeSpan.FromHours(1);
        room.Harvest = room.Harvest with { Accept = HarvestAccept.Pending };
        room.OfferOf(next);
        var there = room.Waiting[0].Candidate;
        await store.ChangeAsync(there.Address, known => HarvestDecision.Of(there, known, HarvestAccept.New, room.Now), TestContext.Current.CancellationToken);

        room.IsTrial = true;
        Assert.Equal(HarvestKind.Known, room.OfferOf(next).Kind);
        Assert.Contains(Alice, room.FilesIn(""));
        room.IsTrial = false;
        Assert.Equal(HarvestKind.Known, room.OfferOf(next).Kind);

        Assert.Empty(room.FilesIn(""));
    }

    private void LearnAlone()
    {
        room.Shared = null;
        Assert.Equal(HarvestKind.New, room.OfferOf(alice).Kind);
        room.Shared = store;
    }

    private byte[] Signed(LetterSigner signer) => room.Letter(Alice, room.By(signer).Detached(SignedLetter.Text));

    private byte[] SignedLater(LetterSigner signer)
    {
        room.Now += TimeSpan.FromMinutes(1);
        return Signed(signer);
    }
}
