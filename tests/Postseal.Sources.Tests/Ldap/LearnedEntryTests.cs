using System.Security.Cryptography.X509Certificates;
using System.Text;
using Postseal.Harvest;
using Postseal.Ldap.Learned;
using Postseal.Ldap.Protocol;
using Postseal.Mail;
using Postseal.Program.Trial;
using Postseal.TestKit;

namespace Postseal.Sources.Tests.Ldap;

/// <summary>Which values of an entry are ours, and which requests change them and no others.</summary>
public sealed class LearnedEntryTests : IDisposable
{
    private const string Alice = "alice@example.org", Dn = "mail=alice@example.org,ou=learned";
    private static readonly MailAddress Address = TestMail.Address(Alice);
    private readonly HarvestRoom room = new() { Harvest = new HarvestOptions { Accept = HarvestAccept.Pending, DkimFrom = "mx.example.net" } };
    private readonly LearnedAttributes attributes = new(["userCertificate;binary", "userSMIMECertificate"]);
    private readonly LetterSigner alice;

    public LearnedEntryTests() => alice = room.Person(Alice);

    public void Dispose()
    {
        alice.Dispose();
        room.Dispose();
    }

    [Fact]
    public void What_was_written_is_known_as_ours()
    {
        var found = Found(New(alice));

        Assert.Null(found.Known.Strange);
        Assert.Equal(Dn, found.Own!.Dn);
        Assert.Equal(alice.Certificate.RawData, found.Known.CertificateOf(found.Known.Record!.Recipient!)!.RawData);
        Assert.Equal(["2.16.840.1.101.3.4.1.46"], found.Known.Abilities!.Algorithms);
    }

    [Theory]
    [InlineData("userCertificate;binary")]
    [InlineData("userCertificate")]
    [InlineData("usersmimecertificate")]
    public void A_value_that_somebody_added_makes_it_somebody_elses(string attribute)
    {
        var entry = New(alice);
        var found = Found(entry with { Attributes = [.. entry.Attributes, new(attribute, [new byte[] { 0x30, 0x00 }])] });

        Assert.Null(found.Own);
        Assert.StartsWith("ldap:corporate: a value of ", found.Known.Strange, StringComparison.Ordinal);
    }

    [Fact]
    public void An_entry_without_a_record_is_somebody_elses_with_its_certificates()
    {
        var entry = New(alice);
        var found = Found(entry with { Attributes = [.. entry.Attributes.Where(attribute => attribute.Type != "description")] });

        Assert.NotNull(found.Known.Strange);
        Assert.Contains(found.Known.Placed, placed => placed.RawDataMemory.Span.SequenceEqual(alice.Certificate.RawData));
        Assert.Equal(HarvestKind.Known, Decide(alice, found.Known).Kind);
        using var other = room.Person(Alice);
        Assert.Equal(HarvestKind.Pending, Decide(other, found.Known).Kind);
    }

    [Fact]
    public void The_record_of_another_address_counts_for_nothing()
    {
        var entry = New(alice);

        Assert.NotNull(FoundEntries.Of("ldap:corporate", TestMail.Address("bob@example.org"), [entry]).Known.Strange);
    }

    [Fact]
    public void An_entry_without_certificates_is_of_no_concern()
    {
        var found = Found(new LdapEntry("uid=alice,ou=people", [new("description", ["Head of sales"u8.ToArray()])]));

        Assert.Null(found.Known.Strange);
        Assert.Null(found.Known.Record);
    }

    [Fact]
    public void Two_entries_that_were_both_learned_are_left_to_a_person() => Assert.NotNull(Found(New(alice), New(alice)).Known.Strange);

    [Fact]
    public void A_change_deletes_the_record_that_it_was_decided_by_and_only_what_is_ours()
    {
        var entry = New(alice);
        var found = Found(entry with { Attributes = [.. entry.Attributes.Where(attribute => attribute.Type != "description"), new("description", ["VIP"u8.ToArray(), .. entry.ValuesOf("description")])] });
        room.Now += TimeSpan.FromHours(1);
        using var next = room.Person(Alice);

        var changes = attributes.ForKnown(found.Own!, Decide(next, found.Known).Change!);

        Assert.Equal(
            ["Delete description", "Add description", "Delete userCertificate;binary", "Add userCertificate;binary", "Replace userSMIMECertificate"],
            changes.Select(change => $"{change.Kind} {change.Attribute.Description}"));
        Assert.Equal(entry.ValuesOf("description").Single().ToArray(), Assert.Single(changes[0].Attribute.Values).ToArray());
        Assert.Equal(alice.Certificate.RawData, Assert.Single(changes[2].Attribute.Values).ToArray());
        Assert.Equal(next.Certificate.RawData, Assert.Single(changes[3].Attribute.Values).ToArray());
        Assert.Contains("file userCertificate ", Encoding.UTF8.GetString(changes[1].Attribute.Values[0].Span), StringComparison.Ordinal);
    }

    [Fact]
    public void A_later_message_changes_the_record_alone()
    {
        var found = Found(New(alice));
        room.Now += TimeSpan.FromDays(2);

        var changes = attributes.ForKnown(found.Own!, Decide(alice, found.Known).Change!);

        Assert.Equal(["Delete description", "Add description"], changes.Select(change => $"{change.Kind} {change.Attribute.Description}"));
    }

    [Fact]
    public void A_certificate_only_for_signing_leaves_the_one_to_encrypt_to()
    {
        var found = Found(New(alice));
        room.Now += TimeSpan.FromHours(1);
        using var signing = room.Person(Alice, new TestCaRequest(Alice) { KeyUsage = X509KeyUsageFlags.DigitalSignature });

        var changes = attributes.ForKnown(found.Own!, Decide(signing, found.Known).Change!);

        Assert.Equal(["Delete description", "Add description", "Add userCertificate;binary"], changes.Select(change => $"{change.Kind} {change.Attribute.Description}"));
    }

    [Fact]
    public void The_names_of_Active_Directory_are_used_where_the_settings_have_them()
    {
        var entry = new LearnedAttributes(["userCertificate", "userSMIMECertificate"]).ForNew(Decide(alice, new LearnedSet()).Change!);

        Assert.Contains(entry, attribute => attribute.Description == "userCertificate");
    }

    private LdapEntry New(LetterSigner signer) => new(Dn, attributes.ForNew(Decide(signer, new LearnedSet()).Change!));

    private static FoundEntries Found(params LdapEntry[] entries) => FoundEntries.Of("ldap:corporate", Address, entries);

    /// <summary>Has a letter come in, and decides by what a directory service knows.</summary>
    private HarvestDecision Decide(LetterSigner signer, LearnedSet known)
    {
        var letter = room.By(signer) with { Attributes = [HarvestRoom.Capabilities("2.16.840.1.101.3.4.1.46")] };
        room.Offer(room.Letter(Alice, letter.Detached(SignedLetter.Text)));
        var candidate = room.Waiting.Select(waiting => waiting.Candidate)
            .Last(candidate => candidate.Signer.Certificate.RawDataMemory.Span.SequenceEqual(signer.Certificate.RawData));
        return HarvestDecision.Of(candidate with { SignedAt = room.Now }, known, HarvestAccept.Replace, room.Now);
    }
}
