using System.Formats.Asn1;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Postseal.Certificates;
using Postseal.Certificates.Trust;
using Postseal.TestKit;
using static Postseal.Tests.Certificates.Trust.Signers;

namespace Postseal.Tests.Certificates.Trust;

/// <summary>A CA that may issue for some addresses alone stands behind no others (RFC 5280 section 4.2.1.10).</summary>
public sealed class NameConstraintTests : IDisposable
{
    private static readonly Asn1Tag OtherName = new(TagClass.ContextSpecific, 0);
    private static readonly Asn1Tag Rfc822Name = new(TagClass.ContextSpecific, 1);
    private static readonly Asn1Tag DnsName = new(TagClass.ContextSpecific, 2);

    private static readonly OddCa Anchor = Root();

    private readonly Signers signers = new();

    [Theory]
    [InlineData("example.org", "alice@example.org", true)]
    [InlineData("example.org", "alice@EXAMPLE.org", true)]
    [InlineData("EXAMPLE.org", "alice@example.org", true)]
    [InlineData("example.org", "alice@sub.example.org", false)]
    [InlineData("example.org", "alice@notexample.org", false)]
    [InlineData("example.org", "alice@example.org.example.net", false)]
    [InlineData("example.org", "\"alice@example.org\"@example.net", false)]
    [InlineData(".example.org", "alice@sub.example.org", true)]
    [InlineData(".example.org", "alice@deep.sub.example.org", true)]
    [InlineData(".example.org", "alice@example.org", false)]
    [InlineData(".example.org", "alice@notexample.org", false)]
    [InlineData("alice@example.org", "alice@example.org", true)]
    [InlineData("alice@example.org", "alice@EXAMPLE.ORG", true)]
    [InlineData("alice@example.org", "bob@example.org", false)]
    [InlineData("alice@example.org", "алиса@example.org", false)]
    [InlineData("example.org", "алиса@example.org", true)]
    [InlineData("example.org", "алиса@example.net", false)]
    [InlineData("example.org", "алиса@sub.example.org", false)]
    [InlineData(".example.org", "алиса@sub.example.org", false)] // RFC 9598 section 6 allows it, and OpenSSL does not
    public void A_CA_that_may_issue_for(string permitted, string address, bool trusted) =>
        AssertTrusted(trusted, Constraints(permitted: Name(Rfc822Name, permitted)), Names(address));

    [Theory]
    [InlineData("example.org", "alice@example.org", false)]
    [InlineData("example.org", "alice@Example.Org", false)]
    [InlineData("example.org", "alice@sub.example.org", true)]
    [InlineData("example.org", "alice@example.net", true)]
    [InlineData(".example.org", "alice@sub.example.org", false)]
    [InlineData(".example.org", "alice@example.org", true)]
    [InlineData("alice@example.org", "alice@example.org", false)]
    [InlineData("alice@example.org", "Alice@example.org", false)]
    [InlineData("alice@example.org", "bob@example.org", true)]
    [InlineData("example.org", "алиса@example.org", false)]
    [InlineData("example.org", "алиса@example.net", true)]
    [InlineData(".example.org", "алиса@sub.example.org", false)]
    [InlineData("xn--bcher-kva.example", "алиса@xn--bcher-kva.example", false)]
    [InlineData("xn--bcher-kva.example", "алиса@bücher.example", false)]
    [InlineData("", "alice@example.org", false)]
    public void A_CA_that_may_not_issue_for(string excluded, string address, bool trusted) =>
        AssertTrusted(trusted, Constraints(excluded: Name(Rfc822Name, excluded)), Names(address));

    [Fact]
    public void One_address_that_is_not_allowed_is_enough() =>
        AssertTrusted(false, Constraints(permitted: Name(Rfc822Name, "example.org")), Names("alice@example.org", "alice@example.net"));

    [Fact]
    public void What_is_both_allowed_and_forbidden_is_forbidden() =>
        AssertTrusted(
            false, Constraints(permitted: Name(Rfc822Name, "example.org"), excluded: Name(Rfc822Name, "alice@example.org")), Names("alice@example.org"));

    [Fact]
    public void Constraints_on_names_of_other_kinds_do_not_matter() =>
        AssertTrusted(true, Constraints(permitted: Name(DnsName, "example.net")), Names("alice@example.org"));

    [Fact]
    public void An_address_in_the_subject_is_one()
    {
        var constraints = Constraints(permitted: Name(Rfc822Name, "example.org"));

        AssertTrusted(true, constraints, null, "E=alice@example.org,CN=Alice");
        AssertTrusted(false, constraints, null, "E=alice@example.net,CN=Alice");
    }

    [Fact]
    public void Constraints_that_cannot_be_read_allow_nothing() =>
        AssertTrusted(false, new X509Extension("2.5.29.30", [0x30, 0x05, 0xA0], critical: true), Names("alice@example.org"));

    public void Dispose() => signers.Dispose();

    /// <summary>Checks a chain whose upper CA is constrained and whose lower one is not.</summary>
    private void AssertTrusted(bool trusted, X509Extension constraints, X509Extension? names, string subject = "CN=Alice")
    {
        var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        X509Extension[] extensions =
            [new X509BasicConstraintsExtension(true, false, 0, critical: true), new X509SubjectKeyIdentifierExtension(new PublicKey(key), critical: false), constraints];
        var limited = new OddCa(Anchor.Issue(new("CN=Limited"), key, extensions, LongAgo, LongHence), key);
        var lower = limited.Issue(Issuer("CN=Lower"));

        var standing = signers.Check(
            Person(lower, names is null ? [] : [names], name: subject), [Anchor], lower.Certificate, limited.Certificate);

        Assert.True(trusted ? standing.Kind == StandingKind.Trusted : standing.Kind == StandingKind.Untrusted, standing.Why);
    }

    private static X509Extension Names(params string[] addresses)
    {
        var writer = new AsnWriter(AsnEncodingRules.DER);
        using (writer.PushSequence())
        {
            foreach (var address in addresses)
            {
                if (address.All(char.IsAscii))
                    writer.WriteCharacterString(UniversalTagNumber.IA5String, address, Rfc822Name);
                else
                    WriteSmtpUtf8Mailbox(writer, address);
            }
        }

        return new X509Extension("2.5.29.17", writer.Encode(), critical: false);
    }

    private static void WriteSmtpUtf8Mailbox(AsnWriter writer, string address)
    {
        using (writer.PushSequence(OtherName))
        {
            writer.WriteObjectIdentifier("1.3.6.1.5.5.7.8.9");
            using (writer.PushSequence(new Asn1Tag(TagClass.ContextSpecific, 0)))
                writer.WriteCharacterString(UniversalTagNumber.UTF8String, address);
        }
    }

    private static byte[] Name(Asn1Tag kind, string value)
    {
        var writer = new AsnWriter(AsnEncodingRules.DER);
        writer.WriteCharacterString(UniversalTagNumber.IA5String, value, kind);
        return writer.Encode();
    }

    /// <summary>NameConstraints ::= SEQUENCE { permittedSubtrees [0] GeneralSubtrees OPTIONAL, excludedSubtrees [1] … OPTIONAL }</summary>
    private static X509Extension Constraints(byte[]? permitted = null, byte[]? excluded = null)
    {
        var writer = new AsnWriter(AsnEncodingRules.DER);
        using (writer.PushSequence())
        {
            foreach (var (name, tag) in (ReadOnlySpan<(byte[]?, int)>)[(permitted, 0), (excluded, 1)])
            {
                if (name is null)
                    continue;
                using (writer.PushSequence(new Asn1Tag(TagClass.ContextSpecific, tag)))
                using (writer.PushSequence())
                    writer.WriteEncodedValue(name);
            }
        }

        return new X509Extension("2.5.29.30", writer.Encode(), critical: true);
    }
}
