using Milter.Testing;

namespace Postseal.Benchmarks.Load;

/// <summary>A message of a load, and every byte the milter answered on its connection from the negotiation on.</summary>
internal sealed record LoadSample(MtaMessage Sent, byte[] Received)
{
    /// <summary>
    /// What the recipients would get: the answers are played to an MTA that knows how changes are applied. It is done
    /// after the load, so that it costs the measurement nothing.
    /// </summary>
    public async Task<MtaResult> ReassembleAsync()
    {
        await using var mta = await MtaDouble.ConnectAsync(new RecordedStream(Received), MtaKind.Postfix);
        return await mta.SendAsync(Sent);
    }

    /// <summary>Reads as the milter once answered, whatever is written.</summary>
    private sealed class RecordedStream(byte[] received) : MemoryStream(received, writable: false)
    {
        public override bool CanWrite => true;

        public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default) =>
            ValueTask.CompletedTask;
    }
}
