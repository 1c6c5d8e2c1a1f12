using Postseal.Policy;
using Postseal.Settings;
using Postseal.TestKit;

namespace Postseal.Tests.Settings;

public sealed class IniFileTests : IDisposable
{
    private readonly TemporaryDirectory directory = new();

    public IniFileTests() => Directory.CreateDirectory(directory.File("certificates"));

    [Theory]
    [InlineData("[Signing]\nMode\n", "Unrecognized line format: 'Mode'. A line is a [Section], Key = value or a comment")]
    [InlineData("[Signing\nMode = Never\n", "Unrecognized line format: '[Signing'.")]
    [InlineData("[Signing]\nMode = Never\nmode = Required\n", "A duplicate key 'Signing:mode' was found.")]
    [InlineData("From: alice@example.org\n\n[Signing]\n", "Unrecognized line format: 'From: alice@example.org'.")]
    public void A_line_that_is_wrong_is_quoted_with_what_would_be_right(string text, string problem) =>
        Assert.Contains($"/postseal.ini: {problem}", Refusal(text), StringComparison.Ordinal);

    [Fact]
    public void A_file_too_large_to_be_a_configuration_is_refused() =>
        Assert.Contains("larger than 1 MiB", Refusal(new string(';', (1 << 20) + 1)), StringComparison.Ordinal);

    [Theory]
    [InlineData("Path = \"d ;x\"", "d ;x")]
    [InlineData("Path = d ;x", "d ;x")]
    [InlineData("Path = \" d\"", " d")]
    [InlineData("Path = \"d\"\"", "d\"")]
    [InlineData("path=d = e", "d = e")]
    public void A_value_is_what_stands_behind_the_equals_sign_or_in_the_quotes(string line, string name)
    {
        Directory.CreateDirectory(directory.File(name));

        Assert.Equal(directory.File(name), Read($"[Certificates]\n{line}\n").Certificates.Path);
    }

    [Theory]
    [InlineData("[Signing]\nMode = Never ; today", "[Signing] Mode: 'Never ; today' is not one of IfPossible, Required, Never")]
    [InlineData("[Signing]\nMode = Never # today", "[Signing] Mode: 'Never # today' is not one of IfPossible, Required, Never")]
    [InlineData("[Signing]\nMaxSize = ;none", "[Signing] MaxSize: ';none' is not a size from 1M to 1G, as 10240000 or 25M")]
    [InlineData("[Certificates]\nPassphraseFile =\t; none", "[Certificates] PassphraseFile: there is no file ")]
    [InlineData("[Originating]\nNetworks = ; only who logged in", "[Originating] Networks: '; only who logged in': expected ")]
    public void A_comment_behind_a_value_is_an_error_that_says_where_comments_go(string text, string problem)
    {
        var refusal = Refusal(text);

        Assert.Contains(problem, refusal, StringComparison.Ordinal);
        Assert.EndsWith("; a comment has a line of its own", refusal, StringComparison.Ordinal);
    }

    [Fact]
    public void Comments_and_empty_lines_and_sections_without_a_setting_say_nothing() =>
        Assert.Equal(SigningMode.Never, Read("; a\n# b\n// c\n\n \t\n[Log]\n[ Signing ]\r\n MODE = never\r\n[]\n").Signing.Mode);

    public void Dispose() => directory.Dispose();

    private PostsealOptions Read(string text) => PostsealOptions.FromIni(directory.Write("postseal.ini", text));

    private string Refusal(string text) => Assert.Throws<ConfigurationException>(() => Read(text)).Message;
}
