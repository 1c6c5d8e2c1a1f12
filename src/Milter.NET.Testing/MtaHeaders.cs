namespace Milter.Testing;

/// <summary>Holds the header fields of a message as an MTA does while a filter changes them.</summary>
internal abstract class MtaHeaders
{
    public static MtaHeaders Of(MtaKind kind, IEnumerable<MilterHeader> headers) =>
        kind == MtaKind.Postfix ? new PostfixHeaders(headers) : new SendmailHeaders(headers);

    /// <summary>Gets the fields from the top down, without those the MTA itself adds.</summary>
    public abstract IReadOnlyList<MilterHeader> Fields { get; }

    public abstract void Add(MilterHeader header);

    public abstract void Insert(uint index, MilterHeader header);

    /// <summary>Changes the nth field of a name. An empty value deletes it.</summary>
    public abstract void Change(uint index, MilterHeader header);

    protected static bool SameName(MilterHeader one, MilterHeader other) => one.HasNameOf(other);
}

/// <summary>Holds header fields as Postfix's cleanup_milter.c does: in one list, its own Received on top and not
/// counted by name.</summary>
internal sealed class PostfixHeaders : MtaHeaders
{
    private static readonly MilterHeader Own = new("Received", " by mail.example.org (Postfix)");

    private readonly List<(MilterHeader Header, bool IsOwn)> list = [(Own, true)];

    public PostfixHeaders(IEnumerable<MilterHeader> headers) =>
        list.AddRange(headers.Select(header => (header, false)));

    public override IReadOnlyList<MilterHeader> Fields =>
        [.. list.Where(entry => !entry.IsOwn).Select(entry => entry.Header)];

    public override void Add(MilterHeader header) => list.Add((header, false));

    public override void Insert(uint index, MilterHeader header) =>
        list.Insert((int)Math.Min(index, (uint)list.Count), (header, false));

    public override void Change(uint index, MilterHeader header)
    {
        var left = Math.Max(index, 1);
        var place = list.FindIndex(entry => !entry.IsOwn && SameName(entry.Header, header) && --left == 0);
        if (place >= 0 && header.Value.IsEmpty)
            list.RemoveAt(place);
        else if (place >= 0)
            list[place] = (header, false);
        else if (!header.Value.IsEmpty)
            Add(header);
    }
}

/// <summary>Holds header fields as Sendmail's milter.c and headers.c do: in a list that begins with the fields of the
/// configuration, which are filled in when the message lacks them, and in which deleted fields stay.</summary>
internal sealed class SendmailHeaders : MtaHeaders
{
    private static readonly string[] Configured =
    [
        "Return-Path", "Received", "Resent-Date", "Date", "Resent-From", "From", "Full-Name", "Resent-Message-Id",
        "Message-Id",
    ];

    private readonly List<Node> nodes = [];

    public SendmailHeaders(IEnumerable<MilterHeader> headers)
    {
        nodes.AddRange(Configured.Select(name => new Node(new MilterHeader(name, ""))));
        nodes.AddRange(headers.Select(User));
    }

    public override IReadOnlyList<MilterHeader> Fields =>
        [.. nodes.Where(node => node is { IsUser: true, IsDeleted: false }).Select(node => node.Header)];

    public override void Add(MilterHeader header)
    {
        if (nodes.Find(node => SameName(node.Header, header) && node is { IsUser: false, IsTrace: false }) is { } ready)
            ready.Set(header.Value);
        else if (nodes.FindIndex(node => SameName(node.Header, header)) is >= 0 and var first)
            nodes.Insert(first, User(header));
        else
            nodes.Add(User(header));
    }

    public override void Insert(uint index, MilterHeader header)
    {
        if (index >= nodes.Count)
            nodes.Add(User(header));
        else
            nodes.Insert((int)index + 1, User(header));
    }

    public override void Change(uint index, MilterHeader header)
    {
        var left = (long)index;
        var found = nodes.Find(node => SameName(node.Header, header) && node.IsUser && --left <= 0)
            ?? nodes.FindLast(node => SameName(node.Header, header) && node is { IsUser: false, IsTrace: false });
        if (found is not null && header.Value.IsEmpty)
            found.IsDeleted = true;
        else if (found is not null)
            found.Set(header.Value);
        else if (!header.Value.IsEmpty)
            Add(header);
    }

    private static Node User(MilterHeader header) => new(header) { IsUser = true };

    private sealed class Node(MilterHeader header)
    {
        public MilterHeader Header { get; private set; } = header;
        public bool IsUser { get; set; }
        public bool IsDeleted { get; set; }
        public bool IsTrace => Header.Is("Received");

        public void Set(ReadOnlyMemory<byte> value)
        {
            Header = Header with { Value = value };
            (IsUser, IsDeleted) = (true, false);
        }
    }
}
