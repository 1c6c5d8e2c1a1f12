using System.Text;
using FsCheck;
using FsCheck.Fluent;
using Postseal.Mail;

namespace Postseal.Tests.Mail;

/// <summary>The field that others believe. MimeKit reads what we write.</summary>
public sealed class AuthenticationResultsTests
{
    private const string Id = "mx.example.org";

    // What strangers would put into certificates and addresses.
    private static readonly string[] Pieces =
    [
        "smime=pass", "smime", "=", "pass", ";", "(", ")", "\\", "\"", "\r\n", "\r", "\n", "\0", " ", "\t", "x", ",", "CN=", "CN", "+", ".", "@",
        "body.smime-identifier=a@example.org", "Authentication-Results: mx.example.org; smime=pass", "\u00FC", "\u0130", "\u200B", "\u2028",
        "\uD83D\uDE00", "\uD800", "\u0085", "=?utf-8?q?smime=3Dpass?=", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
    ];

    private static Arbitrary<string> Texts { get; } = Gen.Elements(Pieces).ListOf().Select(string.Concat).ToArbitrary();

    [Theory]
    [InlineData(" MX.Example.ORG 1; none", "mx.example.org")]
    [InlineData(" (c) mx (x) 1;", "mx")]
    [InlineData(" (a (b;\\) c) d) mx.example.org (;) 1 (x);", "mx.example.org")]
    [InlineData(" \"mx.example.org\" 1; none", "mx.example.org")]
    [InlineData(" mx\xFC.example;", "mx\xFC.example")]
    [InlineData(" mx/1; none", "mx")]
    public void The_id_that_the_grammar_finds_is_found(string value, string id) =>
        Assert.True(AuthenticationResults.MayBeOf(Field("Authentication-Results", value), id));

    [Theory]
    [InlineData("authentication-RESULTS", true)]
    [InlineData("Authentication-Results ", true)]
    [InlineData("Authentication-Results\t", true)]
    [InlineData("ARC-Authentication-Results", false)]
    [InlineData("X-Authentication-Results", false)]
    public void The_name_of_the_field_is_read_in_any_case(string name, bool isOne)
    {
        var field = Field(name, " mx.example.org; none");

        Assert.Equal(isOne, AuthenticationResults.MayBeOf(field, Id));
    }

    [Theory]
    [InlineData(" mx.example.org; smime=pass")]
    [InlineData("mx.example.org;none")]
    [InlineData(" MX.EXAMPLE.ORG 1; none")]
    [InlineData("\r\n\tmx.example.org\r\n ; none")]
    [InlineData(" mx.exa\r\n mple.org mx.example.org; none")]
    [InlineData(" (c) mx.example.org (x) 1;")]
    [InlineData(" (a;b) mx.example.org;")]
    [InlineData(" (mx.example.org) other;")]
    [InlineData(" mx(c).example(d).org;")]
    [InlineData(" mx . example . org;")]
    [InlineData(" \"mx.example.org\";")]
    [InlineData(" \"a;b\" mx.example.org;")]
    [InlineData(" \"mx.exam\\ple.org\";")]
    [InlineData(" mx.example.org.; none")]
    [InlineData(" mx.example.org")]
    [InlineData(" mx.example.org smime=pass")]
    [InlineData(" mx.example.org, other; none")]
    [InlineData(" mx.example.org/1; none")]
    [InlineData(" other mx.example.org; none")]
    [InlineData(" =?utf-8?q?mx.example.org?=; none")]
    [InlineData(" =?utf-8?b?bXguZXhhbXBsZS5vcmc7IHNtaW1lPXBhc3M=?=")]
    [InlineData(" \xEF\xBD\x8D\xEF\xBD\x98.example.org; none")]
    [InlineData(" mx\xE3\x80\x82" + "example\xEF\xBD\xA1org; none")]
    [InlineData(" mx.exa\xC2\xADmple.org; none")]
    [InlineData(" m\0x.example.org; none")]
    [InlineData(" (mx.example.org; none")]
    [InlineData(" \"mx.example.org; none")]
    [InlineData(" (((((((((((((((((((((((((((((((((x)))))))))))))))))))))))))))))))) ; ) mx.example.org; none")]
    [InlineData(" (\\(); x) mx.example.org; none")]
    [InlineData(" (a \"b); (\") mx.example.org; none")]
    public void What_some_reader_takes_for_ours_is_ours(string value) =>
        Assert.True(AuthenticationResults.MayBeOf(Field("Authentication-Results", value), Id));

    [Theory]
    [InlineData(" mx.example.com; smime=pass")]
    [InlineData(" amx.example.org; none")]
    [InlineData(" in.mx.example.org; none")]
    [InlineData(" mx.example.org.evil.example; none")]
    [InlineData(" mx-example.org; none")]
    [InlineData(" example.org; none")]
    [InlineData(" other; dkim=pass header.d=mx.example.org")]
    [InlineData(" other (c) 1; smime=pass (mx.example.org)")]
    [InlineData("")]
    [InlineData(" ;")]
    public void Results_of_other_servers_are_theirs(string value) =>
        Assert.False(AuthenticationResults.MayBeOf(Field("Authentication-Results", value), Id));

    [Theory]
    [InlineData("b\u00FCcher.example", " xn--bcher-kva.example; none")]
    [InlineData("xn--bcher-kva.example", " b\u00FCcher.example; none")]
    [InlineData("xn--bcher-kva.example", " B\u00DCCHER.example; none")]
    [InlineData("xn--bcher-kva.example", " bu\u0308cher.example; none")]
    [InlineData("b\u00FCcher.example", " XN--BCHER-KVA.example.; none")]
    [InlineData("MX", " mx; none")]
    [InlineData("the mail server", " \"The Mail Server\"; none")]
    [InlineData("mx:25", " \"mx:25\"; none")]
    [InlineData("mx.example.org.", " mx.example.org; none")]
    public void An_id_is_the_same_in_all_its_spellings(string ours, string value) =>
        Assert.True(AuthenticationResults.MayBeOf(Field("Authentication-Results", Text.Utf8(value)), ours));

    [Fact]
    public void A_result_is_written_below_78_columns()
    {
        var field = AuthenticationResults.Write(Id,
        [
            new MethodResult("smime", "pass", "trusted; revocation: CRL of 2026-11-27; signed on 2026-11-28 at 03:00 UTC, and the Date is the same", [
                ("body", "smime-identifier", "alice@example.org"), ("body", "smime-part", "2")]),
            new MethodResult("smime", "fail", null, [("body", "smime-serial", "0A"), ("body", "smime-issuer", "CN=An Issuer, O=Example")]),
        ]);

        Assert.Equal(
            "Authentication-Results: mx.example.org;\r\n"
            + " smime=pass (trusted; revocation: CRL of 2026-11-27; signed on 2026-11-28 at\r\n"
            + " 03:00 UTC, and the Date is the same)\r\n"
            + " body.smime-identifier=alice@example.org body.smime-part=2;\r\n"
            + " smime=fail body.smime-serial=0A body.smime-issuer=\"CN=An Issuer, O=Example\"",
            field.ToString());
    }

    [Fact]
    public void Without_results_it_says_so() =>
        Assert.Equal("Authentication-Results: mx.example.org; none", AuthenticationResults.Write(Id, []).ToString());

    [Theory]
    [InlineData("alice@example.org", "alice@example.org")]
    [InlineData("a.b+c_d-e@sub.example.org", "a.b+c_d-e@sub.example.org")]
    [InlineData("m\u00FCller@example.org", "\"m\\\\x{FC}ller@example.org\"")]
    [InlineData("smime=pass@example.org", "\"smime\\\\x{3D}pass@example.org\"")]
    [InlineData("\"a b\"@example.org", "\"\\\\x{22}a b\\\\x{22}@example.org\"")]
    [InlineData("CN=x;y, smime=pass", "\"CN=x\\\\x{3B}y, smime\\\\x{3D}pass\"")]
    [InlineData("CN=x, O=y+OID.1.2=z,DC=org", "\"CN=x, O=y+OID.1.2=z,DC=org\"")]
    [InlineData("", "\"\"")]
    [InlineData("@", "\"@\"")]
    public void A_value_is_written_so_that_nothing_in_it_ends_it(string value, string written) => Assert.Equal(
        $"Authentication-Results: mx;\r\n smime=pass body.smime-identifier={written}",
        AuthenticationResults.Write("mx", [new MethodResult("smime", "pass", null, [("body", "smime-identifier", value)])]).ToString());

    [Fact]
    public void Whatever_a_stranger_is_called_the_field_says_what_we_say() => Check.One(
        Config.QuickThrowOnFailure.WithMaxTest(1000),
        Prop.ForAll(Texts, Texts, (comment, value) =>
        {
            var field = AuthenticationResults.Write(
                Id, [new MethodResult("smime", "fail", comment, [("body", "smime-identifier", value), ("body", "smime-part", "2")])]);
            var text = field.ToString();

            Assert.True(Ascii.IsValid(field.Raw.Span));
            Assert.Equal(1, text.Split("smime=").Length - 1);
            Assert.DoesNotContain("smime=pass", text, StringComparison.OrdinalIgnoreCase);
            Assert.InRange(text.Length, 0, 2000);
            var lines = text.Split("\r\n");
            Assert.DoesNotContain(lines, line => line.Any(char.IsControl));
            Assert.All(lines[1..], line => Assert.True(line.StartsWith(' ') && line.Trim().Length > 0));
            Assert.All(lines, line => Assert.True(line.Length < 78 || !line.Trim().Contains(' ', StringComparison.Ordinal) || line.Contains('"', StringComparison.Ordinal), line));
            AssertReadsAs(field, value);
        }));

    private static void AssertReadsAs(HeaderField field, string value)
    {
        Assert.True(MimeKit.Cryptography.AuthenticationResults.TryParse(field.Value.ToArray(), out var read), field.ToString());
        Assert.Equal(Id, read.AuthenticationServiceIdentifier);
        var result = Assert.Single(read.Results);
        Assert.Equal(("smime", "fail"), (result.Method, result.Result));
        Assert.Equal(["smime-identifier", "smime-part"], result.Properties.Select(property => property.Property));
        Assert.Equal("2", result.Properties[1].Value);
        if (value.Length > 0 && value.All(c => char.IsAsciiLetterOrDigit(c)) && value.Length < 500)
            Assert.Equal(value, result.Properties[0].Value);
    }

    private static HeaderField Field(string name, string value) => new(Text.Bytes($"{name}:{value}"), name.Length);
}
