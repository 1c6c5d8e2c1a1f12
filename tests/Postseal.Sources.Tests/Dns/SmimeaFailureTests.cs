using System.Diagnostics;
using System.Net;
using Microsoft.Extensions.Logging.Abstractions;
using Postseal.Certificates;
using Postseal.Certificates.Sources;
using Postseal.Dns;
using Postseal.TestKit;
using static Postseal.Sources.Tests.Dns.Published;

namespace Postseal.Sources.Tests.Dns;

/// <summary>What cannot be believed is an error, and never an absence.</summary>
public sealed class SmimeaFailureTests
{
    private static readonly TimeSpan Short = TimeSpan.FromMilliseconds(300);

    private static readonly DnsReply Good = Reply(Rdata(3, BobsCertificate));

    /// <summary>Two pointers behind the question, each to the other.</summary>
    private static byte[] Circle
    {
        get
        {
            var at = (byte)(12 + DnsRecord.NameOf(BobsName).Length + 4);
            return [0xC0, (byte)(at + 2), 0xC0, at];
        }
    }

    private static DnsRecord Alias(int i) => DnsRecord.Alias($"{i}.test", $"{i + 1}.test");

    public static TheoryData<string, DnsReply, string> Unbelievable => new()
    {
        { "FORMERR", new() { Code = 1 }, "FORMERR" },
        { "SERVFAIL", new() { Code = 2 }, "SERVFAIL: DNSSEC" },
        { "SERVFAIL with AD and records", Good with { Code = 2 }, "SERVFAIL" },
        { "bogus", new() { Code = 2, Additionals = [DnsRecord.ExtendedError(6, "")] }, "SERVFAIL (DNSSEC bogus)" },
        { "expired", new() { Code = 2, Additionals = [DnsRecord.ExtendedError(7, "of\n\u00e4.test")] }, "SERVFAIL (signature expired: of???.test)" },
        { "an error nobody knows", new() { Code = 2, Additionals = [DnsRecord.ExtendedError(999, "")] }, "SERVFAIL (extended error 999)" },
        { "an option that is cut off", new() { Code = 2, Additionals = [new("", 41, [0, 15, 0, 9, 0, 6], 0, 1232)] }, "SERVFAIL" },
        { "NOTIMP", new() { Code = 4 }, "NOTIMP" },
        { "REFUSED", new() { Code = 5 }, "REFUSED" },
        { "BADVERS", Good with { Additionals = [new("", 41, [], 0x01000000, 1232)] }, "error 16" },
        { "bogus that is passed on", new() { IsSecure = false, Additionals = [DnsRecord.ExtendedError(6, "")] }, "does not confirm (DNSSEC bogus)" },
        { "a wrong identifier", Good with { Id = 1 }, "another question" },
        { "another name in the question", Good with { Question = [.. DnsRecord.NameOf("example.org"), 0, 53, 0, 1] }, "another question" },
        { "another type in the question", Good with { Question = [.. DnsRecord.NameOf(BobsName), 0, 52, 0, 1] }, "another question" },
        { "another class in the question", Good with { Question = [.. DnsRecord.NameOf(BobsName), 0, 53, 0, 3] }, "another question" },
        { "a question in return", Good with { MoreFlags = 0x8000 }, "another question" },
        { "an update in return", Good with { MoreFlags = 0x2800 }, "another question" },
        { "an answer that is cut off, even over TCP", Good with { IsCut = true }, "cut its answer off" },
        { "a name that is not there, with records", Good with { Code = 3 }, "not there" },
        { "a name of pointers in a circle", Good with { RawAnswers = [.. Circle, 0, 53, 0, 1, 0, 0, 0, 9, 0, 3, 3, 0, 0] }, "cannot be read" },
        { "a record longer than the message", Good with { RawAnswers = [.. Record(new byte[100]).ToBytes()[..^50]] }, "cannot be read" },
        { "more records in the header than there are", Good with { AnswerCount = 40000 }, "cannot be read" },
        { "aliases in a circle", new() { Answers = [DnsRecord.Alias(BobsName, "b.test"), DnsRecord.Alias("b.test", BobsName)] }, "aliases" },
        { "a long way of aliases", new() { Answers = [DnsRecord.Alias(BobsName, "0.test"), .. Enumerable.Range(0, 20).Select(Alias)] }, "aliases" },
    };

    [Theory]
    [MemberData(nameof(Unbelievable), DisableDiscoveryEnumeration = true)]
    public async Task An_answer_that_cannot_be_believed_is_an_error(string what, DnsReply reply, string words)
    {
        var message = await FailureAsync(() => FindAsync(reply));

        Assert.StartsWith($"smimea: the records of {Bob} cannot be looked up: the resolver 127.0.0.1:", message, StringComparison.Ordinal);
        Assert.True(message.Contains(words, StringComparison.Ordinal), $"{what}: {message}");
    }

    public static TheoryData<string, DnsReply> BesideTheQuestion => new()
    {
        { "of another name", new() { Answers = [new("alice._smimecert.example.net", 53, Rdata(3, BobsCertificate))] } },
        { "of another type", new() { Answers = [new(BobsName, 52, Rdata(3, BobsCertificate))] } },
        { "of another class", new() { Answers = [new(BobsName, 53, Rdata(3, BobsCertificate), 60, 3)] } },
        { "in another section", new() { Authorities = Good.Answers, Additionals = Good.Answers } },
        { "behind an alias to elsewhere", new() { Answers = [DnsRecord.Alias(BobsName, "a.test"), Good.Answers[0]] } },
    };

    [Theory]
    [MemberData(nameof(BesideTheQuestion), DisableDiscoveryEnumeration = true)]
    public async Task A_record_that_is_beside_the_question_is_not_looked_at(string what, DnsReply reply)
    {
        var found = await FindAsync(reply);

        Assert.True(found is { Certificates: [], VouchesFor: null, Problem: null }, what);
    }

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
    public async Task An_answer_as_large_as_TCP_takes_is_read()
    {
        var rdata = Rdata(3, BobsCertificate);
        var filler = Enumerable.Range(0, 16).Select(i => (byte[])[3, 0, 0, .. new byte[i < 15 ? 4000 : 1000], (byte)i]);

        var found = await FindAsync(Reply([.. filler, rdata]));

        Assert.Single(found.Certificates);
        Assert.Contains("no certificate", found.Problem!, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_answer_with_any_octet_changed_is_another_answer_or_an_error()
    {
        var (changed, outcomes) = (-1, new List<bool>());
        await using var server = new DnsServerDouble((question, stream, cancellation) =>
        {
            var message = Good.ToBytes(question);
            message[changed] ^= (byte)(1 << (changed % 8));
            return stream.WriteAsync(DnsServerDouble.Framed(message), cancellation).AsTask();
        });
        await using var source = new SmimeaSource(Options(server), TimeProvider.System);
        var length = Good.ToBytes(new DnsQuestion(0, 0, BobsName, 53, [.. DnsRecord.NameOf(BobsName), 0, 53, 0, 1], false)).Length;

        for (changed = 0; changed < length; changed++)
        {
            try
            {
                outcomes.Add((await source.FindAsync(Address(Bob), TestContext.Current.CancellationToken)).Certificates is [_, ..]);
            }
            catch (IOException)
            {
                // What is no answer.
            }
        }

        // Most octets are the certificate's, which may be another then; those of the header and the question have to be right.
        Assert.InRange(outcomes.Count, 1, length - DnsRecord.NameOf(BobsName).Length - 8);
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
    public async Task A_domain_that_is_no_IDN_of_2003_is_asked_for_as_it_is() =>
        Assert.Empty((await FindOrProveAsync(new DnsReply { Code = 3 }, new DnsReply(), "bob@xn--i-7iq.example")).Certificates);

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

    private static async Task<FoundCertificates> FindOrProveAsync(DnsReply reply, DnsReply proof, string address = Bob)
    {
        await using var server = new DnsServerDouble(question => question.Type == 53 ? reply : proof);
        return await FindAsync(Options(server), address);
    }
}
