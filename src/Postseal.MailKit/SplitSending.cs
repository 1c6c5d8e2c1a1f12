using System.Runtime.ExceptionServices;
using MailKit;
using MailKit.Net.Smtp;
using MimeKit;

namespace Postseal.MailKit;

/// <summary>
/// Sends a message that is split: each recipient his copy, made when it is his turn, and one for all those for whom nothing is
/// encrypted. What is refused for one is no matter of the others. What was accepted is remembered until the rest is.
/// </summary>
internal sealed class SplitSending(
    SmimeSigner signer, ICopyCarrier carrier, OutgoingLetter letter, ProtectedLetter mail, EarlierDeliveries? earlier, bool isAsync)
{
    private readonly List<AcceptedCopy> accepted = [.. earlier?.Among(letter.Recipients) ?? []];
    private readonly List<UndeliveredRecipient> remaining = [];
    private readonly List<RecipientOutcome> told = [];
    private List<RecipientOutcome> underWay = [];
    private SmtpCommandException? nobodyTaken;
    private SplitProgress? progress;
    private MimeMessage? fileCopy = earlier?.FileCopy;

    /// <summary>Sends it to all who did not get it yet.</summary>
    /// <returns>The server's replies, each once, in lines.</returns>
    /// <exception cref="PartialDeliveryException">Some got it, and others did not.</exception>
    public async ValueTask<string> SendAsync(ITransferProgress? listener, CancellationToken cancellationToken)
    {
        var done = accepted.Select(copy => copy.Recipient.Mailbox.Address).ToHashSet(StringComparer.Ordinal);
        var waiting = letter.Recipients.Where(recipient => !done.Contains(recipient.Address)).ToList();
        progress = listener is null ? null : new SplitProgress(listener);
        ExceptionDispatchInfo? end = null;
        try
        {
            if (mail.Copy is { } whole)
                await CarryAsync(whole, [.. mail.Outcome.Recipients.Where(to => !done.Contains(to.Mailbox.Address))], 0, cancellationToken).ConfigureAwait(false);
            else
                await CarryCopiesAsync(mail.Split!, waiting, cancellationToken).ConfigureAwait(false);
        }
        catch (Exception e)
        {
            // Whatever it is, it ends the connection or the wish to send: nobody is tried after it.
            end = ExceptionDispatchInfo.Capture(e);
        }

        Conclude(waiting, end, cancellationToken);
        var response = string.Join('\n', accepted.Select(copy => copy.Response).Distinct());
        carrier.TellSent(Outcome(), response);
        return response;
    }

    private async ValueTask CarryCopiesAsync(SplitLetter split, List<MailboxAddress> waiting, CancellationToken cancellationToken)
    {
        var plain = new List<RecipientOutcome>();
        for (var i = 0; i < waiting.Count; i++)
        {
            var left = waiting.Count - i - 1 + (plain.Count > 0 ? 1 : 0);
            RecipientCopy copy;
            try
            {
                copy = await signer.ProtectForAsync(isAsync, split, waiting[i], cancellationToken).ConfigureAwait(false);
            }
            catch (ProtectionException e)
            {
                Fail(waiting[i], e.Reason, e is EncryptionFailedException, e);
                continue;
            }

            if (copy.ToSender)
                fileCopy ??= copy.Message;
            if (copy.IsShared)
                plain.Add(copy.Recipient);
            else
                await CarryAsync(copy.Message, [copy.Recipient], left, cancellationToken).ConfigureAwait(false);
        }

        if (plain.Count > 0)
            await CarryAsync(split.Plain, plain, 0, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Carries one copy. A recipient whom the server refuses keeps it from none of the others.</summary>
    private async ValueTask CarryAsync(MimeMessage copy, List<RecipientOutcome> to, int left, CancellationToken cancellationToken)
    {
        underWay = to;
        while (to.Count > 0)
        {
            progress?.Next(left);
            try
            {
                var reply = await carrier.CarryAsync(
                    isAsync, new Flight(mail.Outcome, copy, isSplit: true), (letter.Sender!, [.. to.Select(recipient => recipient.Mailbox)]),
                    letter.Options, progress, cancellationToken).ConfigureAwait(false);
                nobodyTaken ??= reply.NobodyTaken;
                told.AddRange(to);
                if (reply.Response is { } response)
                {
                    accepted.AddRange(to.Where(recipient => !reply.NotTaken.Contains(recipient.Mailbox))
                        .Select(recipient => new AcceptedCopy(recipient, response)));
                }

                break;
            }
            catch (SmtpCommandException e) when (e.ErrorCode == SmtpErrorCode.RecipientNotAccepted && Refused(to, e) is { } refused)
            {
                Fail(refused.Mailbox, e.Message, IsTemporary(e), e);
                to.Remove(refused);
            }
            catch (SmtpCommandException e) when (e.ErrorCode != SmtpErrorCode.SenderNotAccepted)
            {
                foreach (var recipient in to)
                    Fail(recipient.Mailbox, e.Message, IsTemporary(e), e);
                break;
            }
        }

        underWay = [];
    }

    /// <summary>Remembers who got it, and throws where somebody did not.</summary>
    private void Conclude(List<MailboxAddress> waiting, ExceptionDispatchInfo? end, CancellationToken cancellationToken)
    {
        var first = end?.SourceException ?? remaining.FirstOrDefault()?.Error;
        if (end is not null)
            FailAllLeft(waiting, end.SourceException);
        EarlierDeliveries.Keep(letter, mail.Content, earlier, remaining.Count > 0 ? accepted : [], fileCopy);
        if (remaining.Count == 0 && accepted.Count > 0)
            return;
        if (remaining.Count == 0)
            carrier.TellNobodyTaken(letter.Message);
        if (accepted.Count == 0)
            ExceptionDispatchInfo.Throw(first ?? nobodyTaken!);
        var partial = new PartialDeliveryException(
            [.. InOrder(accepted, copy => copy.Recipient.Mailbox).Select(copy => copy.Recipient.Mailbox)],
            [.. InOrder(remaining, recipient => recipient.Mailbox)], first);
        throw first is OperationCanceledException
            ? new OperationCanceledException(partial.Message, partial, cancellationToken)
            : partial;
    }

    private void FailAllLeft(List<MailboxAddress> waiting, Exception end)
    {
        foreach (var recipient in underWay)
            Fail(recipient.Mailbox, end.Message, isTemporary: true, end);
        var settled = accepted.Select(copy => copy.Recipient.Mailbox).Concat(told.Select(to => to.Mailbox))
            .Concat(remaining.Select(recipient => recipient.Mailbox)).ToHashSet();
        foreach (var recipient in waiting.Where(recipient => !settled.Contains(recipient)))
            Fail(recipient, $"not tried, as sending had ended: {end.Message}", isTemporary: true, error: null);
    }

    /// <summary>Puts what is known of recipients into the order in which the program gave them.</summary>
    private IEnumerable<T> InOrder<T>(IEnumerable<T> list, Func<T, MailboxAddress> mailbox)
    {
        var places = letter.Recipients.Index().ToDictionary(recipient => recipient.Item.Address, recipient => recipient.Index);
        return list.OrderBy(item => places[mailbox(item).Address]);
    }

    private ProtectionOutcome Outcome()
    {
        var outcomes = accepted.Select(copy => copy.Recipient).Concat(told).DistinctBy(to => to.Mailbox.Address)
            .ToDictionary(to => to.Mailbox.Address);
        return mail.Outcome with
        {
            Message = mail.Copy is null ? fileCopy ?? mail.Outcome.Signed : mail.Outcome.Message,
            Recipients = [.. letter.Recipients.Select(recipient => outcomes[recipient.Address])],
        };
    }

    private void Fail(MailboxAddress recipient, string reason, bool isTemporary, Exception? error) =>
        remaining.Add(new UndeliveredRecipient(recipient, reason, isTemporary) { Error = error });

    private static RecipientOutcome? Refused(List<RecipientOutcome> to, SmtpCommandException e) =>
        to.Find(recipient => recipient.Mailbox.Equals(e.Mailbox));

    private static bool IsTemporary(SmtpCommandException e) => (int)e.StatusCode < 500;
}

/// <summary>A recipient whose copy a server has accepted.</summary>
/// <param name="Recipient">How it left for him.</param>
/// <param name="Response">What the server said.</param>
internal sealed record AcceptedCopy(RecipientOutcome Recipient, string Response);
