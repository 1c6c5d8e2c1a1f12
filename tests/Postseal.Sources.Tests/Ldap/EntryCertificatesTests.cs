using System.Buffers;
using System.Formats.Asn1;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Postseal.Certificates;
using Postseal.Cms.Signed;
using Postseal.Ldap;
using Postseal.Ldap.Protocol;
using Postseal.TestKit;

namespace Postseal.Sources.Tests.Ldap;

/// <summary>What an entry says that its owner can read, which everybody may write who may write into the directory: believed is the owner alone.
/// The signatures are made by .NET's SignedCms, and are without content, as harvested ones are.</summary>
public class EntryCertificatesTests
{
    private const string Weak = "1.2.840.113549.3.7", Strong = "2.16.840.1.101.3.4.1.46"; // des-ede3-cbc, aes256-GCM
    private const string Address = "alice@example.org";

    private static readonly LetterSigner Alice = Person(Address), AlicesOther = Person(Address), Mallory = Person("mallory@example.org");
    private static readonly LetterSigner Clone = LetterSigner.CloneOf(Alice.Certificate, Address);

    /// <summary>Gets values that are in Alice's entry beside her certificate, and whether they say what she can read.</summary>
    public static TheoryData<string, byte[], bool> Announced => new()
    {
        { "as it is harvested", Value(By(Alice)), true },
        { "with the certificate of the CA", Value(By(Alice), Alice, LdapRoom.Root.Certificate), true },
        { "with the content in it", By(Alice).Sign(SignedLetter.Text, isDetached: false), true },
        { "a signature that was changed", Changed(Value(By(Alice)), ^1), false },
        { "another list in it", Replaced(Value(By(Alice, Strong)), Strong, "2.16.840.1.101.3.4.1.42"), false },
        { "with SHA-1", Value(By(Alice) with { Digest = new Oid("1.3.14.3.2.26") }), false },
        { "a list that is not signed", Value(By(Alice) with { Attributes = [], UnsignedAttributes = [HarvestRoom.Capabilities(Weak)] }), false },
        { "by a stranger", Value(By(Mallory), Mallory, Alice.Certificate), false },
        { "by a stranger with a certificate of the same name", Value(By(Clone), Clone, Alice.Certificate), false },
        { "the same, with hers alone", Value(By(Clone), Alice), false },
        { "without her certificate", Value(By(Alice), Mallory), false },
        { "without a signature", (By(Alice) with { IsSigned = false }).Sign(SignedLetter.Text, isDetached: true), false },
    };

    [Theory]
    [MemberData(nameof(Announced), DisableDiscoveryEnumeration = true)]
    public void What_can_be_read_is_what_the_owner_of_the_certificate_signed(string what, byte[] value, bool isBelieved)
    {
        var (candidates, _) = Read(Alice.Certificate.RawData, value);

        Assert.True(isBelieved == Of(Alice, candidates)!.Abilities is not null, what);
    }

    [Fact]
    public void Strangers_announce_for_themselves_alone()
    {
        var (candidates, _) = Read(Value(By(Mallory), Mallory, Alice.Certificate));

        Assert.Equal([Weak], Of(Mallory, candidates)!.Abilities!.Algorithms);
        Assert.Null(Of(Alice, candidates)!.Abilities);
    }

    [Theory]
    [InlineData(1, 2, Strong)]
    [InlineData(2, 1, Weak)]
    [InlineData(null, 1, Strong)]
    [InlineData(1, null, Weak)]
    public void Of_two_lists_the_one_that_was_signed_later_counts(int? weak, int? strong, string expected)
    {
        var (candidates, _) = Read(Value(Signed(Weak, weak)), Value(Signed(Strong, strong)));

        Assert.Equal([expected], Assert.Single(candidates).Abilities!.Algorithms);

        static SignedLetter Signed(string algorithm, int? day) =>
            By(Alice, algorithm) with { HasTime = day is not null, Time = LdapRoom.Now.AddDays(day ?? 0) };
    }

    /// <summary>Gets values that are in Alice's entry beside two certificates of hers and one of somebody else, and whether they take the first
    /// away.</summary>
    public static TheoryData<string, byte[], bool> Preferences => new()
    {
        { "another of hers", Value(Preferring(AlicesOther.Certificate)), true },
        { "the same", Value(Preferring(Alice.Certificate)), false },
        { "somebody else's", Value(Preferring(Mallory.Certificate)), false },
        { "one that is not there", Value(Preferring(LdapRoom.CertificateOf(Address))), false },
        { "the CA's", Value(Preferring(LdapRoom.Root.Certificate), Alice, LdapRoom.Root.Certificate), false },
        { "another of hers, in a signature that was changed", Changed(Value(Preferring(AlicesOther.Certificate)), ^1), false },
        { "another of hers, as a stranger says", Value(Preferring(AlicesOther.Certificate) with { Signers = [Clone] }), false },
    };

    [Theory]
    [MemberData(nameof(Preferences), DisableDiscoveryEnumeration = true)]
    public void Who_signs_that_another_certificate_is_preferred_withdraws_the_own(string what, byte[] value, bool isWithdrawn)
    {
        var (candidates, _) = Read(Alice.Certificate.RawData, AlicesOther.Certificate.RawData, Mallory.Certificate.RawData, value);

        Assert.True(isWithdrawn == Of(Alice, candidates) is null, what);
        Assert.NotNull(Of(AlicesOther, candidates));
        Assert.NotNull(Of(Mallory, candidates));
    }

    [Fact]
    public void Two_certificates_that_prefer_each_other_both_stay()
    {
        var (candidates, _) = Read(Value(Preferring(AlicesOther.Certificate)), Value(Preferring(Alice.Certificate) with { Signers = [AlicesOther] }));

        Assert.NotNull(Of(Alice, candidates));
        Assert.NotNull(Of(AlicesOther, candidates));
    }

    /// <summary>Gets values of which nothing can be used, what is said of them, and whether they may have had a certificate.</summary>
    public static TheoryData<byte[], string, bool> Damaged => new()
    {
        { Value(By(Alice))[..^1], "is no certificate and no SignedData", true },
        { Changed(Value(By(Alice)), 14), "is SignedData that is damaged", true },
        { Changed(Alice.Certificate.RawData, 10), "is a certificate that is damaged", true },
        { Alice.Certificate.RawData[..^1], "is no certificate and no SignedData", true },
        { Alice.Certificate.Export(X509ContentType.Pkcs12), "is a PKCS #12 file", false },
        { "-----BEGIN CERTIFICATE-----"u8.ToArray(), "is no certificate and no SignedData", true },
        { [], "is no certificate and no SignedData", true },
    };

    [Theory]
    [MemberData(nameof(Damaged), DisableDiscoveryEnumeration = true)]
    public void What_is_damaged_is_passed_over_and_said(byte[] value, string said, bool isDamage)
    {
        var (candidates, problems) = Read(value, AlicesOther.Certificate.RawData);

        Assert.Equal(AlicesOther.Certificate, Assert.Single(candidates).Certificate);
        var problem = Assert.Single(problems);
        Assert.StartsWith(said, problem.Text, StringComparison.Ordinal);
        Assert.Equal(isDamage, problem.IsDamage);
    }

    [Theory]
    [MemberData(nameof(Damaged), DisableDiscoveryEnumeration = true)]
    public void An_entry_with_damage_alone_is_no_absence(byte[] value, string said, bool isDamage)
    {
        var warnings = new List<string>();
        var reader = new EntryReader("ldap:corporate", ["userSMIMECertificate"], warnings.Add);

        var found = reader.Read([new LdapEntry(LdapRoom.AlicesDn, [new LdapAttribute("userSMIMECertificate", [value])])]);

        Assert.Empty(found.Certificates);
        Assert.Equal(isDamage, found.Problem is not null);
        Assert.Contains($"a value of userSMIMECertificate {said}", Assert.Single(warnings), StringComparison.Ordinal);
    }

    /// <summary>Finds somebody's certificate by all that is in it: issuer and serial number may be another's too.</summary>
    private static MailCertificate? Of(LetterSigner owner, List<MailCertificate> candidates) =>
        candidates.SingleOrDefault(one => one.Certificate.RawDataMemory.Span.SequenceEqual(owner.Certificate.RawDataMemory.Span));

    private static LetterSigner Person(string address)
    {
        var pem = LdapRoom.Root.IssueMail(address, LdapRoom.Now.AddYears(-1), LdapRoom.Now.AddYears(1));
        return new LetterSigner(X509Certificate2.CreateFromPem(pem, pem), []);
    }

    private static SignedLetter By(LetterSigner signer, string algorithm = Weak) =>
        new(signer) { Time = LdapRoom.Now, Attributes = [HarvestRoom.Capabilities(algorithm)] };

    private static SignedLetter Preferring(X509Certificate2 certificate) =>
        new(Alice) { Time = LdapRoom.Now, Attributes = [HarvestRoom.Preference(certificate)] };

    /// <summary>Makes a value as the harvest does: without the content, and with the certificate of whoever signed.</summary>
    private static byte[] Value(SignedLetter letter) => Value(letter, letter.Signers[0]);

    private static byte[] Value(SignedLetter letter, LetterSigner carried, params X509Certificate2[] others)
    {
        var signedData = ReceivedSignedData.TryRead(new ReadOnlySequence<byte>(letter.Sign(SignedLetter.Text, isDetached: true)))!;
        return signedData.EncodeWithoutContent([.. others.Prepend(carried.Certificate).Select(one => one.RawDataMemory)]);
    }

    private static byte[] Changed(byte[] value, Index at)
    {
        byte[] changed = [.. value];
        changed[at] ^= 1;
        return changed;
    }

    /// <summary>Puts another object identifier of the same length in its place.</summary>
    private static byte[] Replaced(byte[] value, string oid, string other)
    {
        byte[] changed = [.. value];
        Encode(other).CopyTo(changed, changed.AsSpan().IndexOf(Encode(oid)));
        return changed;

        static byte[] Encode(string oid)
        {
            var writer = new AsnWriter(AsnEncodingRules.DER);
            writer.WriteObjectIdentifier(oid);
            return writer.Encode();
        }
    }

    private static (List<MailCertificate> Candidates, List<(string Text, bool IsDamage)> Problems) Read(params byte[][] values)
    {
        var entry = new EntryCertificates(new ReceivedCertificates());
        var problems = values.Select(value => entry.Add(value)).OfType<(string, bool)>().ToList();
        return ([.. entry.Candidates("ldap:corporate")], problems);
    }
}
