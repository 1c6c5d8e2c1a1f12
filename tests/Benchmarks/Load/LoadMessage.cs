using System.Buffers;
using System.Buffers.Binary;
using System.Text;
using Milter;
using Milter.Testing;
using Postseal.Policy;

namespace Postseal.Benchmarks.Load;

/// <summary>
/// A message as the bytes an MTA puts on the wire, made once for the steps that were negotiated: what may be sent without
/// waiting for a reply lies in one piece.
/// </summary>
internal sealed class LoadMessage
{
    private const int MaxChunk = 65535;

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
    public static LoadMessage Of(MtaMessage letter, MilterSteps steps)
    {
        var message = new LoadMessage(steps);
        message.Envelope(letter);
        foreach (var header in letter.Headers)
        {
            message.Command(
                MilterCommand.Header, [.. header.Name.Span, 0, .. header.Value.Span, 0], MilterSteps.NoHeaders, MilterSteps.NoReplyHeader);
        }

        message.Command(MilterCommand.EndOfHeaders, [], MilterSteps.NoEndOfHeaders, MilterSteps.NoReplyEndOfHeaders);
        for (var rest = letter.Body.Span; !rest.IsEmpty; rest = rest[Math.Min(rest.Length, MaxChunk)..])
            message.Command(MilterCommand.Body, rest[..Math.Min(rest.Length, MaxChunk)], MilterSteps.NoBody, MilterSteps.NoReplyBody);
        message.Macros(MilterCommand.EndOfMessage, "i", letter.QueueId);
        message.Frame(MilterCommand.EndOfMessage, []);
        message.EndPiece(Awaited.Answer);
        return message;
    }

    private void Envelope(MtaMessage letter)
    {
        Macros(MilterCommand.Mail, "{mail_addr}", letter.Sender);
        Command(MilterCommand.Mail, Encoding.ASCII.GetBytes($"<{letter.Sender}>\0"), MilterSteps.NoMail, MilterSteps.NoReplyMail);
        foreach (var recipient in letter.Recipients)
        {
            Macros(MilterCommand.Recipient, "{rcpt_addr}", recipient);
            Command(
                MilterCommand.Recipient, Encoding.ASCII.GetBytes($"<{recipient}>\0"), MilterSteps.NoRecipient, MilterSteps.NoReplyRecipient);
        }

        Macros(MilterCommand.Data, "i", letter.QueueId);
        Command(MilterCommand.Data, [], MilterSteps.NoData, MilterSteps.NoReplyData);
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
