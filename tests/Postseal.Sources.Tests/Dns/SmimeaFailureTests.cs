using Postseal.Dns;
using static Postseal.Sources.Tests.Dns.Published;

namespace Postseal.Sources.Tests.Dns;

/// <summary>What cannot be believed is an error, and never an absence.</summary>
public sealed class SmimeaFailureTests
{
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
    public async Task A_domain_that_is_no_IDN_of_2003_is_asked_for_as_it_is() =>
        Assert.Empty((await FindOrProveAsync(new DnsReply { Code = 3 }, new DnsReply(), "bob@xn--i-7iq.example")).Certificates);
}
