using System.Formats.Asn1;
using System.Globalization;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Postseal.Certificates;
using Postseal.Certificates.Store;
using Postseal.TestKit;
using static Postseal.TestKit.TestMail;

namespace Postseal.Tests.Certificates;

/// <summary>Which intermediates travel with a signature, with openssl as the judge of each chain.</summary>
public sealed class ChainTests : IDisposable
{
    private const string Alice = "alice@example.org";
    private static readonly DateTimeOffset Noon = new(2026, 11, 22, 12, 0, 0, TimeSpan.Zero);
    private static readonly DateTimeOffset LongAgo = Noon.AddYears(-5);
    private static readonly DateTimeOffset LongHence = Noon.AddYears(5);

    private static readonly OddCa Root = OddCa.Root("CN=Root", LongAgo, LongHence);

    private readonly SettableTime time = new(Noon);
    private readonly CertificateFolder folder;
    private readonly LineCollector log = new();

    public ChainTests() => folder = new CertificateFolder(time);

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void An_expired_intermediate_does_not_travel_wherever_its_renewed_twin_stands(bool renewedFirst)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var expired = Root.Issue(Intermediate("CN=CA") with { To = Noon.AddDays(-1), Key = key });
        var renewed = Root.Issue(Intermediate("CN=CA") with { From = Noon.AddDays(-2), Key = key });
        folder.Write(
            "alice@example.org.pem",
            renewed.IssueMail(Alice, LongAgo, LongHence) + (renewedFirst ? renewed.Pem + expired.Pem : expired.Pem + renewed.Pem));

        var identity = Signer();

        Assert.Equal(renewed.Certificate, Assert.Single(identity.Intermediates));
        AssertVerifies(identity);
        Assert.Empty(log.Lines);
    }

    [Fact]
    public void The_chain_is_chosen_anew_when_the_date_of_an_intermediate_passes()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var first = Root.Issue(Intermediate("CN=CA") with { To = Noon.AddDays(30), Key = key });
        var second = Root.Issue(Intermediate("CN=CA") with { From = Noon.AddDays(20), To = Noon.AddDays(100), Key = key });
        folder.Write("alice@example.org.pem", first.IssueMail(Alice, LongAgo, LongHence) + first.Pem + second.Pem);
        var directory = Open();

        Assert.Equal(first.Certificate, Assert.Single(Signer(directory).Intermediates));
        foreach (var days in (int[])[21, 31])
        {
            time.Now = Noon.AddDays(days);
            Assert.Equal(second.Certificate, Assert.Single(Signer(directory).Intermediates));
            AssertVerifies(Signer(directory));
        }

        Assert.Empty(log.Lines);
        time.Now = Noon.AddDays(101);
        Assert.Empty(Signer(directory).Intermediates);
        Assert.Contains("its chain is not complete: CN=CA, which issued CN=alice@example.org, is there, but it expired", Assert.Single(log.Lines), StringComparison.Ordinal);
    }

    public static TheoryData<string, UniversalTagNumber> Spellings => new()
    {
        { "Field S-MIME CA", UniversalTagNumber.PrintableString },
        { "Field S-MIME CA", UniversalTagNumber.UTF8String },
        { "Field S-MIME CA", UniversalTagNumber.TeletexString },
        { "Field S-MIME CA", UniversalTagNumber.BMPString },
        { "FIELD s-mime ca", UniversalTagNumber.UTF8String },
        { "  Field   S-MIME  CA ", UniversalTagNumber.PrintableString },
    };

    [Theory]
    [MemberData(nameof(Spellings))]
    public void An_issuer_whose_name_is_written_in_another_way_is_found(string name, UniversalTagNumber type)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var asIssued = Root.Issue(Intermediate("CN=Field S-MIME CA") with { Key = key });
        var asWritten = Root.Issue(new IssuerRequest(CommonName(name, type), LongAgo, LongHence) { Key = key });
        folder.Write("alice@example.org.pem", asIssued.IssueMail(Alice, LongAgo, LongHence) + asWritten.Pem);

        var identity = Signer();

        Assert.Equal(asWritten.Certificate, Assert.Single(identity.Intermediates));
        AssertVerifies(identity);
    }

    [Fact]
    public void A_name_that_is_another_is_no_issuer()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var asIssued = Root.Issue(Intermediate("CN=Field CA") with { Key = key });
        folder.Write("alice@example.org.pem", asIssued.IssueMail(Alice, LongAgo, LongHence) + Root.Issue(Intermediate("CN=FieldCA") with { Key = key }).Pem);

        Assert.Empty(Signer().Intermediates);
    }

    public static TheoryData<string, Func<IssuerRequest, IssuerRequest>, string> UnfitIssuers => new()
    {
        { "another key of the same name", request => request with { Key = ECDsa.Create(ECCurve.NamedCurves.nistP256) }, "the signature was not made with its key" },
        { "no CA", request => request with { IsCa = false }, "it is not a CA certificate" },
        { "no right to issue", request => request with { Usage = X509KeyUsageFlags.DigitalSignature }, "its keyUsage (DigitalSignature) does not allow issuing" },
        { "expired", request => request with { To = Noon.AddDays(-1) }, "it expired on 2026-11-21" },
        { "not yet valid", request => request with { From = Noon.AddDays(1) }, "it is not valid before 2026-11-23" },
        { "signed with MD5", request => request with { Digest = HashAlgorithmName.MD5 }, "it is signed with MD5, which lets others forge it" },
    };

    [Theory]
    [MemberData(nameof(UnfitIssuers))]
    public void An_issuer_that_no_reader_would_believe_does_not_travel_and_is_told_once(string _, Func<IssuerRequest, IssuerRequest> change, string reason)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var right = Intermediate("CN=CA") with { Key = key, HasKeyIdentifiers = false };
        folder.Write(
            "alice@example.org.pem",
            Root.Issue(right).IssueMail(Alice, LongAgo, LongHence) + Root.Issue(change(right)).Pem);
        var directory = Open();

        Assert.Empty(Signer(directory).Intermediates);
        Signer(directory);

        Assert.Contains($"is there, but {reason}", Assert.Single(log.Lines), StringComparison.Ordinal);
        Assert.Contains($"is there, but {reason}", Assert.Single(Assert.Single(new DirectoryCatalog(directory).Senders()).Warnings), StringComparison.Ordinal);
    }

    [Fact]
    public void An_issuer_that_allows_no_intermediates_below_it_has_none()
    {
        var upper = Root.Issue(Intermediate("CN=Upper") with { PathLength = 0 });
        var lower = upper.Issue(Intermediate("CN=Lower"));
        folder.Write("alice@example.org.pem", lower.IssueMail(Alice, LongAgo, LongHence) + lower.Pem + upper.Pem);

        Assert.Equal(["CN=Lower"], Signer().Intermediates.Select(issuer => issuer.Subject));
        Assert.Contains("it allows 0 intermediates below it, and there are 1", Assert.Single(log.Lines), StringComparison.Ordinal);
    }

    [Fact]
    public void An_intermediate_signed_with_SHA_1_travels_with_a_warning()
    {
        var intermediate = Root.Issue(Intermediate("CN=CA") with { Digest = HashAlgorithmName.SHA1 });
        folder.Write("alice@example.org.pem", intermediate.IssueMail(Alice, LongAgo, LongHence) + intermediate.Pem);

        Assert.Single(Signer().Intermediates);
        Assert.Contains("of its chain, CN=CA: it is signed with SHA-1", Assert.Single(log.Lines), StringComparison.Ordinal);
    }

    [Fact]
    public void Of_two_ways_the_one_to_a_root_that_is_here_is_taken()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var stranger = OddCa.Root("CN=Stranger", LongAgo, LongHence);
        var crossed = stranger.Issue(Intermediate("CN=CA") with { Key = key, To = LongHence.AddDays(-1) });
        var direct = Root.Issue(Intermediate("CN=CA") with { Key = key, To = LongHence.AddDays(-2) });
        folder.Write("alice@example.org.pem", direct.IssueMail(Alice, LongAgo, LongHence) + crossed.Pem + direct.Pem);
        Assert.Equal(crossed.Certificate, Assert.Single(Signer().Intermediates));

        folder.Write("root.ca.pem", Root.Pem);

        Assert.Equal(direct.Certificate, Assert.Single(Signer().Intermediates));
        AssertVerifies(Signer());
    }

    [Fact]
    public void A_root_that_certified_its_next_key_is_an_intermediate_of_that()
    {
        using var next = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var rollover = Root.Issue(Intermediate("CN=Root") with { Key = next });
        folder.Write("alice@example.org.pem", rollover.IssueMail(Alice, LongAgo, LongHence) + rollover.Pem + Root.Pem);

        var identity = Signer();

        Assert.Equal(rollover.Certificate, Assert.Single(identity.Intermediates));
        AssertVerifies(identity);
    }

    [Fact]
    public void A_root_to_some_that_is_an_intermediate_to_others_travels_for_those()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var crossed = Root.Issue(Intermediate("CN=Corporate CA") with { Key = key });
        var selfSigned = crossed.Issue(Intermediate("CN=Corporate CA") with { Key = key });
        folder.Write("alice@example.org.pem", crossed.IssueMail(Alice, LongAgo, LongHence) + selfSigned.Pem + crossed.Pem + Root.Pem);

        var identity = Signer();

        Assert.Equal(crossed.Certificate, Assert.Single(identity.Intermediates));
        AssertVerifies(identity);
    }

    [Fact]
    public void CAs_that_certify_each_other_in_circles_end()
    {
        var keys = Enumerable.Range(0, 12).Select(_ => ECDsa.Create(ECCurve.NamedCurves.nistP256)).ToArray();
        var cas = keys.Select((key, i) => Root.Issue(Intermediate($"CN=CA {i}") with { Key = key })).ToArray();
        var crossed =
            from issuer in Enumerable.Range(0, keys.Length)
            from subject in Enumerable.Range(0, keys.Length)
            where issuer != subject
            select cas[issuer].Issue(Intermediate($"CN=CA {subject}") with { Key = keys[subject] }).Pem;
        folder.Write("alice@example.org.pem", cas[0].IssueMail(Alice, LongAgo, LongHence));
        folder.Write("crossed.pem", string.Concat(crossed));

        Assert.InRange(Signer().Intermediates.Count, 1, 8);
        foreach (var key in keys)
            key.Dispose();
    }

    [Fact]
    public void A_chain_of_four_is_put_in_order()
    {
        var cas = new List<OddCa> { Root };
        for (var i = 1; i <= 4; i++)
            cas.Add(cas[^1].Issue(Intermediate($"CN=CA {i}")));
        folder.Write("alice@example.org.pem", cas[^1].IssueMail(Alice, LongAgo, LongHence) + string.Concat(cas.Select(ca => ca.Pem)));

        var identity = Signer();

        Assert.Equal(["CN=CA 4", "CN=CA 3", "CN=CA 2", "CN=CA 1"], identity.Intermediates.Select(issuer => issuer.Subject));
        AssertVerifies(identity);
    }

    /// <summary>
    /// CAs that issue to each other at random, some expired, not yet valid, not allowed to issue, or under another
    /// key: where openssl finds a way among all of them we have found one, and what we chose verifies without the others.
    /// </summary>
    [Fact]
    public void Where_openssl_finds_a_way_to_the_root_so_do_we()
    {
        const int cases = 25;
        Assert.SkipUnless(OpenSsl.IsHere, "openssl is not on this machine");
        var keys = Enumerable.Range(0, 5).Select(_ => ECDsa.Create(ECCurve.NamedCurves.nistP256)).ToArray();
        var reached = 0;
        for (var seed = 0; seed < cases; seed++)
        {
            var random = new Random(seed);
            var certificates = new List<string>();
            for (var i = 0; i < 14; i++)
            {
                var subject = random.Next(4);
                var request = RandomRequest(random, subject, keys[random.Next(6) == 0 ? 4 : subject]);
                var issuer = random.Next(5) is var number && number < 4 && number != subject
                    ? Root.Issue(Intermediate($"CN=CA {number}") with { Key = keys[number] })
                    : Root;
                certificates.Add(issuer.Issue(request).Pem);
            }

            var leaf = Root.Issue(Intermediate("CN=CA 0") with { Key = keys[0] }).IssueMail(Alice, LongAgo, LongHence);
            var all = string.Concat(certificates);
            folder.Write("alice@example.org.pem", leaf + all + Root.Pem);

            var identity = Signer();

            if (identity.Chain!.Root is not null)
                Assert.Equal((seed, 0, ""), Verify(seed, identity, Pem(identity.Intermediates)));
            else
                Assert.NotEqual((seed, 0, ""), Verify(seed, identity, all));
            reached += identity.Chain!.Root is null ? 0 : 1;
        }

        Assert.InRange(reached, 5, cases - 5); // else the cases are too easy or too hard to say anything
    }

    public void Dispose() => folder.Dispose();

    private static IssuerRequest RandomRequest(Random random, int subject, AsymmetricAlgorithm key) => random.Next(6) switch
    {
        0 => Intermediate($"CN=CA {subject}") with { Key = key, To = Noon.AddDays(-1) },
        1 => Intermediate($"CN=CA {subject}") with { Key = key, From = Noon.AddDays(1) },
        2 => Intermediate($"CN=CA {subject}") with { Key = key, PathLength = random.Next(2) },
        3 => Intermediate($"CN=CA {subject}") with { Key = key, IsCa = random.Next(2) == 0 },
        _ => Intermediate($"CN=CA {subject}") with { Key = key, To = LongHence.AddDays(-random.Next(100)) },
    };

    private static IssuerRequest Intermediate(string name) => new(new X500DistinguishedName(name), LongAgo, LongHence);

    private static X500DistinguishedName CommonName(string name, UniversalTagNumber type)
    {
        var builder = new X500DistinguishedNameBuilder();
        builder.Add("2.5.4.3", name, type);
        return builder.Build();
    }

    private CertificateDirectory Open() => new(folder.Options, time, log);

    private Identity Signer(CertificateDirectory? directory = null)
    {
        var found = (directory ?? Open()).FindSigner(Address(Alice));
        return found is Lookup<Identity>.Found usable ? usable.Value : throw new Xunit.Sdk.XunitException($"{found}");
    }

    private void AssertVerifies(Identity identity)
    {
        Assert.SkipUnless(OpenSsl.IsHere, "openssl is not on this machine");
        Assert.Equal((0, 0, ""), Verify(0, identity, Pem(identity.Intermediates)));
    }

    private static string Pem(IEnumerable<X509Certificate2> certificates) =>
        string.Concat(certificates.Select(certificate => certificate.ExportCertificatePem() + "\n"));

    private (int Case, int ExitCode, string Errors) Verify(int number, Identity identity, string untrusted)
    {
        using var files = new TemporaryDirectory();
        var (exitCode, _, errors) = OpenSsl.Run(
            "verify", "-purpose", "smimesign", "-attime", time.Now.ToUnixTimeSeconds().ToString(CultureInfo.InvariantCulture),
            "-CAfile", files.Write("root.pem", Root.Pem), "-untrusted", files.Write("chain.pem", untrusted),
            files.Write("leaf.pem", identity.Certificate.ExportCertificatePem()));
        return (number, exitCode, errors);
    }
}
