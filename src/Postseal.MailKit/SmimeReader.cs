using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using MimeKit;
using Postseal.Certificates;
using Postseal.Certificates.Revocation;
using Postseal.Certificates.Store;
using Postseal.Http;
using Postseal.Mail;
using Postseal.Settings;
using Postseal.Verification;

namespace Postseal.MailKit;

/// <summary>
/// Opens mail that was fetched, by IMAP or POP3, and says whether its author signed it, as the milter would of mail that comes in. Make
/// one and share it: it is safe for any number of threads, and what it fetches, such as revocation lists, it keeps.
/// </summary>
/// <remarks>
/// MimeKit verifies too, and overlooks what a verdict needs: that there are signers at all, that the signer is the author, what his
/// certificate may be used for, which CAs sign for mail.
/// </remarks>
public sealed partial class SmimeReader : IDisposable, IAsyncDisposable
{
    private readonly MailVerification verification;
    private readonly CaContact cas;
    private readonly CertificateDirectory directory;
    private readonly IDecryptionSource? keys;

    /// <summary>Makes a reader.</summary>
    /// <param name="options">The settings; <c>[Trust] Anchors</c> says whose certificates are believed, and without it nothing passes.</param>
    /// <param name="loggerFactory">Takes warnings about files and revocation lists. Default: no log.</param>
    /// <param name="time">The clock certificates are held against. Default: the system's.</param>
    /// <param name="sources">The sources outside of files, which <see cref="RemoteSources.Open"/> opened by the same settings; the keys of a token
    /// open mail too, each for its owner. Whoever opened them disposes of them. Default: there are none, and settings that name one are an
    /// error.</param>
    /// <exception cref="ConfigurationException">The settings name a source that was not passed.</exception>
    public SmimeReader(
        PostsealOptions options, ILoggerFactory? loggerFactory = null, TimeProvider? time = null, RemoteSources? sources = null)
        : this(options, null, sources, time, loggerFactory)
    {
    }

    /// <summary>Makes a reader whose keys are not in the certificate directory but elsewhere, for example in a token.</summary>
    /// <param name="options">The settings.</param>
    /// <param name="keys">The keys that open mail, each found by its owner.</param>
    /// <param name="loggerFactory">Takes warnings about files and revocation lists. Default: no log.</param>
    /// <param name="time">The clock certificates are held against. Default: the system's.</param>
    public SmimeReader(PostsealOptions options, IDecryptionSource keys, ILoggerFactory? loggerFactory = null, TimeProvider? time = null)
        : this(options, keys ?? throw new ArgumentNullException(nameof(keys)), RemoteSources.None, time, loggerFactory)
    {
    }

    private SmimeReader(PostsealOptions options, IDecryptionSource? keys, RemoteSources? remote, TimeProvider? time, ILoggerFactory? loggerFactory)
    {
        ArgumentNullException.ThrowIfNull(options);
        loggerFactory ??= NullLoggerFactory.Instance;
        time ??= TimeProvider.System;
        var log = loggerFactory.CreateLogger<SmimeReader>();
        directory = new CertificateDirectory(options.Certificates, time, loggerFactory.CreateLogger<CertificateDirectory>());
        var sources = new CertificateSources(options, directory, remote ?? RemoteSources.Open(options, time, loggerFactory));
        this.keys = keys ?? (sources.Token is null ? null : sources.Keys);
        cas = MailVerification.ContactWithCas(options, directory, new HttpDownloads(options.Revocation.Proxy, time), time, log);
        verification = new MailVerification(options, sources, cas, time, log);
    }

    /// <summary>
    /// Verifies a message as MimeKit holds it. MimeKit writes what it parsed byte for byte, with few exceptions: a malformed multipart
    /// comes out mended, and the signature over it fails. Where the bytes are at hand (<c>IMailFolder.GetStream</c>), verify these.
    /// </summary>
    /// <param name="message">The message, as it was parsed; one that a program changed since is another.</param>
    public MailVerdict Verify(MimeMessage message) => Verify(BytesOf(message));

    /// <summary>Verifies a message as it came. Nothing is waited for: a revocation list that is not known yet is fetched meanwhile, and
    /// the verdict says that it is not known.</summary>
    /// <param name="message">The bytes of the whole message, with CRLF or LF line ends.</param>
    public MailVerdict Verify(ReadOnlyMemory<byte> message) => verification.Verifier.Verify(MailMessage.Parse(message));

    /// <summary>Stops fetching.</summary>
    public void Dispose() => DisposeAsync().AsTask().GetAwaiter().GetResult();

    /// <summary>Stops fetching.</summary>
    public ValueTask DisposeAsync() => cas.DisposeAsync();

    private static ReadOnlyMemory<byte> BytesOf(MimeMessage message)
    {
        ArgumentNullException.ThrowIfNull(message);
        using var bytes = new MemoryStream();
        message.WriteTo(AsOnTheWire, bytes);
        return bytes.GetBuffer().AsMemory(0, (int)bytes.Length);
    }

    private static readonly FormatOptions AsOnTheWire = CreateOptions();

    private static FormatOptions CreateOptions()
    {
        var options = FormatOptions.Default.Clone();
        options.NewLineFormat = NewLineFormat.Dos;
        return options;
    }
}
