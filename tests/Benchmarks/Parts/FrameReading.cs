using System.IO.Pipelines;
using BenchmarkDotNet.Attributes;
using Milter;
using Postseal.Benchmarks.Load;

namespace Postseal.Benchmarks.Parts;

/// <summary>One message as an MTA writes it, cut into frames; beside copying its bytes.</summary>
public class FrameReading
{
    // As a session reads.
    private static readonly StreamPipeReaderOptions Reading = new(bufferSize: 32 * 1024, useZeroByteReads: true);
    private static readonly int MaxFrameSize = new MilterServerOptions().MaxFrameSize;

    private byte[] recorded = [];
    private byte[] copy = [];

    [Params(4 << 10, 1 << 20)]
    public int BodySize { get; set; }

    [GlobalSetup]
    public void Record()
    {
        var message = LoadMessage.Of(Letter.Text(SampleMail.Sender, BodySize), MilterSteps.None);
        recorded = [.. message.Pieces.SelectMany(piece => piece.Bytes)];
        copy = new byte[recorded.Length];
    }

    [Benchmark(Baseline = true)]
    public void Copy() => recorded.CopyTo(copy, 0);

    [Benchmark]
    public async Task<long> Read()
    {
        var input = PipeReader.Create(new MemoryStream(recorded), Reading);
        var frames = new FrameReader(input, MaxFrameSize);
        var length = 0L;
        while (await frames.ReadAsync(CancellationToken.None).ConfigureAwait(false) is { } frame)
            length += frame.Length;
        await input.CompleteAsync().ConfigureAwait(false);
        return length;
    }
}
