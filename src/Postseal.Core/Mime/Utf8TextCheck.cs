using System.Buffers;
using System.Text;
using Postseal.Bytes;

namespace Postseal.Mime;

/// <summary>Checks whether content is text in UTF-8 without control characters beyond ASCII.</summary>
internal sealed class Utf8TextCheck() : ContentFilter(maxHeld: 3)
{
    private const int LastControl = 0x9F;

    /// <summary>Gets whether it is, as far as it was checked.</summary>
    public bool IsText { get; private set; } = true;

    protected override int Transform(ReadOnlySpan<byte> bytes)
    {
        var rest = bytes;
        for (int next; IsText && (next = rest.IndexOfAnyInRange((byte)0x80, (byte)0xFF)) >= 0;)
        {
            var status = Rune.DecodeFromUtf8(rest[next..], out var rune, out var length);
            if (status == OperationStatus.NeedMoreData)
                return bytes.Length - rest.Length + next;
            IsText = status == OperationStatus.Done && rune.Value > LastControl;
            rest = rest[(next + length)..];
        }

        return bytes.Length;
    }

    protected override void Finish(ReadOnlySpan<byte> rest) => IsText &= rest.IsEmpty;
}
