using Postseal.TestKit;

namespace Fuzzing;

/// <summary>A CMS object that somebody made, with its elements changed, moved, doubled, left out and encoded otherwise.</summary>
public sealed class MutatedCms
{
    private const int Kinds = 11;

    private readonly byte[][] seeds;

    /// <summary>Takes what is to be changed.</summary>
    public MutatedCms(byte[][] seeds) => this.seeds = seeds;

    /// <summary>Signs the seeds.</summary>
    /// <param name="people">Who signs: RSA first, then EC.</param>
    public MutatedCms(IReadOnlyList<Correspondent> people)
    {
        string[] ways =
        [
            "-nodetach", "-nodetach -stream", "-nodetach -keyid -md sha512", "-nodetach -cades", "-nodetach -noattr", "-nodetach -md sha1",
            "-nodetach -nocerts -nosmimecap", "-nodetach -econtent_type 1.2.840.113549.1.9.16.1.4",
        ];
        seeds =
        [
            .. from way in ways from person in people from content in Contents select OpenSsl.Sign(content, way, person),
            .. from salt in (string[])["digest", "max", "7"]
               select OpenSsl.Sign(Contents[0], $"-nodetach -keyopt rsa_padding_mode:pss -keyopt rsa_pss_saltlen:{salt}", people[0]),
            OpenSsl.Sign(Contents[1], "-nodetach", [.. people]),
        ];
    }

    /// <summary>Gets what was signed or encrypted.</summary>
    public static byte[][] Contents { get; } =
        ["Content-Type: text/plain\r\n\r\nHello\r\n"u8.ToArray(), [.. "Content-Type: text/plain\r\n\r\n"u8, .. Enumerable.Repeat((byte)'x', 3000)]];

    /// <summary>Makes one.</summary>
    public byte[] Make(Random random)
    {
        var root = BerElement.Parse(seeds[random.Next(seeds.Length)]);
        var inBytes = 0;
        for (var left = random.Next(4) == 0 ? 8 : random.Next(1, 4); left > 0; left--)
        {
            if (random.Next(5) == 0)
                inBytes++;
            else
                Mutate(root, random);
        }

        var bytes = root.Encode();
        for (; inBytes > 0 && bytes.Length > 1; inBytes--)
            bytes = MutateBytes(bytes, random);
        return bytes;
    }

    private static byte[] MutateBytes(byte[] bytes, Random random)
    {
        var at = random.Next(bytes.Length);
        var length = Math.Min(random.Next(1, 10), bytes.Length - at);
        switch (random.Next(4))
        {
            case 0: // a piece is missing
                return [.. bytes[..at], .. bytes[(at + length)..]];
            case 1: // a piece comes twice
                return [.. bytes[..(at + length)], .. bytes[at..]];
            case 2: // it is cut off
                return random.Next(4) == 0 ? bytes[..at] : bytes;
            default: // one bit is wrong
                bytes[at] ^= (byte)(1 << random.Next(8));
                return bytes;
        }
    }

    private void Mutate(BerElement root, Random random)
    {
        var all = root.Descendants().ToList();
        if (all.Count == 0)
            return;
        var one = all[random.Next(all.Count)];
        var (parent, place) = (one.Parent!, one.Parent!.Children!.IndexOf(one));
        var strangers = BerElement.Parse(seeds[random.Next(seeds.Length)]).Descendants().ToList();
        var alike = strangers.FindAll(stranger => stranger.Identifier == one.Identifier);
        switch (random.Next(Kinds))
        {
            case 0: // it is missing
                parent.Remove(one);
                break;
            case 1: // it comes twice
                parent.Insert(place, one.Copy());
                break;
            case 2: // it changes places with one beside it
                parent.Remove(one);
                parent.Insert(random.Next(parent.Children!.Count + 1), one);
                break;
            case 3 or 4: // it is another's
                parent.Remove(one);
                parent.Insert(place, (alike.Count == 0 ? strangers : alike)[random.Next(alike.Count == 0 ? strangers.Count : alike.Count)]);
                break;
            case 5: // it says that it is something else
                one.Identifier ^= (byte)(1 << random.Next(8));
                break;
            case 6 or 7: // its length is encoded otherwise
                one.Form = (LengthForm)random.Next(3);
                break;
            case 8 when one is { Identifier: 0x04, Contents.Length: > 0 }: // it comes in pieces
                var cut = random.Next(one.Contents.Length);
                var whole = new BerElement(0x24) { Form = (LengthForm)random.Next(3) };
                foreach (var piece in (byte[][])[one.Contents[..cut], one.Contents[cut..]])
                    whole.Insert(whole.Children!.Count, new BerElement(0x04, piece));
                parent.Remove(one);
                parent.Insert(place, whole);
                break;
            case 9: // something is put beside it
                parent.Insert(place, strangers[random.Next(strangers.Count)]);
                break;
            default: // one bit in it is wrong
                if (one.Contents is { Length: > 0 } contents)
                    contents[random.Next(contents.Length)] ^= (byte)(1 << random.Next(8));
                break;
        }
    }
}
