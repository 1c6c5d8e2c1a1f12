namespace Postseal.Tests.Mime;

public class HeaderRepairTests
{
    [Theory]
    [InlineData("Subject: plain =?utf-8?Q?x?=\t y", "Subject: plain =?utf-8?Q?x?=\t y")]
    [InlineData("Subject: a Grün und \"blau ü\" b", "Subject: a =?utf-8?B?R3LDvG4gdW5kICJibGF1IMO8Ig==?= b")]
    [InlineData("Subject: {FC}", "Subject: =?iso-8859-1?B?/A==?=")]
    [InlineData("From: Jörg Q. Müller <j@x.org>, \"Ä, B\" <b@x.org> (ö)",
        "From: =?utf-8?B?SsO2cmcgUS4gTcO8bGxlcg==?= <j@x.org>, =?utf-8?B?w4QsIEI=?=\n <b@x.org> (=?utf-8?B?w7Y=?=)")]
    [InlineData("From: {FC},{FC}, {FC}", "From: =?iso-8859-1?B?/Cz8LCD8?=")]
    [InlineData("To: a@y.org,Müller, Jörg <j@x.org>,b@y.org", "To: a@y.org, =?utf-8?B?TcO8bGxlciwgSsO2cmc=?= <j@x.org>, b@y.org")]
    [InlineData("To: Ä <a@x.org>,b@y.org,Ö c@z.org,Ü", "To: =?utf-8?B?w4Q=?= <a@x.org>, b@y.org, =?utf-8?B?w5Y=?= c@z.org,\n =?utf-8?B?w5w=?=")]
    [InlineData("Content-Type: text/plain; charset=utf-8; name=\"ä b\"",
        "Content-Type: text/plain; charset=\"utf-8\"; name*=utf-8''%C3%A4%20b")]
    [InlineData("Content-Disposition: attachment (c);\n\tfilename=\"{E4}\\\"\"; size=1",
        "Content-Disposition: attachment; filename*=iso-8859-1''%E4%22; size=\"1\"")]
    [InlineData("Content-Disposition: attachment; filename*=koi8-r''%C1; x=ä",
        "Content-Disposition: attachment; filename*=koi8-r''%C1; x*=utf-8''%C3%A4")]
    [InlineData("Subject: a{NUL}b{CR}c", "Subject: a b c")]
    public void Header_inside_is_made_7bit(string field, string expected) =>
        Assert.Equal(Raw(expected), Repaired(Raw(field)));

    [Fact]
    public void Long_file_name_is_continued_on_lines_that_fit()
    {
        var repaired = Repaired(Raw($"Content-Disposition: attachment; filename=\"{new string('ä', 60)}.txt\""));

        Assert.Contains("filename*0*=utf-8''%C3%A4", repaired, StringComparison.Ordinal);
        Assert.EndsWith(".txt", repaired, StringComparison.Ordinal);
        Assert.All(repaired.Split("\r\n"), line => Assert.InRange(line.Length, 2, 78));
    }

    [Fact]
    public void Encoded_words_split_between_characters()
    {
        var repaired = Repaired(Raw($"Subject: {new string('€', 100)}"));

        var words = repaired["Subject: ".Length..].Split([' ', '\r', '\n'], StringSplitOptions.RemoveEmptyEntries);
        Assert.All(words, word => Assert.InRange(word.Length, 13, 75));
        Assert.Equal(
            new string('€', 100),
            string.Concat(words.Select(w => System.Text.Encoding.UTF8.GetString(Convert.FromBase64String(w[10..^2])))));
    }

    [Theory]
    [InlineData("Subject: ", "word ", 1000)]
    [InlineData("Subject: ", "x", 5000)]
    [InlineData("Subject: ", " ", 5000)]
    [InlineData("Subject: ö", " ", 5000)]
    [InlineData("Subject: ö", " \t", 5000)]
    [InlineData("To: ", "é@x,", 5000)]
    [InlineData("References: ö", "\t<a@x>\n", 5000)]
    [InlineData("Content-Type: text/plain; a=\"", "xyz ", 1000)]
    [InlineData("Subject: ", "€ x", 20_000)]
    public void Long_line_is_folded(string start, string repeated, int count)
    {
        var repaired = Repaired(Raw(start + string.Concat(Enumerable.Repeat(repeated, count)) + "\tend"));

        Assert.All(repaired.Split("\r\n"), line => Assert.InRange(line.Length, 1, 998));
        Assert.All(repaired.Split("\r\n").Skip(1), line => Assert.True(line[0] is ' ' or '\t' && line.Trim().Length > 0));
    }

    // The header of a message inside a message, as it comes out.
    private static string Repaired(string field)
    {
        const string Outer = "Content-Type: message/rfc822\r\n\r\n";
        var content = Text.Of(Text.Entity(Text.Message($"{Outer}{field}\r\n\r\nbody\r\n")).Content);

        Assert.StartsWith(Outer, content, StringComparison.Ordinal);
        Assert.EndsWith("\r\n\r\nbody\r\n", content, StringComparison.Ordinal);
        return content[Outer.Length..^"\r\n\r\nbody\r\n".Length];
    }

    private static string Raw(string text) => Text.CrLf(Text.Utf8(text))
        .Replace("{CR}", "\r", StringComparison.Ordinal)
        .Replace("{NUL}", "\0", StringComparison.Ordinal)
        .Replace("{E4}", "\xE4", StringComparison.Ordinal)
        .Replace("{FC}", "\xFC", StringComparison.Ordinal);
}
