namespace Postseal.Mime;

/// <summary>Takes content from its start to its end, in pieces of any length.</summary>
internal interface IContentSink
{
    /// <summary>Takes the next piece.</summary>
    void Write(ReadOnlySpan<byte> piece);

    /// <summary>Takes note that no more comes.</summary>
    void End();
}

/// <summary>
/// Turns content into something else as it comes, so that neither has to lie in memory whole. What comes out does not
/// depend on the pieces that went in: bytes on which more has to be known are held until it has come.
/// </summary>
/// <param name="maxHeld">The most bytes that <see cref="Transform"/> leaves.</param>
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
            // The buffer is full and less than half of it was left, so that what was held is done with.
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

    /// <summary>Takes bytes, and says how many. The others come again, with more behind them.</summary>
    protected abstract int Transform(ReadOnlySpan<byte> bytes);

    /// <summary>Takes the last bytes, those that were left.</summary>
    protected abstract void Finish(ReadOnlySpan<byte> rest);
}
