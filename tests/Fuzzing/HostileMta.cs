using System.Buffers.Binary;
using System.Text;

namespace Fuzzing;

/// <summary>One step from a conversation as it should be to one as it should not. Any three numbers are one.</summary>
/// <param name="Kind">What is done.</param>
/// <param name="At">To which frame or byte.</param>
/// <param name="Value">With what.</param>
public readonly record struct Mutation(int Kind, int At, int Value);

/// <summary>
/// What an MTA says that is broken, malicious or none at all: a good conversation, mutated. Random bytes alone would be
/// refused at their first length; these come deep into the session.
/// </summary>
public static class HostileMta
{
    private const int Kinds = 13;

    private static readonly string[] Good =
    [
        "O\0\0\0\u0006\0\0\u0001\u00ff\u0030\u001f\u00ff\u00ff", "DCj\0mx\0_\0x\0", "Cmx\u00004\0\u0019192.0.2.1\0",
        "DH{tls_version}\0\0", "Hmx\0", "DMi\0Q1\0{auth_authen}\0alice\0", "M<a@example.org>\0SIZE=1\0",
        "DR{rcpt_addr}\0b\0", "R<b@example.net>\0", "R<c@example.net>\0NOTIFY=NEVER\0", "Ux\0", "DTi\0Q1\0", "T",
        "LSubject\0 x\0", "LX-A\0 1\n\t2\0", "LX-A\0\0", "DNi\0Q1\0", "N", "DBi\0Q1\0", "Bone\r\n", "Btwo\r\n",
        "DEi\0Q1\0", "E", "A", "M<d@example.org>\0", "R<e@example.net>\0", "N", "Elast\r\n", "K", "Cother\0U", "M<>\0",
        "R<f@example.net>\0", "T", "LX\0 y\0", "N", "Bx", "E", "Q",
    ];

    /// <summary>Applies the mutations one after the other, and returns the stream.</summary>
    public static byte[] Say(IEnumerable<Mutation> mutations)
    {
        var frames = Good.Select(Frame).ToList();
        foreach (var mutation in mutations)
            Mutate(frames, (uint)mutation.Kind % Kinds, (uint)mutation.At, mutation.Value);
        return [.. frames.SelectMany(frame => frame)];
    }

    /// <summary>Cuts a stream into the pieces in which it arrives, of the sizes given, over and over.</summary>
    public static IEnumerable<ReadOnlyMemory<byte>> Split(byte[] stream, IReadOnlyList<int> sizes)
    {
        for (var (at, i) = (0, 0); at < stream.Length; i++)
        {
            var size = sizes.Count == 0 ? stream.Length : 1 + (int)((uint)sizes[i % sizes.Count] % 5000);
            size = Math.Min(size, stream.Length - at);
            yield return stream.AsMemory(at, size);
            at += size;
        }
    }

    private static void Mutate(List<byte[]> frames, uint kind, uint at, int value)
    {
        if (frames.Count == 0)
            return;
        var place = (int)(at % (uint)frames.Count);
        var frame = frames[place];
        var other = (int)((uint)value % (uint)frames.Count);
        var inside = frame.Length == 0 ? 0 : (int)((uint)value % (uint)frame.Length);
        switch (kind)
        {
            case 0: // a frame is left out
                frames.RemoveAt(place);
                break;
            case 1: // it comes twice
                frames.Insert(place, frame);
                break;
            case 2: // two change places
                (frames[place], frames[other]) = (frames[other], frame);
                break;
            case 3: // a second conversation is interleaved
                for (var i = 0; i < Good.Length; i++)
                    frames.Insert(Math.Min(place + (2 * i), frames.Count), Frame(Good[i]));
                break;
            case 4: // the connection goes on with random bytes
                var noise = new byte[(uint)value % 300];
                new Random(value).NextBytes(noise);
                frames.Insert(place, noise);
                break;
            case 5: // a length that is not true
                if (frame.Length >= 4)
                    BinaryPrimitives.WriteInt32BigEndian(frame = [.. frame], value);
                frames[place] = frame;
                break;
            case 6: // a length that is a little wrong
                if (frame.Length >= 4)
                    (frame = [.. frame])[3] += (byte)((value % 5) - 2);
                frames[place] = frame;
                break;
            case 7: // one bit is wrong
                if (frame.Length > 0)
                    (frame = [.. frame])[inside] ^= (byte)(1 << (value & 7));
                frames[place] = frame;
                break;
            case 8: // it ends in the middle, and the next one follows
                frames[place] = frame[..inside];
                break;
            case 9: // everything ends there
                frames[place] = frame[..inside];
                frames.RemoveRange(place + 1, frames.Count - place - 1);
                break;
            case 10: // another command with the same payload
                if (frame.Length > 4)
                    (frame = [.. frame])[4] = (byte)"ABCDEHKLMNOQRTUZ"[(int)((uint)value % 16)];
                frames[place] = frame;
                break;
            case 11: // more payload than any has reason to be
                frames[place] = Frame(frame.Length > 4 ? (char)frame[4] + new string('x', value & 0x1ffff) : "x");
                break;
            default: // many of the same
                frames.InsertRange(place, Enumerable.Repeat(frame, value & 0xff));
                break;
        }
    }

    private static byte[] Frame(string text)
    {
        var bytes = new byte[4 + text.Length];
        BinaryPrimitives.WriteInt32BigEndian(bytes, text.Length);
        Encoding.Latin1.GetBytes(text, bytes.AsSpan(4));
        return bytes;
    }
}
