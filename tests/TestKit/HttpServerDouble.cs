using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Postseal.TestKit;

/// <summary>An HTTP server on this machine that does with each connection what the test says, right or wrong.</summary>
public sealed class HttpServerDouble : IAsyncDisposable
{
    private readonly TcpListener listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource stopping = new();
    private readonly Func<string, Stream, CancellationToken, Task> answer;
    private readonly Task serving;

    /// <summary>Listens.</summary>
    /// <param name="answer">Answers a request with this head.</param>
    public HttpServerDouble(Func<string, Stream, CancellationToken, Task> answer)
    {
        this.answer = answer;
        listener.Start();
        serving = ServeAsync();
    }

    /// <summary>Listens, and answers every request with this text.</summary>
    public HttpServerDouble(string response)
        : this((_, stream, cancellation) => stream.WriteAsync(Encoding.Latin1.GetBytes(response), cancellation).AsTask())
    {
    }

    public int Port => ((IPEndPoint)listener.LocalEndpoint).Port;

    public Uri Url => new($"http://127.0.0.1:{Port}/ca.crl");

    /// <summary>The heads of the requests.</summary>
    public List<string> Requests { get; } = [];

    /// <summary>How many bytes the last answer took before the other side was gone.</summary>
    public long Sent { get; private set; }

    /// <summary>Writes for ever.</summary>
    public static HttpServerDouble Endless(string head) => new(async (_, stream, cancellation) =>
    {
        await stream.WriteAsync(Encoding.Latin1.GetBytes(head), cancellation);
        var piece = new byte[64 << 10];
        while (!cancellation.IsCancellationRequested)
            await stream.WriteAsync(piece, cancellation);
    });

    public async ValueTask DisposeAsync()
    {
        await stopping.CancelAsync();
        listener.Stop();
        await serving;
        stopping.Dispose();
    }

    private async Task ServeAsync()
    {
        var connections = new List<Task>();
        try
        {
            while (true)
                connections.Add(AnswerAsync(await listener.AcceptTcpClientAsync(stopping.Token)));
        }
        catch (Exception e) when (e is OperationCanceledException or SocketException or InvalidOperationException)
        {
            // Stopped while it waited for a connection, or, as the last of these says, between two of them.
            await Task.WhenAll(connections);
        }
    }

    private async Task AnswerAsync(TcpClient client)
    {
        using (client)
        {
            try
            {
                using var stream = new CountingStream(client.GetStream(), sent => Sent = sent);
                var head = new StringBuilder();
                var octet = new byte[1];
                while (!head.ToString().EndsWith("\r\n\r\n", StringComparison.Ordinal) && await stream.ReadAsync(octet, stopping.Token) == 1)
                    head.Append((char)octet[0]);
                lock (Requests)
                    Requests.Add(head.ToString());
                await answer(head.ToString(), stream, stopping.Token);
            }
            catch (Exception e) when (e is OperationCanceledException or IOException)
            {
                // The other side has gone, which is what most tests are about.
            }
        }
    }

    private sealed class CountingStream(Stream inner, Action<long> sent) : Stream
    {
        private long count;

        public override bool CanRead => true;

        public override bool CanSeek => false;

        public override bool CanWrite => true;

        public override long Length => throw new NotSupportedException();

        public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

        public override void Flush() => inner.Flush();

        public override int Read(byte[] buffer, int offset, int count) => inner.Read(buffer, offset, count);

        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) => inner.ReadAsync(buffer, cancellationToken);

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count) => inner.Write(buffer, offset, count);

        public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
        {
            await inner.WriteAsync(buffer, cancellationToken);
            sent(count += buffer.Length);
        }
    }
}
