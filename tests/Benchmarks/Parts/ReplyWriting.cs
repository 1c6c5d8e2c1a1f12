using System.Buffers;
using System.IO.Pipelines;
using BenchmarkDotNet.Attributes;
using Milter;
using Milter.Testing;
using Postseal.Mail;
using Postseal.Program.Milter;

namespace Postseal.Benchmarks.Parts;

/// <summary>The answer to a message of 4 KiB that was signed: what differs in its header, and the new body; beside copying that
/// body.</summary>
public class ReplyWriting
{
    private readonly PipeWriter output = PipeWriter.Create(Stream.Null);
    private IReadOnlyList<MilterHeader> before = [];
    private IReadOnlyList<MilterHeader> after = [];
    private ReadOnlySequence<byte> body;
    private byte[] copy = [];

    [Params(0, 200)]
    public int MoreHeaders { get; set; }

    [GlobalSetup]
    public void Sign()
    {
        using var signer = new TrialSigner("P-256");
        var message = MailMessage.Parse(SampleMail.Text(4 << 10));
        message = message with
        {
            Headers = [.. message.Headers, .. Enumerable.Range(0, MoreHeaders).Select(i => new HeaderField("X-Field", $" {i}"))],
        };
        before = MilterMail.ToDecision(message).Headers!;
        var decision = MilterMail.ToDecision(signer.Sign(message));
        (after, body) = (decision.Headers!, decision.Body!.Value);
        copy = new byte[body.Length];
    }

    [Benchmark(Baseline = true)]
    public void CopyBody() => body.CopyTo(copy);

    [Benchmark]
    public void HeaderDifference() => Difference();

    [Benchmark]
    public async Task Answer()
    {
        var changes = Difference();
        changes.ReplaceBody(body);
        await changes.WriteAsync(output, MilterReply.Accept, Flush).ConfigureAwait(false);
    }

    private MilterChanges Difference()
    {
        var changes = new MilterChanges(MtaDouble.FullOffer);
        Milter.HeaderDifference.Write(before, after, "Postfix 3.7.11", changes);
        return changes;
    }

    private async ValueTask Flush() => await output.FlushAsync().ConfigureAwait(false);
}
