using System.Buffers;
using BenchmarkDotNet.Attributes;
using Postseal.Mime;

namespace Postseal.Benchmarks.Parts;

/// <summary>UTF-8 text made quoted-printable; beside copying it.</summary>
public class QuotedPrintableEncoding
{
    private readonly ArrayBufferWriter<byte> output = new();
    private byte[] text = [];

    [Params(4 << 10, 1 << 20)]
    public int Size { get; set; }

    [GlobalSetup]
    public void Fill() => text = SampleMail.Utf8Body(Size);

    [Benchmark(Baseline = true)]
    public void Copy()
    {
        output.ResetWrittenCount();
        output.Write(text);
    }

    [Benchmark]
    public void Encode()
    {
        output.ResetWrittenCount();
        var encoder = new QuotedPrintableEncoder(output);
        encoder.Write(text);
        encoder.End();
    }
}
