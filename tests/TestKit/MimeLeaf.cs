using System.Text;
using MimeKit;

namespace Postseal.TestKit;

/// <summary>A part that holds no others, or a multipart without parts, as MimeKit shows it to a reader: it shares no code with us.</summary>
/// <param name="MediaType">Its type.</param>
/// <param name="Content">What is in it, decoded.</param>
public sealed record MimeLeaf(string MediaType, byte[] Content)
{
    /// <summary>Reads the leaves of an entity or a message, from the first to the last, those of messages in it too.</summary>
    public static IReadOnlyList<MimeLeaf> Of(byte[] entity)
    {
        using var message = MimeMessage.Load(new MemoryStream(entity));
        var leaves = new List<MimeLeaf>();
        for (var parts = new MimeIterator(message); parts.MoveNext();)
        {
            if (parts.Current is MimePart leaf)
                leaves.Add(Of(leaf));
            else if (parts.Current is Multipart { Count: 0 } hollow)
                leaves.Add(new MimeLeaf(hollow.ContentType.MimeType, Encoding.UTF8.GetBytes(hollow.Preamble ?? "")));
        }

        return leaves;
    }

    /// <summary>Determines whether both are the same to the reader.</summary>
    public bool IsSameAs(MimeLeaf other) => MediaType == other.MediaType && Content.AsSpan().SequenceEqual(other.Content);

    private static MimeLeaf Of(MimePart part)
    {
        using var content = new MemoryStream();
        part.Content?.DecodeTo(content);
        return new MimeLeaf(part.ContentType.MimeType, content.ToArray());
    }
}
