using System.Buffers.Binary;
using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;

namespace Postseal.Sources.Tests.Dns;

/// <summary>A resolver on this machine that answers each question over TCP as the test says; over UDP it counts what comes, and is silent.</summary>
public sealed class DnsServerDouble : IAsyncDisposable
{
    private readonly TcpListener listener = new(IPAddress.Loopback, 0);
    private readonly Socket datagrams = new(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
    private readonly CancellationTokenSource stopping = new();
    private readonly Func<DnsQuestion, Stream, CancellationToken, Task> answer;
    private readonly Task serving;

    /// <summary>Listens.</summary>
    /// <param name="answer">Writes the answer, with its length in front, or what it likes.</param>
    public DnsServerDouble(Func<DnsQuestion, Stream, CancellationToken, Task> answer)
    {
        this.answer = answer;
        listener.Start();
        datagrams.Bind(new IPEndPoint(IPAddress.Loopback, EndPoint.Port));
        serving = ServeAsync();
    }

    /// <summary>Listens, and answers with whole messages.</summary>
    public DnsServerDouble(Func<DnsQuestion, DnsReply> reply)
        : this((question, stream, cancellation) => stream.WriteAsync(Framed(reply(question).ToBytes(question)), cancellation).AsTask())
    {
    }

    public IPEndPoint EndPoint => (IPEndPoint)listener.LocalEndpoint;

    /// <summary>What was asked over TCP.</summary>
    public ConcurrentQueue<DnsQuestion> Questions { get; } = [];

    /// <summary>Whether anything came over UDP.</summary>
    public bool HadDatagrams => datagrams.Available > 0;

    public static byte[] Framed(byte[] message) => [.. DnsRecord.U16((ushort)message.Length), .. message];

    public async ValueTask DisposeAsync()
    {
        await stopping.CancelAsync();
        listener.Stop();
        await serving;
        datagrams.Dispose();
        stopping.Dispose();
    }

    private async Task ServeAsync()
    {
        var connections = new List<Task>();
        try
        {
            while (true)
                connections.Add(ConverseAsync(await listener.AcceptTcpClientAsync(stopping.Token)));
        }
        catch (Exception e) when (e is OperationCanceledException or SocketException or InvalidOperationException)
        {
            await Task.WhenAll(connections);
        }
    }

    private async Task ConverseAsync(TcpClient client)
    {
        using (client)
        {
            try
            {
                var (stream, length) = (client.GetStream(), new byte[2]);
                while (true)
                {
                    await stream.ReadExactlyAsync(length, stopping.Token);
                    var message = new byte[BinaryPrimitives.ReadUInt16BigEndian(length)];
                    await stream.ReadExactlyAsync(message, stopping.Token);
                    var question = DnsQuestion.Read(message);
                    Questions.Enqueue(question);
                    await answer(question, stream, stopping.Token);
                }
            }
            catch (Exception e) when (e is OperationCanceledException or IOException)
            {
                // The other side has gone, or the test has.
            }
        }
    }
}
