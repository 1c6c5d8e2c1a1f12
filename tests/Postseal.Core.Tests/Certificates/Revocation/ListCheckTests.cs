using System.Security.Cryptography.X509Certificates;
using Org.BouncyCastle.Asn1;
using Org.BouncyCastle.Asn1.X509;
using Org.BouncyCastle.Math;
using Postseal.Certificates.Revocation;
using Postseal.Cms;
using Postseal.TestKit;
using GeneralNames = Org.BouncyCastle.Asn1.X509.GeneralNames;
using X509Extension = Org.BouncyCastle.Asn1.X509.X509Extension;

namespace Postseal.Tests;

/// <summary>What is concluded from lists (RFC 5280 section 6.3.3).</summary>
public sealed class ListCheckTests : IAsyncDisposable
{
    private readonly ListScenario scenario = new() { HasNetwork = false };

    private DateTimeOffset Now => scenario.Now;

    private RevokingCa Ca => scenario.Ca;

    [Fact]
    public void Who_is_not_on_the_list_is_not_revoked()
    {
        var (alice, bob) = (Issue("CN=Alice"), Issue("CN=Bob"));
        scenario.Put("ca.crl", Ca.List(Now.AddDays(-1), Now.AddDays(6), 1, null, bob));

        Assert.Equal(new RevocationAnswer.Good("CRL of 2026-11-27", Now.AddDays(6)), scenario.Ask(alice));
        Assert.Equal(new RevocationAnswer.Revoked(Now.AddDays(-2), "its key was compromised"), scenario.Ask(bob));
    }

    [Fact]
    public void Without_any_list_nobody_can_tell() => AssertUnknown("CN=CA names no revocation list that could be fetched", scenario.Ask(Issue("CN=Alice")));

    [Fact]
    public async Task With_the_check_off_nobody_is_asked()
    {
        await using var off = new ListScenario(RevocationMethod.Off);

        Assert.IsType<RevocationAnswer.NotAsked>(off.Ask(off.Ca.Issue("CN=Alice", off.Now, RevokingCa.PointsTo("http://crl.test/ca.crl"))));
        Assert.Empty(off.Network.Asked);
    }

    [Fact]
    public void A_list_that_has_ended_acquits_nobody_and_still_convicts()
    {
        var (alice, bob) = (Issue("CN=Alice"), Issue("CN=Bob"));
        scenario.Put("ca.crl", Ca.List(Now.AddDays(-9), Now.AddDays(-2), 1, null, bob));

        AssertUnknown("has ended on 2026-11-26", scenario.Ask(alice));
        Assert.IsType<RevocationAnswer.Revoked>(scenario.Ask(bob));
    }

    [Fact]
    public void Who_was_suspended_when_the_list_ended_may_not_be_any_more()
    {
        var alice = Issue("CN=Alice");
        scenario.Put("ca.crl", Ca.List(Now.AddDays(-9), Now.AddDays(-2), 1, list => list.AddCrlEntry(RevokingCa.SerialOf(alice), Now.AddDays(-9).UtcDateTime, CrlReason.CertificateHold)));

        AssertUnknown("has ended", scenario.Ask(alice));
    }

    [Fact]
    public void A_list_of_a_day_to_come_acquits_nobody()
    {
        scenario.Put("ca.crl", Ca.List(Now.AddHours(1), Now.AddDays(6), 1, null));

        AssertUnknown("of a day to come", scenario.Ask(Issue("CN=Alice")));
    }

    [Fact]
    public void A_list_that_does_not_say_how_long_it_holds_acquits_nobody()
    {
        scenario.Put("ca.crl", Ca.List(Now.AddHours(-1), null, 1, null));

        AssertUnknown("how long it holds", scenario.Ask(Issue("CN=Alice")));
    }

    [Theory]
    [InlineData("SHA1WITHRSA", "it is signed with SHA-1")]
    [InlineData("MD5WITHRSA", "it is signed with MD5")]
    public void A_list_whose_signature_others_could_make_acquits_nobody(string algorithm, string why)
    {
        var generator = new Org.BouncyCastle.X509.X509V2CrlGenerator();
        generator.SetIssuerDN(X509Name.GetInstance(Ca.Certificate.SubjectName.RawData));
        generator.SetThisUpdate(Now.AddDays(-1).UtcDateTime);
        generator.SetNextUpdate(Now.AddDays(1).UtcDateTime);
        scenario.Put("ca.crl", Ca.Generate(generator, algorithm));

        AssertUnknown(why, scenario.Ask(Issue("CN=Alice")));
    }

    [Fact]
    public void A_list_of_the_right_name_and_another_key_counts_for_nothing()
    {
        var alice = Issue("CN=Alice");
        scenario.Put("ca.crl", RevokingCa.Root("CN=CA", Now).List(Now.AddDays(-1), Now.AddDays(6), 1, null, alice));

        Assert.IsType<RevocationAnswer.Unknown>(scenario.Ask(alice));
    }

    [Fact]
    public void A_CA_whose_keyUsage_lacks_cRLSign_signs_no_list()
    {
        var ca = scenario.Root.Intermediate("CN=CA", Now, X509KeyUsageFlags.KeyCertSign);
        scenario.Put("ca.crl", ca.List(Now.AddDays(-1), Now.AddDays(6), 1, null));

        Assert.IsType<RevocationAnswer.Unknown>(scenario.Ask(ca.Issue("CN=Alice", Now), ca));
    }

    [Fact]
    public void An_unknown_critical_extension_lets_a_list_acquit_nobody()
    {
        var (alice, bob) = (Issue("CN=Alice"), Issue("CN=Bob"));
        scenario.Put("ca.crl", Ca.List(Now.AddDays(-1), Now.AddDays(6), 1, list => list.AddExtension(new DerObjectIdentifier("1.2.3.4"), true, DerNull.Instance), bob));

        AssertUnknown("critical extension", scenario.Ask(alice));
        Assert.IsType<RevocationAnswer.Revoked>(scenario.Ask(bob));
    }

    [Fact]
    public void So_does_one_of_an_entry()
    {
        var extensions = new X509Extensions(new Dictionary<DerObjectIdentifier, X509Extension> { [new("1.2.3.4")] = new(true, new DerOctetString([5, 0])) });
        scenario.Put("ca.crl", Ca.List(Now.AddDays(-1), Now.AddDays(6), 1, list => list.AddCrlEntry(BigInteger.ValueOf(7), Now.AddDays(-2).UtcDateTime, extensions)));

        AssertUnknown("an entry of it has a critical extension", scenario.Ask(Issue("CN=Alice")));
    }

    [Theory]
    [InlineData(true, false, false, false, true)]
    [InlineData(false, true, false, false, false)]
    [InlineData(false, false, true, false, false)]
    [InlineData(false, false, false, true, false)]
    public void A_list_of_some_certificates_is_asked_about_no_others(bool users, bool cas, bool attributes, bool someReasons, bool isGood)
    {
        var scope = new IssuingDistributionPoint(null, users, cas, someReasons ? new ReasonFlags(ReasonFlags.KeyCompromise) : null, false, attributes);
        scenario.Put("ca.crl", Ca.List(Now.AddDays(-1), Now.AddDays(6), 1, list => list.AddExtension(X509Extensions.IssuingDistributionPoint, true, scope)));

        Assert.Equal(isGood, scenario.Ask(Issue("CN=Alice")) is RevocationAnswer.Good);
    }

    [Fact]
    public void A_list_of_people_says_nothing_of_a_CA()
    {
        var scope = new IssuingDistributionPoint(null, true, false, null, false, false);
        scenario.Put("root.crl", scenario.Root.List(Now.AddDays(-1), Now.AddDays(6), 1, list => list.AddExtension(X509Extensions.IssuingDistributionPoint, true, scope)));

        Assert.IsType<RevocationAnswer.Unknown>(scenario.Ask(Ca.Certificate, scenario.Root));
    }

    [Fact]
    public async Task Lists_that_share_out_the_reasons_are_needed_together()
    {
        var alice = Issue("CN=Alice");
        ReasonFlags some = new(ReasonFlags.KeyCompromise), rest = new(
            ReasonFlags.CACompromise | ReasonFlags.AffiliationChanged | ReasonFlags.Superseded | ReasonFlags.CessationOfOperation
            | ReasonFlags.CertificateHold | ReasonFlags.PrivilegeWithdrawn | ReasonFlags.AACompromise);
        scenario.Put("some.crl", OfReasons(some));
        Assert.IsType<RevocationAnswer.Unknown>(scenario.Ask(alice));

        scenario.Put("rest.crl", OfReasons(rest));
        await LookAsync();

        Assert.IsType<RevocationAnswer.Good>(scenario.Ask(alice));
    }

    [Theory]
    [InlineData("http://crl.test/1.crl", true)]
    [InlineData("http://crl.test/2.crl", false)]
    public void A_part_of_a_list_is_asked_about_the_certificates_that_name_it(string part, bool isGood)
    {
        var alice = Issue("CN=Alice", RevokingCa.PointsTo("http://crl.test/1.crl"));
        var scope = new IssuingDistributionPoint(RevokingCa.NamedPoint(part), false, false, null, false, false);
        scenario.Put("part.crl", Ca.List(Now.AddDays(-1), Now.AddDays(6), 1, list => list.AddExtension(X509Extensions.IssuingDistributionPoint, true, scope)));

        Assert.Equal(isGood, scenario.Ask(alice) is RevocationAnswer.Good);
    }

    [Theory]
    [InlineData(5, 6, CrlReason.KeyCompromise, false, true)] // revoked since
    [InlineData(5, 6, CrlReason.RemoveFromCrl, true, false)] // suspended, and no more
    [InlineData(4, 6, CrlReason.KeyCompromise, false, true)] // changes an older one, and so this one too
    [InlineData(6, 7, CrlReason.KeyCompromise, false, false)] // changes one that is not here
    [InlineData(3, 5, CrlReason.KeyCompromise, false, false)] // is no newer than the list
    public void A_delta_brings_a_list_up_to_date(int @base, int number, int reason, bool isOnList, bool isRevoked)
    {
        var alice = Issue("CN=Alice");
        scenario.Put("ca.crl", Ca.List(Now.AddDays(-1), Now.AddDays(6), 5, list =>
        {
            if (isOnList)
                list.AddCrlEntry(RevokingCa.SerialOf(alice), Now.AddDays(-2).UtcDateTime, CrlReason.CertificateHold);
        }));
        scenario.Put("delta.crl", Delta(Ca, @base, number, RevokingCa.SerialOf(alice), reason));

        Assert.Equal(isRevoked, scenario.Ask(alice) is RevocationAnswer.Revoked);
    }

    [Fact]
    public void A_delta_alone_tells_nothing()
    {
        scenario.Put("delta.crl", Delta(Ca, 5, 6, BigInteger.One, CrlReason.KeyCompromise));

        Assert.IsType<RevocationAnswer.Unknown>(scenario.Ask(Issue("CN=Alice")));
    }

    [Fact]
    public void Of_two_lists_the_newer_one_counts()
    {
        var alice = Issue("CN=Alice");
        scenario.Put("a.crl", Ca.List(Now.AddDays(-1), Now.AddDays(6), 2, list => list.AddCrlEntry(RevokingCa.SerialOf(alice), Now.AddDays(-2).UtcDateTime, CrlReason.CertificateHold)));
        scenario.Put("b.crl", Ca.List(Now.AddHours(-1), Now.AddDays(6), 3, null));

        Assert.IsType<RevocationAnswer.Good>(scenario.Ask(alice));
    }

    [Fact]
    public void A_list_of_another_issuer_counts_where_the_certificate_names_him()
    {
        var list = scenario.Root.Intermediate("CN=Lists", Now);
        var point = new CrlDistPoint([new(null, null, new GeneralNames(new GeneralName(X509Name.GetInstance(list.Certificate.SubjectName.RawData))))]);
        var (alice, bob) = (Issue("CN=Alice", RevokingCa.Extension(Oids.CrlDistributionPoints, point)), Issue("CN=Bob", RevokingCa.Extension(Oids.CrlDistributionPoints, point)));
        scenario.Put("root.crl", scenario.Root.List(Now.AddDays(-1), Now.AddDays(6), 1, null));
        var encoded = list.List(Now.AddDays(-1), Now.AddDays(6), 1, generator =>
        {
            generator.AddExtension(X509Extensions.IssuingDistributionPoint, true, new IssuingDistributionPoint(null, false, false, null, true, false));
            generator.AddCrlEntry(RevokingCa.SerialOf(bob), Now.AddDays(-2).UtcDateTime, OfIssuer(Ca.Certificate));
            generator.AddCrlEntry(BigInteger.ValueOf(99), Now.AddDays(-2).UtcDateTime, CrlReason.KeyCompromise); // of the same
            generator.AddCrlEntry(RevokingCa.SerialOf(alice), Now.AddDays(-2).UtcDateTime, OfIssuer(scenario.Root.Certificate)); // another's of this number
        });
        scenario.Put("lists.crl", encoded);

        Assert.IsType<RevocationAnswer.Unknown>(scenario.Ask(bob)); // nobody knows who "Lists" is
        scenario.Known.Add(list.Certificate);

        Assert.IsType<RevocationAnswer.Good>(scenario.Ask(alice));
        Assert.IsType<RevocationAnswer.Revoked>(scenario.Ask(bob));
    }

    [Fact]
    public async Task A_key_of_its_own_for_lists_counts_while_nobody_revoked_it()
    {
        var lists = scenario.Root.Intermediate("CN=CA", Now, X509KeyUsageFlags.CrlSign);
        scenario.Known.Add(lists.Certificate);
        scenario.Put("ca.crl", lists.List(Now.AddDays(-1), Now.AddDays(6), 1, null));
        AssertUnknown("not known whether the certificate of who signed it is revoked", scenario.Ask(Issue("CN=Alice")));

        scenario.Put("root.crl", scenario.Root.List(Now.AddDays(-1), Now.AddDays(6), 1, null));
        await LookAsync();
        Assert.IsType<RevocationAnswer.Good>(scenario.Ask(Issue("CN=Alice")));

        scenario.Put("root.crl", scenario.Root.List(Now.AddDays(-1), Now.AddDays(6), 2, null, lists.Certificate));
        await LookAsync();
        AssertUnknown("the certificate of who signed it is revoked", scenario.Ask(Issue("CN=Alice")));
    }

    [Fact]
    public void A_list_in_PEM_and_one_with_OpenSSLs_name_count_too()
    {
        scenario.Put("ca.pem", [.. "some text\n"u8, .. System.Text.Encoding.ASCII.GetBytes(new string(System.Security.Cryptography.PemEncoding.Write("X509 CRL", Ca.List(Now.AddDays(-1), Now.AddDays(6), 1, null))))]);
        scenario.Put("1a2b3c4d.r0", scenario.Root.List(Now.AddDays(-1), Now.AddDays(6), 1, null));
        scenario.Put("README", "Lists"u8.ToArray());
        scenario.Put("root.crt", scenario.Root.Certificate.RawData);

        Assert.IsType<RevocationAnswer.Good>(scenario.Ask(Issue("CN=Alice")));
        Assert.IsType<RevocationAnswer.Good>(scenario.Ask(Ca.Certificate, scenario.Root));
        Assert.Empty(scenario.Warnings);
    }

    [Fact]
    public void A_broken_list_is_told_and_does_no_harm()
    {
        scenario.Put("broken.crl", "<html>"u8.ToArray());

        Assert.IsType<RevocationAnswer.Unknown>(scenario.Ask(Issue("CN=Alice")));
        Assert.Contains("broken.crl", Assert.Single(scenario.Warnings), StringComparison.Ordinal);
    }

    public ValueTask DisposeAsync() => scenario.DisposeAsync();

    internal static byte[] Delta(RevokingCa ca, int @base, int number, BigInteger serial, int reason, DateTimeOffset? from = null)
    {
        var now = from ?? new DateTimeOffset(2026, 11, 28, 11, 0, 0, TimeSpan.Zero);
        return ca.List(now, now.AddDays(1), number, list =>
        {
            list.AddExtension(X509Extensions.DeltaCrlIndicator, true, new CrlNumber(BigInteger.ValueOf(@base)));
            list.AddCrlEntry(serial, now.AddDays(-1).UtcDateTime, reason);
        });
    }

    private static X509Extensions OfIssuer(X509Certificate2 issuer) => new(new Dictionary<DerObjectIdentifier, X509Extension>
    {
        [X509Extensions.CertificateIssuer] = new(true, new DerOctetString(new GeneralNames(new GeneralName(X509Name.GetInstance(issuer.SubjectName.RawData))))),
    });

    private byte[] OfReasons(ReasonFlags reasons) => Ca.List(Now.AddDays(-1), Now.AddDays(6), 1, list => list.AddExtension(
        X509Extensions.IssuingDistributionPoint, true, new IssuingDistributionPoint(null, false, false, reasons, false, false)));

    private X509Certificate2 Issue(string name, params IEnumerable<System.Security.Cryptography.X509Certificates.X509Extension> extensions) =>
        Ca.Issue(name, Now, extensions);

    private async Task LookAsync()
    {
        scenario.Time.Now += LocalLists.LookAgainAfter;
        _ = scenario.Contact.Revocation.Version;
        await scenario.Contact.WhenIdleAsync();
    }

    private static void AssertUnknown(string why, RevocationAnswer answer) =>
        Assert.Contains(why, Assert.IsType<RevocationAnswer.Unknown>(answer).Why, StringComparison.Ordinal);
}
