using System.Security.Cryptography.X509Certificates;
using Postseal.Certificates;
using static Postseal.Sources.Tests.Dns.Published;

namespace Postseal.Sources.Tests.Dns;

/// <summary>What becomes of a secure answer.</summary>
public sealed class SmimeaAnswerTests
{
    [Fact]
    public async Task A_certificate_of_its_owner_is_found_and_vouched_for()
    {
        var found = await FindAsync(Reply(Rdata(3, BobsCertificate)));

        var certificate = Assert.Single(found.Certificates);
        Assert.Equal(BobsCertificate.RawData, certificate.Certificate.RawData);
        Assert.Equal([Address(Bob)], certificate.Addresses);
        Assert.Contains(Bob, certificate.Source, StringComparison.Ordinal);
        Assert.True(found.VouchesFor!(certificate));
        Assert.Equal(TimeSpan.FromHours(1), found.HoldsFor);
        Assert.Null(found.Problem);
    }

    [Fact]
    public async Task The_question_asks_for_DNSSEC_and_goes_over_TCP_alone()
    {
        await using var server = new DnsServerDouble(_ => Reply(Rdata(3, BobsCertificate)));

        await FindAsync(Options(server));

        var question = Assert.Single(server.Questions);
        Assert.Equal((BobsName, (ushort)53), (question.Name, question.Type));
        Assert.True(question.IsDnssecWanted);
        Assert.False(question.IsCheckingDisabled);
        Assert.False(server.HadDatagrams);
    }

    // usage, selector, matching type; of whom; whether a certificate is found, and whether Bob's, found elsewhere, is vouched for
    [Theory]
    [InlineData(0, 0, 0, "root", false, false)] // PKIX-TA
    [InlineData(1, 0, 0, "bob", true, false)]   // PKIX-EE: its chain has to end in an anchor as well
    [InlineData(1, 1, 1, "bob", false, false)]
    [InlineData(2, 0, 0, "root", false, true)]  // DANE-TA
    [InlineData(2, 0, 1, "root", false, true)]
    [InlineData(2, 0, 2, "root", false, true)]
    [InlineData(2, 1, 0, "root", false, true)]
    [InlineData(2, 1, 1, "issuing", false, true)]
    [InlineData(2, 1, 1, "bob", false, false)]  // nobody is his own CA
    [InlineData(3, 0, 0, "bob", true, true)]    // DANE-EE
    [InlineData(3, 0, 1, "bob", false, true)]
    [InlineData(3, 0, 2, "bob", false, true)]
    [InlineData(3, 1, 0, "bob", false, true)]
    [InlineData(3, 1, 1, "bob", false, true)]
    [InlineData(3, 1, 2, "bob", false, true)]
    [InlineData(3, 1, 1, "root", false, false)] // another's key, whoever it is
    [InlineData(3, 0, 0, "other", true, false)]
    public async Task A_record_gives_a_certificate_or_vouches_for_one(
        byte usage, byte selector, byte matching, string whose, bool isFound, bool isVouchedFor)
    {
        var named = whose switch
        {
            "root" => Root.Certificate,
            "issuing" => Issuing.Certificate,
            "other" => MailCertificateOf(Issuing),
            _ => BobsCertificate,
        };

        var found = await FindAsync(Reply(Rdata(usage, selector, matching, named)));

        Assert.Equal(isFound ? 1 : 0, found.Certificates.Count);
        Assert.Equal(isVouchedFor, found.VouchesFor!(FromElsewhere(BobsCertificate)));
        Assert.Equal(isFound, found.Problem is null);
    }

    [Fact]
    public async Task A_published_CA_completes_the_chain_of_what_it_vouches_for()
    {
        var byRoot = MailCertificateOf(Root);

        var found = await FindAsync(Reply(Rdata(2, Root.Certificate)));

        Assert.True(found.VouchesFor!(MailCertificate.OfCorrespondent(byRoot, "elsewhere")));
    }

    public static TheoryData<string, X509Certificate2, X509Certificate2[]> Unproven
    {
        get
        {
            var stranger = TestKit.OddCa.Root(Root.Certificate.Subject, Now.AddYears(-1), Now.AddYears(5));
            var otherIssuing = stranger.Issue(new TestKit.IssuerRequest(Issuing.Certificate.SubjectName, Now.AddYears(-1), Now.AddYears(4)));
            var expired = Root.Issue(new TestKit.IssuerRequest(new X500DistinguishedName("CN=Old"), Now.AddYears(-1), Now.AddDays(-1)));
            var mallory = new TestKit.IssuerRequest(new X500DistinguishedName("CN=Mallory"), Now.AddYears(-1), Now.AddYears(4));
            var person = Root.Issue(mallory with { IsCa = false });
            return new()
            {
                { "the issuer is missing", BobsCertificate, [] },
                { "a CA of the same name signed it", MailCertificateOf(otherIssuing), [Issuing.Certificate, Root.Certificate] },
                { "its CA expired", MailCertificateOf(expired), [expired.Certificate, Root.Certificate] },
                { "somebody with a certificate of the CA issued it", MailCertificateOf(person), [person.Certificate, Root.Certificate] },
                { "it expired", MailCertificateOf(Issuing, Now.AddHours(-1)), [Issuing.Certificate, Root.Certificate] },
            };
        }
    }

    [Theory]
    [MemberData(nameof(Unproven), DisableDiscoveryEnumeration = true)]
    public async Task A_CA_does_not_vouch_for_what_it_does_not_stand_behind(string why, X509Certificate2 certificate, X509Certificate2[] beside)
    {
        var found = await FindAsync(Reply(Rdata(2, Root.Certificate)));

        Assert.False(found.VouchesFor!(MailCertificate.OfCorrespondent(certificate, "elsewhere", beside)), why);
        Assert.True(found.VouchesFor!(FromElsewhere(BobsCertificate)));
    }

    [Fact]
    public async Task A_CA_vouches_until_its_certificate_or_the_other_ends()
    {
        var time = new TestKit.SettableTime(Now);
        await using var server = new DnsServerDouble(_ => Reply(Rdata(2, Root.Certificate)));
        await using var source = new Postseal.Dns.SmimeaSource(Options(server), time);
        var found = await source.FindAsync(Address(Bob), TestContext.Current.CancellationToken);
        var bobs = FromElsewhere(BobsCertificate);

        Assert.True(found.VouchesFor!(bobs));
        time.Now = BobsCertificate.NotAfter;
        Assert.True(found.VouchesFor(bobs));
        time.Now += TimeSpan.FromSeconds(1);
        Assert.False(found.VouchesFor(bobs));
        time.Now = Now;
        Assert.True(found.VouchesFor(bobs));
    }

    [Fact]
    public async Task A_certificate_for_another_address_is_found_as_it_is_and_the_caller_refuses_it()
    {
        var found = await FindAsync(new DnsReply { Answers = [new DnsRecord(AlicesName, 53, Rdata(3, BobsCertificate))] }, "alice@example.net");

        Assert.DoesNotContain(Address("alice@example.net"), Assert.Single(found.Certificates).Addresses);
    }

    public static TheoryData<string, byte[], string> Unusable => new()
    {
        { "nothing", [], "is empty" },
        { "no data", [3, 0, 0], "is empty" },
        { "an unknown usage", [4, 0, 0, 0x30], "usage 4" },
        { "the private usage", [255, 0, 0, 0x30], "usage 255" },
        { "an unknown selector", [3, 2, 0, 0x30], "selector 2" },
        { "an unknown matching type", [3, 0, 3, 0x30], "matching type 3" },
        { "a short digest", [3, 1, 1, .. new byte[31]], "digest" },
        { "a long digest", [3, 1, 2, .. new byte[65]], "digest" },
        { "no certificate", [3, 0, 0, 1, 2, 3], "no certificate" },
        { "half a certificate", Rdata(3, BobsCertificate)[..^1], "no certificate" },
        { "more than a certificate", [.. Rdata(3, BobsCertificate), 0], "no certificate" },
        { "a certificate in PEM", [3, 0, 0, .. System.Text.Encoding.ASCII.GetBytes(BobsCertificate.ExportCertificatePem())], "no certificate" },
        { "no key", [3, 1, 0, 1, 2, 3], "no key" },
    };

    [Theory]
    [MemberData(nameof(Unusable), DisableDiscoveryEnumeration = true)]
    public async Task A_record_that_cannot_be_used_is_told_and_keeps_no_other_from_being_used(string what, byte[] rdata, string problem)
    {
        var alone = await FindAsync(Reply(rdata));
        var beside = await FindAsync(Reply(rdata, Rdata(3, BobsCertificate)));

        Assert.Empty(alone.Certificates);
        Assert.True(alone.Problem!.Contains(problem, StringComparison.Ordinal), $"{what}: {alone.Problem}");
        Assert.StartsWith("smimea: ", alone.Problem, StringComparison.Ordinal);
        Assert.Single(beside.Certificates);
        Assert.Contains(problem, beside.Problem!, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Of_many_records_the_same_are_looked_at_in_whatever_order_they_come()
    {
        var records = Enumerable.Range(0, 40).Select(i => (byte[])[3, 1, 1, .. new byte[31], (byte)i]).Append(Rdata(3, BobsCertificate)).ToArray();

        var found = await FindAsync(Reply(records));
        var reversed = await FindAsync(Reply([.. records.Reverse()]));

        Assert.Single(found.Certificates);
        Assert.Single(reversed.Certificates);
        Assert.Contains("41 records", found.Problem!, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(0u, 10)]
    [InlineData(5u, 10)]
    [InlineData(300u, 300)]
    [InlineData(604800u, 86400)]
    [InlineData(0x80000001u, 10)]
    public async Task An_answer_holds_for_its_smallest_TTL_within_bounds(uint ttl, int seconds)
    {
        var found = await FindAsync(new DnsReply { Answers = [Record(Rdata(3, BobsCertificate)), Record(Rdata(3, 1, 1, BobsCertificate), ttl)] });

        Assert.Equal(TimeSpan.FromSeconds(Math.Min(seconds, ttl is > 3600 and < 0x80000000u ? 3600 : seconds)), found.HoldsFor);
    }

    [Theory]
    [InlineData(0)] // NODATA
    [InlineData(3)] // NXDOMAIN
    public async Task That_there_is_nothing_holds_as_long_as_the_zone_says(int code)
    {
        var found = await FindAsync(new DnsReply { Code = code, Authorities = [DnsRecord.Soa("example.net", 900, 120)] });

        Assert.Empty(found.Certificates);
        Assert.Null(found.Problem);
        Assert.Equal(TimeSpan.FromSeconds(120), found.HoldsFor);
    }

    [Fact]
    public async Task Aliases_in_the_answer_are_followed()
    {
        var found = await FindAsync(new DnsReply
        {
            Answers =
            [
                DnsRecord.Alias(BobsName, "one.example.org"), DnsRecord.Alias("one.example.org", "two.example.org"),
                new DnsRecord("two.example.org", 53, Rdata(3, BobsCertificate)),
            ],
        });

        Assert.Single(found.Certificates);
    }

    [Fact]
    public async Task A_spelling_with_capitals_finds_what_is_published_in_lower_case()
    {
        await using var server = new DnsServerDouble(
            question => question.Name == BobsName ? Reply(Rdata(3, BobsCertificate)) : new DnsReply { Code = 3 });

        Assert.Single((await FindAsync(Options(server), "BOB@example.net")).Certificates);
        Assert.Equal(2, server.Questions.Count);
    }

    [Theory]
    [InlineData("bob@example.org", 0)]
    [InlineData("bob@sub.example.net", 0)]
    [InlineData("bob@example.net", 1)]
    public async Task Only_the_domains_of_the_settings_are_asked_for(string address, int questions)
    {
        await using var server = new DnsServerDouble(_ => Reply(Rdata(3, BobsCertificate)));

        var found = await FindAsync(Options(server) with { Domains = [Mail.AddressPattern.Parse("@example.net")] }, address);

        Assert.Equal(questions, found.Certificates.Count);
        Assert.Equal(questions, server.Questions.Count);
    }

    private const string AlicesName = "2bd806c97f0e00af1a1fc3328fa763a9269723c8db8fac4f93af71db._smimecert.example.net";

    private static MailCertificate FromElsewhere(X509Certificate2 certificate) =>
        MailCertificate.OfCorrespondent(certificate, "elsewhere", [Issuing.Certificate, Root.Certificate]);
}
