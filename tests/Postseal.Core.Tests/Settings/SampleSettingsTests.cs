using System.Reflection;
using Postseal.Certificates.Store;
using Postseal.Policy;
using Postseal.Settings;
using Postseal.TestKit;

namespace Postseal.Tests.Settings;

/// <summary>postfix-sample/postseal.ini documents every setting with its default.</summary>
public sealed class SampleSettingsTests : IDisposable
{
    private static readonly string Sample = File.ReadAllText(Repository.File("postfix-sample/postseal.ini"));

    private readonly TemporaryDirectory directory = new();

    public SampleSettingsTests() => Directory.CreateDirectory(directory.File("certificates"));

    [Fact]
    public void The_sample_as_it_is_does_what_an_empty_file_does()
    {
        var sample = PostsealOptions.FromIni(directory.Write("sample.ini", Sample));
        var empty = PostsealOptions.FromIni(directory.Write("empty.ini", "; nothing\n"));

        Assert.True(sample.HasSameMilter(empty));
        Assert.True(sample.Certificates.IsSameAs(empty.Certificates));
        Assert.Equal(empty.Signing, sample.Signing);
        Assert.Equal(empty.Originating.Networks, sample.Originating.Networks);
        Assert.Equal(empty.Originating with { Networks = sample.Originating.Networks }, sample.Originating);
        Assert.Equal(empty.LogLevel, sample.LogLevel);
        Assert.Empty(sample.Senders);
    }

    [Theory]
    [InlineData("Milter", typeof(MilterOptions))]
    [InlineData("Certificates", typeof(CertificateOptions))]
    [InlineData("Signing", typeof(SigningRules))]
    [InlineData("Originating", typeof(OriginatingOptions))]
    public void Every_setting_stands_in_the_sample(string section, Type options)
    {
        var settings = Sample.Split($"\n[{section}]\n")[1].Split("\n[")[0];

        var absent = options.GetProperties(BindingFlags.Public | BindingFlags.Instance | BindingFlags.DeclaredOnly)
            .Select(property => property.Name)
            .Where(name => name is not "Senders" && !$"\n{settings}".Contains($"\n{name} =", StringComparison.Ordinal));

        Assert.Empty(absent);
    }

    public void Dispose() => directory.Dispose();
}
