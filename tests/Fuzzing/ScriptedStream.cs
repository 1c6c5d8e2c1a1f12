namespace Fuzzing;

/// <summary>A connection whose other side says all it has to say, in the pieces given, and then closes.</summary>
public sealed class ScriptedStream(IEnumerable<ReadOnlyMemory<byte>> pieces) : Stream
{
    private readonly Queue<ReadOnlyMemory<byte>> pieces = new(pieces);
    private readonly MemoryStream written = new();
    private ReadOnlyMemory<byte> rest;

    /// <summary>What the server has said so far.</summary>
    public byte[] Written => written.ToArray();

    public override bool CanRead => true;
    public override bool CanWrite => true;
    public override bool CanSeek => false;
    public override long Length => throw new NotSupportedException();
    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        if (rest.IsEmpty && !pieces.TryDequeue(out rest))
            return new(0);
        var size = Math.Min(rest.Length, buffer.Length);
        rest[..size].CopyTo(buffer);
        rest = rest[size..];
        return new(size);
    }

    public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default) =>
        written.WriteAsync(buffer, cancellationToken);

    public override Task FlushAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    public override void Flush() => written.Flush();
    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();
    public override void Write(byte[] buffer, int offset, int count) => written.Write(buffer, offset, count);
    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();
    public override void SetLength(long value) => throw new NotSupportedException();
}
