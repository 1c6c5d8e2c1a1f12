using System.Text.RegularExpressions;
using Postseal.Program.Milter;
using Postseal.Settings;
using Postseal.TestKit;

namespace Postseal.Tests;

/// <summary>postfix-sample/postseal.ini documents every setting with its default.</summary>
public sealed partial class SampleSettingsTests : IDisposable
{
    private static readonly string Sample = File.ReadAllText(Repository.File("postfix-sample/postseal.ini"));

    private readonly TemporaryDirectory directory = new();

    public SampleSettingsTests() => Directory.CreateDirectory(directory.File("certificates"));

    [Fact]
    public void The_sample_as_it_is_does_what_an_empty_file_does()
    {
        var (sample, empty) = (Read(Sample), Read("; nothing\n"));

        Assert.EquivalentWithExclusions(empty, sample, strict: true, "Mail.Originating.Networks", "Mail.Smimea", "ServerText");
        Assert.Equal(empty.Mail.Originating.Networks, sample.Mail.Originating.Networks);
        Assert.Equal(empty.Mail.Smimea, sample.Mail.Smimea);
    }

    [Fact]
    public void Every_setting_stands_in_the_sample()
    {
        var sections = Section().Matches(Sample).Select(section => section.Groups[1].Value).ToList();
        Assert.Equal(["Milter", "Certificates", "Signing", "Originating", "Encryption", "Override", "Splitting", "Incoming", "Trust", "Revocation", "Harvest", "Smimea", "Pkcs11", "State", "Log"], sections);

        foreach (var section in sections)
        {
            var text = Sample.Split($"\n[{section}]\n")[1].Split("\n[")[0];
            Assert.All(KnownKeys(section), key => Assert.Contains($"\n{key} =", $"\n{text}", StringComparison.Ordinal));
        }
    }

    public void Dispose() => directory.Dispose();

    /// <summary>The keys of a section, as the error about one that it does not have names them.</summary>
    private string[] KnownKeys(string section) =>
        Assert.Throws<ConfigurationException>(() => Read($"[{section}]\nOther = x\n")).Message.Split("there are ")[1].Split(", ");

    private MilterSettings Read(string ini) => MilterSettings.Load(directory.Write("postseal.ini", ini));

    [GeneratedRegex(@"^\[(\w+)\]", RegexOptions.Multiline)]
    private static partial Regex Section();
}
