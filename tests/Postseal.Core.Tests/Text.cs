using System.Buffers;
using System.Text;
using Postseal.Mail;
using Postseal.Mime.Canonical;

namespace Postseal.Tests;

/// <summary>Messages as C# strings: each char is a byte (Latin-1).</summary>
internal static class Text
{
    public static byte[] Bytes(string text) => Encoding.Latin1.GetBytes(text);

    public static string Of(ReadOnlySpan<byte> bytes) => Encoding.Latin1.GetString(bytes);

    public static string Of(ReadOnlySequence<byte> bytes) => Of(bytes.ToArray());

    /// <summary>UTF-8 bytes as such a string.</summary>
    public static string Utf8(string text) => Of(Encoding.UTF8.GetBytes(text));

    public static string CrLf(string text) => text.Replace("\n", "\r\n", StringComparison.Ordinal);

    public static MailMessage Message(string text) => MailMessage.Parse(Bytes(text));

    public static CanonicalEntity Entity(MailMessage message) =>
        Assert.IsType<CanonicalEntity>(CanonicalEntity.Create(message));

    public static bool IsContentField(HeaderField field) =>
        Of(field.Name).StartsWith("Content-", StringComparison.OrdinalIgnoreCase);

    /// <summary>The same message with its body in many pieces.</summary>
    public static MailMessage InPieces(MailMessage message, int pieceLength)
    {
        var body = message.Body.ToArray();
        Piece? first = null, last = null;
        for (var i = 0; i < body.Length; i += pieceLength)
        {
            var memory = body.AsMemory(i, Math.Min(pieceLength, body.Length - i));
            last = last is null ? new Piece(memory, 0) : last.Then(memory);
            first ??= last;
        }
        return first is null ? message : message with { Body = new(first, 0, last!, last!.Memory.Length) };
    }

    private sealed class Piece : ReadOnlySequenceSegment<byte>
    {
        public Piece(ReadOnlyMemory<byte> memory, long start) => (Memory, RunningIndex) = (memory, start);

        public Piece Then(ReadOnlyMemory<byte> memory)
        {
            var next = new Piece(memory, RunningIndex + Memory.Length);
            Next = next;
            return next;
        }
    }
}
