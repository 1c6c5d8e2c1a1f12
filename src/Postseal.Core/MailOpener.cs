using System.Buffers;
using Postseal.Cms.Enveloped;
using Postseal.Mail;
using Postseal.Smime;
using Postseal.Verification;

namespace Postseal;

/// <summary>Opens a message and composes what is delivered in its place, in clear.</summary>
/// <param name="verifier">Takes layer after layer off.</param>
/// <param name="keepSignature">Whether signatures inside that pass are delivered with it; others always are.</param>
internal sealed class MailOpener(MailVerifier verifier, bool keepSignature)
{
    /// <summary>Opens a message as far as there are keys. A message that is not encrypted gets only a verdict.</summary>
    /// <param name="message">The message.</param>
    /// <param name="keys">Finds the keys that may open a layer: those of the message's recipient alone.</param>
    /// <param name="cancellationToken">Gives up waiting for keys that are elsewhere.</param>
    public async ValueTask<Opening> OpenAsync(MailMessage message, KeysFor keys, CancellationToken cancellationToken)
    {
        var reading = await verifier.OpenAsync(message, keys, cancellationToken).ConfigureAwait(false);
        try
        {
            if (!reading.IsOpened)
                return reading.Problem is { } closed ? Opening.Failed(reading, message, closed) : new Opening(reading, message);
            var (entity, kept) = ToDeliver(reading);
            if (OpenedMail.Compose(message, entity, out var why) is { } opened)
                return Opening.Of(reading, opened, kept);
            reading.Dispose();
            return Opening.Failed(
                verifier.Read(message), message, new CannotDecrypt($"what is inside cannot be delivered: {why}", DecryptionFailure.Failed));
        }
        catch
        {
            reading.Dispose();
            throw;
        }
    }

    /// <summary>Returns the entity that is delivered, and how many of the signatures inside are delivered with it.</summary>
    private (ReadOnlySequence<byte> Entity, int Signatures) ToDeliver(MailReading reading)
    {
        var (entity, kept) = (reading.Inside, reading.SignaturesInside.Count);
        if (keepSignature)
            return (entity, kept);
        foreach (var signature in reading.SignaturesInside)
        {
            if (signature is not { Layer.Result: SmimeResult.Pass, ProvesContent: true })
                break;
            (entity, kept) = (signature.Signed!.Entity, kept - 1);
        }

        return (entity, kept);
    }
}
