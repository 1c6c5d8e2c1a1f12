using Milter.Testing;
using Milter.Tests.Support;

namespace Milter.Tests;

/// <summary>The sample that is the first thing a reader of the package sees.</summary>
public class SampleTests
{
    [Theory]
    [InlineData(MtaKind.Postfix)]
    [InlineData(MtaKind.Sendmail)]
    public async Task It_marks_the_subject_adds_a_field_and_drops_the_recipients_outside(MtaKind kind)
    {
        await using var server = new TestServer(new Stamp());
        await using var mta = await server.MtaAsync(kind);

        var result = await mta.SendAsync(
            new MtaMessage
            {
                Recipients = ["bob@example.org", "eve@example.com"],
                Headers = [new("From", " alice@example.org"), new("Subject", " hello")],
            },
            TestServer.Cancel);

        Assert.Equal(
            ["From: alice@example.org", "Subject: [internal] hello", "X-Audience: internal"],
            result.Headers.Select(header => header.ToString()));
        Assert.Equal(["bob@example.org"], result.Recipients.Select(recipient => recipient.Address));
    }

    [Fact]
    public async Task It_refuses_mail_that_would_have_no_recipient_left()
    {
        await using var server = new TestServer(new Stamp());
        await using var mta = await server.MtaAsync();

        var result = await mta.SendAsync(new MtaMessage { Recipients = ["eve@example.com"] }, TestServer.Cancel);

        Assert.Equal("550 5.7.1 This mail is for example.org only", result.Reply);
    }

    [Fact]
    public void It_stands_in_the_README_as_it_is_compiled_and_is_short()
    {
        var sample = File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "Stamp.cs.txt"));
        var readme = File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "Milter.NET.README.md"));

        Assert.Contains($"```csharp\n{sample}```\n", readme, StringComparison.Ordinal);
        Assert.InRange(sample.Split('\n').Length, 10, 40);
    }

    [Fact]
    public async Task A_server_runs_until_it_is_cancelled()
    {
        using var cancel = CancellationTokenSource.CreateLinkedTokenSource(TestServer.Cancel);
        await using var server = new TestServer(
            new Stamp(), options => options.Endpoints.Add(MilterEndpoint.Parse("inet:0@127.0.0.1")));
        var running = server.Server.RunAsync(cancel.Token);
        while (server.Server.Endpoints.Count == 0)
            await Task.Yield();
        await using var mta = await MtaDouble.ConnectAsync(server.Server.Endpoints[0], MtaKind.Postfix, TestServer.Cancel);
        Assert.False(running.IsCompleted);

        await cancel.CancelAsync();

        await running;
        await Assert.ThrowsAnyAsync<IOException>(() => mta.SendAsync(new MtaMessage(), TestServer.Cancel));
    }
}
