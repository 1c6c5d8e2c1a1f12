using System.IO.Pipelines;

namespace Milter.Testing;

/// <summary>Connects to a server within the same process, without a socket.</summary>
public static class MilterConnection
{
    /// <summary>Opens a connection that the server serves, and returns the MTA's end of it.</summary>
    public static Stream InMemory(MilterServer server)
    {
        ArgumentNullException.ThrowIfNull(server);
        var (toServer, toClient) = (new Pipe(), new Pipe());
        var serverEnd = new DuplexStream(toServer.Reader, toClient.Writer);
        _ = ServeAsync(server, serverEnd);
        return new DuplexStream(toClient.Reader, toServer.Writer);
    }

    private static async Task ServeAsync(MilterServer server, DuplexStream serverEnd)
    {
        await using (serverEnd)
            await server.ServeAsync(serverEnd, "memory").ConfigureAwait(false);
    }

    /// <summary>Reads one pipe and writes another.</summary>
    private sealed class DuplexStream(PipeReader reader, PipeWriter writer) : Stream
    {
        private readonly Stream input = reader.AsStream();
        private readonly Stream output = writer.AsStream();

        public override bool CanRead => true;
        public override bool CanWrite => true;
        public override bool CanSeek => false;
        public override long Length => throw new NotSupportedException();
        public override long Position
        {
            get => throw new NotSupportedException();
            set => throw new NotSupportedException();
        }

        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) =>
            input.ReadAsync(buffer, cancellationToken);

        public override ValueTask WriteAsync(
            ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default) =>
            output.WriteAsync(buffer, cancellationToken);

        public override Task FlushAsync(CancellationToken cancellationToken) => output.FlushAsync(cancellationToken);
        public override void Flush() => output.Flush();
        public override int Read(byte[] buffer, int offset, int count) => input.Read(buffer, offset, count);
        public override void Write(byte[] buffer, int offset, int count) => output.Write(buffer, offset, count);
        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();
        public override void SetLength(long value) => throw new NotSupportedException();

        protected override void Dispose(bool disposing)
        {
            if (disposing)
            {
                input.Dispose();
                output.Dispose();
            }
            base.Dispose(disposing);
        }
    }
}
