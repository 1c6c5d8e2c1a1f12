using System.Text;
using MimeKit;
using Postseal.Mail;
using Postseal.Smime;
using Postseal.TestKit;
using Postseal.Tests.Mime;

namespace Postseal.Tests.Smime;

/// <summary>What a reader gets who has no certificate.</summary>
public sealed class MissingCertificateNoticeTests : IDisposable
{
    private const string Fields =
        "Received: x\nFrom: Alice <alice@example.org>\nTo: bob@example.net\nSubject: =?utf-8?q?Gr=C3=BC=C3=9Fe?=\nDate: Sun, 22 Nov 2026 12:00:00 +0000\n"
        + "MIME-Version: 1.0\n";

    private const string Encrypted =
        "Content-Type: application/pkcs7-mime; smime-type=enveloped-data; name=smime.p7m\nContent-Transfer-Encoding: base64\n"
        + "Content-Disposition: attachment; filename=smime.p7m\n";

    private const string Body = "MIAGCSqGSIb3DQEHA6CA\nMIACAQAxgg==\n";

    private readonly TemporaryDirectory directory = new();

    public static TheoryData<string> Languages => new(NoticeTemplate.Languages.Select(language => new TheoryDataRow<string>(language)));

    [Theory]
    [MemberData(nameof(Languages))]
    public void It_says_from_whom_the_message_is_and_has_it_as_it_came(string language)
    {
        var original = Text.Message(Fields + Encrypted + "X-Mailer: x\n\n" + Body);

        var notice = MissingCertificateNotice.Compose(original, NoticeTemplate.Load(null, language), TestMail.Address("bob@example.net"));

        SevenBit.AssertIs(new(TestMail.BytesOf(notice)));
        Assert.Equal(original.Headers.Where(field => !Text.IsContentField(field)), notice.Headers.Where(field => !Text.IsContentField(field)));
        using var read = MimeMessage.Load(new MemoryStream(TestMail.BytesOf(notice)), TestContext.Current.CancellationToken);
        var parts = Assert.IsType<Multipart>(read.Body);
        Assert.Equal(2, parts.Count);
        var text = Assert.IsType<TextPart>(parts[0]);
        Assert.Equal(language, text.Headers["Content-Language"]);
        Assert.Contains("alice@example.org", text.Text, StringComparison.Ordinal);
        Assert.Contains("bob@example.net", text.Text, StringComparison.Ordinal);
        Assert.Contains("Sun, 22 Nov 2026 12:00:00 +0000", text.Text, StringComparison.Ordinal);
        Assert.DoesNotContain('{', text.Text);
        Assert.DoesNotContain("Grüße", text.Text, StringComparison.Ordinal);
        // The object is there byte for byte, with its fields.
        Assert.Contains($"\r\n{Text.CrLf(Encrypted)}\r\n{Text.CrLf(Body)}\r\n--", Text.Of(notice.Body), StringComparison.Ordinal);
        using var decoded = new MemoryStream();
        Assert.IsAssignableFrom<MimePart>(parts[1]).Content!.DecodeTo(decoded, TestContext.Current.CancellationToken);
        Assert.Equal(Convert.FromBase64String(Body.Replace("\n", "", StringComparison.Ordinal)), decoded.ToArray());
    }

    [Theory]
    [InlineData("From: a@b.example\n", "a@b.example")]
    [InlineData("From: \"Your bank: call +1 900\" <a@b.example>\n", "a@b.example")]
    [InlineData("From: a@b.example, c@d.example, e@f.example, g@h.example\n", "a@b.example, c@d.example, e@f.example, …")]
    [InlineData("From: a@b.example\nFrom: c@d.example\n", "?")]
    [InlineData("From: a@b.example\n c@d.example\n", "?")]
    [InlineData("From: \"a\r\nCall +1 900\"@b.example\n", "?")]
    [InlineData("From: {recipient}@b.example\n", "{recipient}@b.example")]
    [InlineData("", "?")]
    public void Of_who_wrote_it_only_the_address_is_told(string from, string expected) =>
        Assert.Equal($"{expected}|bob@example.net|?\n", TextOf(from, "bob@example.net"));

    [Theory]
    [InlineData("Date: Sun, 22 Nov 2026 12:00:00 +0000\n", "Sun, 22 Nov 2026 12:00:00 +0000")]
    [InlineData("Date:   Sun, 22 Nov 2026 12:00:00 -0000  \n", "Sun, 22 Nov 2026 12:00:00 -0000")]
    [InlineData("Date: Sun, 22 Nov 2026 12:00:00 +0000\n\tcall me\n", "?")]
    [InlineData("Date: visit http://evil.example/\n", "?")]
    [InlineData("Date: \xE2\x80\xAE\n", "?")]
    [InlineData("Date:\n", "?")]
    public void A_date_that_is_none_is_not_told(string date, string expected) =>
        Assert.Equal($"?|bob@example.net|{expected}\n", TextOf(date, "bob@example.net"));

    [Fact]
    public void What_turns_the_direction_of_a_line_is_not_told() =>
        Assert.Equal("a?b@b.example|bob@example.net|?\n", TextOf(Text.Utf8("From: a\u202Eb@b.example\n"), "bob@example.net"));

    [Theory]
    [InlineData("Content-Type: application/pkcs7-mime\nContent-Transfer-Encoding: 8bit\n", "\xC3\xBC", "8bit")]
    [InlineData("Content-Type : application/pkcs7-mime\nContent-type: x\n", "MIAG\n", null)]
    [InlineData("", "", null)]
    [InlineData("Content-Type: multipart/mixed; boundary=b\n", "--b\n\nx\n--b--\n", null)]
    public void Whatever_came_stays_as_it_came(string fields, string body, string? label)
    {
        var original = Text.Message($"From: a@b.example\n{fields}\n{body}");

        var notice = MissingCertificateNotice.Compose(original, NoticeTemplate.Load(null, "en"), TestMail.Address("bob@example.net"));

        var written = Text.Of(TestMail.BytesOf(notice));
        Assert.Contains($"\r\n{Text.CrLf(fields)}\r\n{Text.CrLf(body)}\r\n--=_", written, StringComparison.Ordinal);
        Assert.Equal(label, notice.Headers.Where(field => field.Is("Content-Transfer-Encoding")).Select(field => Text.Of(field.Value.Span).Trim()).SingleOrDefault());
        Assert.Single(notice.Headers, field => field.Is("Content-Type"));
        Assert.Single(notice.Headers, field => field.Is("MIME-Version"));
        Assert.Equal(4, Regex(written, "=_[0-9a-f]{48}"));
    }

    [Fact]
    public void A_template_in_another_script_is_encoded()
    {
        var template = Template(string.Concat(Enumerable.Repeat("暗号化されたメールです。{from}\n", 200)));

        var notice = MissingCertificateNotice.Compose(Text.Message(Fields + Encrypted + "\n" + Body), template, TestMail.Address("bob@example.net"));

        SevenBit.AssertIs(notice.Body);
        using var read = MimeMessage.Load(new MemoryStream(TestMail.BytesOf(notice)), TestContext.Current.CancellationToken);
        Assert.Contains("暗号化されたメールです。alice@example.org", read.TextBody, StringComparison.Ordinal);
        Assert.Null(((Multipart)read.Body!)[0].Headers["Content-Language"]);
    }

    [Theory]
    [InlineData("de", "de")]
    [InlineData("DE-CH", "de")]
    [InlineData("fr-CA-x-y", "fr")]
    public void A_language_is_found_by_its_tag(string tag, string language) => Assert.Equal(language, NoticeTemplate.Load("", tag).Language);

    [Theory]
    [InlineData("xx", "de, en, es, fr, it")]
    [InlineData("", "de, en, es, fr, it")]
    [InlineData("german", "de, en, es, fr, it")]
    [InlineData("../de", "de, en, es, fr, it")]
    public void A_language_without_a_notice_is_an_error(string tag, string expected) =>
        Assert.Contains(expected, Assert.Throws<FormatException>(() => NoticeTemplate.Load(null, tag)).Message, StringComparison.Ordinal);

    [Theory]
    [InlineData("", "is empty")]
    [InlineData(" \n", "is empty")]
    [InlineData("Hello {subject}", "has {subject} in it")]
    [InlineData("Hello {From}", "has {From} in it")]
    [InlineData("\xFF\xFEH", "is not text in UTF-8")]
    [InlineData("Hello\0", "control characters")]
    public void A_file_that_is_no_template_is_an_error_that_says_so(string content, string expected)
    {
        File.WriteAllBytes(directory.File("notice.txt"), Text.Bytes(content));

        var error = Assert.Throws<FormatException>(() => NoticeTemplate.Load(directory.File("notice.txt"), "en"));

        Assert.Contains(expected, error.Message, StringComparison.Ordinal);
        Assert.Contains("notice.txt", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_file_that_cannot_be_read_is_an_error()
    {
        File.WriteAllText(directory.File("long"), new string('x', 70_000));

        Assert.Contains("longer", Assert.Throws<FormatException>(() => NoticeTemplate.Load(directory.File("long"), "en")).Message, StringComparison.Ordinal);
        Assert.Contains("cannot be read", Assert.Throws<FormatException>(() => NoticeTemplate.Load(directory.File("gone"), "en")).Message, StringComparison.Ordinal);
        Assert.Contains("cannot be read", Assert.Throws<FormatException>(() => NoticeTemplate.Load(directory.Path, "en")).Message, StringComparison.Ordinal);
    }

    public static TheoryData<string, string, string> Heavy => new()
    {
        { "addresses", "From: ", "a@b.example," },
        { "fields", "", "From: a@b.example\r\n" },
        { "Content fields", "", "Content-X: a\r\n" },
        { "lines", "\r\n", "--\r\n" },
    };

    [Theory]
    [MemberData(nameof(Heavy), DisableDiscoveryEnumeration = true)]
    public void Twice_the_size_takes_twice_the_time(string name, string start, string repeated)
    {
        var template = NoticeTemplate.Load(null, "en");

        Assert.True(CpuTime.IsLinear(Composing, 400_000 / repeated.Length), name);

        Action Composing(int count)
        {
            var original = Text.Message(start + new StringBuilder().Insert(0, repeated, count) + "\r\n\r\n");
            return () => MissingCertificateNotice.Compose(original, template, TestMail.Address("bob@example.net"));
        }
    }

    public void Dispose() => directory.Dispose();

    private string TextOf(string fields, string recipient)
    {
        var template = Template("{from}|{recipient}|{date}\n");
        var notice = MissingCertificateNotice.Compose(Text.Message($"{fields}{Encrypted}\n{Body}"), template, TestMail.Address(recipient));
        using var read = MimeMessage.Load(new MemoryStream(TestMail.BytesOf(notice)), TestContext.Current.CancellationToken);
        return Assert.IsType<TextPart>(Assert.IsType<Multipart>(read.Body)[0]).Text.ReplaceLineEndings("\n");
    }

    private NoticeTemplate Template(string content)
    {
        File.WriteAllText(directory.File("notice.txt"), content);
        return NoticeTemplate.Load(directory.File("notice.txt"), "en");
    }

    private static int Regex(string text, string pattern) => System.Text.RegularExpressions.Regex.Count(text, pattern);
}
