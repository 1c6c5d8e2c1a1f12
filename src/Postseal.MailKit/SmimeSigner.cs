using System.Diagnostics;
using System.Net;
using System.Security.Cryptography;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using MimeKit;
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
    /// <summary>The name of the <see cref="ActivitySource"/>; each message is a span <c>smime.sign</c> of it.</summary>
    public const string ActivitySourceName = "Postseal.MailKit";

    // A program that holds the keys is a client of ours, wherever [Originating] Networks of a shared file says the MTA's
    // clients are.
    private static readonly IPAddress ThisProgram = IPAddress.Loopback;

    private static readonly ActivitySource Activities = new(ActivitySourceName);

    private readonly OutgoingProcessor processor;
    private readonly TimeProvider time;
    private readonly ILogger logger;

    /// <summary>Makes a signer.</summary>
    /// <param name="options">The settings: from a file, from a configuration section, or made in code.</param>
    /// <param name="loggerFactory">Takes a line for each message. Default: no log.</param>
    /// <param name="time">The clock for signing times and certificates' dates. Default: the system's.</param>
    public SmimeSigner(PostsealOptions options, ILoggerFactory? loggerFactory = null, TimeProvider? time = null)
    {
        ArgumentNullException.ThrowIfNull(options);
        this.time = time ?? TimeProvider.System;
        logger = (loggerFactory ?? NullLoggerFactory.Instance).CreateLogger<SmimeSigner>();
        Options = options with
        {
            Originating = options.Originating with { Networks = [new IPNetwork(ThisProgram, 32)] },
        };
        Certificates = new CertificateDirectory(
            options.Certificates, this.time, loggerFactory?.CreateLogger<CertificateDirectory>());
        processor = new OutgoingProcessor(Options, Certificates, this.time);
    }

    /// <summary>The directory of certificates and keys, as <see cref="PostsealSecureMimeContext"/> needs it.</summary>
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
        cancellationToken.ThrowIfCancellationRequested();
        using var activity = Activities.StartActivity("smime.sign");
        var started = time.GetTimestamp();
        var mail = MailMessage.Parse(MessageBytes.Of(message, options ?? MessageBytes.DefaultOptions, cancellationToken));
        var result = Process(message, mail, sender ?? MessageEnvelope.SenderOf(message), activity);
        return Outcome(message, mail, result, started, activity);
    }

    /// <summary>Does the same on another thread: reading keys and signing are work, which a window should not wait for.</summary>
    /// <inheritdoc cref="Sign"/>
    public Task<SigningOutcome> SignAsync(
        MimeMessage message, MailboxAddress? sender = null, FormatOptions? options = null,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(message);
        return Task.Run(() => Sign(message, sender, options, cancellationToken), cancellationToken);
    }

    private OutgoingResult Process(MimeMessage message, MailMessage mail, MailboxAddress? sender, Activity? activity)
    {
        var envelope = new Envelope
        {
            Sender = MailAddress.TryParse(sender?.Address, out var address) ? address : null,
            ClientAddress = ThisProgram,
        };
        try
        {
            return processor.Process(mail, envelope, MessageSigning.Of(message));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or CryptographicException)
        {
            activity?.SetStatus(ActivityStatusCode.Error, e.Message);
            logger.LogFailed(message.MessageId, e.Message);
            throw new SigningFailedException(
                Author.Find(mail.Headers)?.ToString(), $"signing failed: {e.Message}", "Send it again later.", e);
        }
    }

    private SigningOutcome Outcome(
        MimeMessage message, MailMessage mail, OutgoingResult result, long started, Activity? activity)
    {
        switch (result)
        {
            case OutgoingResult.Signed signed:
                var certificate = signed.Identity.Certificate;
                activity?.SetTag("postseal.result", "signed").SetTag("postseal.author", signed.Author.ToString())
                    .SetTag("postseal.certificate", certificate.SerialNumber);
                logger.LogSigned(
                    message.MessageId, signed.Author, certificate.Subject, certificate.SerialNumber, signed.Identity.KeyName,
                    time.GetElapsedTime(started).TotalMilliseconds);
                return new SigningOutcome(message, ExactMessage.Of(signed.Message))
                {
                    Signer = signed.Author.ToString(), Certificate = certificate,
                };
            case OutgoingResult.Unchanged unchanged:
                activity?.SetTag("postseal.result", "unchanged").SetTag("postseal.reason", unchanged.Reason);
                logger.LogUnsigned(
                    unchanged.NeedsAttention ? LogLevel.Warning : LogLevel.Debug, message.MessageId, unchanged.Reason);
                return new SigningOutcome(message, message) { Reason = unchanged.Reason };
            case OutgoingResult.Refused refused:
                activity?.SetTag("postseal.result", "refused").SetStatus(ActivityStatusCode.Error, refused.Reason);
                logger.LogRefused(message.MessageId, refused.Reason);
                throw Refusal(Author.Find(mail.Headers), refused);
            default:
                throw new InvalidOperationException($"No answer is known for {result.GetType()}.");
        }
    }

    private SigningRefusedException Refusal(MailAddress? author, OutgoingResult.Refused refused) =>
        new(author?.ToString(), refused.Reason, refused.Reply.EnhancedStatusCode switch
        {
            "5.7.5" => $"Look at the files of {author} in {Options.Certificates.Path} ('postseal check' tells about them), "
                + $"or change Mode for [Sender:{author}].",
            "5.3.4" => $"Make its attachments smaller or, where the server takes larger mail, raise MaxSize for [Sender:{author}] or "
                + "in [Signing].",
            "5.6.0" => "The header of a part of it is too large to sign; send it in another form.",
            _ when author is null => "Give it one From field whose names and comments show no other address than its own.",
            _ => $"Send it with {author} as the envelope sender, or set [Originating] NetworksFrom = Any.",
        });
}
