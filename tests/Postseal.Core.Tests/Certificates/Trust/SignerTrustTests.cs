using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Postseal.Certificates.Trust;
using Postseal.TestKit;
using static Postseal.Tests.Certificates.Trust.Signers;

namespace Postseal.Tests.Certificates.Trust;

/// <summary>Who signed is believed where a CA that is trusted stands behind the certificate, now and for mail.</summary>
public sealed class SignerTrustTests : IDisposable
{
    private static readonly OddCa Anchor = Root();

    private readonly Signers signers = new();

    [Fact]
    public void A_chain_that_ends_at_an_anchor_is_trusted_and_told_from_the_signer_to_the_anchor()
    {
        var intermediate = Anchor.Issue(Issuer("CN=CA"));
        var alice = IssueMail(intermediate);

        var standing = signers.Check(alice, [OwnRoot("CN=Other"), Anchor], intermediate.Certificate);

        Assert.Equal((StandingKind.Trusted, "CN=Root in [Trust] Anchors stands behind it"), (standing.Kind, standing.Why));
        Assert.Equal([alice, intermediate.Certificate, Anchor.Certificate], standing.Chain);
    }

    [Fact]
    public void A_chain_that_ends_at_a_root_that_came_with_it_is_not_trusted()
    {
        var stranger = OwnRoot("CN=Stranger");
        var intermediate = stranger.Issue(Issuer("CN=CA"));

        AssertStands(
            StandingKind.Untrusted, "(its chain ends at CN=Stranger, which is not among them); put the root of its chain there if you trust it",
            signers.Check(IssueMail(intermediate), [Anchor], intermediate.Certificate, stranger.Certificate));
    }

    [Theory]
    [InlineData(true, "CN=Root, which issued it, is there with another key alone")]
    [InlineData(false, "CN=Root is among them, but did not sign it")]
    public void A_root_with_the_name_of_an_anchor_is_another(bool hasKeyIdentifier, string why)
    {
        var forged = OwnRoot("CN=Root", hasKeyIdentifier: hasKeyIdentifier);

        AssertStands(StandingKind.Untrusted, why, signers.Check(IssueMail(forged), [OwnRoot(hasKeyIdentifier: hasKeyIdentifier)]));
    }

    [Fact]
    public void A_certificate_that_issued_itself_is_nobodys()
    {
        var self = OwnRoot("CN=Alice");

        AssertStands(StandingKind.Untrusted, "it issued itself, and is not among them", signers.Check(self.Certificate, [Anchor]));
    }

    [Fact]
    public void An_issuer_that_is_nowhere_is_named()
    {
        var intermediate = Anchor.Issue(Issuer("CN=CA"));

        AssertStands(
            StandingKind.Untrusted, "the certificate of CN=CA, which issued it, is neither in the message nor here",
            signers.Check(IssueMail(intermediate), [Anchor]));
    }

    [Fact]
    public void An_intermediate_may_be_in_the_directory_or_among_the_anchors()
    {
        var (one, other) = (Anchor.Issue(Issuer("CN=One")), Anchor.Issue(Issuer("CN=Other")));
        signers.Directory = [one.Certificate];

        Assert.Equal(StandingKind.Trusted, signers.Check(IssueMail(one), [Anchor]).Kind);
        Assert.Equal(StandingKind.Trusted, signers.Check(IssueMail(other), [Anchor, other]).Kind);
    }

    [Fact]
    public void An_intermediate_among_the_anchors_is_no_root()
    {
        var intermediate = Anchor.Issue(Issuer("CN=CA"));

        AssertStands(
            StandingKind.Untrusted, "the certificate of CN=Root, which issued CN=CA, is neither in the message nor here",
            signers.Check(IssueMail(intermediate), [intermediate]));
    }

    [Fact]
    public void Without_anchors_nobody_is_trusted()
    {
        AssertStands(StandingKind.NoAnchors, "name the CAs to trust in [Trust] Anchors", signers.Check(signers.Trust((string?)null), IssueMail(Anchor)));
        using var empty = new TemporaryDirectory();
        AssertStands(StandingKind.NoAnchors, "holds no certificate; put the CAs to trust there", signers.Check(signers.Trust(empty.Path), IssueMail(Anchor)));
    }

    [Fact]
    public void Anchors_that_cannot_be_read_are_a_failure_of_the_moment()
    {
        var trust = signers.Trust(signers.AnchorsFile);
        AssertStands(StandingKind.AnchorsUnreadable, "mend [Trust] Anchors", signers.Check(trust, IssueMail(Anchor)));

        File.WriteAllText(signers.AnchorsFile, Anchor.Pem);
        Assert.Equal(StandingKind.Trusted, signers.Check(trust, IssueMail(Anchor)).Kind);
        File.Delete(signers.AnchorsFile);
        signers.Time.Now += TimeSpan.FromSeconds(3);
        Assert.Equal(StandingKind.AnchorsUnreadable, signers.Check(trust, IssueMail(Anchor)).Kind);
    }

    [Fact]
    public void A_certificate_that_is_an_anchor_itself_needs_no_chain()
    {
        var alice = IssueMail(OwnRoot("CN=Unknown"));
        var pinned = new OddCa(alice, ECDsa.Create());

        AssertStands(StandingKind.Trusted, "it is in [Trust] Anchors itself", signers.Check(alice, [Anchor, pinned]));
        signers.Time.Now = Noon.AddDays(101);
        AssertStands(StandingKind.NotValid, "it expired on 2027-03-02", signers.Check(alice, [Anchor, pinned]));
    }

    public static TheoryData<string, Func<OddCa, X509Certificate2>, string, string> OddSigners => new()
    {
        { "expired", ca => IssueMail(ca, to: Noon.AddHours(-1)), nameof(StandingKind.NotValid), "it expired on 2026-11-22" },
        { "not yet valid", ca => IssueMail(ca, from: Noon.AddHours(1)), nameof(StandingKind.NotValid), "it is not valid before 2026-11-22" },
        { "a server's", ca => IssueMail(ca, purposes: [ServerAuth]), nameof(StandingKind.NotForMail), "its extendedKeyUsage does not allow mail" },
        { "for encryption", ca => IssueMail(ca, usage: X509KeyUsageFlags.KeyAgreement), nameof(StandingKind.NotForMail), "its keyUsage (KeyAgreement) does not allow signing" },
        { "RSA-1024", ca => IssueMail(ca, key: RSA.Create(1024)), nameof(StandingKind.WeakChain), "its key (RSA-1024) has fewer than 2048 bits" },
        { "signed with SHA-1", _ => IssueMail(Root(), digest: HashAlgorithmName.SHA1), nameof(StandingKind.WeakChain), "it is signed with SHA-1, which lets others forge it" },
        { "signed with MD5", _ => IssueMail(Root(), digest: HashAlgorithmName.MD5), nameof(StandingKind.WeakChain), "it is signed with MD5, which lets others forge it" },
    };

    [Theory]
    [MemberData(nameof(OddSigners))]
    public void A_signer_is_not_believed_who_is(string _, Func<OddCa, X509Certificate2> alice, string kind, string why)
    {
        var intermediate = Anchor.Issue(Issuer("CN=CA"));

        AssertStands(kind, why, signers.Check(alice(intermediate), [Anchor], intermediate.Certificate));
    }

    [Theory]
    [InlineData(X509KeyUsageFlags.NonRepudiation, EmailProtection)]
    [InlineData(X509KeyUsageFlags.DigitalSignature, "2.5.29.37.0")]
    [InlineData(null, null)]
    public void A_signer_may_be_one_of(X509KeyUsageFlags? usage, string? purpose) =>
        Assert.Equal(StandingKind.Trusted, signers.Check(IssueMail(Anchor, usage: usage, purposes: purpose is null ? [] : [purpose]), [Anchor]).Kind);

    public static TheoryData<string, Func<IssuerRequest, IssuerRequest>, string, string> OddIssuers => new()
    {
        { "expired", request => request with { To = Noon.AddHours(-1) }, nameof(StandingKind.NotValid), "of CN=CA in its chain, it expired on 2026-11-22" },
        { "not yet valid", request => request with { From = Noon.AddHours(1) }, nameof(StandingKind.NotValid), "of CN=CA in its chain, it is not valid before" },
        { "no CA", request => request with { IsCa = false }, nameof(StandingKind.Untrusted), "CN=CA, which issued it, is there, but it is not a CA certificate" },
        { "no right to issue", request => request with { Usage = X509KeyUsageFlags.CrlSign }, nameof(StandingKind.Untrusted), "its keyUsage (CrlSign) does not allow issuing" },
        { "signed with SHA-1", request => request with { Digest = HashAlgorithmName.SHA1 }, nameof(StandingKind.WeakChain), "of CN=CA in its chain, it is signed with SHA-1" },
        { "signed with MD5", request => request with { Digest = HashAlgorithmName.MD5 }, nameof(StandingKind.WeakChain), "of CN=CA in its chain, it is signed with MD5" },
        { "RSA-1024", request => request with { Key = RSA.Create(1024) }, nameof(StandingKind.WeakChain), "of CN=CA in its chain, its key (RSA-1024) has fewer than 2048 bits" },
    };

    [Theory]
    [MemberData(nameof(OddIssuers))]
    public void An_issuer_stands_behind_nobody_that_is(string _, Func<IssuerRequest, IssuerRequest> change, string kind, string why)
    {
        var intermediate = Anchor.Issue(change(Issuer("CN=CA")));

        AssertStands(kind, why, signers.Check(IssueMail(intermediate), [Anchor], intermediate.Certificate));
    }

    [Fact]
    public void The_signature_of_an_anchor_on_itself_may_be_as_weak_as_it_likes()
    {
        var old = Root().Issue(Issuer("CN=Root") with { Digest = HashAlgorithmName.SHA1, Key = TestKeys.Create("RSA-2048"), HasKeyIdentifiers = false });

        Assert.Equal("1.2.840.113549.1.1.5", old.Certificate.SignatureAlgorithm.Value);
        Assert.Equal(StandingKind.Trusted, signers.Check(IssueMail(old), [old]).Kind);
    }

    [Theory]
    [InlineData(ServerAuth, nameof(StandingKind.NotForMail))]
    [InlineData(EmailProtection, nameof(StandingKind.Trusted))]
    [InlineData("2.5.29.37.0", nameof(StandingKind.Trusted))]
    public void A_CA_for_other_purposes_stands_behind_no_mail(string purpose, string kind)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        X509Extension[] extensions = [new X509BasicConstraintsExtension(true, false, 0, critical: true), new X509EnhancedKeyUsageExtension([new(purpose)], critical: false)];
        var issuer = new OddCa(Anchor.Issue(new("CN=CA"), key, extensions, LongAgo, LongHence), key);

        Assert.Equal(kind, $"{signers.Check(IssueMail(issuer), [Anchor], issuer.Certificate).Kind}");
    }

    [Fact]
    public void An_issuer_that_allows_no_intermediates_below_it_has_none()
    {
        var upper = Anchor.Issue(Issuer("CN=Upper") with { PathLength = 0 });
        var lower = upper.Issue(Issuer("CN=Lower"));

        Assert.Equal(StandingKind.Trusted, signers.Check(IssueMail(upper), [Anchor], upper.Certificate).Kind);
        Assert.Equal(StandingKind.Untrusted, signers.Check(IssueMail(lower), [Anchor], lower.Certificate, upper.Certificate).Kind);
    }

    [Theory]
    [InlineData(8, nameof(StandingKind.Trusted))]
    [InlineData(9, nameof(StandingKind.Untrusted))]
    public void A_chain_has_at_most_eight_intermediates(int count, string kind)
    {
        var cas = new List<OddCa> { Anchor };
        for (var i = 0; i < count; i++)
            cas.Add(cas[^1].Issue(Issuer($"CN=CA {i}")));

        Assert.Equal(kind, $"{signers.Check(IssueMail(cas[^1]), [Anchor], cas.Skip(1).Select(ca => ca.Certificate)).Kind}");
    }

    [Fact]
    public void A_name_that_a_stranger_made_up_cannot_write_where_people_look()
    {
        var name = new X500DistinguishedNameBuilder();
        name.AddCommonName("Root\r\nAuthentication-Results: x; smime=pass\u001b[2J\u202e" + new string('x', 5000));
        var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var odd = new OddCa(new CertificateRequest(name.Build(), key, HashAlgorithmName.SHA256).CreateSelfSigned(LongAgo, LongHence), key);

        var why = signers.Check(IssueMail(odd), [Anchor]).Why;

        Assert.DoesNotContain(why, char.IsControl);
        Assert.DoesNotContain('\u202e', why);
        Assert.InRange(why.Length, 100, 500);
    }

    public void Dispose() => signers.Dispose();

    private static void AssertStands(StandingKind kind, string why, SignerStanding standing) => AssertStands(kind.ToString(), why, standing);

    private static void AssertStands(string kind, string why, SignerStanding standing)
    {
        Assert.Contains(why, standing.Why, StringComparison.Ordinal);
        Assert.Equal(kind, standing.Kind.ToString());
    }
}
