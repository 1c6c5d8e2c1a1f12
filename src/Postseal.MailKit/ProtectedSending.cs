using MailKit;
using MimeKit;

namespace Postseal.MailKit;

/// <summary>Sends a message protected: in one transaction, or where it is split in as many as it needs.</summary>
internal sealed class ProtectedSending(SmimeSigner signer, ICopyCarrier carrier)
{
    /// <summary>Sends a message.</summary>
    /// <param name="isAsync">Whether the caller awaits it; otherwise it is complete when it returns.</param>
    /// <param name="letter">The message, and to whom it goes.</param>
    /// <param name="progress">Takes how much was sent.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <returns>What the server said; where it said so several times, once for each transaction, in lines.</returns>
    public async ValueTask<string> SendAsync(
        bool isAsync, OutgoingLetter letter, ITransferProgress? progress, CancellationToken cancellationToken)
    {
        var mail = await signer.ProtectAsync(isAsync, letter, cancellationToken).ConfigureAwait(false);
        var earlier = letter.Recipients.Count > 0 ? EarlierDeliveries.Take(letter, mail.Content) : null;
        if (mail.Copy is not { } copy || earlier is not null)
        {
            return await new SplitSending(signer, carrier, letter, mail, earlier, isAsync)
                .SendAsync(progress, cancellationToken).ConfigureAwait(false);
        }

        var reply = await carrier.CarryAsync(
            isAsync, new Flight(mail.Outcome, copy, isSplit: false), (letter.Sender!, letter.Recipients), letter.Options, progress,
            cancellationToken).ConfigureAwait(false);
        return reply.Response!;
    }
}
