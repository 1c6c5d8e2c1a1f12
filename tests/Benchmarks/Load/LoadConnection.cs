using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using Milter;

namespace Postseal.Benchmarks.Load;

/// <summary>One connection to a milter. It is lean, because it runs on the same cores as what it measures.</summary>
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
        connection.socket.ReceiveTimeout = 60_000;
        connection.Negotiate();
        return connection;
    }

    /// <summary>Introduces the client, once for all messages.</summary>
    public void Greet()
    {
        using var replies = new MemoryStream();
        Send(LoadMessage.Greeting(Steps), replies);
        Opening = [.. Opening, .. replies.ToArray()];
    }

    /// <summary>Sends a message and waits for its answer.</summary>
    /// <param name="message">The message.</param>
    /// <param name="replies">Keeps what the milter says, where it is wanted.</param>
    public LoadOutcome Send(LoadMessage message, MemoryStream? replies = null)
    {
        recording = replies;
        foreach (var piece in message.Pieces)
        {
            Send(piece.Bytes);
            if (piece.Awaited == Awaited.Answer)
                return ReceiveAnswer();
            if (piece.Awaited == Awaited.Nothing)
                continue;
            var reply = Receive().Response;
            if (reply is not (MilterResponse.Continue or MilterResponse.Skip))
                return reply == MilterResponse.Accept ? LoadOutcome.Unchanged : LoadOutcome.Refused;
        }

        return LoadOutcome.Unchanged;
    }

    public void Dispose() => socket.Dispose();

    private LoadOutcome ReceiveAnswer()
    {
        var changed = false;
        while (true)
        {
            switch (Receive().Response)
            {
                case MilterResponse.Progress:
                    break;
                case MilterResponse.Accept or MilterResponse.Continue:
                    return changed ? LoadOutcome.Changed : LoadOutcome.Unchanged;
                case MilterResponse.Reject or MilterResponse.TempFail or MilterResponse.ReplyCode or MilterResponse.Discard:
                    return LoadOutcome.Refused;
                default:
                    changed = true;
                    break;
            }
        }
    }

    private void Negotiate()
    {
        byte[] offer = new byte[17];
        BinaryPrimitives.WriteUInt32BigEndian(offer, 13);
        offer[4] = (byte)MilterCommand.Negotiate;
        BinaryPrimitives.WriteUInt32BigEndian(offer.AsSpan(5), 6);
        BinaryPrimitives.WriteUInt32BigEndian(offer.AsSpan(9), 0x1ff);
        BinaryPrimitives.WriteUInt32BigEndian(offer.AsSpan(13), 0x1f_ffff);
        Send(offer);
        using var replies = recording = new MemoryStream();
        var reply = Receive();
        if (reply.Response != MilterResponse.Negotiate)
            throw new InvalidDataException($"The negotiation was answered with {reply.Response}.");
        Steps = (MilterSteps)BinaryPrimitives.ReadUInt32BigEndian(reply.Payload[8..]);
        Opening = replies.ToArray();
    }

    private void Send(ReadOnlySpan<byte> bytes)
    {
        while (!bytes.IsEmpty)
            bytes = bytes[socket.Send(bytes)..];
    }

    private Reply Receive()
    {
        Fill(4);
        var length = BinaryPrimitives.ReadInt32BigEndian(buffer.AsSpan(start));
        Fill(4 + length);
        recording?.Write(buffer.AsSpan(start, 4 + length));
        var frame = buffer.AsSpan(start + 4, length);
        start += 4 + length;
        return new Reply((MilterResponse)frame[0], frame[1..]);
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

    public static Socket Connect(MilterEndpoint endpoint)
    {
        switch (endpoint)
        {
            case MilterUnixEndpoint unix:
                var local = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
                local.Connect(new UnixDomainSocketEndPoint(unix.Path));
                return local;
            case MilterInetEndpoint inet:
                var tcp = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
                tcp.Connect(IPAddress.Parse(inet.Host ?? "127.0.0.1"), inet.Port);
                return tcp;
            default:
                throw new ArgumentException($"{endpoint} is nothing to connect to.", nameof(endpoint));
        }
    }

    private readonly ref struct Reply(MilterResponse response, ReadOnlySpan<byte> payload)
    {
        public MilterResponse Response { get; } = response;

        public ReadOnlySpan<byte> Payload { get; } = payload;
    }
}

/// <summary>What a filter did with a message.</summary>
internal enum LoadOutcome
{
    Unchanged,
    Changed,
    Refused,
}
