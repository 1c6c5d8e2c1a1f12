using System.Buffers;
using System.Globalization;
using System.Text;

namespace Milter.Integration;

/// <summary>
/// The low-level side: replies to each stage as its data asks (an address <c>rcpt-reject@…</c>), to those of the
/// content as the field <c>X-Trial</c> does, and changes a message call by call, for <c>X-Trial: script</c> as the body
/// says. It writes its calls to standard output, so that a real MTA's can be compared with the double's.
/// </summary>
internal sealed class StageByStage : MilterHandler
{
    private string wish = "";
    private EnvelopeAddress? first;
    private byte[] body = [];

    public override ValueTask<MilterReply> ConnectAsync(MilterContext context, CancellationToken cancellationToken) =>
        Reply(context, "connect", context.Client.HostName, $"{context.Client.Family} {context.Client.Address}");

    public override ValueTask<MilterReply> HeloAsync(MilterContext context, CancellationToken cancellationToken) =>
        Reply(context, "helo", context.Helo!, context.Helo!);

    public override ValueTask<MilterReply> MailAsync(
        MilterContext context, EnvelopeAddress sender, CancellationToken cancellationToken) =>
        Reply(context, "mail", sender.Address, $"{sender} {context.Macro("mail_addr")}");

    public override ValueTask<MilterReply> RecipientAsync(
        MilterContext context, EnvelopeAddress recipient, CancellationToken cancellationToken)
    {
        first ??= recipient;
        return Reply(context, "rcpt", recipient.Address, $"{recipient} {context.Macro("rcpt_addr")}");
    }

    public override ValueTask<MilterReply> DataAsync(MilterContext context, CancellationToken cancellationToken) =>
        Reply(context, "data", "", "");

    public override ValueTask<MilterReply> HeaderAsync(
        MilterContext context, MilterHeader header, CancellationToken cancellationToken)
    {
        if (header.Is(Trial.Field))
            wish = Encoding.UTF8.GetString(header.Value.Span).Trim();
        return Reply(context, "header", wish, header.ToString());
    }

    public override ValueTask<MilterReply> EndOfHeadersAsync(
        MilterContext context, CancellationToken cancellationToken) => Reply(context, "eoh", wish, "");

    public override ValueTask<MilterReply> BodyAsync(
        MilterContext context, ReadOnlySequence<byte> chunk, CancellationToken cancellationToken)
    {
        body = [.. body, .. chunk.ToArray()];
        return Reply(context, "body", wish, $"{chunk.Length} bytes");
    }

    public override ValueTask<MilterReply> EndOfMessageAsync(
        MilterContext context, MilterChanges changes, CancellationToken cancellationToken)
    {
        if (wish == "change")
            Change(changes, first!, context.Negotiation.Actions);
        else if (wish == "script")
            Array.ForEach(Trial.Lines(body), line => Run(line, changes));
        else if (wish == "mark")
            changes.AddHeader(new("X-Mark", " yes"));
        else if (wish == "quarantine")
            changes.Quarantine("a person shall look at it");
        return Reply(context, "eom", wish, "");
    }

    public override void Reset()
    {
        (wish, first, body) = ("", null, []);
        Console.WriteLine("reset");
    }

    private static ValueTask<MilterReply> Reply(MilterContext context, string stage, string wish, string seen)
    {
        var id = context.QueueId is null ? "" : " with queue id";
        Console.WriteLine($"{stage}{id}: {seen.Replace('\n', '|')}");
        return new(Trial.Reply(stage, wish));
    }

    // A change of the header section in a line: add X: y, insert 2 X: y, change 1 X: y, delete 1 X
    private static void Run(string line, MilterChanges changes)
    {
        var words = line.Split(' ', 3);
        switch (words[0])
        {
            case "add":
                changes.AddHeader(Trial.ParseHeader(line["add ".Length..]));
                break;
            case "insert":
                changes.InsertHeader(int.Parse(words[1], CultureInfo.InvariantCulture), Trial.ParseHeader(words[2]));
                break;
            case "change":
                changes.ChangeHeader(int.Parse(words[1], CultureInfo.InvariantCulture), Trial.ParseHeader(words[2]));
                break;
            case "delete":
                changes.DeleteHeader(
                    int.Parse(words[1], CultureInfo.InvariantCulture), Encoding.Latin1.GetBytes(words[2]));
                break;
            default:
                throw new FormatException(line);
        }
    }

    private static void Change(MilterChanges changes, EnvelopeAddress first, MilterActions agreed)
    {
        changes.InsertHeader(1, new("X-Inserted", " below the MTA's own Received"));
        changes.AddHeader(new("X-Added", " in the end"));
        changes.ChangeHeader(1, new("Subject", " changed"));
        changes.ChangeHeader(2, new("X-Many", " the second,\n folded"));
        changes.DeleteHeader(1, "X-Many"u8);
        changes.ReplaceBody(new(Trial.NewBody));
        changes.ChangeSender(new("changed@example.org"));
        changes.AddRecipient(Trial.Neighbour(first, "added"));
        // go-milter has no such reply, so its client does not offer it.
        if (agreed.HasFlag(MilterActions.AddRecipientsWithParameters))
            changes.AddRecipient(Trial.Neighbour(first, "added-with-dsn", "NOTIFY=NEVER"));
        changes.DeleteRecipient(first);
    }
}
