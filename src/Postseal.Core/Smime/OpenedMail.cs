using System.Buffers;
using Postseal.Mail;

namespace Postseal.Smime;

/// <summary>Composes what is delivered in the place of an encrypted message.</summary>
internal static class OpenedMail
{
    /// <summary>Composes it.</summary>
    /// <param name="outer">The message as it came.</param>
    /// <param name="entity">What was inside.</param>
    /// <param name="why">Why there is none.</param>
    public static MailMessage? Compose(MailMessage outer, in ReadOnlySequence<byte> entity, out string? why)
    {
        why = "it is not composed yet";
        return null;
    }
}
