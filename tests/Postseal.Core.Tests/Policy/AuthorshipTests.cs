using System.Diagnostics;
using Postseal.Mail;
using Postseal.Policy;
using Postseal.TestKit;
using static Postseal.TestKit.TestMail;

namespace Postseal.Tests.Policy;

/// <summary>Whose mail it is, for each form of From in <c>TestKit/from-forms.txt</c>.</summary>
public sealed class AuthorshipTests
{
    // Prints the addresses that Python's email package finds in each value, given as a line of hexadecimal digits.
    private const string Reader = """
        import email, email.policy, sys
        for line in sys.stdin:
            header = b'From:' + bytes.fromhex(line) + b'\r\n\r\n'
            message = email.message_from_bytes(header, policy=email.policy.default)
            print('|'.join(address.addr_spec for address in message['From'].addresses))
        """;

    public static TheoryData<int, string> Forms()
    {
        var data = new TheoryData<int, string>();
        for (var i = 0; i < FromForms.All.Count; i++)
            data.Add(i, FromForms.All[i].Written);
        return data;
    }

    [Theory]
    [MemberData(nameof(Forms))]
    public void The_author_is_whom_every_reader_sees_or_nobody(int index, string _)
    {
        var form = FromForms.All[index];

        var authorship = Authorship.Of([Field("From", form.Value)]);

        Assert.Equal(form.Authors, authorship.Authors.Select(author => author.ToString()));
        if (form.Problem is null)
            Assert.Null(authorship.Problem);
        else
            Assert.Contains(form.Problem, authorship.Problem, StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(Forms))]
    public void Whoever_a_reader_takes_for_the_author_is_a_candidate(int index, string _)
    {
        var form = FromForms.All[index];

        foreach (var name in (string[])["From", "Sender"])
        {
            var candidates = Authorship.Candidates([Field(name, form.Value)]).ToHashSet();
            Assert.All(form.Possible.Concat(form.Authors), address => Assert.Contains(Address(address), candidates));
        }
    }

    [Fact]
    public void Python_sees_the_same_authors()
    {
        var clear = FromForms.All.Where(form => form.Problem is null).ToList();
        var start = new ProcessStartInfo("python3", ["-c", Reader]) { RedirectStandardInput = true, RedirectStandardOutput = true };
        using var python = Process.Start(start)!;
        foreach (var form in clear)
            python.StandardInput.WriteLine(Convert.ToHexString(form.Value));
        python.StandardInput.Close();

        var seen = python.StandardOutput.ReadToEnd().Split('\n', StringSplitOptions.RemoveEmptyEntries);

        Assert.Equal(clear.Select(form => string.Join('|', form.Authors)), seen, StringComparer.OrdinalIgnoreCase);
    }

    [Theory]
    [InlineData("To: boss@corp.example\r\n", "there is no From field")]
    [InlineData("Sender: boss@corp.example\r\n", "there is no From field")]
    [InlineData("From: boss@corp.example\r\nFrom: boss@corp.example\r\n", "more than one From field")]
    [InlineData("From : boss@corp.example\r\nFROM: mallory@corp.example\r\n", "more than one From field")]
    [InlineData("Subject: x\rFrom: boss@corp.example\r\nFrom: mallory@corp.example\r\n", "bare CR")]
    public void A_header_without_one_From_field_has_no_author(string header, string problem) => Assert.Contains(
        problem, Authorship.Of(MailMessage.Parse(Text.Bytes(header + "\r\n")).Headers).Problem, StringComparison.Ordinal);

    [Theory]
    [InlineData(" x", "\nFrom: boss@corp.example")]
    [InlineData(" x", "\r\nFrom: boss@corp.example")]
    public void A_line_end_in_another_field_that_is_no_fold_leaves_no_author(string subject, string rest)
    {
        HeaderField[] headers = [Field("Subject", Text.Bytes(subject + rest)), Field("From", Text.Bytes(" mallory@corp.example"))];

        Assert.Contains("bare CR or LF", Authorship.Of(headers).Problem, StringComparison.Ordinal);
        Assert.Contains(Address("boss@corp.example"), Authorship.Candidates(headers));
    }

    // Postfix breaks a line after 998 characters: here between x and boss.
    [Theory]
    [InlineData(998, null)]
    [InlineData(999, "more than 998 characters")]
    public void A_line_of_From_that_is_broken_on_its_way_names_no_author(int length, string? problem)
    {
        var line = "From: (".PadRight(length - ")xboss@corp.example".Length, 'y') + ")xboss@corp.example";
        foreach (var header in (string[])[line, $"From: (Ann)\r\n {line["From: ".Length..].PadLeft(length - 1)}"])
        {
            var authorship = Authorship.Of(MailMessage.Parse(Text.Bytes(header + "\r\n\r\n")).Headers);

            Assert.Equal(problem is null, authorship.IsClear);
            Assert.Contains(problem ?? "", authorship.Problem ?? "", StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData("Subject: x\rFrom: boss@corp.example\r\nFrom: mallory@corp.example\r\n")]
    [InlineData("Sender: boss@corp.example\r\n")]
    [InlineData("From: mallory@corp.example\r\nFrom: boss@corp.example\r\n")]
    [InlineData("From: mallory@corp.example\r\nFrom\t : boss@corp.example\r\n")]
    public void Every_field_that_a_reader_may_take_for_From_or_Sender_gives_candidates(string header) => Assert.Contains(
        Address("boss@corp.example"), Authorship.Candidates(MailMessage.Parse(Text.Bytes(header + "\r\n")).Headers));

    private static HeaderField Field(string name, byte[] value) => new((byte[])[.. Text.Bytes($"{name}:"), .. value], name.Length);
}
