using System.Security.Cryptography.X509Certificates;
using Postseal.Certificates;
using Postseal.Certificates.Sources;
using Postseal.Mail;
using Postseal.Program.Trial;
using Postseal.TestKit;

namespace Postseal.Tests.Certificates.Sources;

/// <summary>A source is asked as little as possible, and what cannot be looked up is never absent.</summary>
public sealed class CachedSourceTests : IDisposable
{
    private static readonly SourceLimits Limits = new(TimeSpan.FromMilliseconds(50), TimeSpan.FromHours(12), TimeSpan.FromMinutes(15));
    private static readonly MailAddress Bob = TestMail.Address("bob@example.net");

    private readonly SettableTime time = new(new DateTimeOffset(2026, 11, 27, 12, 0, 0, TimeSpan.Zero));
    private readonly CertificateFolder folder = new();
    private readonly LineCollector log = new();
    private readonly Answers answers;
    private readonly CachedSource source;

    public CachedSourceTests()
    {
        answers = new Answers();
        source = new CachedSource(answers, Limits, time, log);
    }

    [Theory]
    [InlineData(true, 12 * 60)]
    [InlineData(false, 15)]
    public async Task An_answer_holds_for_its_time(bool isFound, int minutes)
    {
        answers.Has = isFound ? Found() : FoundCertificates.None;

        Assert.Equal(isFound ? 1 : 0, (await FindAsync()).Certificates.Count);
        Pass(TimeSpan.FromMinutes(minutes) - TimeSpan.FromSeconds(1));
        Assert.True(source.FindAsync(Bob, TestContext.Current.CancellationToken).AsTask().IsCompletedSuccessfully);
        Assert.Equal(1, answers.Asked);

        Pass(TimeSpan.FromSeconds(1));
        await FindAsync();
        Assert.Equal(2, answers.Asked);
    }

    [Fact]
    public async Task A_source_may_have_its_answer_hold_for_less_and_not_for_more()
    {
        answers.Has = Found() with { HoldsFor = TimeSpan.FromMinutes(1) };
        await FindAsync();
        Pass(TimeSpan.FromMinutes(1));

        answers.Has = Found() with { HoldsFor = TimeSpan.FromDays(9) };
        await FindAsync();
        Pass(TimeSpan.FromHours(12));
        await FindAsync();

        Assert.Equal(3, answers.Asked);
    }

    [Fact]
    public async Task Messages_that_ask_for_the_same_address_wait_for_one_question()
    {
        answers.Gate = new TaskCompletionSource();
        answers.Has = Found();

        var all = Enumerable.Range(0, 100).Select(_ => FindAsync()).ToList();
        answers.Gate.SetResult();

        Assert.All(await Task.WhenAll(all), found => Assert.Single(found.Certificates));
        Assert.Equal(1, answers.Asked);
    }

    [Fact]
    public async Task Ten_thousand_addresses_are_asked_for_once()
    {
        answers.Has = Found();
        MailAddress[] addresses = [.. Enumerable.Range(0, 10_000).Select(i => TestMail.Address($"user{i}@example.net"))];

        for (var round = 0; round < 3; round++)
        {
            foreach (var address in addresses)
                await source.FindAsync(address, TestContext.Current.CancellationToken);
        }

        Assert.Equal(10_000, answers.Asked);
    }

    [Fact]
    public async Task Whoever_gives_up_does_not_end_the_question_of_others()
    {
        answers.Gate = new TaskCompletionSource();
        answers.Has = Found();
        using var impatient = new CancellationTokenSource();
        var first = source.FindAsync(Bob, impatient.Token).AsTask();
        var second = FindAsync();

        await impatient.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => first);
        answers.Gate.SetResult();

        Assert.Single((await second).Certificates);
        Assert.Equal(1, answers.Asked);
    }

    [Fact]
    public async Task What_was_found_is_used_as_long_again_while_the_source_is_gone()
    {
        answers.Has = Found();
        await FindAsync();
        answers.Fails = new SourceUnavailableException("ldap:example does not answer");
        Pass(TimeSpan.FromHours(24) - TimeSpan.FromSeconds(1));

        Assert.Single((await FindAsync()).Certificates);
        Assert.Contains(log.Lines, line => line.Contains("what it had for bob@example.net before is used", StringComparison.Ordinal));

        Pass(TimeSpan.FromSeconds(1));
        await Assert.ThrowsAsync<SourceUnavailableException>(FindAsync);
    }

    [Fact]
    public async Task That_there_was_nothing_is_not_used_while_the_source_is_gone()
    {
        await FindAsync();
        answers.Fails = new SourceUnavailableException("ldap:example does not answer");
        Pass(Limits.NegativeCache);

        await Assert.ThrowsAsync<SourceUnavailableException>(FindAsync);
    }

    [Fact]
    public async Task A_source_that_is_down_is_left_alone_and_then_asked_once()
    {
        answers.Fails = new SourceUnavailableException("ldap:example does not answer");
        for (var i = 0; i < 9; i++)
            await Assert.ThrowsAnyAsync<IOException>(() => FindAsync($"user{i}@example.net"));
        Assert.Equal(CircuitBreaker.MaxFailures, answers.Asked);
        Assert.Single(log.Lines, line => line.Contains("is down", StringComparison.Ordinal));

        foreach (var pause in new[] { 5, 10, 20, 40, 60, 60 })
        {
            Pass(TimeSpan.FromSeconds(pause - 1));
            await Assert.ThrowsAnyAsync<IOException>(FindAsync);
            Pass(TimeSpan.FromSeconds(1));
            var before = answers.Asked;
            await Assert.ThrowsAnyAsync<IOException>(FindAsync);
            await Assert.ThrowsAnyAsync<IOException>(FindAsync);
            Assert.Equal(before + 1, answers.Asked);
        }

        (answers.Fails, answers.Has) = (null, Found());
        Pass(TimeSpan.FromMinutes(1));
        Assert.Single((await FindAsync()).Certificates);
        Assert.Single(log.Lines, line => line.Contains("answers again", StringComparison.Ordinal));
        Assert.Single((await FindAsync("carol@example.net")).Certificates);
    }

    [Fact]
    public async Task What_is_wrong_with_one_address_keeps_nobody_else_from_an_answer()
    {
        answers.Fails = new IOException("smimea: the zone evil.example is bogus");
        for (var i = 0; i < 9; i++)
            await Assert.ThrowsAsync<IOException>(() => FindAsync($"user{i}@evil.example"));

        (answers.Fails, answers.Has) = (null, Found());
        Assert.Single((await FindAsync()).Certificates);
    }

    [Fact]
    public async Task A_source_that_keeps_no_time_limit_is_taken_for_down()
    {
        answers.Gate = new TaskCompletionSource();
        answers.IgnoresCancellation = true;

        var e = await Assert.ThrowsAsync<SourceUnavailableException>(FindAsync);

        Assert.Contains("did not answer within", e.Message, StringComparison.Ordinal);
        answers.Gate.SetResult();
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task What_was_forgotten_is_asked_for_again(bool meanwhile)
    {
        answers.Gate = meanwhile ? new TaskCompletionSource() : null;
        var before = FindAsync();
        if (!meanwhile)
            await before;
        source.Forget(Bob);
        answers.Has = Found();
        answers.Gate?.SetResult();
        await before;

        Assert.Single((await FindAsync()).Certificates);
        Assert.Equal(2, answers.Asked);
    }

    [Fact]
    public async Task What_is_forgotten_while_its_answer_is_being_remembered_is_asked_for_again()
    {
        answers.Has = new FoundCertificates(new Watched(() => source.Forget(Bob)));
        await FindAsync();
        answers.Has = Found();

        Assert.Single((await FindAsync()).Certificates);
        Assert.Equal(2, answers.Asked);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task What_strangers_publish_takes_no_more_memory_than_its_bound(bool isLargeAtOnce)
    {
        var large = FoundCertificates.None with { SizeBeside = 1 << 20 };
        MailAddress[] addresses = [.. Enumerable.Range(0, 200).Select(i => TestMail.Address($"user{i}@evil.example"))];
        if (!isLargeAtOnce)
        {
            await AskForAllAsync();
            Pass(Limits.NegativeCache);
        }

        answers.Has = large;
        await AskForAllAsync();
        var before = answers.Asked;
        await AskForAllAsync();

        Assert.True(answers.Asked > before, "200 MiB were remembered");

        async Task AskForAllAsync()
        {
            foreach (var address in addresses)
                await source.FindAsync(address, TestContext.Current.CancellationToken);
        }
    }

    public void Dispose() => folder.Dispose();

    private Task<FoundCertificates> FindAsync() => FindAsync(Bob.ToString());

    private Task<FoundCertificates> FindAsync(string address) =>
        source.FindAsync(TestMail.Address(address), TestContext.Current.CancellationToken).AsTask();

    private void Pass(TimeSpan span) => time.Now += span;

    private FoundCertificates Found() =>
        new([MailCertificate.OfCorrespondent(X509Certificate2.CreateFromPem(folder.Ca.Issue(new TestCaRequest(Bob.ToString())).CertificatePem), answers.Name)]);

    /// <summary>No certificates, and word when somebody looks.</summary>
    private sealed class Watched(Action looked) : IReadOnlyList<MailCertificate>
    {
        public int Count => 0;

        public MailCertificate this[int index] => throw new NotSupportedException();

        public IEnumerator<MailCertificate> GetEnumerator()
        {
            looked();
            return Enumerable.Empty<MailCertificate>().GetEnumerator();
        }

        System.Collections.IEnumerator System.Collections.IEnumerable.GetEnumerator() => GetEnumerator();
    }

    private sealed class Answers : ICertificateSource
    {
        private int asked;

        public int Asked => asked;

        public string Name => "ldap:example";

        public FoundCertificates Has { get; set; } = FoundCertificates.None;

        public Exception? Fails { get; set; }

        public TaskCompletionSource? Gate { get; set; }

        public bool IgnoresCancellation { get; set; }

        public async ValueTask<FoundCertificates> FindAsync(MailAddress address, CancellationToken cancellationToken = default)
        {
            Interlocked.Increment(ref asked);
            var answer = Has;
            if (Gate is { } gate)
                await gate.Task.WaitAsync(IgnoresCancellation ? CancellationToken.None : cancellationToken);
            return Fails is null ? answer : throw Fails;
        }

        public ValueTask<SourceReport> ProbeAsync(CancellationToken cancellationToken = default) => throw new NotSupportedException();
    }
}
