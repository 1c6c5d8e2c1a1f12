using System.Buffers;
using System.Buffers.Binary;
using System.Text;
using Milter;

namespace Postseal.Benchmarks.Load;

/// <summary>
/// A message as the bytes an MTA puts on the wire, made once for the steps that were negotiated: what may be sent without
/// waiting for a reply lies in one piece.
/// </summary>
internal sealed class LoadMessage
{
    private readonly List<LoadPiece> pieces = [];
    private readonly ArrayBufferWriter<byte> piece = new();
    private readonly MilterSteps steps;

    private LoadMessage(MilterSteps steps) => this.steps = steps;

    /// <summary>What is sent, piece by piece, each with what is waited for after it.</summary>
    public IReadOnlyList<LoadPiece> Pieces => pieces;

    /// <summary>CONNECT and HELO, which come once for all messages of a connection.</summary>
    public static LoadMessage Greeting(MilterSteps steps)
    {
        var greeting = new LoadMessage(steps);
        greeting.Macros(MilterCommand.Connect, "j", "mail.example.org", "{daemon_name}", "mail.example.org", "v", "Postfix 3.7.11");
        greeting.Command(
            MilterCommand.Connect, [.. "localhost\0"u8, (byte)MilterFamily.IPv4, 0x9c, 0x40, .. "127.0.0.1\0"u8], MilterSteps.NoConnect, MilterSteps.NoReplyConnect);
        greeting.Command(MilterCommand.Helo, "localhost\0"u8, MilterSteps.NoHelo, MilterSteps.NoReplyHelo);
        greeting.EndPiece(Awaited.Nothing);
        return greeting;
    }

    /// <summary>MAIL to the end of the message.</summary>
    public static LoadMessage Of(string from, int bodySize, string queueId, MilterSteps steps)
    {
        var message = new LoadMessage(steps);
        message.Macros(MilterCommand.Mail, "i", queueId, "{mail_addr}", from);
        message.Command(MilterCommand.Mail, Encoding.ASCII.GetBytes($"<{from}>\0"), MilterSteps.NoMail, MilterSteps.NoReplyMail);
        message.Macros(MilterCommand.Recipient, "i", queueId, "{rcpt_addr}", "bob@example.net");
        message.Command(MilterCommand.Recipient, "<bob@example.net>\0"u8, MilterSteps.NoRecipient, MilterSteps.NoReplyRecipient);
        message.Macros(MilterCommand.Data, "i", queueId);
        message.Command(MilterCommand.Data, [], MilterSteps.NoData, MilterSteps.NoReplyData);
        foreach (var (name, value) in Fields(from, queueId))
        {
            message.Command(
                MilterCommand.Header, Encoding.ASCII.GetBytes($"{name}\0 {value}\0"), MilterSteps.NoHeaders, MilterSteps.NoReplyHeader);
        }

        message.Command(MilterCommand.EndOfHeaders, [], MilterSteps.NoEndOfHeaders, MilterSteps.NoReplyEndOfHeaders);
        var body = Body(bodySize);
        for (var at = 0; at < body.Length; at += 65535)
        {
            message.Command(
                MilterCommand.Body, body.AsSpan(at, Math.Min(65535, body.Length - at)), MilterSteps.NoBody, MilterSteps.NoReplyBody);
        }

        message.Macros(MilterCommand.EndOfMessage, "i", queueId);
        message.Frame(MilterCommand.EndOfMessage, []);
        message.EndPiece(Awaited.Answer);
        return message;
    }

    /// <summary>Header fields as a mailing program writes them.</summary>
    public static IEnumerable<(string Name, string Value)> Fields(string from, string queueId) =>
    [
        ("Date", "Sun, 22 Nov 2026 10:15:00 +0100"),
        ("From", $"Alice Example <{from}>"),
        ("To", "Bob Example <bob@example.net>"),
        ("Subject", "Figures of the third quarter"),
        ("Message-ID", $"<{queueId}@example.org>"),
        ("MIME-Version", "1.0"),
        ("Content-Type", "text/plain; charset=us-ascii"),
        ("Content-Transfer-Encoding", "7bit"),
    ];

    /// <summary>Text of that length in lines of 76.</summary>
    public static byte[] Body(int size)
    {
        var body = new byte[size];
        for (var i = 0; i < size; i++)
            body[i] = (i % 78) switch { 76 => (byte)'\r', 77 => (byte)'\n', _ => (byte)('a' + (i * 7 % 26)) };
        "\r\n"u8.CopyTo(body.AsSpan(Math.Max(0, size - 2)));
        return body;
    }

    private void Macros(MilterCommand command, params string[] namesAndValues) =>
        Frame(MilterCommand.Macro, [(byte)command, .. Encoding.ASCII.GetBytes(string.Concat(namesAndValues.Select(text => text + '\0')))]);

    private void Command(MilterCommand command, ReadOnlySpan<byte> payload, MilterSteps leftOut, MilterSteps noReply)
    {
        if (steps.HasFlag(leftOut))
            return;
        Frame(command, payload);
        if (!steps.HasFlag(noReply))
            EndPiece(Awaited.Reply);
    }

    private void Frame(MilterCommand command, ReadOnlySpan<byte> payload)
    {
        BinaryPrimitives.WriteUInt32BigEndian(piece.GetSpan(4), (uint)payload.Length + 1);
        piece.Advance(4);
        piece.Write([(byte)command]);
        piece.Write(payload);
    }

    private void EndPiece(Awaited awaited)
    {
        if (piece.WrittenCount == 0)
            return;
        pieces.Add(new LoadPiece(piece.WrittenSpan.ToArray(), awaited));
        piece.Clear();
    }
}

/// <summary>Bytes that go out at once, and what is waited for then.</summary>
internal readonly record struct LoadPiece(byte[] Bytes, Awaited Awaited);

/// <summary>What comes back after a piece.</summary>
internal enum Awaited
{
    /// <summary>Nothing: it was negotiated so.</summary>
    Nothing,

    /// <summary>One reply.</summary>
    Reply,

    /// <summary>The answer to the message: changes, and then the last reply.</summary>
    Answer,
}
