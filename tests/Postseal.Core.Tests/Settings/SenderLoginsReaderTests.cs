using System.Text;
using Postseal.Policy;
using Postseal.Settings;
using Postseal.TestKit;
using static Postseal.TestKit.TestMail;

namespace Postseal.Tests.Settings;

public sealed class SenderLoginsReaderTests : IDisposable
{
    private readonly TemporaryDirectory directory = new();

    public static TheoryData<string, string, string[]> Lines => new()
    {
        { "alice@example.org bob", "alice@example.org", ["bob"] },
        { "alice@example.org\tbob,carol", "alice@example.org", ["bob", "carol"] },
        { "alice@example.org   bob , carol dora\t,,erin ,\r\n", "alice@example.org", ["bob", "carol", "dora", "erin"] },
        { "Alice@Example.ORG Bob@Example.NET", "alice@example.org", ["bob@example.net"] },
        { "@example.org app", "anyone@example.org", ["app"] },
        { "@Bücher.example app", "anyone@xn--bcher-kva.example", ["app"] },
        { "\"al ice\"@example.org bob", "\"al ice\"@example.org", ["bob"] },
        { "\"al \\\" ice\"@example.org bob", "\"al \\\" ice\"@example.org", ["bob"] },
        { "alice@example.org bob,\n  carol\n\tdora\n", "alice@example.org", ["bob", "carol", "dora"] },
        { "alice@example.org\n bob\n", "alice@example.org", ["bob"] },
        { "alice@example.org bob\n# a comment between\n\n   # and one more\n \n carol", "alice@example.org", ["bob", "carol"] },
        { "# a comment\n\n\t\nalice@example.org bob\nzoe@example.org mallory", "alice@example.org", ["bob"] },
        { "\uFEFFalice@example.org bob", "alice@example.org", ["bob"] },
        { "alice@example.org bob#1", "alice@example.org", ["bob#1"] },
        { "@example.org app\nalice@example.org bob\n", "alice@example.org", ["bob"] },
    };

    [Theory]
    [MemberData(nameof(Lines))]
    public void A_file_is_read_as_postmap_reads_it(string text, string address, string[] logins)
    {
        Assert.Equal(logins.Order(), Read(text, out var problems)?.Logins.Order());
        Assert.Empty(problems);

        SenderLoginsLine? Read(string text, out IReadOnlyList<string> problems) =>
            SenderLoginsReader.Read(directory.Write("logins", text), loginDomain: null, out problems).LineOf(Address(address));
    }

    [Theory]
    [InlineData("alice@example.org bob\nalice bob", "line 2: 'alice' is neither an address (alice@example.org) nor a domain (@example.org)")]
    [InlineData("example.org bob", "line 1: 'example.org' is neither")]
    [InlineData(".example.org bob", "line 1: '.example.org' is neither")]
    [InlineData("alice@example.org: bob", "line 1: 'alice@example.org:' is neither")]
    [InlineData("\"alice@example.org bob", "line 1: '\"alice@example.org bob' is neither")]
    [InlineData("@ bob", "line 1: '@' is neither")]
    [InlineData("alice@example.org", "line 1: there is no login behind alice@example.org")]
    [InlineData("alice@example.org ,", "line 1: there is no login")]
    [InlineData("alice@example.org bob # not mallory", "line 1: a comment has a line of its own")]
    [InlineData("  alice@example.org bob", "line 1: begins with a blank")]
    [InlineData("alice@example.org bob\n\nALICE@example.org carol", "line 3: ALICE@example.org has line 1 already")]
    [InlineData("@example.org bob\n@Example.ORG carol", "line 2: @Example.ORG has line 1 already")]
    [InlineData("alice@example.org bob\u00A0carol", "line 1: 'bob\u00A0carol' holds a control character or an unusual blank")]
    [InlineData("alice@example.org bob\0", "holds a control character")]
    public void What_postmap_would_pass_over_or_take_for_something_else_is_an_error(string text, string problem)
    {
        SenderLoginsReader.Read(directory.Write("logins", text), loginDomain: null, out var problems);

        Assert.StartsWith(problem, Assert.Single(problems).Replace("line 1: 'bob\0' ", "", StringComparison.Ordinal), StringComparison.Ordinal);
    }

    [Fact]
    public void Of_many_errors_the_first_ten_are_told()
    {
        SenderLoginsReader.Read(directory.Write("logins", string.Concat(Enumerable.Repeat("nobody\n", 1000))), loginDomain: null, out var problems);

        Assert.Equal(10, problems.Count);
    }

    [Fact]
    public void A_file_of_another_kind_is_no_list_of_logins()
    {
        File.WriteAllBytes(directory.File("latin1"), Encoding.Latin1.GetBytes("grüße@example.org bob\n"));
        File.WriteAllBytes(directory.File("large"), new byte[SenderLoginsReader.MaxSize + 1]);

        Assert.Equal("is not text in UTF-8", Problem("latin1"));
        Assert.StartsWith("is larger than 4 MiB", Problem("large"), StringComparison.Ordinal);
        Assert.StartsWith("cannot be read: ", Problem("nowhere"), StringComparison.Ordinal);

        string Problem(string name)
        {
            SenderLoginsReader.Read(directory.File(name), loginDomain: null, out var problems);
            return Assert.Single(problems);
        }
    }

    [Fact]
    public void An_empty_file_gives_nobody_anything()
    {
        Assert.Null(SenderLoginsReader.Read(directory.Write("logins", ""), loginDomain: null, out var problems)
            .LineOf(Address("alice@example.org")));
        Assert.Empty(problems);
    }

    public void Dispose() => directory.Dispose();
}
