namespace Postseal.Bytes;

/// <summary>Takes content from its start to its end, in pieces of any length.</summary>
internal interface IContentSink
{
    /// <summary>Takes the next piece.</summary>
    void Write(ReadOnlySpan<byte> piece);

    /// <summary>Ends the content: no more pieces follow.</summary>
    void End();
}

/// <summary>
/// Transforms content as it comes, so that neither side has to be in memory whole. The output does not depend on how the
/// input was cut: bytes whose meaning depends on what follows are held until that has come.
/// </summary>
/// <param name="maxHeld">The most bytes that <see cref="Transform"/> does not take.</param>
internal abstract class ContentFilter(int maxHeld) : IContentSink
{
    private byte[] held = [];
    private int heldLength;

    /// <inheritdoc/>
    public void Write(ReadOnlySpan<byte> piece)
    {
        if (heldLength > 0)
        {
            var taken = Math.Min(piece.Length, held.Length - heldLength);
            piece[..taken].CopyTo(held.AsSpan(heldLength));
            var joined = heldLength + taken;
            var done = Transform(held.AsSpan(0, joined));
            if (taken == piece.Length)
            {
                held.AsSpan(done, joined - done).CopyTo(held);
                heldLength = joined - done;
                return;
            }
            // The buffer was full and less than half of it is left, so all that was held has been taken.
            piece = piece[(done - heldLength)..];
        }
        var rest = piece[Transform(piece)..];
        if (!rest.IsEmpty && held.Length == 0)
            held = new byte[2 * (maxHeld + 1)];
        rest.CopyTo(held);
        heldLength = rest.Length;
    }

    /// <inheritdoc/>
    public void End() => Finish(held.AsSpan(0, heldLength));

    /// <summary>Transforms bytes and returns how many it took. The others are passed again, with more behind them.</summary>
    protected abstract int Transform(ReadOnlySpan<byte> bytes);

    /// <summary>Transforms the last bytes, those that were left.</summary>
    protected abstract void Finish(ReadOnlySpan<byte> rest);
}
