using System.Formats.Asn1;
using Postseal.Certificates.Sources;
using Postseal.Mail;

namespace Postseal.Sources.Tests.Ldap;

public class LdapFilterTests
{
    [Theory]
    [InlineData("(mail=%a)", "alice@example.org", "(mail=alice@example.org)")]
    [InlineData("(mail=%a)", "a+b@example.org", @"(mail=a\2bb@example.org)")]
    [InlineData("(mail=%a)", "*@example.org", @"(mail=\2a@example.org)")]
    [InlineData("(mail=%a)", "\"*)(mail=*\"@example.org", @"(mail=\22\2a\29\28mail\3d\2a\22@example.org)")]
    [InlineData("(mail=%a)", "\"a\\\\b\"@example.org", @"(mail=\22a\5c\5cb\22@example.org)")]
    [InlineData("(mail=%a)", "grün@example.org", @"(mail=gr\c3\bcn@example.org)")]
    [InlineData("(mail=%a)", "a@bücher.example", @"(|(mail=a@xn--bcher-kva.example)(mail=a@b\c3\bccher.example))")]
    [InlineData("(mail=%a)", "a@xn--bcher-kva.example", @"(|(mail=a@xn--bcher-kva.example)(mail=a@b\c3\bccher.example))")]
    [InlineData("(&(uid=%l)(associatedDomain=%d)(cn=100%%))", "alice@example.org", "(&(uid=alice)(associatedDomain=example.org)(cn=100%))")]
    [InlineData("(|(mail=%a)(proxyAddresses=smtp:%a))", "a@example.org", "(|(mail=a@example.org)(proxyAddresses=smtp:a@example.org))")]
    public void An_address_is_a_value_and_nothing_else(string template, string address, string filter) =>
        Assert.Equal(filter, LdapFilter.For(template, LdapRoom.Address(address)));

    [Fact]
    public void Every_octet_of_a_local_part_arrives_as_it_is()
    {
        for (var c = '\0'; c < 0x180; c++)
        {
            var text = LdapFilter.For("(uid=%l)", new MailAddress($"x{c}y", "example.org"));
            var assertion = Encode(text).ReadSequence(new Asn1Tag(TagClass.ContextSpecific, 3));
            Assert.Equal("uid", System.Text.Encoding.UTF8.GetString(assertion.ReadOctetString()));
            Assert.Equal($"x{c}y", System.Text.Encoding.UTF8.GetString(assertion.ReadOctetString()));
        }
    }

    [Theory]
    [InlineData("(mail=alice)", "A30D04046D61696C0405616C696365")]
    [InlineData("(mail=*)", "87046D61696C")]
    [InlineData("(cn=a*b*c)", "A40F0402636E30098001618101628201 63")]
    [InlineData("(!(a=b))", "A208A306040161040162")]
    [InlineData("(&(a=b)(a>=b)(a<=b)(a~=b))", "A020A306040161040162A506040161040162A606040161040162A806040161040162")]
    [InlineData("(a;binary=\\00\\ff)", "A30E0408613B62696E617279040200FF")]
    public void It_is_sent_as_the_standard_writes_it(string filter, string hex) =>
        Assert.Equal(hex.Replace(" ", "", StringComparison.Ordinal), Convert.ToHexString(Encode(filter).ReadEncodedValue().Span));

    [Theory]
    [InlineData("")]
    [InlineData("mail=%a")]
    [InlineData("(mail=%a")]
    [InlineData("(mail=%a))")]
    [InlineData("(mail=%a)(uid=1)")]
    [InlineData("(mail)")]
    [InlineData("(=%a)")]
    [InlineData("(mail=%x)")]
    [InlineData("(mail=%a%)")]
    [InlineData("(mail=alice)")]
    [InlineData("(associatedDomain=%d)")]
    [InlineData(@"(mail=%a\2)")]
    [InlineData(@"(mail=%a\zz)")]
    [InlineData("(mail=a**%a)")]
    [InlineData("(ma il=%a)")]
    public void What_is_no_filter_for_an_address_is_refused(string template) =>
        Assert.Throws<FormatException>(() => LdapFilter.Check(template));

    private static AsnReader Encode(string filter)
    {
        var writer = new AsnWriter(AsnEncodingRules.BER);
        LdapFilterEncoding.Write(writer, filter);
        return new AsnReader(writer.Encode(), AsnEncodingRules.BER);
    }
}
