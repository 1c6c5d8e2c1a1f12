using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Postseal.Certificates;
using Postseal.Certificates.Revocation;
using Postseal.Certificates.Trust;
using Postseal.TestKit;
using static Postseal.Tests.Certificates.Trust.Signers;

namespace Postseal.Tests.Certificates.Trust;

/// <summary>What was found of a signer is remembered until something that it depends on changes, and no longer.</summary>
public sealed class SignerMemoryTests : IDisposable
{
    private static readonly OddCa Anchor = Root();

    private readonly Signers signers = new();
    private readonly OddCa intermediate = Anchor.Issue(Issuer("CN=CA"));
    private readonly X509Certificate2 alice;

    public SignerMemoryTests()
    {
        alice = IssueMail(intermediate);
        Say(alice, new RevocationAnswer.Good("CRL of 2026-11-22", Noon.AddDays(1)));
        Say(intermediate.Certificate, new RevocationAnswer.Good("CRL of 2026-11-01", Noon.AddDays(9)));
    }

    [Fact]
    public void What_is_known_is_not_worked_out_again_and_costs_nothing()
    {
        var trust = signers.Trust(Anchor);
        var first = signers.Check(trust, alice, intermediate.Certificate);
        Assert.Equal(2, signers.Revocation.Asked.Count);
        var (signer, bag) = (signers.Received(alice), new[] { signers.Received(alice), signers.Received(intermediate.Certificate) });

        Assert.Same(first, trust.Check(signer, bag));
        Assert.Same(first, trust.Check(signer, [signer])); // its chain is known from the message before
        Assert.Equal(2, signers.Revocation.Asked.Count);
        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < 1000; i++)
            trust.Check(signer, bag);
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 1000);
    }

    [Fact]
    public void Who_is_asked_of_a_chain_are_its_certificates_below_the_anchor_with_those_above_them()
    {
        signers.Check(alice, [Anchor], intermediate.Certificate);

        Assert.Equal(["CN=Alice < CN=CA < CN=Root", "CN=CA < CN=Root"], signers.Revocation.Asked);
    }

    [Fact]
    public void It_is_asked_again_when_the_first_of_the_answers_ends()
    {
        var trust = signers.Trust(Anchor);
        var standing = signers.Check(trust, alice, intermediate.Certificate);
        Assert.Equal(new RevocationAnswer.Good("CRL of 2026-11-22", Noon.AddDays(1)), standing.Revocation);

        signers.Time.Now = Noon.AddDays(1).AddMinutes(1);
        signers.Check(trust, alice, intermediate.Certificate);
        Assert.Equal(4, signers.Revocation.Asked.Count);
    }

    [Fact]
    public void What_nobody_knows_outweighs_what_is_good_and_is_asked_again_soon()
    {
        Say(intermediate.Certificate, new RevocationAnswer.Unknown("its CRL is not here yet"));
        var trust = signers.Trust(Anchor);

        var standing = signers.Check(trust, alice, intermediate.Certificate);

        Assert.Equal(StandingKind.Trusted, standing.Kind);
        Assert.Equal(new RevocationAnswer.Unknown("of CN=CA in its chain, its CRL is not here yet"), standing.Revocation);
        signers.Time.Now += TimeSpan.FromMinutes(2);
        signers.Check(trust, alice, intermediate.Certificate);
        Assert.Equal(4, signers.Revocation.Asked.Count);
    }

    [Fact]
    public void A_revocation_that_becomes_known_counts_at_once()
    {
        var trust = signers.Trust(Anchor);
        Assert.Equal(StandingKind.Trusted, signers.Check(trust, alice, intermediate.Certificate).Kind);

        Say(intermediate.Certificate, new RevocationAnswer.Revoked(Noon, "caCompromise"));

        var standing = signers.Check(trust, alice, intermediate.Certificate);
        Assert.Equal((StandingKind.Revoked, "of CN=CA in its chain, it was revoked on 2026-11-22 (caCompromise)"), (standing.Kind, standing.Why));
        Assert.IsType<RevocationAnswer.Revoked>(standing.Revocation);
    }

    [Fact]
    public void Anchors_and_issuers_that_change_count_at_once()
    {
        var trust = signers.Trust(Anchor);
        Assert.Equal(StandingKind.Untrusted, signers.Check(trust, alice).Kind);

        signers.Directory = [intermediate.Certificate];
        Assert.Equal(StandingKind.Trusted, signers.Check(trust, alice).Kind);

        File.WriteAllText(signers.AnchorsFile, OwnRoot("CN=Other").Pem);
        signers.Time.Now += TimeSpan.FromSeconds(3);
        Assert.Equal(StandingKind.Untrusted, signers.Check(trust, alice).Kind);
    }

    [Fact]
    public void What_was_missing_from_one_message_may_be_in_the_next()
    {
        var trust = signers.Trust(Anchor);

        Assert.Equal(StandingKind.Untrusted, signers.Check(trust, alice).Kind);
        Assert.Equal(StandingKind.Trusted, signers.Check(trust, alice, intermediate.Certificate).Kind);
        Assert.Equal(StandingKind.Trusted, signers.Check(trust, alice).Kind);
    }

    [Fact]
    public void Dates_that_pass_count_at_once()
    {
        var later = Anchor.Issue(Issuer("CN=Later") with { From = Noon.AddSeconds(10), To = Noon.AddSeconds(20) });
        var bob = IssueMail(later);
        var trust = signers.Trust(Anchor);

        Assert.Equal(StandingKind.NotValid, signers.Check(trust, bob, later.Certificate).Kind);
        signers.Time.Now = Noon.AddSeconds(11);
        Assert.Equal(StandingKind.Trusted, signers.Check(trust, bob, later.Certificate).Kind);
        signers.Time.Now = Noon.AddSeconds(21);
        Assert.Equal(StandingKind.NotValid, signers.Check(trust, bob, later.Certificate).Kind);
        signers.Time.Now = Noon.AddSeconds(15); // a clock that was set back
        Assert.Equal(StandingKind.Trusted, signers.Check(trust, bob, later.Certificate).Kind);
    }

    [Fact]
    public void An_issuer_that_was_fetched_completes_the_chain()
    {
        var source = new Source();
        using var others = new Signers { Source = source };
        var lower = intermediate.Issue(Issuer("CN=Lower"));
        var bob = IssueMail(lower);
        var trust = others.Trust(Anchor);

        Assert.Equal(StandingKind.Untrusted, others.Check(trust, bob).Kind);
        Assert.Equal(["CN=Alice"], source.Asked);
        Assert.Equal(StandingKind.Untrusted, others.Check(trust, bob).Kind);
        Assert.Single(source.Asked);

        // What is fetched is a stranger's like the rest.
        source.Add(bob, OwnRoot("CN=Lower").Certificate, lower.Certificate);
        source.Add(lower.Certificate, intermediate.Certificate);
        Assert.Equal(StandingKind.Trusted, others.Check(trust, bob).Kind);
    }

    public void Dispose() => signers.Dispose();

    private void Say(X509Certificate2 certificate, RevocationAnswer answer) => signers.Revocation[certificate] = answer;

    private sealed class Source : IIssuerSource
    {
        private readonly Dictionary<string, X509Certificate2[]> issuers = [];

        public long Version { get; private set; }

        public List<string> Asked { get; } = [];

        public void Add(X509Certificate2 certificate, params X509Certificate2[] found) => (issuers[certificate.Thumbprint], Version) = (found, Version + 1);

        public IReadOnlyList<X509Certificate2> IssuersOf(X509Certificate2 certificate)
        {
            Asked.Add(certificate.Subject);
            return issuers.GetValueOrDefault(certificate.Thumbprint, []);
        }
    }
}
