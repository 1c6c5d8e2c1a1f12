using System.Buffers.Binary;
using System.Text;

namespace Postseal.Sources.Tests.Dns;

/// <summary>A question as it came in.</summary>
public sealed record DnsQuestion(ushort Id, ushort Flags, string Name, ushort Type, byte[] Raw, bool IsDnssecWanted)
{
    private const int HeaderLength = 12;

    public bool IsCheckingDisabled => (Flags & 0x10) != 0;

    public static DnsQuestion Read(byte[] message)
    {
        var (labels, at) = (new List<string>(), HeaderLength);
        for (; message[at] != 0; at += message[at] + 1)
            labels.Add(Encoding.ASCII.GetString(message, at + 1, message[at]));
        var end = at + 5;
        // The only additional record is OPT: root, type, size, and the flags in its TTL.
        var hasOpt = message[11] == 1 && message[end + 2] == 41;
        return new DnsQuestion(
            U16(message, 0), U16(message, 2), string.Join('.', labels), U16(message, at + 1), message[HeaderLength..end],
            hasOpt && (message[end + 7] & 0x80) != 0);

        static ushort U16(byte[] message, int at) => BinaryPrimitives.ReadUInt16BigEndian(message.AsSpan(at));
    }
}

/// <summary>A record to be sent.</summary>
public sealed record DnsRecord(string Name, ushort Type, byte[] Data, uint Ttl = 3600, ushort Class = 1)
{
    public static DnsRecord Alias(string name, string target) => new(name, 5, NameOf(target));

    public static DnsRecord Soa(string zone, uint ttl, uint minimum) =>
        new(zone, 6, [.. NameOf("ns." + zone), .. NameOf("host." + zone), .. U32(1), .. U32(9), .. U32(9), .. U32(9), .. U32(minimum)], ttl);

    /// <summary>An OPT record with an Extended DNS Error.</summary>
    public static DnsRecord ExtendedError(ushort code, string text)
    {
        var extra = Encoding.UTF8.GetBytes(text);
        return new("", 41, [.. U16(15), .. U16((ushort)(extra.Length + 2)), .. U16(code), .. extra], 0, 1232);
    }

    public byte[] ToBytes() => [.. NameOf(Name), .. U16(Type), .. U16(Class), .. U32(Ttl), .. U16((ushort)Data.Length), .. Data];

    public static byte[] NameOf(string name) =>
        [.. name.Split('.', StringSplitOptions.RemoveEmptyEntries).SelectMany(Label), 0];

    private static byte[] Label(string label) => [(byte)label.Length, .. Encoding.Latin1.GetBytes(label)];

    public static byte[] U16(ushort value) => [(byte)(value >> 8), (byte)value];

    public static byte[] U32(uint value) => [.. U16((ushort)(value >> 16)), .. U16((ushort)value)];
}

/// <summary>An answer, right or wrong, written octet by octet.</summary>
public sealed record DnsReply
{
    private const ushort Response = 0x8180, Secure = 0x20, Cut = 0x200;

    public int Code { get; init; }

    public bool IsSecure { get; init; } = true;

    public bool IsCut { get; init; }

    public ushort MoreFlags { get; init; }

    public IReadOnlyList<DnsRecord> Answers { get; init; } = [];

    public IReadOnlyList<DnsRecord> Authorities { get; init; } = [];

    public IReadOnlyList<DnsRecord> Additionals { get; init; } = [];

    /// <summary>What stands in the place of the answers' octets.</summary>
    public byte[]? RawAnswers { get; init; }

    public ushort? Id { get; init; }

    public byte[]? Question { get; init; }

    public int? AnswerCount { get; init; }

    public byte[] ToBytes(DnsQuestion question)
    {
        var flags = (ushort)((Response | (IsSecure ? Secure : 0) | (IsCut ? Cut : 0) | Code) ^ MoreFlags);
        return
        [
            .. DnsRecord.U16(Id ?? question.Id), .. DnsRecord.U16(flags), .. DnsRecord.U16(1),
            .. DnsRecord.U16((ushort)(AnswerCount ?? Answers.Count)),
            .. DnsRecord.U16((ushort)Authorities.Count), .. DnsRecord.U16((ushort)Additionals.Count), .. Question ?? question.Raw,
            .. RawAnswers ?? [.. Answers.SelectMany(record => record.ToBytes())], .. Authorities.SelectMany(record => record.ToBytes()),
            .. Additionals.SelectMany(record => record.ToBytes()),
        ];
    }
}
