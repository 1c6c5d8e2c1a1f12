using System.Net.Sockets;

namespace Milter;

/// <summary>Acknowledges at once what a TCP connection receives. MTAs write the macros and the command in two small
/// writes and, by Nagle's algorithm, hold the second back until the first is acknowledged, which the kernel delays by
/// 40 ms in the hope of an answer to send it with. Postfix then took 45 ms for each message.</summary>
internal sealed class QuickAckStream(Socket socket) : NetworkStream(socket)
{
    // tcp(7): IPPROTO_TCP and TCP_QUICKACK, which Linux takes back by itself and so is set before each read.
    private const int ProtocolTcp = 6;
    private const int QuickAck = 12;

    private static readonly byte[] On = BitConverter.GetBytes(1);

    private readonly bool isTcp = OperatingSystem.IsLinux() && socket.ProtocolType == ProtocolType.Tcp;

    public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        if (isTcp)
            Socket.SetRawSocketOption(ProtocolTcp, QuickAck, On);
        return base.ReadAsync(buffer, cancellationToken);
    }
}
