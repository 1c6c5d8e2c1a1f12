using Postseal.Certificates;
using Postseal.TestKit;

namespace Postseal.Tests.Commands;

public sealed class ExplainCommandTests : IDisposable
{
    private readonly CertificateFolder folder = new();
    private readonly TemporaryDirectory outside = new();

    public ExplainCommandTests()
    {
        folder.Add("alice@example.org");
        folder.Add("old@example.org", new TrialRequest("old@example.org")
        {
            NotBefore = folder.Time.GetUtcNow().AddDays(-9), NotAfter = folder.Time.GetUtcNow().AddDays(-2),
        });
    }

    public static TheoryData<string, string, int, string[]> Cases => new()
    {
        { "", "--from alice@example.org", 0, ["client 127.0.0.1 is in 127.0.0.0/8   ([Originating] Networks)", "alice@example.org.pem)", "would leave signed by alice@example.org"] },
        { "", "--from alice@example.org --client 192.0.2.1", 0, ["no, the client 192.0.2.1 did not authenticate", "would leave as it is: it does not originate here"] },
        { "", "--from alice@example.org --client 192.0.2.1 --auth alice@example.org", 0, ["authenticated as alice@example.org", "yes, it is the login's own address   ([Originating] AuthenticatedFrom = Login)", "would leave signed"] },
        { "[Originating]\nLoginDomain = example.org", "--from alice@example.org --auth alice --sender <>", 0, ["would leave signed"] },
        { "", "--from alice@example.org --auth mallory@example.org", 0, ["no, its login mallory@example.org may not sign as alice@example.org   ([Originating] AuthenticatedFrom = Login)", "would leave as it is: its login mallory"] },
        { "[Originating]\nSenderLogins = logins", "--from alice@example.org --auth app", 0, ["yes, alice@example.org is given to the login app   (", "/logins:2)", "would leave signed"] },
        { "[Originating]\nSenderLogins = logins\n[Signing]\nMode = Required", "--from alice@example.org --auth bob@example.org", 1, ["no, its login bob@example.org may not sign as alice@example.org   (", "/logins:2)", "refused with 550 5.7.1"] },
        { "[Originating]\nAuthenticatedFrom = EnvelopeSender", "--from alice@example.org --auth bob --sender bob@example.org", 0, ["no, its envelope sender is bob@example.org   ([Originating] AuthenticatedFrom = EnvelopeSender)", "would leave as it is"] },
        { "[Originating]\nAuthenticatedFrom = Any", "--from alice@example.org --auth bob --sender bob@example.org", 0, ["yes, for any address   ([Originating] AuthenticatedFrom = Any)", "would leave signed"] },
        { "[Originating]\nNetworksFrom = EnvelopeSender", "--from alice@example.org --sender <>", 0, ["no, its envelope sender is <>   ([Originating] NetworksFrom = EnvelopeSender)"] },
        { "", "--from alice@example.org", 0, ["yes, for any address   ([Originating] NetworksFrom = Any)"] },
        { "", "--from carol@example.org", 0, ["no, none for carol@example.org", "there is no certificate for carol@example.org"] },
        { "", "--from old@example.org", 0, ["one that cannot be used", "expired"] },
        { "[Sender:@example.org]\nMode = Required", "--from carol@example.org", 1, ["Mode = Required   ([Sender:@example.org] Mode)", "would be refused with 550 5.7.5"] },
        { "[Sender:alice@example.org]\nMode = Never", "--from alice@example.org", 0, ["([Sender:alice@example.org] Mode)", "Mode = Never holds"] },
        { "[Sender:alice@example.org]\nForm = Opaque", "--from alice@example.org", 0, ["Form = Opaque, Digest = SHA256", "([Sender:alice@example.org], [Signing])"] },
    };

    [Theory]
    [MemberData(nameof(Cases))]
    public void Explain_says_what_would_happen_and_what_decided(string settings, string arguments, int exitCode, string[] said)
    {
        outside.Write("logins", "# who may send as whom\nalice@example.org app\n");
        var config = outside.Write("postseal.ini", $"[Certificates]\nPath = {folder.Path}\n{settings}\n");

        var result = Cli.Run(["explain", .. arguments.Split(' '), "--to", "bob@example.net", "--config", config]);

        Assert.Equal((exitCode, ""), (result.ExitCode, result.Errors));
        Assert.All(said, words => Assert.Contains(words, result.Output, StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("alice@example.org <alice@example.org>", 0, "alice@example.org   (From)", "would leave signed by alice@example.org")]
    [InlineData("alice@example.org, carol@example.net", 0, "alice@example.org, the first of 2 authors   (From)", "would leave signed by alice@example.org")]
    [InlineData("\"alice@example.org\" <carol@example.net>", 0, "nobody's: the From field of carol@example.net shows alice@example.org too", "would leave as it is")]
    [InlineData("<<boss@corp.example>>", 1, "Mode = Required   ([Sender:…] of one who may be the author Mode)", "refused with 550 5.7.1")]
    [InlineData("alice@example.org, boss@corp.example", 0, "Mode = Required   ([Sender:@corp.example] Mode)", "would leave signed")]
    public void Explain_takes_From_as_it_was_written(string from, int exitCode, params string[] said)
    {
        var config = outside.Write("postseal.ini", $"[Certificates]\nPath = {folder.Path}\n[Sender:@corp.example]\nMode = Required\n");

        var result = Cli.Run(["explain", "--from", from, "--to", "bob@example.net", "--config", config]);

        Assert.Equal((exitCode, ""), (result.ExitCode, result.Errors));
        Assert.All(said, words => Assert.Contains(words, result.Output, StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("--from", "alice")]
    [InlineData("--from", "alice@example.org\r\nSender: bob@example.org")]
    [InlineData("--from", "alice@example.org", "--client", "here")]
    [InlineData("--from", "alice@example.org", "--sender", "x y")]
    public void What_is_no_address_is_a_usage_error(params string[] arguments)
    {
        var config = outside.Write("postseal.ini", $"[Certificates]\nPath = {folder.Path}\n");

        Assert.Equal(2, Cli.Run(["explain", .. arguments, "--to", "bob@example.net", "--config", config]).ExitCode);
    }

    public void Dispose()
    {
        folder.Dispose();
        outside.Dispose();
    }
}
