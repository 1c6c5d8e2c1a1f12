using Postseal.MailKit.Tests.Support;

namespace Postseal.MailKit.Tests;

[Collection(nameof(Alone))]
public sealed class SampleTests
{
    [Fact]
    public void The_program_in_the_README_is_the_one_that_is_compiled_here()
    {
        var program = Lines("README.md").SkipWhile(line => line != "```csharp").Skip(1).TakeWhile(line => line != "```").ToList();
        var source = Lines("Sample.cs").ToList();

        Assert.Equal(["using MailKit.Net.Smtp;", "using MimeKit;", "using Postseal.Configuration;", "using Postseal.MailKit;"], program.Take(4));
        var body = source.Where(line => line != "").SkipWhile(line => !line.Contains("RunAsync", StringComparison.Ordinal)).Skip(2).SkipLast(2);
        Assert.Equal(program.Skip(5).Where(line => line != ""), body);
        Assert.InRange(program.Count(line => line != ""), 15, 20);
    }

    [Fact]
    public async Task The_program_in_the_README_sends_signed_mail()
    {
        using var office = new Office();
        office.Write("postseal.ini", "[Certificates]\nPath = .\n[Sender:@example.org]\nMode = Required\n");
        await using var server = new SmtpServerDouble("8BITMIME");
        var here = Environment.CurrentDirectory;
        Environment.CurrentDirectory = office.Path;
        try
        {
            await Sample.RunAsync(["127.0.0.1", server.Port.ToString(System.Globalization.CultureInfo.InvariantCulture)]);
        }
        finally
        {
            Environment.CurrentDirectory = here;
        }

        Assert.Contains("multipart/signed", Letters.Text(Assert.Single(server.Messages).Bytes), StringComparison.Ordinal);
    }

    private static IEnumerable<string> Lines(string resource)
    {
        using var reader = new StreamReader(typeof(SampleTests).Assembly.GetManifestResourceStream(resource)!);
        return reader.ReadToEnd().ReplaceLineEndings("\n").Split('\n').Select(line => line.Trim());
    }
}
