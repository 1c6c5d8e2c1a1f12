using System.Net;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using MimeKit;
using Postseal.Certificates;
using Postseal.Certificates.Store;
using Postseal.Settings;

namespace Postseal.MailKit;

/// <summary>
/// Signs and encrypts <see cref="MimeMessage"/>s by the settings, as the milter would at the MTA: the same core makes the
/// same signature. Make one and share it: it is safe for any number of threads, holds each certificate once, and notices
/// when files in the certificate directory change.
/// </summary>
public sealed class SmimeSigner
{
    private readonly MessageProtector protector;

    /// <summary>Makes a signer.</summary>
    /// <param name="options">The settings: from a file, from a configuration section, or made in code.</param>
    /// <param name="loggerFactory">Takes a line for each message. Default: no log.</param>
    /// <param name="time">The clock for signing times and certificates' dates. Default: the system's.</param>
    /// <param name="sources">The sources outside of files, which <see cref="RemoteSources.Open"/> opened by the same settings; whoever opened them
    /// disposes of them. Default: there are none, and settings that name one are an error.</param>
    /// <exception cref="ConfigurationException">The settings name a source that was not passed.</exception>
    public SmimeSigner(
        PostsealOptions options, ILoggerFactory? loggerFactory = null, TimeProvider? time = null, RemoteSources? sources = null)
        : this(options, sources, null, loggerFactory, time)
    {
    }

    /// <summary>Makes a signer that asks somebody else for recipients' certificates.</summary>
    internal SmimeSigner(
        PostsealOptions options, RemoteSources? sources, IRecipientSource? recipients, ILoggerFactory? loggerFactory, TimeProvider? time)
    {
        ArgumentNullException.ThrowIfNull(options);
        loggerFactory ??= NullLoggerFactory.Instance;
        time ??= TimeProvider.System;
        var log = loggerFactory.CreateLogger<SmimeSigner>();
        Options = options with
        {
            Originating = options.Originating with { Networks = [new IPNetwork(MessageProtector.ThisProgram, 32)] },
        };
        Certificates = new CertificateDirectory(options.Certificates, time, loggerFactory.CreateLogger<CertificateDirectory>());
        var all = new CertificateSources(Options, Certificates, sources ?? RemoteSources.Open(options, time, loggerFactory));
        protector = new MessageProtector(
            new OutgoingProcessor(Options, all.Identities, recipients ?? all.Recipients, time, log),
            new ProcessingLog(log), new Refusals(Options), time);
    }

    /// <summary>Gets the directory of certificates and keys, as <see cref="PostsealSecureMimeContext"/> needs it.</summary>
    public CertificateDirectory Certificates { get; }

    internal PostsealOptions Options { get; }

    /// <summary>Signs one message if it is to be signed; it encrypts nothing, whatever the settings say. The message is not
    /// changed.</summary>
    /// <param name="message">The message.</param>
    /// <param name="sender">The envelope sender; <see langword="null"/>, the default: whom MailKit would take.</param>
    /// <param name="options">How header fields are written, and which are left out. Default: MailKit's, without Bcc.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <exception cref="SigningRefusedException">The message must be signed and cannot be.</exception>
    /// <exception cref="SigningFailedException">The certificate directory cannot be read, or the platform failed to sign.</exception>
    public SigningOutcome Sign(
        MimeMessage message, MailboxAddress? sender = null, FormatOptions? options = null,
        CancellationToken cancellationToken = default) =>
        SignAsync(isAsync: false, LetterOf(message, null, sender, options), cancellationToken).AsTask().GetAwaiter().GetResult();

    /// <summary>Does the same on another thread: reading keys and signing are work, which a window should not wait for.</summary>
    /// <inheritdoc cref="Sign"/>
    public Task<SigningOutcome> SignAsync(
        MimeMessage message, MailboxAddress? sender = null, FormatOptions? options = null,
        CancellationToken cancellationToken = default) =>
        SignAsync(isAsync: true, LetterOf(message, null, sender, options), cancellationToken).AsTask();

    /// <summary>
    /// Signs one message and encrypts it to its recipients, as the settings say, for programs that send it by other means than SMTP.
    /// The message is not changed.
    /// </summary>
    /// <param name="message">The message.</param>
    /// <param name="recipients">To whom it goes; <see langword="null"/>, the default: to all of To, Cc and Bcc.</param>
    /// <param name="sender">The envelope sender; <see langword="null"/>, the default: whom MailKit would take.</param>
    /// <param name="options">How header fields are written, and which are left out. Default: MailKit's, without Bcc.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <returns>The copies to send, and who gets none. All copies are in memory.</returns>
    /// <exception cref="InvalidOperationException">There are no recipients.</exception>
    /// <exception cref="ProtectionException">The message must be signed or encrypted and cannot be.</exception>
    public ProtectedMessage Protect(
        MimeMessage message, IEnumerable<MailboxAddress>? recipients = null, MailboxAddress? sender = null, FormatOptions? options = null,
        CancellationToken cancellationToken = default) =>
        ProtectAllAsync(isAsync: false, LetterOf(message, recipients, sender, options), cancellationToken).AsTask().GetAwaiter().GetResult();

    /// <summary>Does the same on another thread.</summary>
    /// <inheritdoc cref="Protect"/>
    public Task<ProtectedMessage> ProtectAsync(
        MimeMessage message, IEnumerable<MailboxAddress>? recipients = null, MailboxAddress? sender = null, FormatOptions? options = null,
        CancellationToken cancellationToken = default) =>
        ProtectAllAsync(isAsync: true, LetterOf(message, recipients, sender, options), cancellationToken).AsTask();

    /// <summary>Protects a letter for the recipients it is really sent to.</summary>
    internal ValueTask<ProtectedLetter> ProtectAsync(bool isAsync, OutgoingLetter letter, CancellationToken cancellationToken) =>
        RunAsync(isAsync, () => protector.ProtectAsync(letter, encrypts: true, cancellationToken), cancellationToken);

    /// <summary>Makes the copy for one recipient of a split letter.</summary>
    internal ValueTask<RecipientCopy> ProtectForAsync(
        bool isAsync, SplitLetter letter, MailboxAddress recipient, CancellationToken cancellationToken) =>
        RunAsync(isAsync, () => protector.ProtectForAsync(letter, recipient, cancellationToken), cancellationToken);

    private async ValueTask<SigningOutcome> SignAsync(bool isAsync, OutgoingLetter letter, CancellationToken cancellationToken)
    {
        var signed = await RunAsync(
            isAsync, () => protector.ProtectAsync(letter, encrypts: false, cancellationToken), cancellationToken).ConfigureAwait(false);
        return signed.Outcome;
    }

    private async ValueTask<ProtectedMessage> ProtectAllAsync(bool isAsync, OutgoingLetter letter, CancellationToken cancellationToken)
    {
        if (letter.Recipients.Count == 0)
            throw new InvalidOperationException("No recipients have been specified.");
        var mail = await ProtectAsync(isAsync, letter, cancellationToken).ConfigureAwait(false);
        if (mail.Copy is { } copy)
            return new ProtectedMessage(mail.Outcome, [new ProtectedCopy(copy, letter.Recipients)], []);
        var copies = new List<RecipientCopy>();
        var refused = new List<UndeliveredRecipient>();
        foreach (var recipient in letter.Recipients)
        {
            try
            {
                copies.Add(await ProtectForAsync(isAsync, mail.Split!, recipient, cancellationToken).ConfigureAwait(false));
            }
            catch (ProtectionException e) when (copies.Count > 0 || refused.Count < letter.Recipients.Count - 1)
            {
                refused.Add(new UndeliveredRecipient(recipient, e.Reason, e is EncryptionFailedException) { Error = e });
            }
        }

        return ProtectedMessage.Of(mail.Outcome, copies, refused);
    }

    private static OutgoingLetter LetterOf(
        MimeMessage message, IEnumerable<MailboxAddress>? recipients, MailboxAddress? sender, FormatOptions? options)
    {
        ArgumentNullException.ThrowIfNull(message);
        return new OutgoingLetter(
            message, sender ?? MessageEnvelope.SenderOf(message),
            OutgoingLetter.EachOnce(recipients ?? MessageEnvelope.RecipientsOf(message)), options ?? MessageBytes.DefaultOptions);
    }

    private static async ValueTask<T> RunAsync<T>(bool isAsync, Func<ValueTask<T>> work, CancellationToken cancellationToken) =>
        isAsync ? await Task.Run(() => work().AsTask(), cancellationToken).ConfigureAwait(false) : await work().ConfigureAwait(false);
}
