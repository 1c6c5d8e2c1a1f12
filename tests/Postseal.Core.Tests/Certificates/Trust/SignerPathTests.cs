using System.Globalization;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Postseal.Certificates.Revocation;
using Postseal.Certificates.Trust;
using Postseal.TestKit;
using static Postseal.Tests.Certificates.Trust.Signers;

namespace Postseal.Tests.Certificates.Trust;

/// <summary>Of several ways to the anchors a bad one does not hide a good one, whoever put it there, nor cost much.</summary>
public sealed class SignerPathTests : IDisposable
{
    private static readonly OddCa Anchor = Root();

    private readonly Signers signers = new();

    public static TheoryData<string, Func<OddCa, IssuerRequest, X509Certificate2>> BadTwins => new()
    {
        { "expired", (root, request) => root.Issue(request with { To = Noon.AddDays(-1) }).Certificate },
        { "not yet valid", (root, request) => root.Issue(request with { From = Noon.AddDays(1) }).Certificate },
        { "no CA", (root, request) => root.Issue(request with { IsCa = false }).Certificate },
        { "signed with MD5", (root, request) => root.Issue(request with { Digest = HashAlgorithmName.MD5 }).Certificate },
        { "for no intermediate", (root, request) => root.Issue(request with { PathLength = 0 }).Certificate },
        { "under another root", (_, request) => OwnRoot("CN=Stranger").Issue(request).Certificate },
        { "under a forged root", (_, request) => OwnRoot("CN=Root").Issue(request).Certificate },
        { "with another key", (root, request) => root.Issue(request with { Key = ECDsa.Create(ECCurve.NamedCurves.nistP256) }).Certificate },
        { "with another key that says it is this", (root, request) => SameIdentifier(root, request, issuer: root) },
        { "forged with another key that says it is this", (root, request) => SameIdentifier(OwnRoot("CN=Root"), request, issuer: root) },
    };

    [Theory]
    [MemberData(nameof(BadTwins))]
    public void A_bad_twin_of_an_intermediate_is_not_in_the_way_wherever_it_stands(string _, Func<OddCa, IssuerRequest, X509Certificate2> make)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = Issuer("CN=CA") with { Key = key, To = LongHence.AddDays(-1) };
        var right = Anchor.Issue(request);
        var lower = right.Issue(Issuer("CN=Lower"));
        var twin = make(Anchor, request with { To = LongHence });

        foreach (var bag in (X509Certificate2[][])[[twin, right.Certificate, lower.Certificate], [lower.Certificate, right.Certificate, twin]])
        {
            var standing = signers.Check(IssueMail(lower), [Anchor], bag);
            Assert.True(standing.Kind == StandingKind.Trusted, standing.Why);
            Assert.Equal(right.Certificate, standing.Chain[2]);
        }
    }

    [Fact]
    public void A_bag_of_clones_of_the_intermediate_is_not_in_the_way()
    {
        var right = Anchor.Issue(Issuer("CN=CA"));
        var clones = Enumerable.Range(0, 18).Select(_ => SameIdentifier(OwnRoot(), Issuer("CN=CA") with { Key = KeyOf(right) }, issuer: Anchor));

        Assert.Equal(StandingKind.Trusted, signers.Check(IssueMail(right), [Anchor], [.. clones, right.Certificate]).Kind);
    }

    [Fact]
    public void A_revoked_way_is_not_in_the_way_of_another()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var other = OwnRoot("CN=Other");
        var revoked = Anchor.Issue(Issuer("CN=CA") with { Key = key });
        var good = other.Issue(Issuer("CN=CA") with { Key = key, To = LongHence.AddDays(-1) });
        var alice = IssueMail(revoked);
        signers.Revocation[revoked.Certificate] = new RevocationAnswer.Revoked(Noon, "caCompromise");

        Assert.Equal(StandingKind.Revoked, signers.Check(alice, [Anchor, other], revoked.Certificate).Kind);
        Assert.Equal(StandingKind.Trusted, signers.Check(alice, [Anchor, other], revoked.Certificate, good.Certificate).Kind);

        // That nobody can say what became of the one does not make up for the other.
        signers.Revocation[good.Certificate] = new RevocationAnswer.Unknown("its CRL is not here yet");
        Assert.Equal(StandingKind.Revoked, signers.Check(alice, [Anchor, other], revoked.Certificate, good.Certificate).Kind);
    }

    [Fact]
    public void A_signer_who_is_revoked_by_one_way_is_so_by_all()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var other = OwnRoot("CN=Other");
        var (one, two) = (Anchor.Issue(Issuer("CN=CA") with { Key = key }), other.Issue(Issuer("CN=CA") with { Key = key }));
        var alice = IssueMail(one);
        signers.Revocation[alice] = new RevocationAnswer.Revoked(Noon, "keyCompromise");

        var standing = signers.Check(alice, [Anchor, other], one.Certificate, two.Certificate);

        Assert.Equal((StandingKind.Revoked, "it was revoked on 2026-11-22 (keyCompromise)"), (standing.Kind, standing.Why));
        Assert.Single(signers.Revocation.Asked);
    }

    [Fact]
    public void A_root_that_certified_its_next_key_leads_to_the_old_one()
    {
        var next = Anchor.Issue(Issuer("CN=Root") with { Key = ECDsa.Create(ECCurve.NamedCurves.nistP256) });

        Assert.Equal(StandingKind.Trusted, signers.Check(IssueMail(next), [Anchor], next.Certificate).Kind);
    }

    /// <summary>Whoever has a certificate of his own, and no CA's, can have only the real issuers' keys verify what he sends.</summary>
    [Theory]
    [InlineData("CN=Root")]
    [InlineData("CN=CA")]
    public void Strangers_who_certify_each_other_cost_no_more_than_comparing_them_with_the_anchors(string name)
    {
        var curve = ECCurve.NamedCurves.brainpoolP512r1; // the slowest there is
        var strangers = Enumerable.Range(0, 5).Select(_ => OwnRoot(name, curve, hasKeyIdentifier: false)).ToArray();
        X509Certificate2[] crossed =
        [
            .. from issuer in strangers
               from subject in strangers
               where issuer != subject
               select issuer.Issue(Issuer(name) with { Key = KeyOf(subject), HasKeyIdentifiers = false }).Certificate,
        ];
        var trust = signers.Trust(Anchor);
        signers.Check(trust, IssueMail(strangers[1]), crossed.Take(MaxCrossed)); // warm
        var (alice, standing) = (IssueMail(strangers[0]), (SignerStanding?)null);

        var time = CpuTime.Of(() => standing = signers.Check(trust, alice, crossed.Take(MaxCrossed)));

        Assert.Equal(StandingKind.Untrusted, standing!.Kind);
        Assert.InRange(time.TotalMilliseconds, 0, 50); // in which that curve makes no more than a few dozen comparisons
    }

    [Fact]
    public void CAs_that_certify_each_other_in_circles_end()
    {
        var keys = Enumerable.Range(0, 5).Select(_ => ECDsa.Create(ECCurve.NamedCurves.nistP256)).ToArray();
        var cas = keys.Select(key => Anchor.Issue(Issuer("CN=CA") with { Key = key, HasKeyIdentifiers = false })).ToArray();
        X509Certificate2[] crossed =
        [
            .. from issuer in Enumerable.Range(0, keys.Length)
               from subject in Enumerable.Range(0, keys.Length)
               where issuer != subject
               select cas[issuer].Issue(Issuer("CN=CA") with { Key = keys[subject], To = Noon.AddDays(-1), HasKeyIdentifiers = false }).Certificate,
        ];
        var alice = IssueMail(cas[0]);
        var expired = Anchor.Issue(Issuer("CN=CA") with { Key = keys[0], To = Noon.AddDays(-1), HasKeyIdentifiers = false });
        var standing = (SignerStanding?)null;

        var time = CpuTime.Of(() => standing = signers.Check(alice, [Anchor], crossed.Take(MaxCrossed - 1).Append(expired.Certificate)));

        Assert.Equal(StandingKind.NotValid, standing!.Kind);
        Assert.InRange(time.TotalMilliseconds, 0, 500);
        Assert.Equal(StandingKind.Trusted, signers.Check(alice, [Anchor], crossed.Take(MaxCrossed - 1).Append(cas[0].Certificate)).Kind);
    }

    [Fact]
    public void No_more_certificates_of_a_message_are_looked_at_than_twenty()
    {
        var intermediate = Anchor.Issue(Issuer("CN=CA"));
        var others = Enumerable.Range(0, SignerTrust.MaxBag - 1).Select(_ => IssueMail(Anchor)).ToArray();

        Assert.Equal(StandingKind.Trusted, signers.Check(IssueMail(intermediate), [Anchor], others.Skip(1).Append(intermediate.Certificate)).Kind);
        Assert.Equal(StandingKind.Untrusted, signers.Check(IssueMail(intermediate), [Anchor], others.Append(intermediate.Certificate)).Kind);
    }

    /// <summary>
    /// CAs that issue to each other at random, some expired, not yet valid, not allowed to issue, for other than mail, or under
    /// another key: where openssl finds a way, we trust; what we trust, openssl verifies with the chain alone.
    /// </summary>
    [Fact]
    public void Whom_openssl_trusts_we_trust_and_nobody_else()
    {
        const int cases = 40;
        Assert.SkipUnless(OpenSsl.IsHere, "openssl is not on this machine");
        var keys = Enumerable.Range(0, 5).Select(_ => ECDsa.Create(ECCurve.NamedCurves.nistP256)).ToArray();
        var trusted = 0;
        for (var seed = 0; seed < cases; seed++)
        {
            var random = new Random(seed);
            var certificates = new List<X509Certificate2>();
            for (var i = 0; i < 14; i++)
            {
                var subject = random.Next(4);
                var key = keys[random.Next(6) == 0 ? 4 : subject];
                var issuer = random.Next(5) is var number && number < 4 && number != subject
                    ? Anchor.Issue(Issuer($"CN=CA {number}") with { Key = keys[number] })
                    : Anchor;
                certificates.Add(RandomIssuer(random, issuer, $"CN=CA {subject}", key));
            }

            var alice = IssueMail(Anchor.Issue(Issuer("CN=CA 0") with { Key = keys[0] }));
            var standing = signers.Check(alice, [Anchor], certificates);

            if (standing.Kind == StandingKind.Trusted)
                Assert.Equal((seed, 0, ""), Verify(seed, alice, standing.Chain.Skip(1).SkipLast(1)));
            else
                Assert.NotEqual((seed, 0, ""), Verify(seed, alice, certificates));
            trusted += standing.Kind == StandingKind.Trusted ? 1 : 0;
        }

        Assert.InRange(trusted, 5, cases - 5); // else the cases are too easy or too hard to say anything
    }

    public void Dispose() => signers.Dispose();

    private const int MaxCrossed = SignerTrust.MaxBag - 1;

    private static X509Certificate2 RandomIssuer(Random random, OddCa issuer, string name, ECDsa key)
    {
        var request = Issuer(name) with { Key = key };
        return random.Next(8) switch
        {
            0 => issuer.Issue(request with { To = Noon.AddDays(-1) }).Certificate,
            1 => issuer.Issue(request with { From = Noon.AddDays(1) }).Certificate,
            2 or 3 => issuer.Issue(request with { PathLength = random.Next(2) }).Certificate,
            4 => issuer.Issue(request with { IsCa = random.Next(2) == 0 }).Certificate,
            5 => issuer.Issue(
                new(name), key,
                [new X509BasicConstraintsExtension(true, false, 0, true), new X509EnhancedKeyUsageExtension([new(random.Next(2) == 0 ? ServerAuth : EmailProtection)], false)],
                LongAgo, LongHence),
            _ => issuer.Issue(request with { To = LongHence.AddDays(-random.Next(100)) }).Certificate,
        };
    }

    private static (int Case, int ExitCode, string Errors) Verify(int number, X509Certificate2 certificate, IEnumerable<X509Certificate2> untrusted)
    {
        using var files = new TemporaryDirectory();
        var (exitCode, _, errors) = OpenSsl.Run(
            "verify", "-purpose", "smimesign", "-attime", Noon.ToUnixTimeSeconds().ToString(CultureInfo.InvariantCulture),
            "-CAfile", files.Write("root.pem", Anchor.Pem),
            "-untrusted", files.Write("chain.pem", string.Concat(untrusted.Select(one => one.ExportCertificatePem() + "\n"))),
            files.Write("leaf.pem", certificate.ExportCertificatePem()));
        return (number, exitCode, exitCode == 0 ? "" : errors);
    }

    /// <summary>Makes an intermediate for another key, that names the key of the right one.</summary>
    private static X509Certificate2 SameIdentifier(OddCa signer, IssuerRequest request, OddCa issuer)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        X509Extension[] extensions =
        [
            new X509BasicConstraintsExtension(true, false, 0, critical: true),
            new X509SubjectKeyIdentifierExtension(new PublicKey(request.Key!), critical: false),
            X509AuthorityKeyIdentifierExtension.CreateFromCertificate(issuer.Certificate, includeKeyIdentifier: true, includeIssuerAndSerial: false),
        ];
        return signer.Issue(request.Name, key, extensions, request.From, request.To);
    }

    private static ECDsa KeyOf(OddCa ca) => ca.Certificate.GetECDsaPublicKey()!;
}
