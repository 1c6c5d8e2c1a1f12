using Postseal.Mail;
using Postseal.Policy;

namespace Postseal;

/// <summary>Gives mail from outside to one processor, and all other mail to the other.</summary>
/// <param name="outgoing">Protects what leaves.</param>
/// <param name="incoming">Verifies what comes in.</param>
internal sealed class MailRouter(IMailProcessor outgoing, IncomingProcessor incoming) : IMailProcessor
{
    /// <inheritdoc/>
    public bool AppliesTo(Envelope envelope, IReadOnlyList<HeaderField> headers) => For(envelope).AppliesTo(envelope, headers);

    /// <inheritdoc/>
    public ValueTask<Outcome> ProcessAsync(MailMessage message, Envelope envelope, CancellationToken cancellationToken = default) =>
        For(envelope).ProcessAsync(message, envelope, cancellationToken);

    private IMailProcessor For(Envelope envelope) => incoming.IsFromOutside(envelope) ? incoming : outgoing;
}
