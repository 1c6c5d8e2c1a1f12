namespace Fuzzing;

/// <summary>How a length is encoded (X.690 section 8.1.3).</summary>
public enum LengthForm
{
    /// <summary>As DER has it.</summary>
    Shortest,

    /// <summary>With more octets than it needs.</summary>
    Long,

    /// <summary>By two zero octets at the end, where it is constructed.</summary>
    Indefinite,
}

/// <summary>An element of an encoding that was right once, to be taken apart and put together.</summary>
public sealed class BerElement
{
    /// <summary>Makes one of others.</summary>
    public BerElement(byte identifier) => (Identifier, Children) = (identifier, []);

    /// <summary>Makes one of bytes.</summary>
    public BerElement(byte identifier, byte[] contents) => (Identifier, Contents) = (identifier, contents);

    public byte Identifier { get; set; }

    public LengthForm Form { get; set; }

    public BerElement? Parent { get; private set; }

    public List<BerElement>? Children { get; }

    public byte[]? Contents { get; }

    /// <summary>Takes a right encoding apart.</summary>
    public static BerElement Parse(ReadOnlySpan<byte> encoded) => Read(ref encoded);

    public IEnumerable<BerElement> Descendants() => (Children ?? []).SelectMany(child => child.Descendants().Prepend(child));

    public void Insert(int place, BerElement child)
    {
        child.Parent = this;
        Children!.Insert(place, child);
    }

    public void Remove(BerElement child) => Children!.Remove(child);

    public BerElement Copy()
    {
        var copy = Contents is null ? new BerElement(Identifier) : new BerElement(Identifier, [.. Contents]);
        copy.Form = Form;
        foreach (var child in Children ?? [])
            copy.Insert(copy.Children!.Count, child.Copy());
        return copy;
    }

    public byte[] Encode()
    {
        byte[] contents = Contents ?? [.. Children!.SelectMany(child => child.Encode())];
        return Form switch
        {
            LengthForm.Indefinite when Children is not null => [Identifier, 0x80, .. contents, 0, 0],
            LengthForm.Shortest when contents.Length < 0x80 => [Identifier, (byte)contents.Length, .. contents],
            LengthForm.Shortest when contents.Length < 0x100 => [Identifier, 0x81, (byte)contents.Length, .. contents],
            LengthForm.Shortest when contents.Length < 0x10000 => [Identifier, 0x82, (byte)(contents.Length >> 8), (byte)contents.Length, .. contents],
            _ => [Identifier, 0x83, (byte)(contents.Length >> 16), (byte)(contents.Length >> 8), (byte)contents.Length, .. contents],
        };
    }

    private static BerElement Read(ref ReadOnlySpan<byte> rest)
    {
        var (identifier, length) = (rest[0], (int)rest[1]);
        rest = rest[2..];
        if (length > 0x80)
        {
            var octets = length & 0x7F;
            length = 0;
            foreach (var octet in rest[..octets])
                length = length << 8 | octet;
            rest = rest[octets..];
        }
        else if (length == 0x80)
        {
            var open = new BerElement(identifier) { Form = LengthForm.Indefinite };
            while (rest is not [0, 0, ..])
                open.Insert(open.Children!.Count, Read(ref rest));
            rest = rest[2..];
            return open;
        }

        var contents = rest[..length];
        rest = rest[length..];
        if ((identifier & 0x20) == 0)
            return new BerElement(identifier, contents.ToArray());
        var element = new BerElement(identifier);
        while (!contents.IsEmpty)
            element.Insert(element.Children!.Count, Read(ref contents));
        return element;
    }
}
