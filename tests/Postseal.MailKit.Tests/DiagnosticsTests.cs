using System.Collections.Concurrent;
using System.Diagnostics;
using Microsoft.Extensions.Logging;
using Postseal.MailKit.Tests.Support;
using Postseal.Policy;
using Postseal.TestKit;

namespace Postseal.MailKit.Tests;

public sealed class DiagnosticsTests : IDisposable
{
    private readonly Office office = new();
    private readonly LineCollector log = new() { WithLevel = true };

    [Theory]
    [InlineData("alice@example.org", SigningMode.IfPossible, "signed", "Information", "1@example.org: signed as alice@example.org for 1 recipient(s) with CN=alice@example.org (serial ")]
    [InlineData("nobody@example.org", SigningMode.IfPossible, "unsigned", "Debug", "1@example.org: not signed: there is no certificate for nobody@example.org")]
    [InlineData("broken@example.org", SigningMode.IfPossible, "unsigned", "Warning", "1@example.org: not signed: ")]
    [InlineData("nobody@example.org", SigningMode.Required, "refused", "Warning", "1@example.org: refused: mail from nobody@example.org must be signed")]
    public void Each_message_is_a_log_line_and_a_span(string sender, SigningMode mode, string result, string level, string line)
    {
        office.Write("broken@example.org.pem", "nonsense");
        using var loggers = LoggerFactory.Create(builder => builder.AddProvider(log).SetMinimumLevel(LogLevel.Debug));
        using var parent = new Activity("test").Start();
        var spans = new ConcurrentQueue<Activity>();
        using var listener = new ActivityListener
        {
            ShouldListenTo = source => source.Name == ProcessingDiagnostics.Name,
            Sample = (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.AllData,
            // Tests beside this one sign too.
            ActivityStopped = span => { if (span.TraceId == parent.TraceId) spans.Enqueue(span); },
        };
        ActivitySource.AddActivityListener(listener);
        var signer = new SmimeSigner(office.Options(mode), loggers, office.Time);

        var failure = Record.Exception(() => signer.Sign(Letters.Plain(sender), cancellationToken: TestContext.Current.CancellationToken));

        Assert.Equal(result == "refused", failure is SigningRefusedException);
        Assert.Contains(log.Lines, written => written.StartsWith($"{level} {line}", StringComparison.Ordinal));
        var span = Assert.Single(spans);
        Assert.Equal("smime.sign", span.OperationName);
        Assert.Equal(result, span.GetTagItem("postseal.result"));
    }

    [Fact]
    public void A_split_message_is_a_log_line_for_each_copy_and_no_word_of_it()
    {
        var bob = office.AddCorrespondent("bob@example.net", "RSA-2048");
        using var loggers = LoggerFactory.Create(builder => builder.AddProvider(log).SetMinimumLevel(LogLevel.Trace));
        var signer = new SmimeSigner(office.Options("[Encryption]\nMode = IfPossible"), loggers, office.Time);
        var message = Letters.Plain(text: "for Bob's eyes");
        message.Cc.Add(new MimeKit.MailboxAddress("", "dave@example.net"));

        signer.Protect(message, cancellationToken: TestContext.Current.CancellationToken);

        string[] expected =
        [
            "Information 1@example.org: signed as alice@example.org for 2 recipient(s) with ",
            "Information 1@example.org: split for 2 recipient(s), to be handled one by one",
            $"Information 1@example.org: encrypted to bob@example.net (serial {bob.Certificate.SerialNumber}) with Aes256Cbc in ",
            "Debug 1@example.org: not encrypted: there is no certificate for dave@example.net",
        ];
        Assert.All(expected, line => Assert.Contains(log.Lines, written => written.StartsWith(line, StringComparison.Ordinal)));
        Assert.DoesNotContain(log.Lines, written => written.Contains("eyes", StringComparison.Ordinal) || written.Contains("PRIVATE", StringComparison.Ordinal));
    }

    public void Dispose()
    {
        log.Dispose();
        office.Dispose();
    }
}
