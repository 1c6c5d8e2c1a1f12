using System.Diagnostics;
using System.Net;
using Microsoft.Extensions.Logging.Abstractions;
using Postseal.Certificates;
using Postseal.Certificates.Sources;
using Postseal.Dns;
using static Postseal.Sources.Tests.Dns.Published;

namespace Postseal.Sources.Tests.Dns;

/// <summary>Resolvers that are slow, gone, or somewhere else.</summary>
public sealed class ResolverTests
{
    private static readonly TimeSpan Short = TimeSpan.FromMilliseconds(300);

    private static readonly DnsReply Good = Reply(Rdata(3, BobsCertificate));

    [Fact]
    public async Task A_resolver_that_is_not_there_is_an_error()
    {
        var gone = new DnsServerDouble(_ => Good);
        await gone.DisposeAsync();

        Assert.Contains("does not listen there on TCP", await FailureAsync(() => FindAsync(Options(gone))), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("gone", true)]
    [InlineData("not validating", true)]
    [InlineData("SERVFAIL", false)]
    [InlineData("REFUSED", false)]
    [InlineData("silent", false)]
    [InlineData("closing", false)]
    [InlineData("gone and SERVFAIL", false)]
    public async Task Only_a_resolver_that_is_of_no_use_for_any_name_has_the_source_left_alone(string what, bool isOfAll)
    {
        var gone = new DnsServerDouble(_ => Good);
        await gone.DisposeAsync();
        await using var server = what switch
        {
            "silent" => new DnsServerDouble((_, _, cancellation) => Task.Delay(Timeout.Infinite, cancellation)),
            "closing" => new DnsServerDouble((_, _, _) => throw new IOException()),
            _ => new DnsServerDouble(_ => new DnsReply { IsSecure = false, Code = what switch { "REFUSED" => 5, "not validating" => 0, _ => 2 } }),
        };
        var options = what switch { "gone" => Options(gone), "gone and SERVFAIL" => Options(gone, server), _ => Options(server) };

        var failure = await Assert.ThrowsAnyAsync<IOException>(() => FindAsync(options with { Timeout = Short }));

        Assert.Equal(isOfAll, failure is SourceUnavailableException);
    }

    [Fact]
    public async Task The_provider_opens_one_source_that_remembers_and_none_unless_it_is_asked_to()
    {
        await using var server = new DnsServerDouble(_ => Good);
        var settings = new Settings.PostsealOptions { Smimea = Options(server) };
        var provider = new SmimeaProvider();
        var sources = provider.Open(settings, TimeProvider.System, NullLoggerFactory.Instance);
        await using var source = Assert.IsType<CachedSource>(Assert.Single(sources));

        await source.FindAsync(Address(Bob), TestContext.Current.CancellationToken);
        await source.FindAsync(Address(Bob), TestContext.Current.CancellationToken);

        Assert.Single(server.Questions);
        Assert.Equal(("Smimea", "smimea"), (provider.Section, source.Name));
        Assert.Empty(provider.Open(settings with { Smimea = new() }, TimeProvider.System, NullLoggerFactory.Instance));
    }

    [Fact]
    public async Task The_second_resolver_is_asked_where_the_first_fails()
    {
        var gone = new DnsServerDouble(_ => Good);
        await gone.DisposeAsync();
        await using var failing = new DnsServerDouble(_ => new DnsReply { Code = 2 });
        await using var silent = new DnsServerDouble((_, _, cancellation) => Task.Delay(Timeout.Infinite, cancellation));
        await using var good = new DnsServerDouble(_ => Good);

        var found = await FindAsync(Options(gone, failing, silent, good) with { Timeout = TimeSpan.FromSeconds(1) });

        Assert.Single(found.Certificates);
    }

    [Theory]
    [InlineData("silence")]
    [InlineData("a slow drip")]
    [InlineData("half an answer")]
    public async Task All_tries_together_take_no_longer_than_the_time_in_the_settings(string how)
    {
        await using var server = Slow(how);
        var start = Stopwatch.GetTimestamp();

        var message = await FailureAsync(() => FindAsync(Options(server) with { Timeout = Short }));

        Assert.Contains("did not answer within 0.3 s", message, StringComparison.Ordinal);
        Assert.InRange(Stopwatch.GetElapsedTime(start), Short / 2, TimeSpan.FromSeconds(10));
    }

    [Fact]
    public async Task Whoever_waits_can_give_up()
    {
        using var patience = new CancellationTokenSource();
        await using var server = new DnsServerDouble(async (_, _, cancellation) =>
        {
            await patience.CancelAsync();
            await Task.Delay(Timeout.Infinite, cancellation);
        });
        await using var source = new SmimeaSource(Options(server), TimeProvider.System);

        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await source.FindAsync(Address(Bob), patience.Token));
    }

    [Fact]
    public async Task A_connection_that_is_closed_without_an_answer_is_an_error()
    {
        await using var server = new DnsServerDouble((_, _, _) => throw new IOException());

        Assert.Contains("closed the connection", await FailureAsync(() => FindAsync(Options(server))), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_resolver_elsewhere_is_not_asked_unless_its_path_is_trusted()
    {
        var far = new IPEndPoint(IPAddress.Parse("192.0.2.53"), 53);
        await using var near = new DnsServerDouble(_ => Good);
        var both = Options(near) with { Resolvers = [far, near.EndPoint] };

        Assert.Single((await FindAsync(both)).Certificates);
        Assert.Contains("is not on this machine", await FailureAsync(() => FindAsync(both with { Resolvers = [far] })), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Two_hundred_questions_at_once_are_all_answered_over_few_connections()
    {
        await using var server = new DnsServerDouble(_ => Good);
        await using var source = new SmimeaSource(Options(server), TimeProvider.System);

        var found = await Task.WhenAll(Enumerable.Range(0, 200).Select(i => source.FindAsync(Address($"user{i}@example.net")).AsTask()));

        Assert.Equal(200, found.Length);
        Assert.Equal(200, server.Questions.Count);
    }

    [Fact]
    public async Task A_resolver_that_closes_each_connection_behind_its_answer_is_asked_over_new_ones()
    {
        await using var server = new DnsServerDouble(async (question, stream, cancellation) =>
        {
            await stream.WriteAsync(DnsServerDouble.Framed(Good.ToBytes(question)), cancellation);
            throw new IOException();
        });
        await using var source = new SmimeaSource(Options(server), TimeProvider.System);

        for (var round = 0; round < 5; round++)
            await Task.WhenAll(Enumerable.Range(0, 20).Select(i => source.FindAsync(Address($"user{i}@example.net")).AsTask()));
    }

    private static DnsServerDouble Slow(string how) => new(async (question, stream, cancellation) =>
    {
        var message = DnsServerDouble.Framed(Good.ToBytes(question));
        if (how == "half an answer")
            await stream.WriteAsync(message.AsMemory(0, message.Length / 2), cancellation);
        for (var i = 0; how == "a slow drip"; i++)
        {
            await stream.WriteAsync(message.AsMemory(i, 1), cancellation);
            await Task.Delay(Short / 4, cancellation);
        }

        await Task.Delay(Timeout.Infinite, cancellation);
    });
}
