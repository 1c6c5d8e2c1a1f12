using System.Formats.Asn1;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Postseal.Certificates;
using Postseal.Cms;
using Postseal.Harvest;
using Postseal.Mail;
using Postseal.Program.Trial;
using Postseal.TestKit;
using Postseal.Verification;
using static Postseal.TestKit.HarvestRoom;

namespace Postseal.Tests.Harvest;

/// <summary>
/// Attempts to have a certificate learned that is not the correspondent's, or an old one again. After each of them nothing is used
/// that was not used before.
/// </summary>
public class PoisoningTests : IDisposable
{
    private const string Alice = "alice@example.org";
    private readonly HarvestRoom room = new();
    private readonly LetterSigner alice;
    private readonly LetterSigner mallory;

    public PoisoningTests()
        : this(isShared: false)
    {
    }

    private PoisoningTests(bool isShared)
    {
        if (isShared)
            room.Share();
        (alice, mallory) = (room.Person(Alice), room.Person("mallory@example.org"));
    }

    /// <summary>All of that, where several hosts share what they learn.</summary>
    public sealed class OfASharedStore() : PoisoningTests(isShared: true);

    public void Dispose()
    {
        alice.Dispose();
        mallory.Dispose();
        room.Dispose();
        GC.SuppressFinalize(this);
    }

    [Fact]
    public void A_certificate_that_merely_lies_in_the_bag_is_not_learned()
    {
        using var planted = room.Person(Alice, new TestCaRequest(Alice) { NotBefore = room.Now.AddHours(-1) });
        var letter = room.Letter(Alice, (room.By(alice) with { Beside = [planted.Certificate] }).Detached(SignedLetter.Text));

        Assert.Equal(HarvestKind.New, room.Offer(letter).Kind);

        Assert.DoesNotContain(planted.Certificate.ExportCertificatePem(), AllText(), StringComparison.Ordinal);
        Assert.DoesNotContain(planted.Certificate.RawData, Certificates("alice@example.org.p7s"));
    }

    [Fact]
    public void A_preference_that_is_not_signed_means_nothing()
    {
        using var other = room.Person(Alice);
        var letter = room.By(alice) with { Beside = [other.Certificate], UnsignedAttributes = [Preference(other.Certificate)] };

        Refused(room.Letter(Alice, letter.Detached(SignedLetter.Text)), HarvestKind.None);
    }

    [Fact]
    public void A_preference_for_the_certificate_of_another_address_is_refused() =>
        RefusedPreference(mallory.Certificate, "does not name alice@example.org");

    [Fact]
    public void A_preference_for_a_certificate_by_another_organisation_is_refused() =>
        RefusedPreference(room.Ca.Issue("CN=Alice", room.Now, Names(Alice)), "another organisation");

    [Fact]
    public void A_preference_for_a_certificate_that_nobody_trusted_issued_is_refused()
    {
        using var strangers = new TestCa("Trial", room.Time, TestKeys.Create); // by the name of the real one
        using var eve = LetterSigner.Of(strangers, Alice);

        RefusedPreference(eve.Certificate, "no CA in [Trust] Anchors");
    }

    [Fact]
    public void A_preference_that_a_clone_fits_too_is_for_the_real_one()
    {
        using var clone = LetterSigner.CloneOf(alice.Certificate, Alice);
        var letter = room.By(alice) with { Beside = [clone.Certificate], Attributes = [Preference(clone.Certificate)] };

        Assert.Equal(HarvestKind.New, room.Offer(room.Letter(Alice, letter.Detached(SignedLetter.Text))).Kind);

        Assert.DoesNotContain(clone.Certificate.RawData, Certificates("alice@example.org.p7s"));
    }

    [Fact]
    public void A_preference_for_a_revoked_certificate_is_refused()
    {
        using var other = room.Person(Alice, new TestCaRequest(Alice) { CommonName = "Alice 2" });
        room.Revoked["CN=Alice 2"] = "revoked";
        RefusedPreference(other.Certificate, "revoked");
        room.Revoked["CN=Alice 2"] = "unknown";
        RefusedPreference(other.Certificate, "not known whether");
    }

    [Fact]
    public void A_preference_for_an_expired_or_weak_certificate_is_refused()
    {
        using var expired = room.Person(Alice, new TestCaRequest(Alice) { NotBefore = room.Now.AddDays(-9), NotAfter = room.Now.AddDays(-2) });
        RefusedPreference(expired.Certificate, "expired");
        using var signing = room.Person(Alice, new TestCaRequest(Alice) { KeyUsage = X509KeyUsageFlags.DigitalSignature });
        RefusedPreference(signing.Certificate, "does not allow encryption");
    }

    [Fact]
    public void A_preference_for_what_is_not_there_is_refused()
    {
        using var other = room.Person(Alice);
        var letter = room.By(alice) with { Attributes = [Preference(other.Certificate)] };

        Refused(room.Letter(Alice, letter.Detached(SignedLetter.Text)), HarvestKind.Refused, "not in the message");
    }

    [Fact]
    public void A_preference_that_nobody_understands_is_refused()
    {
        var letter = room.By(alice) with { Attributes = [new AsnEncodedData(Oids.EncryptionKeyPreference, [0x05, 0x00])] };

        Refused(room.Letter(Alice, letter.Detached(SignedLetter.Text)), HarvestKind.Refused, "nobody understands");
    }

    [Fact]
    public void A_CA_that_is_not_in_the_anchors_teaches_nothing()
    {
        using var strangers = new TestCa("Strangers", room.Time, TestKeys.Create);
        using var eve = LetterSigner.Of(strangers, Alice);

        Refused(Signed(eve), HarvestKind.None);
    }

    [Fact]
    public void A_clone_with_issuer_and_serial_number_of_the_real_one_teaches_nothing()
    {
        using var clone = LetterSigner.CloneOf(alice.Certificate, Alice);

        Refused(Signed(clone), HarvestKind.None);
    }

    [Fact]
    public void Of_a_certificate_with_many_addresses_only_From_is_learned()
    {
        using var many = room.Person(Alice, new TestCaRequest("bank@example.org", "ceo@example.org", Alice, "root@example.org"));

        Assert.Equal(HarvestKind.New, room.OfferOf(many).Kind);

        Assert.All(room.Learned, name => Assert.StartsWith("alice@example.org", name, StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("alice@example.org, mallory@example.org")]
    [InlineData("mallory@example.org, alice@example.org")]
    [InlineData("\"alice@example.org\" <mallory@example.org>")]
    [InlineData("alice@example.org <mallory@example.org>")]
    [InlineData("=?utf-8?q?alice=40example=2Eorg?= <mallory@example.org>")]
    [InlineData("mallory@example.org (alice@example.org)")]
    [InlineData("Friends: alice@example.org;")]
    [InlineData("Friends: mallory@example.org, alice@example.org;")]
    [InlineData("alice@example.org\r\nFrom: mallory@example.org")]
    [InlineData("<@evil.example:alice@example.org>, mallory@example.org")]
    [InlineData("alice @example.org <mallory@example.org>")]
    public void A_From_that_readers_may_take_for_two_people_teaches_nothing(string from)
    {
        foreach (var signer in new[] { alice, mallory })
            Assert.NotEqual(HarvestKind.New, room.Offer(room.Letter(from, room.By(signer).Detached(SignedLetter.Text))).Kind);
        Assert.Empty(room.Learned);
    }

    [Theory]
    [InlineData("alice@example.org\0.evil.example")]
    [InlineData("alice@example.org\0")]
    [InlineData(" alice@example.org")]
    [InlineData("alice@example.org ")]
    [InlineData("alice@example.org\n")]
    [InlineData("<alice@example.org>")]
    [InlineData("alice@example.org,mallory@example.org")]
    [InlineData("Alice <alice@example.org>")]
    public void An_address_in_a_certificate_that_readers_may_take_for_another_is_nobodys(string name)
    {
        var writer = new AsnWriter(AsnEncodingRules.DER);
        using (writer.PushSequence())
            writer.WriteCharacterString(UniversalTagNumber.IA5String, name, new Asn1Tag(TagClass.ContextSpecific, 1));
        using var certificate = room.Ca.Issue("CN=Odd", room.Now, out var own, new X509Extension(Oids.SubjectAlternativeName, writer.Encode(), critical: false));
        using var odd = new LetterSigner(certificate.CopyWithPrivateKey(own), []);

        Refused(Signed(odd), HarvestKind.None);
    }

    [Fact]
    public void An_address_in_the_subject_alone_is_not_learned()
    {
        using var certificate = room.Ca.Issue("E=alice@example.org, CN=Alice", room.Now, out var own);
        using var old = new LetterSigner(certificate.CopyWithPrivateKey(own), []);

        Refused(Signed(old), HarvestKind.Refused, "subjectAltName");
    }

    [Fact]
    public void A_homograph_is_somebody_else()
    {
        room.OfferOf(alice);
        var before = Snapshot();
        using var cyrillic = room.Person("\u0430lice@example.org");

        Assert.Equal(HarvestKind.New, room.OfferOf(cyrillic, "\u0430lice@example.org").Kind);

        Assert.All(before, file => Assert.Equal(file.Value, File.ReadAllBytes(room.File(file.Key))));
    }

    [Fact]
    public void A_domain_in_other_letters_is_the_same_and_one_that_looks_alike_is_not()
    {
        using var person = room.Person("anna@bücher.example");

        Assert.Equal(HarvestKind.Refused, room.OfferOf(person, "anna@bücher.example", "Authentication-Results: mx.example.net; dkim=pass header.d=bucher.example").Kind);
        Assert.Equal(HarvestKind.New, room.OfferOf(person, "anna@bücher.example", "Authentication-Results: mx.example.net; dkim=pass header.d=xn--bcher-kva.example").Kind);
        Assert.Contains("anna@xn--bcher-kva.example", room.Learned);
    }

    [Theory]
    [InlineData("Authentication-Results: mx.example.net; dkim=fail header.d=example.org")]
    [InlineData("Authentication-Results: mx.example.net; dkim=pass header.d=evil.example")]
    [InlineData("Authentication-Results: mx.example.net; dkim=fail header.d=example.org\r\nAuthentication-Results: mx.example.net; dkim=pass header.d=example.org")]
    [InlineData("Authentication-Results: mx.evil.example; dkim=pass header.d=example.org")]
    [InlineData("Authentication-Results: mx.example.net; spf=pass (dkim=pass header.d=example.org)")]
    [InlineData("")]
    public void Mail_that_does_not_come_from_the_domain_of_its_author_teaches_nothing(string fields) =>
        Refused(room.Letter(Alice, room.By(alice).Detached(SignedLetter.Text), fields), HarvestKind.Refused, "mx.example.net");

    [Fact]
    public void Nobody_outside_writes_as_one_of_us()
    {
        var letter = Signed(alice);
        Assert.Equal(HarvestKind.Refused, room.Offer(letter, "@example.org").Kind);

        room.Folder.Add(Alice);
        Refused(letter, HarvestKind.Refused, "lies here");
    }

    [Fact]
    public void Nobody_outside_writes_as_one_of_us_whose_key_is_in_a_token()
    {
        var token = new Token(MailAddress.TryParse(Alice, out var address) ? address : null);
        room.Token = token;
        Refused(Signed(alice), HarvestKind.Refused, "in the token");

        token.IsAway = true;
        Refused(Signed(alice), HarvestKind.Failed, "put the token back in");

        room.Token = new Token(null);
        Assert.Equal(HarvestKind.New, room.Offer(Signed(alice)).Kind);
    }

    [Fact]
    public void An_older_message_brings_back_no_older_certificate()
    {
        room.Harvest = room.Harvest with { Accept = HarvestAccept.Replace };
        using var lost = room.Person(Alice);
        var old = Signed(lost);
        room.Now += TimeSpan.FromDays(2);
        Assert.Equal(HarvestKind.New, room.OfferOf(alice).Kind);
        var before = Snapshot();

        // DKIM holds for it as it did then.
        Assert.Contains("signed before", room.Offer(old).Why, StringComparison.Ordinal);

        Assert.Equal(before, Snapshot());
        Assert.Empty(room.Waiting);
    }

    [Fact]
    public void An_older_message_brings_back_no_older_list_of_what_can_be_read()
    {
        var weak = room.Letter(Alice, (room.By(alice) with { Attributes = [Capabilities("1.2.840.113549.3.7")] }).Detached(SignedLetter.Text));
        room.Now += TimeSpan.FromDays(2);
        room.Offer(room.Letter(Alice, (room.By(alice) with { Attributes = [Capabilities("2.16.840.1.101.3.4.1.46")] }).Detached(SignedLetter.Text)));

        Assert.Equal(HarvestKind.Known, room.Offer(weak).Kind);

        Assert.Contains("aes256-gcm", File.ReadAllText(room.File("alice@example.org.capabilities")), StringComparison.Ordinal);
    }

    [Fact]
    public void A_signature_of_last_year_teaches_nothing()
    {
        using var lasting = room.Person(Alice, new TestCaRequest(Alice) { NotBefore = room.Now.AddYears(-2), NotAfter = room.Now.AddYears(1) });
        room.Now -= TimeSpan.FromDays(31);
        var old = Signed(lasting);
        room.Now += TimeSpan.FromDays(31);

        Refused(old, HarvestKind.Refused, "more than 30 days ago");
    }

    [Fact]
    public void A_signature_of_tomorrow_teaches_nothing()
    {
        room.Now += TimeSpan.FromDays(1);
        var tomorrow = Signed(alice);
        room.Now -= TimeSpan.FromDays(1);

        Refused(tomorrow, HarvestKind.Refused, "in the future");
    }

    [Fact]
    public void A_signature_without_a_time_teaches_nothing()
    {
        var letter = room.By(alice) with { HasTime = false, Attributes = [Capabilities("2.16.840.1.101.3.4.1.46")] };

        Refused(room.Letter(Alice, letter.Detached(SignedLetter.Text)), HarvestKind.Refused, "when it was made");
    }

    [Theory]
    [InlineData("revoked", HarvestKind.None)]
    [InlineData("unknown", HarvestKind.Refused)]
    [InlineData("good", HarvestKind.New)]
    internal void Whether_it_was_revoked_must_be_known(string answer, HarvestKind kind)
    {
        room.Revoked["CN=alice@example.org"] = answer;

        Assert.Equal(kind, room.OfferOf(alice).Kind);
    }

    [Fact]
    public void An_expired_certificate_teaches_nothing()
    {
        using var expired = room.Person(Alice, new TestCaRequest(Alice) { NotBefore = room.Now.AddDays(-9), NotAfter = room.Now.AddDays(-2) });

        Refused(Signed(expired), HarvestKind.None);
    }

    [Fact]
    public void A_key_of_1024_bits_teaches_nothing()
    {
        using var key = RSA.Create(1024);
        using var weak = LetterSigner.Of(new IssuedCertificate(
            PemOfCertificate(room.Odd.IssueMail(Alice, room.Now.AddDays(-1), room.Now.AddYears(1), mailKey: key)), key.ExportPkcs8PrivateKeyPem(), room.Odd.Pem));

        Refused(Signed(weak), HarvestKind.None);
    }

    [Fact]
    public void A_list_that_signs_around_what_its_member_wrote_is_not_learned_for_him()
    {
        using var list = room.Person("list@lists.example");
        var letter = room.Letter(Alice, (room.By(list) with { Boundary = "----=_list" }).Detached(room.By(alice).Detached(SignedLetter.Text)));

        var result = room.Offer(letter);

        Assert.Equal((HarvestKind.New, alice.Certificate.Thumbprint), (result.Kind, result.Certificate!.Thumbprint));
        Assert.DoesNotContain(list.Certificate.RawData, Certificates("alice@example.org.p7s"));
    }

    [Fact]
    public void Of_several_signers_none_is_learned()
    {
        using var second = room.Person(Alice);

        Refused(room.Letter(Alice, room.By(alice, second).Detached(SignedLetter.Text)), HarvestKind.Refused, "several signers");
    }

    [Fact]
    public void Where_the_administrator_has_a_certificate_only_a_person_decides()
    {
        room.Harvest = room.Harvest with { Accept = HarvestAccept.Replace };
        using var placed = room.Person(Alice, new TestCaRequest(Alice) { NotBefore = room.Now.AddDays(-9), NotAfter = room.Now.AddDays(-2) });
        var file = room.Folder.Write("alice@example.org.crt", placed.Certificate.ExportCertificatePem());

        Assert.Equal(HarvestKind.Pending, room.OfferOf(alice).Kind);

        Assert.Equal(placed.Certificate.ExportCertificatePem(), File.ReadAllText(file));
        Assert.Empty(room.Learned);
        Assert.Single(room.Waiting);
    }

    [Theory]
    [InlineData("alice@example.org")]
    [InlineData("alice@example.org@enc")]
    [InlineData("Alice@Example.org.crt")]
    [InlineData("alice@example.org.p7s")]
    public void A_file_that_somebody_put_among_the_learned_ones_stays(string name)
    {
        room.Harvest = room.Harvest with { Accept = HarvestAccept.Replace };
        Directory.CreateDirectory(room.Path);
        File.WriteAllText(room.File(name), mallory.Certificate.ExportCertificatePem());

        Assert.Equal(HarvestKind.Pending, room.OfferOf(alice).Kind);

        Assert.Equal(mallory.Certificate.ExportCertificatePem(), File.ReadAllText(room.File(name)));
        Assert.Equal([name], room.Learned);
    }

    [Fact]
    public void A_learned_file_that_somebody_changed_stays_as_it_is()
    {
        room.Harvest = room.Harvest with { Accept = HarvestAccept.Replace };
        room.OfferOf(alice);
        File.AppendAllText(room.File(Alice), "\nby hand\n");
        room.Now += TimeSpan.FromHours(2);
        using var next = room.Person(Alice);

        Assert.Equal(HarvestKind.Pending, room.OfferOf(next).Kind);

        Assert.EndsWith("by hand\n", File.ReadAllText(room.File(Alice)), StringComparison.Ordinal);
    }

    [Fact]
    public void A_link_among_the_learned_files_is_not_followed_and_not_replaced()
    {
        if (OperatingSystem.IsWindows())
            Assert.Skip("links need a privilege on Windows");
        Directory.CreateDirectory(room.Path);
        var target = room.Folder.Write("target.txt", "not a certificate");
        File.CreateSymbolicLink(room.File(Alice), target);

        Assert.Equal(HarvestKind.Pending, room.OfferOf(alice).Kind);

        Assert.Equal("not a certificate", File.ReadAllText(target));
        Assert.NotNull(new FileInfo(room.File(Alice)).LinkTarget);
    }

    [Theory]
    [InlineData("\"../../../etc/passwd\"@example.org")]
    [InlineData("\"..\"@example.org")]
    [InlineData("\".hidden\"@example.org")]
    [InlineData("\"a b\"@example.org")]
    [InlineData("\"alice@example.org\"@sign")]
    [InlineData("\"alice@example.org\"@enc")]
    [InlineData("\"alice@example.org.learned\"@example.org")]
    [InlineData("alice@enc")]
    [InlineData("alice@localhost")]
    [InlineData("alice@[192.0.2.1]")]
    [InlineData("alice@example.org.p7s")]
    [InlineData("alice@example.org.learned")]
    [InlineData("alice@example.org.capabilities")]
    [InlineData("alice@example.pem")]
    [InlineData("alice@example.crt")]
    [InlineData("alice@example.bak")]
    public void An_address_whose_file_could_be_taken_for_another_is_not_learned(string address) =>
        Assert.False(LearnedNames.Fits(TestMail.Address(address)));

    [Theory]
    [InlineData("a/b/c@example.org", "a_2fb_2fc@example.org")]
    [InlineData("o'brien+x@ex.org", "o_27brien+x@ex.org")]
    [InlineData("y_z%40@ex.org", "y_5fz_2540@ex.org")]
    [InlineData("-rf@example.org", "-rf@example.org")]
    [InlineData("Alice@Example.ORG", "alice@example.org")]
    [InlineData("alice@sign.example.org", "alice@sign.example.org")]
    public void Any_other_has_a_file_of_its_own_in_the_directory(string address, string name)
    {
        Assert.True(LearnedNames.Fits(TestMail.Address(address)));
        Assert.Equal(name, LearnedNames.Stem(TestMail.Address(address)));
    }

    private byte[] Signed(LetterSigner signer) => room.Letter(Alice, room.By(signer).Detached(SignedLetter.Text));

    /// <summary>A token with the key of one address, or of none.</summary>
    private sealed class Token(MailAddress? owner) : IIdentitySource
    {
        public bool IsAway { get; set; }

        public ValueTask<Lookup<Identity>> FindSignerAsync(MailAddress address, CancellationToken cancellationToken = default) =>
            throw new NotSupportedException();

        public ValueTask<bool> HasAnythingForAsync(MailAddress address, CancellationToken cancellationToken = default) =>
            throw new NotSupportedException();

        public ValueTask<bool> HoldsKeyOfAsync(MailAddress address, CancellationToken cancellationToken = default) =>
            IsAway ? throw new IOException("pkcs11: put the token back in") : ValueTask.FromResult(address == owner);
    }

    private void RefusedPreference(X509Certificate2 other, string why) => Refused(
        room.Letter(Alice, (room.By(alice) with { Beside = [other], Attributes = [Preference(other)] }).Detached(SignedLetter.Text)),
        HarvestKind.Refused, why);

    private static string PemOfCertificate(string pem) => pem[pem.IndexOf("-----BEGIN CERTIFICATE", StringComparison.Ordinal)..];

    private void Refused(byte[] letter, HarvestKind kind, string why = "")
    {
        room.Harvest = room.Harvest with { Accept = HarvestAccept.Replace };
        var result = room.Offer(letter);

        Assert.Equal(kind, result.Kind);
        Assert.Contains(why, result.Why, StringComparison.Ordinal);
        Assert.Empty(room.Learned);
        Assert.Empty(room.FilesIn("pending"));
    }

    private static X509Extension Names(string address)
    {
        var names = new SubjectAlternativeNameBuilder();
        names.AddEmailAddress(address);
        return names.Build();
    }

    private Dictionary<string, byte[]> Snapshot() => room.Learned.ToDictionary(name => name, name => File.ReadAllBytes(room.File(name)));

    private string AllText() => string.Concat(room.Learned.Select(name => Encoding.Latin1.GetString(File.ReadAllBytes(room.File(name)))));

    private List<byte[]> Certificates(string name)
    {
        var cms = new System.Security.Cryptography.Pkcs.SignedCms();
        cms.Decode(File.ReadAllBytes(room.File(name)));
        return [.. cms.Certificates.Select(certificate => certificate.RawData)];
    }
}
