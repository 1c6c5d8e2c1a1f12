using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography.X509Certificates;
using MimeKit;

namespace Postseal.MailKit;

/// <summary>Describes what happened to a message: signed, or as it was, because the settings say so or nobody could sign.</summary>
public record SigningOutcome
{
    internal SigningOutcome(MimeMessage original, MimeMessage message) => (Original, Message) = (original, message);

    /// <summary>Gets the message as it was handed in.</summary>
    public MimeMessage Original { get; }

    /// <summary>
    /// Gets the message to send, or to file as sent: the signed copy, or <see cref="Original"/> where it is not signed. The
    /// copy is written exactly as it was signed; to look into its parts, load what it writes.
    /// </summary>
    public MimeMessage Message { get; internal init; }

    /// <summary>Gets whether the message is signed.</summary>
    [MemberNotNullWhen(true, nameof(Certificate), nameof(Signer))]
    [MemberNotNullWhen(false, nameof(Reason))]
    public bool IsSigned => Certificate is not null;

    /// <summary>Gets the address the signature speaks for; <see langword="null"/> where there is none.</summary>
    public string? Signer { get; internal init; }

    /// <summary>Gets the certificate it was signed with; <see langword="null"/> where it is not signed.</summary>
    public X509Certificate2? Certificate { get; internal init; }

    /// <summary>Gets why it is not signed, as a clause; <see langword="null"/> where it is.</summary>
    public string? Reason { get; internal init; }

    /// <summary>Describes the outcome in one line for logs, without any content of the message.</summary>
    public override string ToString() =>
        IsSigned ? $"signed as {Signer} with {Certificate.Subject} (serial {Certificate.SerialNumber})" : $"not signed: {Reason}";
}
