using Postseal.Certificates;
using Postseal.Certificates.Store;
using Postseal.Cms;
using Postseal.Cms.Enveloped;
using Postseal.Mail;
using Postseal.Mime.Canonical;
using Postseal.Policy;
using Postseal.Smime;

namespace Postseal;

/// <summary>
/// Encrypts opened mail again, to its reader's own certificate, whose key is not here. A reader without one never gets it in clear, but a
/// notice with the original attached, still encrypted.
/// </summary>
internal sealed class ReaderEncryption(EncryptionPolicy policy, RecipientCertificates readers, NoticeTemplate notice)
{
    /// <summary>Encrypts a message.</summary>
    /// <param name="opened">The message in clear.</param>
    /// <param name="original">The same as it came.</param>
    /// <param name="reader">Whom it is for.</param>
    /// <param name="cancellationToken">Gives up waiting for certificates that are elsewhere.</param>
    /// <exception cref="IOException">The reader's certificate cannot be looked up: try again later.</exception>
    public async ValueTask<Result> EncryptAsync(
        MailMessage opened, MailMessage original, MailAddress reader, CancellationToken cancellationToken)
    {
        var plan = new RecipientPlan(
            new Recipient(reader.ToString()), policy.For(reader), new DecidedMode(EncryptionMode.Required, "[Incoming] Deliver"))
        {
            Lookup = await readers.FindReaderAsync(reader, cancellationToken).ConfigureAwait(false),
        };
        if (plan.Certificate is { } certificate && ContentChoice.For([plan], ContentChoice.MinKeyBits([plan])) is { } content
            && CanonicalEntity.AsItIs(opened) is CanonicalEntity entity
            && EncryptedMail.Create(entity, [EnvelopeRecipients.Of(plan)], content, int.MaxValue) is { } message)
        {
            var source = ((Lookup<MailCertificate>.Found)plan.Lookup!).Source;
            return new Result(
                "reencrypted", message,
                new Fact.Encrypted([new EncryptedTo(plan.Recipient, certificate.Certificate, source)], content, ToSender: false));
        }

        var why = plan.Obstacle ?? new Rejection(RejectionKind.Malformed, "what is inside cannot be encrypted again");
        return new Result(
            "notice", MissingCertificateNotice.Compose(original, notice, reader),
            new Fact.NotEncrypted([new NotEncryptedTo(plan.Recipient, why)], why, NeedsAttention: true));
    }

    /// <summary>What the reader gets.</summary>
    /// <param name="Name">What that is, in a word: <c>reencrypted</c> or <c>notice</c>.</param>
    /// <param name="Message">The message.</param>
    /// <param name="Fact">How it came about.</param>
    internal sealed record Result(string Name, MailMessage Message, Fact Fact);
}
