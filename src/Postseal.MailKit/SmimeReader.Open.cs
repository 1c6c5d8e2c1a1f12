using MimeKit;
using Postseal.Cms;
using Postseal.Mail;
using Postseal.Verification;

namespace Postseal.MailKit;

/// <content>Opens mail that came encrypted.</content>
public sealed partial class SmimeReader
{
    /// <summary>
    /// Opens a message as MimeKit holds it, with any key of the certificate directory. Use this only if all mail is for one person. If the
    /// program handles mail of several people, name the owner, or each of them could have mail opened that was sent to another.
    /// </summary>
    /// <remarks>The settings <c>TripleDes</c>, <c>Unauthenticated</c>, <c>MaxLayers</c> and <c>KeepSignature</c> of <c>[Incoming]</c> apply. No
    /// field is added to the message.</remarks>
    /// <param name="message">The message, as it was parsed.</param>
    /// <exception cref="IOException">The keys cannot be looked up: try again later.</exception>
    /// <exception cref="UnauthorizedAccessException">The keys must not be read.</exception>
    /// <exception cref="InvalidOperationException">The reader was made with an <c>IDecryptionSource</c>, which finds keys only by their
    /// owner.</exception>
    public OpenedMessage Open(MimeMessage message) => Completed(OpenAsync(message));

    /// <summary>Opens a message as MimeKit holds it, only with keys of its owner.</summary>
    /// <param name="message">The message, as it was parsed.</param>
    /// <param name="owner">Whose mail it is: the address of the mailbox that it was fetched from, never one that the message names.</param>
    /// <inheritdoc cref="Open(MimeMessage)" path="/exception"/>
    /// <inheritdoc cref="Open(MimeMessage)" path="/remarks"/>
    public OpenedMessage Open(MimeMessage message, MailAddress owner) => Completed(OpenAsync(message, owner));

    /// <summary>Opens a message as it came, with any key of the certificate directory.</summary>
    /// <param name="message">The bytes of the whole message, with CRLF or LF line ends.</param>
    /// <inheritdoc cref="Open(MimeMessage)" path="/exception"/>
    /// <inheritdoc cref="Open(MimeMessage)" path="/remarks"/>
    public OpenedMessage Open(ReadOnlyMemory<byte> message) => Completed(OpenAsync(message));

    /// <summary>Opens a message as it came, only with keys of its owner.</summary>
    /// <param name="message">The bytes of the whole message, with CRLF or LF line ends.</param>
    /// <param name="owner">Whose mail it is: the address of the mailbox that it was fetched from, never one that the message names.</param>
    /// <inheritdoc cref="Open(MimeMessage)" path="/exception"/>
    /// <inheritdoc cref="Open(MimeMessage)" path="/remarks"/>
    public OpenedMessage Open(ReadOnlyMemory<byte> message, MailAddress owner) => Completed(OpenAsync(message, owner));

    /// <inheritdoc cref="Open(MimeMessage)"/>
    /// <param name="message">The message, as it was parsed.</param>
    /// <param name="cancellationToken">Gives up waiting for keys that are elsewhere.</param>
    public Task<OpenedMessage> OpenAsync(MimeMessage message, CancellationToken cancellationToken = default) =>
        OpenAsync(message, BytesOf(message), null, cancellationToken);

    /// <inheritdoc cref="Open(MimeMessage, MailAddress)"/>
    /// <param name="message">The message, as it was parsed.</param>
    /// <param name="owner">Whose mail it is: the address of the mailbox that it was fetched from, never one that the message names.</param>
    /// <param name="cancellationToken">Gives up waiting for keys that are elsewhere.</param>
    public Task<OpenedMessage> OpenAsync(MimeMessage message, MailAddress owner, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(owner);
        return OpenAsync(message, BytesOf(message), owner, cancellationToken);
    }

    /// <inheritdoc cref="Open(ReadOnlyMemory{byte})"/>
    /// <param name="message">The bytes of the whole message, with CRLF or LF line ends.</param>
    /// <param name="cancellationToken">Gives up waiting for keys that are elsewhere.</param>
    public Task<OpenedMessage> OpenAsync(ReadOnlyMemory<byte> message, CancellationToken cancellationToken = default) =>
        OpenAsync(null, message, null, cancellationToken);

    /// <inheritdoc cref="Open(ReadOnlyMemory{byte}, MailAddress)"/>
    /// <param name="message">The bytes of the whole message, with CRLF or LF line ends.</param>
    /// <param name="owner">Whose mail it is: the address of the mailbox that it was fetched from, never one that the message names.</param>
    /// <param name="cancellationToken">Gives up waiting for keys that are elsewhere.</param>
    public Task<OpenedMessage> OpenAsync(ReadOnlyMemory<byte> message, MailAddress owner, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(owner);
        return OpenAsync(null, message, owner, cancellationToken);
    }

    private async Task<OpenedMessage> OpenAsync(
        MimeMessage? parsed, ReadOnlyMemory<byte> bytes, MailAddress? owner, CancellationToken cancellationToken)
    {
        if (owner is null && keys is not null)
            throw new InvalidOperationException("Keys that are not in the certificate directory are found by their owner: name him.");
        var opening = await verification.Opener.OpenAsync(MailMessage.Parse(bytes), KeysFor(owner), cancellationToken).ConfigureAwait(false);
        using var reading = opening.Reading;
        if (!opening.IsOpened && parsed is not null)
            return new OpenedMessage(parsed, opening);
        using var clear = new MemoryStream();
        if (opening.IsOpened)
            opening.Message.WriteTo(clear);
        else
            clear.Write(bytes.Span);
        clear.Position = 0;
        // MimeKit has copies of its own, which are not cleared.
        var message = await MimeMessage.LoadAsync(clear, persistent: false, cancellationToken).ConfigureAwait(false);
        System.Security.Cryptography.CryptographicOperations.ZeroMemory(clear.GetBuffer());
        return new OpenedMessage(message, opening);
    }

    private KeysFor KeysFor(MailAddress? owner) => owner is null
        ? (envelope, _) => ValueTask.FromResult<IReadOnlyList<DecryptionKey>>(directory.FindAllDecryptionKeys(envelope.Names))
        : (envelope, cancellationToken) => (keys ?? directory).FindDecryptionKeysAsync(owner, envelope.Names, cancellationToken);

    private static OpenedMessage Completed(Task<OpenedMessage> opening) => opening.GetAwaiter().GetResult();
}
