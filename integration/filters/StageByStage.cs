using System.Buffers;
using System.Text;

namespace Milter.Integration;

/// <summary>
/// The low-level side: replies to each stage as its data asks (an address <c>rcpt-reject@…</c>), to those of the content
/// as the field <c>X-Trial</c> does, and changes a message with <c>X-Trial: change</c> call by call.
/// </summary>
internal sealed class StageByStage : MilterHandler
{
    private string wish = "";

    public override ValueTask<MilterReply> ConnectAsync(MilterContext context, CancellationToken cancellationToken) =>
        new(Trial.Reply("connect", context.Client.HostName));

    public override ValueTask<MilterReply> HeloAsync(MilterContext context, CancellationToken cancellationToken) =>
        new(Trial.Reply("helo", context.Helo!));

    public override ValueTask<MilterReply> MailAsync(
        MilterContext context, EnvelopeAddress sender, CancellationToken cancellationToken) =>
        new(Trial.Reply("mail", sender.Address));

    public override ValueTask<MilterReply> RecipientAsync(
        MilterContext context, EnvelopeAddress recipient, CancellationToken cancellationToken) =>
        new(Trial.Reply("rcpt", recipient.Address));

    public override ValueTask<MilterReply> HeaderAsync(
        MilterContext context, MilterHeader header, CancellationToken cancellationToken)
    {
        if (header.Is(Trial.Field))
            wish = Encoding.UTF8.GetString(header.Value.Span).Trim();
        return new(Trial.Reply("header", wish));
    }

    public override ValueTask<MilterReply> EndOfHeadersAsync(
        MilterContext context, CancellationToken cancellationToken) =>
        new(Trial.Reply("eoh", wish));

    public override ValueTask<MilterReply> BodyAsync(
        MilterContext context, ReadOnlySequence<byte> chunk, CancellationToken cancellationToken) =>
        new(Trial.Reply("body", wish));

    public override ValueTask<MilterReply> EndOfMessageAsync(
        MilterContext context, MilterChanges changes, CancellationToken cancellationToken)
    {
        if (wish == "change")
            Change(changes);
        return new(Trial.Reply("eom", wish));
    }

    public override void Reset() => wish = "";

    private static void Change(MilterChanges changes)
    {
        changes.InsertHeader(1, new("X-Inserted", " below the MTA's own Received"));
        changes.AddHeader(new("X-Added", " in the end"));
        changes.ChangeHeader(1, new("Subject", " changed"));
        changes.ChangeHeader(2, new("X-Many", " the second,\n folded"));
        changes.DeleteHeader(1, "X-Many"u8);
        changes.ReplaceBody(new(Trial.NewBody));
        changes.ChangeSender(new("changed@example.org"));
        changes.AddRecipient(new("added@example.net"));
        changes.AddRecipient(new("added-with-dsn@example.net", ["NOTIFY=NEVER"]));
        changes.DeleteRecipient(new("first@example.net"));
    }
}
