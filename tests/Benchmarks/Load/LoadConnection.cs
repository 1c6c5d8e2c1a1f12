using System.Buffers;
using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using Milter;
using Milter.Testing;

namespace Postseal.Benchmarks.Load;

/// <summary>
/// One connection to a milter. It is lean, because it runs on the same cores as what it measures, and allocates nothing for a message.
/// </summary>
internal sealed class LoadConnection : IDisposable
{
    private readonly Socket socket;
    private byte[] buffer = new byte[1 << 16];
    private int start;
    private int end;
    private MemoryStream? recording;

    private LoadConnection(Socket socket) => this.socket = socket;

    public MilterSteps Steps { get; private set; }

    /// <summary>What the milter said to the negotiation and the greeting.</summary>
    public byte[] Opening { get; private set; } = [];

    /// <summary>Connects and negotiates.</summary>
    public static LoadConnection Open(MilterEndpoint endpoint)
    {
        var connection = new LoadConnection(Connect(endpoint));
        connection.Negotiate();
        return connection;
    }

    /// <summary>Introduces the client of a message, once for all messages.</summary>
    public void Greet(MtaMessage letter)
    {
        using var replies = recording = new MemoryStream();
        foreach (var piece in LoadMessage.Greeting(letter, Steps).Pieces)
        {
            Send(piece.Bytes);
            if (piece.Awaited == Awaited.Reply)
                Receive();
        }

        Opening = [.. Opening, .. replies.ToArray()];
    }

    /// <summary>Sends a message and waits for its answer.</summary>
    /// <param name="message">The message.</param>
    /// <param name="expected">What has to come of it.</param>
    /// <param name="replies">Keeps what the milter says, where it is wanted.</param>
    /// <returns>Whether the message was accepted, and what was expected came of it.</returns>
    public bool Send(LoadMessage message, ExpectedAnswer expected, MemoryStream? replies = null)
    {
        recording = replies;
        foreach (var piece in message.Pieces)
        {
            Send(piece.Bytes);
            if (piece.Awaited == Awaited.Answer)
                return ReceiveAnswer(expected);
            if (piece.Awaited == Awaited.Nothing)
                continue;
            switch (Receive().Response)
            {
                case MilterResponse.Continue or MilterResponse.Skip:
                    break;
                case MilterResponse.Accept: // the rest of the message is not wanted
                    return expected.IsMetBy(changes: 0, hasVerdict: false, piece.CarriesBody);
                default:
                    return false;
            }
        }

        return false;
    }

    public void Dispose() => socket.Dispose();

    private bool ReceiveAnswer(ExpectedAnswer expected)
    {
        var changes = 0;
        var hasVerdict = false;
        while (true)
        {
            var (response, payload) = Receive();
            switch (response)
            {
                case MilterResponse.Progress:
                    break;
                case MilterResponse.Accept or MilterResponse.Continue:
                    return expected.IsMetBy(changes, hasVerdict, bodyWasSent: true);
                case MilterResponse.Reject or MilterResponse.TempFail or MilterResponse.ReplyCode or MilterResponse.Discard:
                    return false;
                default:
                    changes++;
                    hasVerdict |= expected.IsVerdict(response, payload.Span);
                    break;
            }
        }
    }

    private void Negotiate()
    {
        var offer = new ArrayBufferWriter<byte>();
        MtaDouble.FullOffer.Write(offer);
        Send(offer.WrittenSpan);
        using var replies = recording = new MemoryStream();
        var reply = Receive();
        if (reply.Response != MilterResponse.Negotiate)
            throw new InvalidDataException($"The negotiation was answered with {reply.Response}.");
        Steps = MilterNegotiation.ParseChoice(new ReadOnlySequence<byte>(reply.Payload)).Steps;
        Opening = replies.ToArray();
    }

    private void Send(ReadOnlySpan<byte> bytes)
    {
        while (!bytes.IsEmpty)
            bytes = bytes[socket.Send(bytes)..];
    }

    private (MilterResponse Response, ReadOnlyMemory<byte> Payload) Receive()
    {
        Fill(4);
        var length = BinaryPrimitives.ReadInt32BigEndian(buffer.AsSpan(start));
        Fill(4 + length);
        recording?.Write(buffer.AsSpan(start, 4 + length));
        var frame = buffer.AsMemory(start + 4, length);
        start += 4 + length;
        return ((MilterResponse)frame.Span[0], frame[1..]);
    }

    /// <summary>Waits until that many bytes are there.</summary>
    private void Fill(int count)
    {
        if (start > 0 && start == end)
            start = end = 0;
        if (start + count > buffer.Length)
        {
            var moved = buffer.Length < count ? new byte[count * 2] : buffer;
            buffer.AsSpan(start, end - start).CopyTo(moved);
            (buffer, end, start) = (moved, end - start, 0);
        }

        while (end - start < count)
        {
            var read = socket.Receive(buffer.AsSpan(end));
            if (read == 0)
                throw new EndOfStreamException("The milter closed the connection.");
            end += read;
        }
    }

    private static Socket Connect(MilterEndpoint endpoint)
    {
        var unix = endpoint as MilterUnixEndpoint;
        var socket = unix is null
            ? new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true }
            : new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        EndPoint target = unix is null
            ? new IPEndPoint(IPAddress.Loopback, ((MilterInetEndpoint)endpoint).Port)
            : new UnixDomainSocketEndPoint(unix.Path);
        socket.ReceiveTimeout = 60_000;
        socket.Connect(target);
        return socket;
    }
}
