using Postseal.Certificates;
using Postseal.Cms;
using Postseal.Cms.Enveloped;
using Postseal.Mail;
using Postseal.Policy;
using Postseal.Verification;

namespace Postseal;

/// <summary>
/// Opens incoming mail with the keys of the one recipient of the envelope. The mail system says whose keys are tried, never the message:
/// otherwise anybody could read what was encrypted to somebody else by sending it to himself.
/// </summary>
/// <param name="options">What is opened, and how it is delivered.</param>
/// <param name="verifier">Takes layer after layer off.</param>
/// <param name="keys">Has the keys.</param>
/// <param name="readers">Encrypts again, where that is how mail is delivered.</param>
internal sealed class OpeningStage(IncomingOptions options, MailVerifier verifier, IDecryptionSource keys, ReaderEncryption readers)
{
    private readonly MailOpener opener = new(verifier, options.KeepSignature);

    /// <summary>Opens a message, or says why it stays as it is.</summary>
    /// <param name="message">The message, without what strangers wrote in our name.</param>
    /// <param name="envelope">Whom it is for.</param>
    /// <param name="cancellationToken">Gives up waiting for keys that are elsewhere.</param>
    /// <exception cref="IOException">The keys cannot be looked up: try again later.</exception>
    /// <exception cref="UnauthorizedAccessException">The keys must not be read: try again later.</exception>
    public async ValueTask<Opening> RunAsync(MailMessage message, Envelope envelope, CancellationToken cancellationToken)
    {
        if (!options.Decrypt)
            return new Opening(verifier.Read(message), message);
        var recipients = envelope.Recipients.DistinctBy(recipient => (object?)recipient.Address ?? recipient.Text).ToArray();
        if (recipients is not [{ Address: { } recipient } only] || IsLater(only, envelope) || WhyReturned(envelope) is not null)
            return await KeepClosedAsync(message, recipients, envelope, cancellationToken).ConfigureAwait(false);
        var opening = await opener.OpenAsync(
            message, (layer, cancellation) => keys.FindDecryptionKeysAsync(recipient, layer.Names, cancellation), cancellationToken)
            .ConfigureAwait(false);
        return opening.IsOpened && options.Deliver == OpenedDelivery.Reencrypted
            ? await EncryptAsync(opening, message, recipient, cancellationToken).ConfigureAwait(false)
            : opening;
    }

    /// <summary>Verifies a message without any key, and says what becomes of it if it is encrypted.</summary>
    private async ValueTask<Opening> KeepClosedAsync(
        MailMessage message, Recipient[] recipients, Envelope envelope, CancellationToken cancellationToken)
    {
        var closed = await opener.OpenAsync(message, NoKeys, cancellationToken).ConfigureAwait(false);
        if (closed.Problem is null or { Kind: DecryptionFailure.NobodyCould })
            return closed;
        if (recipients is [{ Address: not null } only] && !IsLater(only, envelope))
            return closed.Withheld(WhyReturned(envelope)!);
        return await MayBeOpenedForAsync(recipients, closed.Reading.Closed!, cancellationToken).ConfigureAwait(false)
            ? closed.ForEachRecipient(envelope.CanSplit)
            : closed;
    }

    /// <summary>Determines whether the address may be an alias, so that only the second pass knows the recipient: mail opened for an alias
    /// would go in clear to everyone behind it, even at other hosts.</summary>
    private static bool IsLater(Recipient recipient, Envelope envelope) => recipient.MayExpand && envelope is { CanSplit: true, Ticket: null };

    /// <summary>Returns how something of what is inside would go back to the sender, who need not be able to read it; <see langword="null"/>
    /// where nothing does. It is asked whatever keys there are, so that the answer tells of none.</summary>
    private static string? WhyReturned(Envelope envelope) =>
        envelope.ReturnsText
            ? "what the mail system returns to its sender would carry what is inside: the MTA, or the server of [Splitting] Reinject, does not leave "
                + "it out (RET=HDRS; SMFIF_CHGFROM of a milter, Postfix 3.3 or later, DSN of a server)"
        // RFC 3461 section 5.2.2, RFC 3464 section 2.1: the header comes with it as it was delivered, with what was found inside.
        : envelope.Recipients.Any(recipient => recipient.ReportsSuccess)
            ? "its sender asked for a report of its delivery (NOTIFY=SUCCESS), which would carry the header of what is inside, and that it was opened; "
                + "with smtpd_discard_ehlo_keywords = dsn Postfix takes no such wish"
        : null;

    private static ValueTask<IReadOnlyList<DecryptionKey>> NoKeys(ReceivedEnvelope envelope, CancellationToken cancellationToken) =>
        ValueTask.FromResult<IReadOnlyList<DecryptionKey>>([]);

    /// <summary>Determines whether it may be opened for one of several recipients, or for somebody behind an alias.</summary>
    private async ValueTask<bool> MayBeOpenedForAsync(
        Recipient[] recipients, ReceivedEnvelope envelope, CancellationToken cancellationToken)
    {
        foreach (var recipient in recipients)
        {
            if (recipient.MayExpand)
                return true;
            if (recipient.Address is { } address
                && (await keys.FindDecryptionKeysAsync(address, envelope.Names, cancellationToken).ConfigureAwait(false)).Count > 0)
            {
                return true;
            }
        }

        return false;
    }

    private async ValueTask<Opening> EncryptAsync(Opening opening, MailMessage original, MailAddress reader, CancellationToken cancellationToken)
    {
        try
        {
            return opening.DeliveredAs(await readers.EncryptAsync(opening.Message, original, reader, cancellationToken).ConfigureAwait(false));
        }
        catch
        {
            opening.Reading.Dispose();
            throw;
        }
    }
}
