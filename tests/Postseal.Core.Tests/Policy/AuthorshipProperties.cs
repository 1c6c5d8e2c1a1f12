using FsCheck;
using FsCheck.Fluent;
using Postseal.Mail;
using Postseal.Mime;
using Postseal.Policy;

namespace Postseal.Tests.Policy;

/// <summary>What holds of every From field, honest, broken or made to deceive.</summary>
public sealed class AuthorshipProperties
{
    private static readonly string[] Pieces =
    [
        "@", "@", "a", "boss", "corp.example", "<", ">", "(", ")", "\"", "\\", ",", ":", ";", ".", " ", "\r\n ", "\t", "\0", "[", "]",
        "=?", "?=", "=?utf-8?q?", "=?utf-8?b?", "=40", "QA==", "_", "\u00FC", "\u00C3\u00A4", "\u00EF\u00BC\u00A0", "\u00E2\u0080\u00AE", "\u001B$B",
        .. Charsets.Select(charset => $"=?{charset}?B?"), .. Charsets.Select(charset => $"=?{charset}?Q?=FF=1B=40"),
    ];

    private static string[] Charsets =>
    [
        "utf-7", "utf-16", "utf-16be", "utf-32", "iso-2022-jp", "iso-2022-kr", "hz-gb-2312", "gb18030", "gb2312", "big5", "shift_jis",
        "euc-jp", "euc-kr", "koi8-r", "windows-1252", "ibm037", "macintosh", "x-iscii-de", "x-unknown", "us-ascii", "iso-10646-ucs-2",
    ];

    // Far more are unclear, and are not counted.
    private static readonly Config Clear = Config.QuickThrowOnFailure.WithMaxTest(300).WithMaxRejected(20_000).WithEndSize(30);

    // Any order is mostly nobody's: half of them begin as what somebody reads.
    private static Arbitrary<byte[]> Froms { get; } = (
        from start in Gen.Elements("", "", "", "a@corp.example", "boss <a@corp.example>", "\"boss\" <a@corp.example>, =?utf-8?q?boss?= <b@corp.example>")
        from rest in Gen.OneOf(Gen.Elements(Pieces).ListOf(), Gen.Elements(Pieces).ListOf().Resize(2))
        select Text.Bytes(start + string.Concat(rest))).ToArbitrary();

    [Fact]
    public void Any_From_is_read_and_a_clear_author_is_among_the_candidates() => Check.One(
        Clear,
        Prop.ForAll(Froms, from =>
        {
            HeaderField[] headers = [new((byte[])[.. "From:"u8, .. from], "From".Length)];
            var authorship = Authorship.Of(headers);
            var candidates = Authorship.Candidates(headers).ToHashSet();
            Assert.NotEqual(authorship.IsClear, authorship.Authors.Count == 0);
            return Prop.When(authorship.Authors.Any(IsPlain), () => authorship.Authors.Where(IsPlain).All(candidates.Contains));
        }));

    [Fact]
    public void What_a_person_reads_a_program_reads_too() => Check.One(
        Clear,
        Prop.ForAll(Froms, from =>
        {
            var shown = PossibleAddresses.Shown(from).ToHashSet();
            return Prop.When(shown.Count > 0, () => shown.IsSubsetOf(PossibleAddresses.Readable(from)));
        }));

    // The candidates of unclear mail are searched for in its text, where what is in quotes may be cut at any special.
    private static bool IsPlain(MailAddress author) => !author.ToString().StartsWith('"');
}
