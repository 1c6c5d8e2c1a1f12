using System.Text;
using FsCheck;
using FsCheck.Fluent;
using Microsoft.Extensions.Configuration;
using Postseal.Settings;
using Postseal.TestKit;

namespace Postseal.Tests.Settings;

public sealed class IniFileTests
{
    private static readonly string[] Lines =
    [
        "[A]", "[ B ]", "[Sender:@b]", "[]", "[x", "x]", "k = v", " K=w ", "l = \"v\"", "m = \"", "n = \"\"", "o =", " = v", "a:b = c = d",
        "p = ü ; c", "; c", "# c", "/ c", "", " \t", "q = [A]",
    ];

    /// <summary>What the framework's own reader takes is taken, with the same meaning; what it refuses is refused.</summary>
    [Fact]
    public void Every_text_is_read_as_the_frameworks_INI_reader_reads_it() =>
        Prop.ForAll(
            Gen.Elements(Lines).ArrayOf().Select(lines => string.Join("\r\n", lines)).ToArbitrary(),
            text => Assert.Equal(ByTheFramework(text), ByUs(text))).Check(Config.QuickThrowOnFailure.WithMaxTest(2_000));

    [Theory]
    [InlineData("[Signing]\nMode\n", "line 2 is neither a [Section], nor Key = value, nor a comment: Mode")]
    [InlineData("[Signing]\nMode = Never\nmode = Required\n", "[Signing] mode: is set a second time in line 3")]
    public void A_line_that_is_wrong_is_told_by_its_number(string text, string problem)
    {
        using var directory = new TemporaryDirectory();

        var wrong = Assert.Throws<ConfigurationException>(() => PostsealOptions.FromIni(directory.Write("postseal.ini", text)));

        Assert.EndsWith("postseal.ini: " + problem, wrong.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_file_too_large_to_be_a_configuration_is_refused()
    {
        using var directory = new TemporaryDirectory();
        var path = directory.Write("postseal.ini", new string(';', (1 << 20) + 1));

        Assert.Throws<ConfigurationException>(() => PostsealOptions.FromIni(path));
    }

    private static string ByUs(string text)
    {
        try
        {
            return Flat(IniFile.Parse("x", text.Split("\r\n")));
        }
        catch (ConfigurationException)
        {
            return "refused";
        }
    }

    private static string ByTheFramework(string text)
    {
        try
        {
            return Flat(new ConfigurationBuilder().AddIniStream(new MemoryStream(Encoding.UTF8.GetBytes(text))).Build());
        }
        catch (FormatException)
        {
            return "refused";
        }
    }

    private static string Flat(IConfiguration configuration) => string.Join(
        '\n', configuration.AsEnumerable().Select(pair => $"{pair.Key} -> {pair.Value ?? "(none)"}").Order(StringComparer.Ordinal));
}
