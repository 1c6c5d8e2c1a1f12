using System.Buffers;
using System.Formats.Asn1;

namespace Postseal.Cms;

/// <summary>
/// Reads BER (X.690 section 8) from its start to its end as the bytes come, so that what is long is passed over and not
/// held. <see cref="AsnReader"/> wants all of it in one piece; what is short and worth a look is given to it. Nothing is
/// read beyond the end of the element around it, and nothing deeper than honest senders nest it.
/// </summary>
/// <param name="pieces">The encoding, in pieces; a piece is done with when the next one is asked for.</param>
internal sealed class BerReader(IEnumerable<ReadOnlyMemory<byte>> pieces) : IDisposable
{
    private const byte OctetString = 0x04, Constructed = 0x20;
    private const int MaxDepth = 32;

    // Of an OCTET STRING: with a kilobyte in each, as senders write them, 256 MB.
    private const int MaxPieces = 1 << 18;
    private const long Indefinite = -1;

    private readonly IEnumerator<ReadOnlyMemory<byte>> source = pieces.GetEnumerator();
    private readonly Stack<Scope> scopes = new();
    private ReadOnlyMemory<byte> piece;
    private long position;

    // What ReadEncoded keeps of what is passed over.
    private ArrayBufferWriter<byte>? kept;
    private int maxKept;

    // Who takes what is passed over, of ReadOctets.
    private Action<ReadOnlyMemory<byte>>? octets;
    private int piecesOfOctets;

    /// <summary>Gets whether there is another element in the one that is open.</summary>
    public bool HasMore
    {
        get
        {
            var scope = scopes.Peek();
            // The two zero octets that end an indefinite length are taken by Close.
            return scope.End == Indefinite ? Peek() != 0 : position < scope.End;
        }
    }

    /// <summary>Gets the identifier octet of the next element; 0 where there is none.</summary>
    public byte NextIdentifier => scopes.Count == 0 || HasMore ? Peek() : (byte)0;

    /// <summary>Gets how many bytes it has passed over.</summary>
    public long Position => position;

    /// <summary>Goes into an element.</summary>
    /// <param name="identifier">The identifier octet it has to have.</param>
    /// <exception cref="AsnContentException">It is another one, or broken.</exception>
    public void Open(byte identifier)
    {
        if (NextIdentifier != identifier)
            throw new AsnContentException($"there is {NextIdentifier:X2} where {identifier:X2} should be");
        OpenAny();
    }

    /// <summary>Goes out of the innermost element, past whatever is left in it.</summary>
    public void Close()
    {
        var scope = scopes.Peek();
        if (scope.End == Indefinite)
        {
            while (HasMore)
                Skip();
            Take();
            if (Take() != 0)
                throw new AsnContentException("an indefinite length does not end");
        }
        else if (position > scope.End)
        {
            throw new AsnContentException("an element is longer than the one around it");
        }
        else
        {
            Advance(scope.End - position);
        }

        scopes.Pop();
    }

    /// <summary>Goes out of the innermost element, in which there must be nothing more.</summary>
    /// <exception cref="AsnContentException">There is.</exception>
    public void CloseAtEnd()
    {
        if (HasMore)
            throw new AsnContentException($"there is {NextIdentifier:X2} where nothing should be");
        Close();
    }

    /// <summary>Passes over an element that has to have this identifier octet.</summary>
    public void Skip(byte identifier)
    {
        Open(identifier);
        Close();
    }

    /// <summary>Passes over an element, whatever it is.</summary>
    public void Skip()
    {
        OpenAny();
        Close();
    }

    /// <summary>Takes a whole element as it is encoded.</summary>
    /// <param name="identifier">The identifier octet it has to have.</param>
    /// <param name="maxLength">The most bytes it may be long.</param>
    public ReadOnlyMemory<byte> ReadEncoded(byte identifier, int maxLength)
    {
        (kept, maxKept) = (new(), maxLength);
        Skip(identifier);
        var encoded = kept.WrittenMemory;
        kept = null;
        return encoded;
    }

    /// <summary>Reads the contents of an OCTET STRING, which may be constructed of several (X.690 section 8.7).</summary>
    /// <param name="identifier">The identifier octet it has when it is not.</param>
    /// <param name="take">Takes them as they come.</param>
    public void ReadOctets(byte identifier, Action<ReadOnlyMemory<byte>> take)
    {
        if (++piecesOfOctets > MaxPieces)
            throw new AsnContentException($"it is in more than {MaxPieces} pieces");
        if (NextIdentifier != (identifier | Constructed))
        {
            Open(identifier);
            octets = take;
            Close();
            octets = null;
            return;
        }

        OpenAny();
        while (HasMore)
            ReadOctets(OctetString, take);
        Close();
    }

    /// <summary>Determines whether nothing follows but white space and NUL, and passes over it.</summary>
    public bool EndsHere()
    {
        do
        {
            if (piece.Span.ContainsAnyExcept(" \t\r\n\0"u8))
                return false;
        }
        while (source.MoveNext() && (piece = source.Current) is var _);
        return true;
    }

    /// <inheritdoc/>
    public void Dispose() => source.Dispose();

    private void OpenAny()
    {
        if (scopes.Count == MaxDepth)
            throw new AsnContentException($"it is nested more than {MaxDepth} deep");
        var identifier = Take();
        if ((identifier & 0x1F) == 0x1F)
            SkipLongTag();
        var limit = scopes.TryPeek(out var outer) ? outer.Limit : long.MaxValue;
        var length = ReadLength();
        if (length == Indefinite && (identifier & 0x20) == 0)
            throw new AsnContentException("a primitive element has no length");
        if (length > limit - position)
            throw new AsnContentException("an element is longer than the one around it");
        scopes.Push(length == Indefinite ? new(Indefinite, limit) : new(position + length, position + length));
    }

    private void SkipLongTag()
    {
        for (var octets = 0; octets < 4; octets++)
        {
            if ((Take() & 0x80) == 0)
                return;
        }

        throw new AsnContentException("a tag is too long");
    }

    private long ReadLength()
    {
        var first = Take();
        if (first < 0x80)
            return first;
        if (first == 0x80)
            return Indefinite;
        var octets = first & 0x7F;
        if (octets > 8)
            throw new AsnContentException("a length is too long");
        ulong length = 0;
        for (var i = 0; i < octets; i++)
            length = length << 8 | Take();
        return length <= long.MaxValue ? (long)length : throw new AsnContentException("a length is too long");
    }

    private byte Peek()
    {
        Fill();
        return piece.Span[0];
    }

    private byte Take()
    {
        var value = Peek();
        Advance(1);
        return value;
    }

    private void Advance(long length)
    {
        if (kept is not null && length > maxKept - kept.WrittenCount)
            throw new AsnContentException($"an element is longer than {maxKept} bytes");
        while (length > 0)
        {
            Fill();
            var step = (int)Math.Min(piece.Length, length);
            kept?.Write(piece.Span[..step]);
            octets?.Invoke(piece[..step]);
            piece = piece[step..];
            position += step;
            length -= step;
        }
    }

    private void Fill()
    {
        while (piece.IsEmpty)
            piece = source.MoveNext() ? source.Current : throw new AsnContentException("it ends in the middle");
    }

    /// <param name="End">Where it ends; <see cref="Indefinite"/> where two zero octets end it.</param>
    /// <param name="Limit">Where it has to have ended.</param>
    private readonly record struct Scope(long End, long Limit);
}
