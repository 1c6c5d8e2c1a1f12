using System.Buffers;
using BenchmarkDotNet.Attributes;
using Postseal.Bytes;
using Postseal.Mail;
using Postseal.Mime;
using Postseal.Mime.Canonical;

namespace Postseal.Benchmarks.Parts;

/// <summary>A nested multipart with attachments, 7bit already, taken apart; beside finding its line ends.</summary>
public class EntitySplitting
{
    private readonly MailMessage message = MailMessage.Parse(SampleMail.Nested());

    [Benchmark(Baseline = true)]
    public int CountLines() => message.Body.FirstSpan.Count((byte)'\n');

    [Benchmark]
    public long ScanLines()
    {
        var line = new LineScanner(new ByteSource(message.Body));
        for (line.MoveNext(); !line.AtEnd; line.MoveNext())
        {
        }

        return line.Start;
    }

    [Benchmark]
    public object Split() => CanonicalEntity.Create(message);
}
