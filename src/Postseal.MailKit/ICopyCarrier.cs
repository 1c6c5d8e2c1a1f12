using MailKit;
using MailKit.Net.Smtp;
using MimeKit;

namespace Postseal.MailKit;

/// <summary>What sends a message in one transaction, as it is.</summary>
internal interface ICopyCarrier
{
    /// <summary>Sends a message.</summary>
    /// <param name="isAsync">Whether the caller awaits it; otherwise it is complete when it returns.</param>
    /// <param name="flight">The message, and what it was made of.</param>
    /// <param name="envelope">The sender, and the recipients of this transaction.</param>
    /// <param name="options">How it is written.</param>
    /// <param name="progress">Takes how much was sent.</param>
    /// <param name="cancellationToken">Ends it.</param>
    ValueTask<CopyReply> CarryAsync(
        bool isAsync, Flight flight, (MailboxAddress Sender, IReadOnlyList<MailboxAddress> Recipients) envelope, FormatOptions options,
        ITransferProgress? progress, CancellationToken cancellationToken);

    /// <summary>Tells the program that a split message was sent, to all its recipients.</summary>
    void TellSent(ProtectionOutcome outcome, string response);

    /// <summary>Tells the program that no recipient of a split message was taken, and that its overrides took that calmly.</summary>
    void TellNobodyTaken(MimeMessage original);
}

/// <summary>A message on its way in one transaction.</summary>
/// <param name="outcome">What it was made of, and what became of that.</param>
/// <param name="sent">What is sent.</param>
/// <param name="isSplit">Whether the recipients of this transaction are not all of the message's.</param>
internal sealed class Flight(ProtectionOutcome outcome, MimeMessage sent, bool isSplit)
{
    public ProtectionOutcome Outcome => outcome;

    public MimeMessage Sent => sent;

    public bool IsSplit => isSplit;

    /// <summary>Gets the recipients whom the server refused while an override of the program threw nothing.</summary>
    public List<MailboxAddress> NotTaken { get; } = [];
}

/// <summary>What came of one transaction.</summary>
/// <param name="Response">The server's last reply; <see langword="null"/> where it took none of the recipients and the program's overrides
/// threw nothing.</param>
/// <param name="NotTaken">The recipients whom it did not take, as far as the program's overrides threw nothing.</param>
/// <param name="NobodyTaken">What MailKit throws where none was taken.</param>
internal sealed record CopyReply(string? Response, IReadOnlyCollection<MailboxAddress> NotTaken, SmtpCommandException? NobodyTaken = null);
