using System.Diagnostics;
using System.Net;
using System.Security.Cryptography;
using MimeKit;
using Postseal.Mail;
using Postseal.Policy;

namespace Postseal.MailKit;

/// <summary>Has the core sign and encrypt what a program hands in, and tells the log.</summary>
internal sealed class MessageProtector(IMailProcessor processor, ProcessingLog log, Refusals refusals, TimeProvider time)
{
    // A program that holds the keys is a client of ours, wherever [Originating] Networks of a shared file says the MTA's
    // clients are.
    public static readonly IPAddress ThisProgram = IPAddress.Loopback;

    /// <summary>Protects a letter for all its recipients, or finds that each of them gets a copy of his own.</summary>
    /// <param name="letter">The letter.</param>
    /// <param name="encrypts">Whether it may be encrypted at all.</param>
    /// <param name="cancellationToken">Ends it.</param>
    public async ValueTask<ProtectedLetter> ProtectAsync(OutgoingLetter letter, bool encrypts, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        using var activity = ProcessingDiagnostics.Activities.StartActivity("smime.sign");
        var content = MessageBytes.Of(letter.Message, letter.Options, cancellationToken);
        var mail = MailMessage.Parse(content);
        var overrides = ProgramOverrides.Of(letter.Message);
        var envelope = new Envelope
        {
            Sender = MailAddress.TryParse(letter.Sender?.Address, out var address) ? address : null,
            Recipients = [.. letter.Recipients.Select(recipient => new Recipient(recipient.Address))],
            ClientAddress = ThisProgram,
            Overrides = encrypts ? overrides : overrides with { Encryption = EncryptionMode.Never },
            CanSplit = true,
        };
        var outcome = await ProcessAsync(
            letter.Message, mail, envelope, e => Refusals.Failure(Author.Find(mail.Headers), e), cancellationToken).ConfigureAwait(false);
        var result = outcome is Outcome.Refused refused
            ? throw refusals.Of(refused, Author.Find(mail.Headers), letter.Recipients)
            : Protected(letter, content, envelope, outcome);
        if (!encrypts && outcome.Plan is OutgoingPlan { Marks.Wanted: EncryptionMode.Required })
            result.Copy!.SetEncryption(EncryptionMode.Required); // the mark that said so is gone, the wish is not
        return result;
    }

    /// <summary>Makes the copy for one recipient of a split letter.</summary>
    /// <exception cref="ProtectionException">There is none for him.</exception>
    public async ValueTask<RecipientCopy> ProtectForAsync(
        SplitLetter letter, MailboxAddress recipient, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        using var activity = ProcessingDiagnostics.Activities.StartActivity("smime.encrypt");
        var envelope = letter.Envelope with { Recipients = [new Recipient(recipient.Address)] };
        var outcome = await ProcessAsync(
            letter.Original, letter.Message, envelope, e => Refusals.Failure(recipient, e), cancellationToken).ConfigureAwait(false);
        if (outcome is Outcome.Refused refused)
            throw refusals.Of(refused, Author.Find(letter.Message.Headers), [recipient]);
        var told = RecipientOutcomes.Of(outcome, [recipient])[0];
        return outcome switch
        {
            Outcome.Unchanged => new RecipientCopy(told, letter.Plain, IsShared: true, ToSender: false),
            Outcome.Replaced { Facts: var facts } replaced when facts.OfType<Fact.Encrypted>().FirstOrDefault() is { } encrypted =>
                new RecipientCopy(told, WireMessage.Encrypted(replaced.Message), IsShared: false, encrypted.ToSender),
            Outcome.Replaced replaced => new RecipientCopy(told, letter.PlainOf(replaced.Message), IsShared: false, ToSender: false),
            _ => throw new UnreachableException(),
        };
    }

    private static ProtectedLetter Protected(
        OutgoingLetter letter, ReadOnlyMemory<byte> content, Envelope envelope, Outcome outcome)
    {
        var original = letter.Message;
        switch (outcome)
        {
            case Outcome.Unchanged unchanged:
                return Whole(new ProtectionOutcome(original, original) { Reason = unchanged.Why.Message }, original);
            case Outcome.Replaced { Facts: var facts } replaced when facts.OfType<Fact.Encrypted>().FirstOrDefault() is { } encrypted:
                var copy = WireMessage.Encrypted(replaced.Message);
                var signed = IsSigned(facts) ? WireMessage.Signed(replaced.BeforeEncryption, original) : original;
                return Whole(Signature(original, signed, facts) with { Message = encrypted.ToSender ? copy : signed }, copy);
            case Outcome.Replaced { Facts: var facts } replaced:
                var sent = IsSigned(facts) ? WireMessage.Signed(replaced.Message, original) : WireMessage.Plain(replaced.Message, original);
                return Whole(Signature(original, sent, facts), sent);
            case Outcome.PerRecipient { Facts: var facts } split:
                var message = WireMessage.WithoutBcc(split.Message);
                var readable = IsSigned(facts) ? WireMessage.Signed(message, original) : null;
                return new ProtectedLetter(
                    content, Signature(original, readable ?? original, facts), null,
                    new SplitLetter(original, message, envelope with { Ticket = split.Ticket }, readable));
            default:
                throw new UnreachableException();
        }

        ProtectedLetter Whole(ProtectionOutcome told, MimeMessage copy) =>
            new(content, told with { Recipients = RecipientOutcomes.Of(outcome, letter.Recipients) }, copy, null);
    }

    private static bool IsSigned(IReadOnlyList<Fact> facts) => facts is [Fact.Signed, ..];

    private static ProtectionOutcome Signature(MimeMessage original, MimeMessage signed, IReadOnlyList<Fact> facts) => facts switch
    {
        [Fact.Signed signature, ..] => new ProtectionOutcome(original, signed)
        {
            Signer = signature.Author.ToString(),
            Certificate = signature.By.Certificate,
        },
        [Fact.NotSigned unsigned, ..] => new ProtectionOutcome(original, signed) { Reason = unsigned.Why.Message },
        _ => throw new UnreachableException(),
    };

    private async ValueTask<Outcome> ProcessAsync(
        MimeMessage original, MailMessage mail, Envelope envelope, Func<Exception, ProtectionException> failure,
        CancellationToken cancellationToken)
    {
        var started = time.GetTimestamp();
        Outcome outcome;
        try
        {
            outcome = await processor.ProcessAsync(mail, envelope, cancellationToken).ConfigureAwait(false);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or CryptographicException)
        {
            Activity.Current?.SetStatus(ActivityStatusCode.Error, e.Message);
            log.WriteFailure(original.MessageId, e.Message);
            throw failure(e);
        }

        log.Write(original.MessageId, envelope, outcome, time.GetElapsedTime(started));
        return outcome;
    }
}
