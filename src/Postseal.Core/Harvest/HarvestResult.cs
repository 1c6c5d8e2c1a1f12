using System.Security.Cryptography.X509Certificates;
using Postseal.Mail;

namespace Postseal.Harvest;

/// <summary>What was learned from one message.</summary>
public sealed record HarvestResult
{
    internal HarvestResult(HarvestKind kind, string why) => (Kind, Why) = (kind, why);

    /// <summary>Gets what became of the certificate.</summary>
    public HarvestKind Kind { get; }

    /// <summary>Gets why, for people.</summary>
    public string Why { get; }

    /// <summary>Gets whose it is: the author's address; <see langword="null"/> if that is not clear.</summary>
    public MailAddress? Address { get; internal init; }

    /// <summary>Gets the certificate that mail to the author is to be encrypted to, or if there is none, the one that signed;
    /// <see langword="null"/> if nothing can be learned.</summary>
    public X509Certificate2? Certificate { get; internal init; }

    /// <summary>Gets whether it is worth a log line: nearly all mail has nothing new to learn from.</summary>
    public bool IsNews => Kind is not (HarvestKind.None or HarvestKind.Known);
}

/// <summary>The kinds of <see cref="HarvestResult"/>.</summary>
public enum HarvestKind
{
    /// <summary>There is nothing to be learned: the message has no signature that passes.</summary>
    None,

    /// <summary>The certificate is known already.</summary>
    Known,

    /// <summary>It is the first of its owner.</summary>
    New,

    /// <summary>It takes the place of an earlier one by the same CA.</summary>
    Renewed,

    /// <summary>It takes the place of another that it does not renew: the key changed.</summary>
    Replaced,

    /// <summary>It waits for a person's approval.</summary>
    Pending,

    /// <summary>The mail does not meet a condition for learning from it.</summary>
    Refused,

    /// <summary>It cannot be stored now.</summary>
    Failed,
}
