using System.Text;
using FsCheck;
using FsCheck.Fluent;
using Postseal.Certificates.Store;
using Postseal.Mail;

namespace Postseal.Tests.Mail;

public class MailAddressTests
{
    [Theory]
    [InlineData("a@example.org", "a@example.org")]
    [InlineData(" <a@example.org> ", "a@example.org")]
    [InlineData("Ann <a@example.org>", "a@example.org")]
    [InlineData("Ann B. Cee <a@example.org>", "a@example.org")]
    [InlineData("\"a@example.org\" <b@example.net>", "b@example.net")]
    [InlineData("\"Cee, Ann \\\"x\\\" <no@example.org>\" <b@example.net>", "b@example.net")]
    [InlineData("=?utf-8?Q?no=40example.org?= <b@example.net>", "b@example.net")]
    [InlineData("Jörg Müller <jörg@exämple.org>", "jörg@exämple.org")]
    [InlineData("a@example.org (Ann (not b@example.net))", "a@example.org")]
    [InlineData("a@example.org (Ann \"Al\" Bo)", "a@example.org")]
    [InlineData("(x)a(x)@(x)example(x).(x)org(x)", "a@example.org")]
    [InlineData("(\\)(<b@x.org>)) a@example.org", "a@example.org")]
    [InlineData("a . b @ example . org", "a.b@example.org")]
    [InlineData("\"a\".\"b\"@example.org", "a.b@example.org")]
    [InlineData("\"a b\"@example.org", "\"a b\"@example.org")]
    [InlineData("\"a\\\"\\\\b\"@example.org", "\"a\\\"\\\\b\"@example.org")]
    [InlineData("\"../etc\"@example.org", "\"../etc\"@example.org")]
    [InlineData("a/b@example.org", "a/b@example.org")]
    [InlineData("a@[192.0.2.1]", "a@[192.0.2.1]")]
    [InlineData("Ann\r\n <a@example.org>", "a@example.org")]
    [InlineData("a@x.org, B <b@x.org>", "a@x.org|b@x.org")]
    [InlineData(",a@x.org,,b@x.org,", "a@x.org|b@x.org")]
    [InlineData("Team: a@x.org, Bo <b@x.org>;, c@x.org", "a@x.org|b@x.org|c@x.org")]
    [InlineData("undisclosed-recipients:;", "")]
    public void Address_list_is_read(string field, string expected)
    {
        Assert.True(MailboxParser.TryParseList(Encoding.UTF8.GetBytes(field), out var addresses));
        Assert.Equal(expected, string.Join('|', addresses));
    }

    [Theory]
    [InlineData("")]
    [InlineData(" , ")]
    [InlineData("Ann")]
    [InlineData("a@example.org <b@example.net>")]
    [InlineData("<@r.example,@s.example:a@example.org>")]
    [InlineData("Ann a@example.org")]
    [InlineData("a@example.org b@example.org")]
    [InlineData("<a@example.org> <b@example.org>")]
    [InlineData("<a@example.org> Ann")]
    [InlineData("<a@example.org")]
    [InlineData("a@example.org>")]
    [InlineData("<>")]
    [InlineData("a@")]
    [InlineData("@example.org")]
    [InlineData("a@b@example.org")]
    [InlineData("a..b@example.org")]
    [InlineData(".a@example.org")]
    [InlineData("a.@example.org")]
    [InlineData("a@example..org")]
    [InlineData("a@example.org.")]
    [InlineData("a@\"example.org\"")]
    [InlineData("a@example.\"org\"")]
    [InlineData("a@example.org.\"Bo, B\"")]
    [InlineData("a@[192.0.2.1")]
    [InlineData("a@[]")]
    [InlineData("\"\"@example.org")]
    [InlineData("\"a@example.org")]
    [InlineData("a@example.org (open")]
    [InlineData("a@example.org)")]
    [InlineData("a@example.org; b@example.org")]
    [InlineData("A: B: a@example.org;;")]
    [InlineData("A: a@example.org")]
    [InlineData("a@example.org\0")]
    [InlineData("a@example.org\nb@example.org")]
    [InlineData("a@example.org\r\nBcc: b@example.org")]
    [InlineData("\"a\0\"@example.org")]
    [InlineData("\"a\\\n\"@example.org")]
    public void What_readers_could_understand_differently_is_refused(string field) =>
        Assert.False(MailboxParser.TryParseList(Encoding.UTF8.GetBytes(field), out _));

    [Fact]
    public void Broken_utf8_is_refused() =>
        Assert.False(MailboxParser.TryParseList([0xE4, .. "@example.org"u8], out _));

    [Fact]
    public void Comments_nest_to_a_limit()
    {
        Assert.True(MailboxParser.TryParseList(Nested(20), out _));
        Assert.False(MailboxParser.TryParseList(Nested(100_000), out _));

        static byte[] Nested(int depth) => Text.Bytes($"{new string('(', depth)}{new string(')', depth)} a@example.org");
    }

    [Theory]
    [InlineData("a@example.org", "A@Example.ORG", true)]
    [InlineData("\"A B\"@example.org", "\"a b\"@example.org", true)]
    [InlineData("ä@example.org", "Ä@example.org", false)]
    [InlineData("\u00B5@example.org", "\u03BC@example.org", false)] // the micro sign, the Greek mu
    [InlineData("\u03C2@example.org", "\u03C3@example.org", false)] // the two small sigmas
    [InlineData("\u017F@example.org", "s@example.org", false)] // the long s
    [InlineData("i@example.org", "\u0130@example.org", false)] // the Turkish capital i
    [InlineData("a@\u03C2.example", "a@\u03C3.example", false)]
    [InlineData("a@example.org", "a@example.net", false)]
    [InlineData("a@example.org", "b@example.org", false)]
    public void Local_parts_compare_without_the_case_of_A_to_Z_and_of_nothing_else(string left, string right, bool equal)
    {
        Assert.True(MailAddress.TryParse(left, out var one));
        Assert.True(MailAddress.TryParse($" <{right}> ", out var other));
        Assert.Equal(equal, one == other);
        Assert.Equal(equal, one.GetHashCode() == other.GetHashCode());
        Assert.Equal(equal, one.CanonicalText == other.CanonicalText);
        Assert.Equal(equal, AddressFileName.Escape(one) == AddressFileName.Escape(other));
        Assert.Equal(equal, AddressFileName.Readings(AddressFileName.For(one)).Contains(AddressPattern.Of(other)));
    }

    [Theory]
    [InlineData(64, 1, true)]
    [InlineData(65, 1, false)]
    [InlineData(1, 63, true)]
    [InlineData(1, 64, false)]
    public void An_address_is_no_longer_than_SMTP_allows(int localPart, int label, bool isAddress)
    {
        var text = $"{new string('a', localPart)}@{new string('b', label)}.example";

        Assert.Equal(isAddress, MailAddress.TryParse(text, out _));
        Assert.Equal(isAddress, MailboxParser.TryParseList(Encoding.UTF8.GetBytes($"Ann <{text}>"), out _));
    }

    [Theory]
    [InlineData(" a@example.org\t", true)]
    [InlineData("a@example.org\u00A0", false)]
    [InlineData("\u2003a@example.org", false)]
    public void White_space_beyond_ASCII_belongs_to_the_address(string text, bool isThatAddress)
    {
        Assert.True(MailAddress.TryParse("a@example.org", out var that));
        Assert.True(MailAddress.TryParse(text, out var address));
        Assert.Equal(isThatAddress, address == that);
    }

    [Fact]
    public void A_local_part_is_counted_in_octets_and_a_domain_ends_at_255()
    {
        Assert.True(MailAddress.TryParse($"{new string('é', 32)}@example.org", out _));
        Assert.False(MailAddress.TryParse($"{new string('é', 33)}@example.org", out _));
        Assert.True(MailAddress.TryParse("a@" + string.Join('.', Enumerable.Repeat("b", 128)), out _));
        Assert.False(MailAddress.TryParse("a@" + string.Join('.', Enumerable.Repeat("b", 129)), out _));
    }

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("Ann <a@example.org>")]
    [InlineData("a@example.org, b@example.org")]
    [InlineData("a@example.org (Ann)")]
    [InlineData("a @example.org")]
    [InlineData("<<a@example.org>>")]
    public void Bare_address_is_nothing_else(string? text) => Assert.False(MailAddress.TryParse(text, out _));

    [Fact]
    public void Address_written_is_the_address_read_again() => Prop.ForAll(
        ArbMap.Default.ArbFor<NonEmptyString>().Filter(s => Encoding.UTF8.GetByteCount(s.Get) <= 64 && !s.Get.AsSpan().ContainsAny("\0\r\n") && IsUnicode(s.Get)),
        local =>
        {
            var quoted = string.Concat(local.Get.Select(c => c is '"' or '\\' ? $"\\{c}" : $"{c}"));
            return MailAddress.TryParse($"\"{quoted}\"@example.org", out var address)
                && address.LocalPart == local.Get
                && MailAddress.TryParse(address.ToString(), out var again)
                && again == address
                && again.LocalPart == local.Get;
        }).QuickCheckThrowOnFailure();

    private static bool IsUnicode(string text) => Encoding.UTF8.GetString(Encoding.UTF8.GetBytes(text)) == text;

    [Theory]
    [InlineData("a@b\u00FCcher.example", "a@xn--bcher-kva.example", true)]
    [InlineData("a@B\u00DCCHER.example", "a@XN--BCHER-KVA.example", true)]
    [InlineData("a@b\u00FCcher.example", "a@bucher.example", false)]
    [InlineData("a@\u212Abank.example", "a@kbank.example", false)] // the Kelvin sign
    [InlineData("a@\uFF4Bbank.example", "a@kbank.example", false)] // a fullwidth k
    [InlineData("\u212A@example.org", "k@example.org", false)]
    [InlineData("\u00E9@example.org", "\u00C9@example.org", false)]
    public void Domains_are_equal_in_A_labels_and_U_labels_and_nothing_else_is(string one, string other, bool equal)
    {
        Assert.True(MailAddress.TryParse(one, out var left) && MailAddress.TryParse(other, out var right) && (left == right) == equal);
        Assert.Equal(equal, MailAddress.TryParse(one, out left) && MailAddress.TryParse(other, out right)
            && left.CanonicalText == right.CanonicalText);
    }
}
