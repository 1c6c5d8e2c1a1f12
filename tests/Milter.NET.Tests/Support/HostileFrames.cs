using System.Buffers.Binary;
using System.Text;
using Postseal.TestKit;

namespace Milter.Tests.Support;

/// <summary>Holds a peer of tests/hostile/frames.txt.</summary>
/// <param name="Name">What is wrong with it.</param>
/// <param name="Bytes">What it sends.</param>
/// <param name="Reason">Why the connection is closed; null when it stays open.</param>
internal sealed record HostileFrames(string Name, byte[] Bytes, string? Reason)
{
    public static IReadOnlyDictionary<string, HostileFrames> All { get; } = File
        .ReadAllText(Repository.File("tests/hostile/frames.txt")).TrimEnd().Split("\n\n").Skip(1)
        .Select(block => Parse(block.Split('\n', StringSplitOptions.TrimEntries))).ToDictionary(peer => peer.Name);

    private static HostileFrames Parse(string[] lines) => new(
        lines[0],
        [.. lines[1..^1].SelectMany(BytesOf)],
        lines[^1] == "open" ? null : lines[^1]["closed: ".Length..]);

    private static byte[] BytesOf(string line)
    {
        if (line.StartsWith("raw", StringComparison.Ordinal))
            return Encoding.Latin1.GetBytes(FrameText.Unescape(line[3..].TrimStart()));
        var frame = FrameText.Parse(line);
        var bytes = new byte[4 + frame.Length];
        BinaryPrimitives.WriteInt32BigEndian(bytes, frame.Length);
        Encoding.Latin1.GetBytes(frame, bytes.AsSpan(4));
        return bytes;
    }
}
