namespace Milter.Tests.Support;

/// <summary>A connection whose other side has said everything and stays, but takes only so many writes.</summary>
internal sealed class DeafStream(byte[] said, int writesTaken) : Stream
{
    private readonly TaskCompletionSource writing = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private ReadOnlyMemory<byte> rest = said;
    private int writes;

    /// <summary>Completes when the first write that is not taken has begun.</summary>
    public Task Writing => writing.Task;

    public override bool CanRead => true;
    public override bool CanWrite => true;
    public override bool CanSeek => false;
    public override long Length => throw new NotSupportedException();
    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        if (rest.IsEmpty && !buffer.IsEmpty)
            await Task.Delay(Timeout.Infinite, cancellationToken);
        var size = Math.Min(rest.Length, buffer.Length);
        rest[..size].CopyTo(buffer);
        rest = rest[size..];
        return size;
    }

    public override async ValueTask WriteAsync(
        ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        if (writes++ < writesTaken)
            return;
        writing.TrySetResult();
        await Task.Delay(Timeout.Infinite, cancellationToken);
    }

    public override Task FlushAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    public override void Flush() => throw new NotSupportedException();
    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();
    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();
    public override void SetLength(long value) => throw new NotSupportedException();
}
