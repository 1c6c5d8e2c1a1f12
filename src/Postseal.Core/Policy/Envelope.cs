using System.Net;
using Postseal.Mail;

namespace Postseal.Policy;

/// <summary>What the mail system says of a message, besides the message itself.</summary>
public sealed record Envelope
{
    /// <summary>MAIL FROM (RFC 5321 section 4.1.1.2); <see langword="null"/> for the empty reverse-path <c>&lt;&gt;</c>.</summary>
    public MailAddress? Sender { get; init; }

    /// <summary>The address of the client that handed the message in; <see langword="null"/> when it is not known.</summary>
    public IPAddress? ClientAddress { get; init; }

    /// <summary>
    /// The name the client authenticated as (RFC 4954); <see langword="null"/> when it did not. An empty name is that of a
    /// client that authenticated as nobody: it may not sign as anyone.
    /// </summary>
    public string? AuthenticatedUser { get; init; }
}
