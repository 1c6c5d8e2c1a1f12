using System.Buffers;
using System.IO.Pipelines;
using Milter;
using Milter.Testing;
using Postseal.Benchmarks.Load;

namespace Postseal.Benchmarks.Parts;

/// <summary>An MTA at the other end of a connection in memory. It allocates next to nothing, so that what is measured is the
/// server's.</summary>
internal sealed class MemoryMta : IDisposable
{
    private readonly Stream connection;
    private readonly FrameReader input;

    private MemoryMta(Stream connection)
    {
        this.connection = connection;
        input = new FrameReader(PipeReader.Create(connection, new StreamPipeReaderOptions(leaveOpen: true)), int.MaxValue);
    }

    /// <summary>Connects, negotiates, and says CONNECT and HELO.</summary>
    /// <returns>The connection, and the steps that were agreed.</returns>
    public static async Task<(MemoryMta Mta, MilterSteps Steps)> ConnectAsync(MilterServer server)
    {
        var mta = new MemoryMta(MilterConnection.InMemory(server));
        var offer = new ArrayBufferWriter<byte>();
        MtaDouble.FullOffer.Write(offer);
        await mta.connection.WriteAsync(offer.WrittenMemory).ConfigureAwait(false);
        var answer = await mta.ReceiveAsync().ConfigureAwait(false);
        var steps = MilterNegotiation.ParseChoice(answer.Payload).Steps;
        await mta.SendAsync(LoadMessage.Greeting(steps)).ConfigureAwait(false);
        return (mta, steps);
    }

    /// <summary>Sends a message, or the greeting, and waits for what it is answered.</summary>
    /// <returns>How many bytes of a new body came back.</returns>
    public async Task<long> SendAsync(LoadMessage message)
    {
        var body = 0L;
        foreach (var piece in message.Pieces)
        {
            await connection.WriteAsync(piece.Bytes).ConfigureAwait(false);
            if (piece.Awaited == Awaited.Reply)
                Require(await ReceiveAsync().ConfigureAwait(false), MilterResponse.Continue);
            else if (piece.Awaited == Awaited.Answer)
                body = await ReceiveAnswerAsync().ConfigureAwait(false);
        }

        return body;
    }

    public void Dispose() => connection.Dispose();

    private async Task<long> ReceiveAnswerAsync()
    {
        var body = 0L;
        while (true)
        {
            var frame = await ReceiveAsync().ConfigureAwait(false);
            switch ((MilterResponse)frame.Code)
            {
                case MilterResponse.ReplaceBody:
                    body += frame.Payload.Length;
                    break;
                case MilterResponse.AddHeader or MilterResponse.InsertHeader or MilterResponse.ChangeHeader:
                    break;
                default:
                    Require(frame, MilterResponse.Accept);
                    return body;
            }
        }
    }

    private async ValueTask<Frame> ReceiveAsync() =>
        await input.ReadAsync(CancellationToken.None).ConfigureAwait(false)
            ?? throw new EndOfStreamException("The milter closed the connection.");

    private static void Require(Frame frame, MilterResponse expected)
    {
        if (frame.Code != (byte)expected)
            throw new InvalidDataException($"The milter answered {(MilterResponse)frame.Code} in place of {expected}.");
    }
}
