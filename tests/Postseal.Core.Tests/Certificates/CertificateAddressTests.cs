using System.Formats.Asn1;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Postseal.Certificates;
using Postseal.Certificates.Formats;
using Postseal.TestKit;

namespace Postseal.Tests.Certificates;

/// <summary>Which addresses a certificate is for, to the byte.</summary>
public sealed class CertificateAddressTests
{
    private const string Email = "1.2.840.113549.1.9.1";
    private static readonly DateTimeOffset Noon = new(2026, 11, 22, 12, 0, 0, TimeSpan.Zero);

    private static readonly OddCa Ca = OddCa.Root("CN=Root", Noon.AddYears(-1), Noon.AddYears(1));
    private static readonly RSA Key = (RSA)TestKeys.Create("RSA-2048");

    private static readonly Asn1Tag Rfc822Name = new(TagClass.ContextSpecific, 1);
    private static readonly Asn1Tag DnsName = new(TagClass.ContextSpecific, 2);
    private static readonly Asn1Tag OtherName = new(TagClass.ContextSpecific, 0);

    public static TheoryData<string, byte[]> OddNames => new()
    {
        { "8-bit in Latin-1", Name(Rfc822Name, [(byte)'m', 0xFC, .. "ller@example.org"u8]) },
        { "8-bit in UTF-8", Name(Rfc822Name, "müller@example.org"u8) },
        { "empty", Name(Rfc822Name, []) },
        { "no address", Name(Rfc822Name, "Alice Example"u8) },
        { "a NUL", Name(Rfc822Name, "bob@example.org\0.attacker.example"u8) },
        { "white space in front", Name(Rfc822Name, " bob@example.org"u8) },
        { "a line end behind", Name(Rfc822Name, "bob@example.org\n"u8) },
        { "angle brackets", Name(Rfc822Name, "<bob@example.org>"u8) },
        { "a display name", Name(Rfc822Name, "Bob <bob@example.org>"u8) },
        { "two of them", Name(Rfc822Name, "bob@example.org, carol@example.org"u8) },
        { "a local part in ASCII that should be an rfc822Name", SmtpUtf8Mailbox(UniversalTagNumber.UTF8String, "bob@example.org"u8) },
        { "a mailbox that is no UTF-8", SmtpUtf8Mailbox(UniversalTagNumber.UTF8String, [0xD0, (byte)'@', .. "example.org"u8]) },
        { "a mailbox of another type", SmtpUtf8Mailbox(UniversalTagNumber.PrintableString, "bob@example.org"u8) },
        { "a mailbox with a NUL", SmtpUtf8Mailbox(UniversalTagNumber.UTF8String, "алиса\0@example.org"u8) },
        { "an otherName without its type", Name(new Asn1Tag(TagClass.ContextSpecific, 0, isConstructed: true), [0x04, 0x01, 0x00]) },
        { "a domain", Name(DnsName, "example.org"u8) },
    };

    [Theory]
    [MemberData(nameof(OddNames))]
    public void An_odd_name_names_nobody_and_hides_none_of_the_others(string _, byte[] odd)
    {
        var alice = Name(Rfc822Name, "alice@example.org"u8);

        Assert.Equal(["alice@example.org"], Addresses("CN=a", odd, alice));
        Assert.Equal(["alice@example.org"], Addresses("CN=a", alice, odd));
    }

    [Theory]
    [InlineData("алиса@example.org")]
    [InlineData("алиса@xn--bcher-kva.example")]
    public void A_mailbox_beyond_ASCII_is_read(string address) =>
        Assert.Equal([address], Addresses("CN=a", SmtpUtf8Mailbox(UniversalTagNumber.UTF8String, Encoding.UTF8.GetBytes(address))));

    [Fact]
    public void An_address_in_the_subject_alone_counts_and_is_told()
    {
        using var certificate = Issue(Subject((Email, "alice@example.org", UniversalTagNumber.IA5String)));

        Assert.Equal(["alice@example.org"], CertificateAddresses.Of(certificate).Select(address => address.ToString()));
        Assert.Null(CertificateRules.CheckSigning(certificate));
        Assert.Contains("its address is in the subject alone", Assert.Single(CertificateRules.WarningsOf(certificate)), StringComparison.Ordinal);
    }

    [Fact]
    public void Where_subjectAltName_has_names_of_other_kinds_the_subject_counts()
    {
        using var certificate = Issue(Subject((Email, "alice@example.org", UniversalTagNumber.IA5String)), Name(DnsName, "example.org"u8));

        Assert.Equal(["alice@example.org"], CertificateAddresses.Of(certificate).Select(address => address.ToString()));
    }

    public static TheoryData<string, byte[]> Mailboxes => new()
    {
        { "another address", Name(Rfc822Name, "bob@example.org"u8) },
        { "one that cannot be read", Name(Rfc822Name, "müller@example.org"u8) },
        { "one beyond ASCII", SmtpUtf8Mailbox(UniversalTagNumber.UTF8String, "алиса@example.org"u8) },
    };

    [Theory]
    [MemberData(nameof(Mailboxes))]
    public void Where_subjectAltName_has_a_mailbox_the_subject_is_not_looked_at(string _, byte[] mailbox)
    {
        using var certificate = Issue(Subject((Email, "alice@example.org", UniversalTagNumber.IA5String)), mailbox);

        Assert.DoesNotContain("alice@example.org", CertificateAddresses.Of(certificate).Select(address => address.ToString()));
        Assert.Empty(CertificateRules.WarningsOf(certificate));
    }

    [Fact]
    public void A_subjectAltName_that_is_damaged_is_not_made_up_for_by_the_subject()
    {
        using var certificate = Ca.Issue(
            Subject((Email, "alice@example.org", UniversalTagNumber.IA5String)), Key,
            [new X509Extension("2.5.29.17", [0x30, 0x05, 0x81], critical: false)], Noon.AddDays(-1), Noon.AddDays(90));

        Assert.Empty(CertificateAddresses.Of(certificate));
    }

    [Theory]
    [InlineData("alice@example.org", UniversalTagNumber.UTF8String)]
    [InlineData("alice@example.org", UniversalTagNumber.BMPString)]
    [InlineData("alice@example.org ", UniversalTagNumber.IA5String)]
    [InlineData("<alice@example.org>", UniversalTagNumber.IA5String)]
    [InlineData("alice@example.org\0.attacker.example", UniversalTagNumber.IA5String)]
    public void An_odd_address_in_the_subject_names_nobody(string address, UniversalTagNumber type)
    {
        using var certificate = Issue(Subject((Email, address, type)));

        Assert.Empty(CertificateAddresses.Of(certificate));
        Assert.Contains("it names no mail address", CertificateRules.CheckSigning(certificate)?.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_name_in_the_common_name_is_no_address()
    {
        using var certificate = Issue(Subject(("2.5.4.3", "alice@example.org", UniversalTagNumber.UTF8String)));

        Assert.Empty(CertificateAddresses.Of(certificate));
    }

    [Fact]
    public void What_openssl_finds_in_a_subject_we_find_too()
    {
        Assert.SkipUnless(OpenSsl.IsHere, "openssl is not on this machine");
        using var files = new TemporaryDirectory();
        var (exitCode, _, errors) = OpenSsl.Run(
            "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", files.File("key"), "-out", files.File("certificate"),
            "-subj", "/CN=Alice/emailAddress=alice@example.org/emailAddress=a.example@example.org");
        Assert.True(exitCode == 0, errors);

        var ours = CertificateAddresses.Of(KeyFile.Read(files.File("certificate")).Certificates[0]).Select(address => address.ToString());

        Assert.Equal(OpenSsl.Run("x509", "-in", files.File("certificate"), "-noout", "-email").Output.Split('\n', StringSplitOptions.RemoveEmptyEntries), ours);
    }

    private static IEnumerable<string> Addresses(string subject, params byte[][] names)
    {
        using var certificate = Issue(new X500DistinguishedName(subject), names);
        return [.. CertificateAddresses.Of(certificate).Select(address => address.ToString())];
    }

    private static X509Certificate2 Issue(X500DistinguishedName subject, params byte[][] names)
    {
        var writer = new AsnWriter(AsnEncodingRules.DER);
        using (writer.PushSequence())
        {
            foreach (var name in names)
                writer.WriteEncodedValue(name);
        }

        X509Extension[] extensions = names.Length > 0 ? [new X509Extension("2.5.29.17", writer.Encode(), critical: false)] : [];
        return Ca.Issue(subject, Key, extensions, Noon.AddDays(-1), Noon.AddDays(90));
    }

    /// <summary>A subject of one attribute, whatever is in it.</summary>
    private static X500DistinguishedName Subject((string Type, string Value, UniversalTagNumber Encoding) attribute)
    {
        var writer = new AsnWriter(AsnEncodingRules.DER);
        using (writer.PushSequence())
        using (writer.PushSetOf())
        using (writer.PushSequence())
        {
            writer.WriteObjectIdentifier(attribute.Type);
            writer.WriteCharacterString(attribute.Encoding, attribute.Value);
        }

        return new X500DistinguishedName(writer.Encode());
    }

    private static byte[] SmtpUtf8Mailbox(UniversalTagNumber type, ReadOnlySpan<byte> value)
    {
        var writer = new AsnWriter(AsnEncodingRules.DER);
        using (writer.PushSequence(OtherName))
        {
            writer.WriteObjectIdentifier("1.3.6.1.5.5.7.8.9");
            using (writer.PushSequence(new Asn1Tag(TagClass.ContextSpecific, 0)))
                writer.WriteEncodedValue(Name(new Asn1Tag(type), value));
        }

        return writer.Encode();
    }

    private static byte[] Name(Asn1Tag tag, ReadOnlySpan<byte> value)
    {
        // Any content under any tag: an OCTET STRING whose tag is exchanged.
        var writer = new AsnWriter(AsnEncodingRules.DER);
        writer.WriteOctetString(value, new Asn1Tag(tag.TagClass == TagClass.Universal ? TagClass.Private : tag.TagClass, tag.TagValue));
        var encoded = writer.Encode();
        encoded[0] = (byte)((int)tag.TagClass | (tag.IsConstructed ? 0x20 : 0) | tag.TagValue);
        return encoded;
    }
}
