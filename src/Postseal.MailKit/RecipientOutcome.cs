using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography.X509Certificates;
using MimeKit;
using Postseal.Cms;

namespace Postseal.MailKit;

/// <summary>Describes how a message left for one of its recipients.</summary>
public sealed record RecipientOutcome
{
    internal RecipientOutcome(MailboxAddress mailbox) => Mailbox = mailbox;

    /// <summary>Gets the recipient.</summary>
    public MailboxAddress Mailbox { get; }

    /// <summary>Gets whether he gets it encrypted to him.</summary>
    [MemberNotNullWhen(true, nameof(Certificate), nameof(Content), nameof(Source))]
    [MemberNotNullWhen(false, nameof(Reason))]
    public bool IsEncrypted => Certificate is not null;

    /// <summary>Gets the certificate it was encrypted to; <see langword="null"/> where it was not.</summary>
    public X509Certificate2? Certificate { get; internal init; }

    /// <summary>Gets where that was found, for people: the file; <see langword="null"/> where it was not encrypted.</summary>
    public string? Source { get; internal init; }

    /// <summary>Gets the content encryption; <see langword="null"/> where it was not encrypted.</summary>
    public ContentEncryption? Content { get; internal init; }

    /// <summary>Gets why it was not encrypted, as a clause; <see langword="null"/> where it was.</summary>
    public string? Reason { get; internal init; }

    /// <summary>Describes it in one line for logs, without any content of the message.</summary>
    public override string ToString() => IsEncrypted
        ? $"{Mailbox.Address}: encrypted with {Content} to {Certificate.Subject} (serial {Certificate.SerialNumber}) from {Source}"
        : $"{Mailbox.Address}: not encrypted: {Reason}";
}
