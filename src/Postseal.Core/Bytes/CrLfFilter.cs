namespace Postseal.Bytes;

/// <summary>Makes a CRLF of each bare LF, and leaves each CRLF as it is.</summary>
internal sealed class CrLfFilter(IContentSink next) : IContentSink
{
    private bool followsCr;

    public void Write(ReadOnlySpan<byte> piece)
    {
        for (int lf; (lf = piece.IndexOf((byte)'\n')) >= 0; piece = piece[(lf + 1)..])
        {
            next.Write(piece[..lf]);
            next.Write((lf > 0 ? piece[lf - 1] == '\r' : followsCr) ? "\n"u8 : "\r\n"u8);
            followsCr = false;
        }
        next.Write(piece);
        if (!piece.IsEmpty)
            followsCr = piece[^1] == '\r';
    }

    public void End() => next.End();
}
