using Postseal.Certificates;
using Postseal.Mail;

namespace Postseal.Policy;

/// <summary>Composes the replies to senders of mail that must be signed: which rule stopped it and who can help. The details go to the log.</summary>
internal static class OutgoingReplies
{
    /// <summary>Finds the reply to a rejection.</summary>
    public static SmtpReply For(RejectionKind kind) => kind switch
    {
        RejectionKind.AuthorUnclear => AuthorUnclear,
        RejectionKind.NotTheSender => NotTheSender,
        RejectionKind.NotTheAuthorsSignature => NotTheAuthorsSignature,
        RejectionKind.NoVisibleSignature => NoVisibleSignature,
        RejectionKind.NoCertificate => NoCertificate,
        RejectionKind.TooLarge => TooLarge,
        RejectionKind.Malformed => Malformed,
        _ => NoUsableCertificate,
    };

    private static readonly SmtpReply AuthorUnclear = new(
        550, "5.7.1", "This mail must be signed, but its From field does not name its author without doubt; correct it and send again");

    private static readonly SmtpReply NotTheSender = new(
        550, "5.7.1", "This mail must be signed, but you may not sign for the address in its From field; send it with your own");

    private static readonly SmtpReply NotTheAuthorsSignature = new(
        550, "5.7.1", "This mail must be signed, but its signature is not by a certificate of its From address; send it unsigned, to be signed here");

    private static readonly SmtpReply NoVisibleSignature = new(
        550, "5.7.1", "This mail must be signed, and nobody can see whether it is, as it came encrypted or wrapped; send it plain, to be signed here");

    private static readonly SmtpReply NoCertificate = new(
        550, "5.7.5", "This mail must be signed, but there is no certificate for the address in its From field; ask your postmaster");

    private static readonly SmtpReply NoUsableCertificate = new(
        550, "5.7.5", "This mail must be signed, but the certificate of its From address cannot be used; ask your postmaster");

    private static readonly SmtpReply TooLarge = new(
        552, "5.3.4", "This mail must be signed, but signed it would be larger than this server takes; make its attachments smaller");

    private static readonly SmtpReply Malformed = new(
        550, "5.6.0", "This mail must be signed, but the header of a part of it is too large to sign; send it in another form");
}
