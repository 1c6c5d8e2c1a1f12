using System.Formats.Asn1;

namespace Fuzzing;

/// <summary>A DER encoding as a tree that can be changed: whatever becomes of it, the lengths are right when it is written.</summary>
internal sealed class DerNode
{
    private readonly Asn1Tag tag;
    private readonly bool isWrapped; // an OCTET STRING with an encoding in it, as extensions have
    private byte[] content = [];

    private DerNode(Asn1Tag tag, bool isWrapped) => (this.tag, this.isWrapped) = (tag, isWrapped);

    public List<DerNode> Children { get; private init; } = [];

    /// <summary>Gets itself and all below it.</summary>
    public IEnumerable<DerNode> All => Children.SelectMany(child => child.All).Prepend(this);

    public static DerNode Parse(ReadOnlyMemory<byte> encoded)
    {
        var reader = new AsnReader(encoded, AsnEncodingRules.DER);
        var tag = reader.PeekTag();
        var content = reader.PeekContentBytes();
        if (tag.IsConstructed)
            return new DerNode(tag, isWrapped: false) { Children = ParseAll(content) };
        if (tag == Asn1Tag.PrimitiveOctetString && TryParse(content) is { } inside)
            return new DerNode(tag, isWrapped: true) { Children = [inside] };
        return new DerNode(tag, isWrapped: false) { content = content.ToArray() };
    }

    /// <summary>Copies it, with all below it.</summary>
    public DerNode Copy() => new(tag, isWrapped) { content = content, Children = [.. Children.Select(child => child.Copy())] };

    public byte[] Encode()
    {
        var inside = Children.Count > 0 || tag.IsConstructed || isWrapped ? Children.SelectMany(child => child.Encode()).ToArray() : content;
        var writer = new AsnWriter(AsnEncodingRules.DER);
        writer.WriteOctetString(inside, Asn1Tag.PrimitiveOctetString);
        var encoded = writer.Encode();
        Span<byte> name = stackalloc byte[8];
        return [.. name[..tag.Encode(name)], .. encoded.AsSpan(1)];
    }

    /// <summary>Changes something, here or below, perhaps to what is in another tree.</summary>
    public void Mutate(Random random, DerNode other)
    {
        var node = random.GetItems(All.ToArray(), 1)[0];
        if (node.Children.Count == 0)
        {
            node.content = Mutate(random, node.content);
            return;
        }

        var at = random.Next(node.Children.Count);
        switch (random.Next(5))
        {
            case 0:
                node.Children.RemoveAt(at);
                break;
            case 1:
                node.Children.Insert(at, node.Children[random.Next(node.Children.Count)].Copy());
                break;
            case 2:
                (node.Children[0], node.Children[at]) = (node.Children[at], node.Children[0]);
                break;
            default:
                // Of the same kind, or what is put there is seen as nonsense at once.
                var alike = other.All.Where(one => one.tag == node.Children[at].tag).ToArray();
                if (alike.Length > 0)
                    node.Children[at] = random.GetItems(alike, 1)[0].Copy();
                break;
        }
    }

    private static byte[] Mutate(Random random, byte[] content)
    {
        var changed = content.ToList();
        switch (random.Next(6))
        {
            case 0 when changed.Count > 0:
                changed[random.Next(changed.Count)] ^= (byte)(1 << random.Next(8));
                break;
            case 1 when changed.Count > 0:
                changed.RemoveAt(random.Next(changed.Count));
                break;
            case 2:
                changed.Insert(random.Next(changed.Count + 1), random.GetItems<byte>([0, 1, 0x20, 0x40, 0x7F, 0x80, 0xFF], 1)[0]);
                break;
            case 3:
                changed.Clear();
                break;
            case 4 when changed.Count is > 0 and < 10_000:
                changed.AddRange(content);
                break;
            default:
                changed.AddRange(new byte[random.Next(200)]);
                break;
        }

        return [.. changed];
    }

    private static List<DerNode> ParseAll(ReadOnlyMemory<byte> content)
    {
        var (nodes, reader) = (new List<DerNode>(), new AsnReader(content, AsnEncodingRules.DER));
        while (reader.HasData)
            nodes.Add(Parse(reader.ReadEncodedValue()));
        return nodes;
    }

    private static DerNode? TryParse(ReadOnlyMemory<byte> content)
    {
        try
        {
            var reader = new AsnReader(content, AsnEncodingRules.DER);
            var inside = reader.ReadEncodedValue();
            return reader.HasData ? null : Parse(inside);
        }
        catch (AsnContentException)
        {
            return null;
        }
    }
}
