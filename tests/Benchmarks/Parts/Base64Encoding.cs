using System.Buffers;
using System.Buffers.Text;
using BenchmarkDotNet.Attributes;
using Postseal.Bytes;

namespace Postseal.Benchmarks.Parts;

/// <summary>Base64 in lines, as a signature and as an attachment get it; beside the platform's base64 in one line.</summary>
public class Base64Encoding
{
    private readonly ArrayBufferWriter<byte> output = new();
    private byte[] content = [];
    private byte[] oneLine = [];

    [Params(2 << 10, 1 << 20)]
    public int Size { get; set; }

    [GlobalSetup]
    public void Fill()
    {
        content = new byte[Size];
        new Random(1).NextBytes(content);
        oneLine = new byte[Base64.GetMaxEncodedToUtf8Length(Size)];
    }

    [Benchmark(Baseline = true)]
    public OperationStatus OneLine() => Base64.EncodeToUtf8(content, oneLine, out _, out _);

    [Benchmark]
    public ReadOnlySequence<byte> Signature() => Base64Lines.Encode(new ReadOnlySequence<byte>(content));

    [Benchmark]
    public void Part()
    {
        output.ResetWrittenCount();
        var encoder = new Base64Encoder(output);
        encoder.Write(content);
        encoder.End();
    }
}
