using System.Buffers;
using Milter;
using Milter.Testing;

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
    private bool carriesBody;

    private LoadMessage(MilterSteps steps) => this.steps = steps;

    /// <summary>What is sent, piece by piece, each with what is waited for after it.</summary>
    public IReadOnlyList<LoadPiece> Pieces => pieces;

    /// <summary>CONNECT and HELO, which come once for all messages of a connection.</summary>
    public static LoadMessage Greeting(MtaMessage letter, MilterSteps steps)
    {
        var greeting = new LoadMessage(steps);
        greeting.Macros(MilterCommand.Connect, "j", "mail.example.org", "{daemon_name}", "mail.example.org", "v", "Postfix 3.7.11");
        greeting.Command(
            MilterCommand.Connect, MilterClient.ClientInfo(letter.ClientName, letter.ClientAddress, 40_000),
            MilterSteps.NoConnect, MilterSteps.NoReplyConnect);
        greeting.Command(MilterCommand.Helo, MilterClient.Strings(letter.Helo), MilterSteps.NoHelo, MilterSteps.NoReplyHelo);
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
        Command(MilterCommand.Mail, MilterClient.Strings($"<{letter.Sender}>"), MilterSteps.NoMail, MilterSteps.NoReplyMail);
        foreach (var recipient in letter.Recipients)
        {
            Macros(MilterCommand.Recipient, "{rcpt_addr}", recipient);
            Command(MilterCommand.Recipient, MilterClient.Strings($"<{recipient}>"), MilterSteps.NoRecipient, MilterSteps.NoReplyRecipient);
        }

        Macros(MilterCommand.Data, "i", letter.QueueId);
        Command(MilterCommand.Data, [], MilterSteps.NoData, MilterSteps.NoReplyData);
    }

    private void Macros(MilterCommand command, params string[] namesAndValues) =>
        Frame(MilterCommand.Macro, [(byte)command, .. MilterClient.Strings(namesAndValues)]);

    private void Command(MilterCommand command, ReadOnlySpan<byte> payload, MilterSteps leftOut, MilterSteps noReply)
    {
        if (steps.HasFlag(leftOut))
            return;
        Frame(command, payload);
        carriesBody |= command == MilterCommand.Body;
        if (!steps.HasFlag(noReply))
            EndPiece(Awaited.Reply);
    }

    private void Frame(MilterCommand command, ReadOnlySpan<byte> payload) => FrameWriter.Write(piece, (byte)command, payload);

    private void EndPiece(Awaited awaited)
    {
        if (piece.WrittenCount == 0)
            return;
        pieces.Add(new LoadPiece(piece.WrittenSpan.ToArray(), awaited, carriesBody));
        piece.Clear();
    }
}

/// <summary>Bytes that go out at once, and what is waited for then.</summary>
/// <param name="Bytes">The bytes.</param>
/// <param name="Awaited">What is waited for.</param>
/// <param name="CarriesBody">Whether something of the body is in it, or was in a piece before.</param>
internal readonly record struct LoadPiece(byte[] Bytes, Awaited Awaited, bool CarriesBody);

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
