using Postseal.Certificates;
using Postseal.Dns;
using Postseal.TestKit;
using static Postseal.Sources.Tests.Dns.Published;

namespace Postseal.Sources.Tests.Dns;

/// <summary>Without AD only the word of a resolver counts that has shown that it validates.</summary>
public sealed class ValidationTests
{
    private static readonly DnsReply Good = Reply(Rdata(3, BobsCertificate));

    [Fact]
    public async Task Records_of_a_zone_that_is_not_signed_are_not_believed_and_their_problem_is_told()
    {
        // The resolver validates: the root's keys come with AD.
        var found = await FindOrProveAsync(Good with { IsSecure = false }, proof: new DnsReply());

        Assert.Empty(found.Certificates);
        Assert.Null(found.VouchesFor);
        Assert.Contains("DNSSEC", found.Problem!, StringComparison.Ordinal);
        Assert.Equal(TimeSpan.FromMinutes(5), found.HoldsFor);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(3)]
    public async Task A_zone_that_is_not_signed_has_no_records_where_the_resolver_validates(int code)
    {
        var found = await FindOrProveAsync(new DnsReply { Code = code, IsSecure = false }, proof: new DnsReply());

        Assert.True(found is { Certificates: [], Problem: null });
        Assert.Equal(TimeSpan.FromMinutes(5), found.HoldsFor);
    }

    [Theory]
    [InlineData(0, 0, "does not validate DNSSEC")]
    [InlineData(3, 0, "does not validate DNSSEC")]
    [InlineData(0, 2, "SERVFAIL")]
    public async Task What_a_resolver_says_that_does_not_validate_is_no_absence(int code, int proofCode, string words)
    {
        var reply = new DnsReply { Code = code, IsSecure = false };

        var message = await FailureAsync(() => FindOrProveAsync(reply, proof: new DnsReply { IsSecure = false, Code = proofCode }));

        Assert.Contains(words, message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_resolver_without_DNSSEC_that_gives_records_is_an_error() =>
        Assert.Contains("does not validate", await FailureAsync(() => FindAsync(Good with { IsSecure = false })), StringComparison.Ordinal);

    [Fact]
    public async Task A_private_trust_anchor_shows_by_a_domain_of_the_settings()
    {
        var asked = new List<(string, ushort)>();
        await using var server = new DnsServerDouble(question =>
        {
            asked.Add((question.Name, question.Type));
            return new DnsReply { IsSecure = question is { Type: 6, Name: "corp.test" }, Code = question.Name.Length == 0 ? 2 : 0 };
        });
        var options = Options(server) with { Domains = [Mail.AddressPattern.Parse("@example.net"), Mail.AddressPattern.Parse("@corp.test")] };

        var found = await FindAsync(options);

        Assert.Empty(found.Certificates);
        Assert.Equal([(BobsName, 53), ("example.net", 6), ("corp.test", 6)], asked);
    }

    [Fact]
    public async Task That_a_resolver_validates_has_to_be_shown_again_after_an_hour()
    {
        var (time, validates) = (new SettableTime(Now), true);
        await using var server = new DnsServerDouble(question => new DnsReply { IsSecure = validates && question.Type != 53 });
        await using var source = new SmimeaSource(Options(server), time);
        Task<FoundCertificates> Find() => source.FindAsync(Address(Bob)).AsTask();

        await Find();
        validates = false;
        time.Now += TimeSpan.FromMinutes(59);
        await Find();
        Assert.Equal(1, server.Questions.Count(question => question.Type == 48));
        time.Now += TimeSpan.FromMinutes(2);

        Assert.Contains("does not validate", await FailureAsync(Find), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(true, null)]
    [InlineData(false, "does not validate DNSSEC")]
    public async Task A_probe_says_whether_the_resolver_validates(bool isSecure, string? problem)
    {
        await using var server = new DnsServerDouble(_ => new DnsReply { IsSecure = isSecure });
        await using var source = new SmimeaSource(Options(server), TimeProvider.System);

        var report = await source.ProbeAsync(TestContext.Current.CancellationToken);

        Assert.Equal("smimea", report.Source);
        Assert.Equal(problem is not null, report.Problem?.Contains(problem ?? "", StringComparison.Ordinal) ?? false);
        Assert.Equal(isSecure, report.Found.StartsWith($"the resolver {server.EndPoint} validates DNSSEC", StringComparison.Ordinal));
        Assert.Equal(("", (ushort)48), Assert.Single(server.Questions) is var question ? (question.Name, question.Type) : default);
    }

    [Fact]
    public async Task A_probe_warns_of_the_resolver_that_does_not_work_beside_one_that_does()
    {
        var gone = new DnsServerDouble(_ => Good);
        await gone.DisposeAsync();
        await using var good = new DnsServerDouble(_ => new DnsReply());
        await using var source = new SmimeaSource(Options(gone, good), TimeProvider.System);

        var report = await source.ProbeAsync(TestContext.Current.CancellationToken);

        Assert.Null(report.Problem);
        Assert.Contains("does not listen", Assert.Single(report.Warnings), StringComparison.Ordinal);
    }
}
