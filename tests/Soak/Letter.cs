using Milter;
using Milter.Testing;

namespace Postseal.Soak;

/// <summary>A message that is sent, and what is to become of it.</summary>
/// <param name="Kind">What it is, for the report.</param>
/// <param name="Message">The message.</param>
/// <param name="Signer">Whose signature it is to get, while there is a certificate; <see langword="null"/>: it is to come
/// back as it was.</param>
internal sealed record Letter(string Kind, MtaMessage Message, Sender? Signer)
{
    /// <summary>The MIME entity of the message: its Content-* fields and its body.</summary>
    public byte[] Entity()
    {
        using var entity = new MemoryStream();
        foreach (var header in Message.Headers.Where(IsContent))
        {
            entity.Write(header.Name.Span);
            entity.WriteByte((byte)':');
            entity.Write(header.Value.Span);
            entity.Write("\r\n"u8);
        }

        entity.Write("\r\n"u8);
        // An empty body is one empty line where it is signed.
        entity.Write(Message.Body.IsEmpty ? "\r\n"u8 : Message.Body.Span);
        return entity.ToArray();
    }

    /// <summary>The fields that stay outside of a signature.</summary>
    public static IEnumerable<MilterHeader> Outside(IEnumerable<MilterHeader> headers) =>
        headers.Where(header => !IsContent(header) && !header.Is("MIME-Version"));

    private static bool IsContent(MilterHeader header) =>
        header.Name.Span.StartsWith("Content-"u8);
}
