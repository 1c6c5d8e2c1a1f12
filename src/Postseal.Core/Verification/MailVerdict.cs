using Postseal.Mail;

namespace Postseal.Verification;

/// <summary>What is to be said of a message that came: whether its author signed it.</summary>
public sealed record MailVerdict
{
    /// <param name="layers">The signatures.</param>
    /// <param name="decisive">The one that the result is about.</param>
    /// <param name="end">What is in the innermost layer, where nobody signed it.</param>
    internal MailVerdict(IReadOnlyList<SignatureLayer> layers, SignatureLayer? decisive, string end) =>
        (Result, Reason, Layers, Decisive) = (decisive?.Result ?? SmimeResult.None, decisive?.Reason ?? end, layers, decisive);

    /// <summary>Gets the result: that of the outermost signature that passes, or if none does, of the outermost one. If mail was opened and
    /// is signed inside, only the signatures inside count.</summary>
    public SmimeResult Result { get; }

    /// <summary>Gets why, for people.</summary>
    public string Reason { get; }

    /// <summary>Gets the signatures around the message, the outermost first; none where nobody signed it.</summary>
    public IReadOnlyList<SignatureLayer> Layers { get; }

    /// <summary>Gets the layer that the result is about; <see langword="null"/> where there is none.</summary>
    public SignatureLayer? Decisive { get; }

    /// <summary>Gets whether the message is what was signed. That says nothing of who signed it.</summary>
    public bool IsVerified => Decisive is { IsVerified: true };

    /// <summary>Gets whether a trust anchor stands behind every signer of it.</summary>
    public bool IsTrusted => Decisive is { IsTrusted: true };

    /// <summary>Gets whether every signer of it is the author: the one address in From.</summary>
    public bool IsByAuthor => Decisive is { IsByAuthor: true };

    /// <summary>Gets the author: the one address in From; <see langword="null"/> where that is not clear.</summary>
    public MailAddress? Author { get; internal init; }
}
