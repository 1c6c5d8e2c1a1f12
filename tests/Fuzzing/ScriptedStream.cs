namespace Fuzzing;

/// <summary>A connection whose other side sends all it has to send, in the pieces given, and then closes.</summary>
public sealed class ScriptedStream(IEnumerable<ReadOnlyMemory<byte>> pieces) : Stream
{
    private readonly Queue<ReadOnlyMemory<byte>> pieces = new(pieces);
    private readonly MemoryStream written = new();
    private readonly TaskCompletionSource stuck = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private ReadOnlyMemory<byte> rest;
    private int writes;

    /// <summary>Gets how many writes the other side takes; when limited, it never closes. Default: all.</summary>
    public int WritesTaken { get; init; } = int.MaxValue;

    /// <summary>Completes when the first write that is not taken has begun.</summary>
    public Task Stuck => stuck.Task;

    /// <summary>Gets what the server has written so far.</summary>
    public byte[] Written => written.ToArray();

    private bool IsDeaf => WritesTaken < int.MaxValue;

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
        if (rest.IsEmpty && !pieces.TryDequeue(out rest) && IsDeaf && !buffer.IsEmpty)
            await Task.Delay(Timeout.Infinite, cancellationToken);
        var size = Math.Min(rest.Length, buffer.Length);
        rest[..size].CopyTo(buffer);
        rest = rest[size..];
        return size;
    }

    public override async ValueTask WriteAsync(
        ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        if (writes++ >= WritesTaken)
        {
            stuck.TrySetResult();
            await Task.Delay(Timeout.Infinite, cancellationToken);
        }
        written.Write(buffer.Span);
    }

    public override Task FlushAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    public override void Flush() => written.Flush();
    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();
    public override void Write(byte[] buffer, int offset, int count) => written.Write(buffer, offset, count);
    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();
    public override void SetLength(long value) => throw new NotSupportedException();
}
