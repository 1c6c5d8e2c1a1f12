using System.Diagnostics;
using System.Net;
using System.Security.Cryptography;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using MimeKit;
using Postseal.Certificates;
using Postseal.Certificates.Store;
using Postseal.Mail;
using Postseal.Policy;
using Postseal.Settings;

namespace Postseal.MailKit;

/// <summary>
/// Signs <see cref="MimeMessage"/>s by the settings, as the milter would sign them at the MTA: the same core makes the
/// same signature. Make one and share it: it is safe for any number of threads, holds each certificate once, and notices
/// when files in the certificate directory change.
/// </summary>
public sealed class SmimeSigner
{
    // A program that holds the keys is a client of ours, wherever [Originating] Networks of a shared file says the MTA's
    // clients are.
    private static readonly IPAddress ThisProgram = IPAddress.Loopback;

    private readonly OutgoingProcessor processor;
    private readonly ProcessingLog log;
    private readonly TimeProvider time;

    /// <summary>Makes a signer.</summary>
    /// <param name="options">The settings: from a file, from a configuration section, or made in code.</param>
    /// <param name="loggerFactory">Takes a line for each message. Default: no log.</param>
    /// <param name="time">The clock for signing times and certificates' dates. Default: the system's.</param>
    public SmimeSigner(PostsealOptions options, ILoggerFactory? loggerFactory = null, TimeProvider? time = null)
    {
        ArgumentNullException.ThrowIfNull(options);
        this.time = time ?? TimeProvider.System;
        log = new ProcessingLog((loggerFactory ?? NullLoggerFactory.Instance).CreateLogger<SmimeSigner>());
        Options = options with
        {
            Originating = options.Originating with { Networks = [new IPNetwork(ThisProgram, 32)] },
        };
        Certificates = new CertificateDirectory(
            options.Certificates, this.time, loggerFactory?.CreateLogger<CertificateDirectory>());
        processor = new OutgoingProcessor(Options, Certificates, this.time);
    }

    /// <summary>Gets the directory of certificates and keys, as <see cref="PostsealSecureMimeContext"/> needs it.</summary>
    public CertificateDirectory Certificates { get; }

    internal PostsealOptions Options { get; }

    /// <summary>Signs one message if it is to be signed. The message is not changed.</summary>
    /// <param name="message">The message.</param>
    /// <param name="sender">The envelope sender; <see langword="null"/>, the default: whom MailKit would take.</param>
    /// <param name="options">How header fields are written, and which are left out. Default: MailKit's, without Bcc.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <exception cref="SigningRefusedException">The message must be signed and cannot be.</exception>
    /// <exception cref="SigningFailedException">The certificate directory cannot be read, or the platform failed to sign.</exception>
    public SigningOutcome Sign(
        MimeMessage message, MailboxAddress? sender = null, FormatOptions? options = null,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(message);
        return Process(
            message, sender ?? MessageEnvelope.SenderOf(message), MessageEnvelope.RecipientsOf(message),
            options ?? MessageBytes.DefaultOptions, cancellationToken);
    }

    /// <summary>Does the same on another thread: reading keys and signing are work, which a window should not wait for.</summary>
    /// <inheritdoc cref="Sign"/>
    public Task<SigningOutcome> SignAsync(
        MimeMessage message, MailboxAddress? sender = null, FormatOptions? options = null,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(message);
        return ProcessAsync(
            message, sender ?? MessageEnvelope.SenderOf(message), MessageEnvelope.RecipientsOf(message),
            options ?? MessageBytes.DefaultOptions, cancellationToken);
    }

    /// <summary>Signs one message for the recipients it is really sent to.</summary>
    internal SigningOutcome Process(
        MimeMessage message, MailboxAddress? sender, IEnumerable<MailboxAddress> recipients, FormatOptions options,
        CancellationToken cancellationToken) =>
        SignCopyAsync(message, sender, recipients, options, cancellationToken).AsTask().GetAwaiter().GetResult();

    internal Task<SigningOutcome> ProcessAsync(
        MimeMessage message, MailboxAddress? sender, IEnumerable<MailboxAddress> recipients, FormatOptions options,
        CancellationToken cancellationToken) =>
        Task.Run(() => SignCopyAsync(message, sender, recipients, options, cancellationToken).AsTask(), cancellationToken);

    private async ValueTask<SigningOutcome> SignCopyAsync(
        MimeMessage message, MailboxAddress? sender, IEnumerable<MailboxAddress> recipients, FormatOptions options,
        CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(message);
        cancellationToken.ThrowIfCancellationRequested();
        using var activity = ProcessingDiagnostics.Activities.StartActivity("smime.sign");
        var started = time.GetTimestamp();
        var mail = MailMessage.Parse(MessageBytes.Of(message, options, cancellationToken));
        var envelope = new Envelope
        {
            Sender = MailAddress.TryParse(sender?.Address, out var address) ? address : null,
            Recipients = [.. recipients.Select(recipient => new Recipient(recipient.Address))],
            ClientAddress = ThisProgram,
            Overrides = MessageSigning.Of(message),
        };
        var outcome = await AskCoreAsync(message, mail, envelope, cancellationToken).ConfigureAwait(false);
        log.Write(message.MessageId, envelope, outcome, time.GetElapsedTime(started));
        return outcome switch
        {
            Outcome.Unchanged unchanged => new SigningOutcome(message, message) { Reason = unchanged.Why.Message },
            Outcome.Replaced { Facts: [Fact.Signed signed, ..] } replaced =>
                new SigningOutcome(message, RawMimeMessage.FromBytes(replaced.Message))
                {
                    Signer = signed.Author.ToString(),
                    Certificate = signed.By.Certificate,
                },
            Outcome.Replaced { Facts: [Fact.NotSigned unsigned, ..] } replaced =>
                new SigningOutcome(message, RawMimeMessage.FromBytes(replaced.Message)) { Reason = unsigned.Why.Message },
            Outcome.PerRecipient => throw new SigningRefusedException(
                Author.Find(mail.Headers)?.ToString(), "its recipients cannot all get the same message", "Send it to each of them by itself."),
            Outcome.Refused refused => throw Refusal(Author.Find(mail.Headers), refused.Why),
            _ => throw new UnreachableException(),
        };
    }

    private async ValueTask<Outcome> AskCoreAsync(
        MimeMessage message, MailMessage mail, Envelope envelope, CancellationToken cancellationToken)
    {
        try
        {
            return await processor.ProcessAsync(mail, envelope, cancellationToken).ConfigureAwait(false);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or CryptographicException)
        {
            Activity.Current?.SetStatus(ActivityStatusCode.Error, e.Message);
            log.WriteFailure(message.MessageId, e.Message);
            throw new SigningFailedException(
                Author.Find(mail.Headers)?.ToString(), $"signing failed: {e.Message}", "Send it again later.", e);
        }
    }

    private SigningRefusedException Refusal(MailAddress? author, Rejection why) =>
        new(author?.ToString(), why.Message, why.Kind switch
        {
            RejectionKind.AuthorUnclear => "Give it one From field whose names and comments show no other address than its own.",
            RejectionKind.NotTheSender or RejectionKind.NotTheAuthorsSignature or RejectionKind.NoVisibleSignature =>
                $"Send it with {author} as the envelope sender, or set [Originating] NetworksFrom = Any.",
            RejectionKind.TooLarge =>
                $"Make its attachments smaller or, where the server takes larger mail, raise MaxSize for [Sender:{author}] or in [Signing].",
            RejectionKind.Malformed => "The header of a part of it is too large to sign; send it in another form.",
            _ => $"Look at the files of {author} in {Options.Certificates.Path} ('postseal check' reports on them), "
                + $"or change Mode for [Sender:{author}].",
        });
}
