using System.Buffers;
using Microsoft.Extensions.Logging.Abstractions;
using Postseal.Certificates.Revocation;
using Postseal.Certificates.Store;
using Postseal.Certificates.Trust;
using Postseal.Http;
using Postseal.Mail;
using Postseal.Policy;
using Postseal.Program.Milter;
using Postseal.Program.Terminal;
using Postseal.Settings;
using Postseal.Verification;

namespace Postseal.Program.Commands.Kit;

/// <summary>Verifies or opens messages as the daemon would, and waits for what it would fetch meanwhile.</summary>
internal sealed partial class IncomingMail : IAsyncDisposable
{
    // A revocation list or two, each with a time-out of its own.
    private static readonly TimeSpan PatienceForFetching = TimeSpan.FromSeconds(20);

    // A recipient without a domain is at this host.
    private static readonly Envelope ForUs = new() { Recipients = [new Recipient("postmaster")] };

    private readonly CertificateSources sources;
    private readonly OwnFields own;
    private readonly MailVerification verification;
    private readonly CaContact cas;
    private readonly bool canSplit;
    private bool isImpatient;

    private IncomingMail(PostsealOptions options)
    {
        canSplit = options.Splitting.Method != SplitMethod.None;
        own = new OwnFields(options.Incoming.AuthservId ?? System.Net.Dns.GetHostName(), options.Incoming.KeepResults);
        sources = AllSources.Open(options);
        cas = MailVerification.ContactWithCas(options, sources.Directory, new HttpDownloads(options.Revocation.Proxy, TimeProvider.System), TimeProvider.System, NullLogger.Instance);
        verification = new MailVerification(options, sources, cas, TimeProvider.System, NullLogger.Instance);
    }

    /// <summary>Trusts these anchors, reads no configuration and asks nobody.</summary>
    public static IncomingMail Of(string anchors) => new(new PostsealOptions
    {
        Certificates = new CertificateOptions { Trust = new TrustOptions { Anchors = AnchorsIn(anchors) } },
        Revocation = new RevocationOptions { Check = RevocationMethod.Off },
    });

    /// <summary>Verifies as a configuration says.</summary>
    /// <param name="configuration">The file.</param>
    /// <param name="anchors">Other anchors than its own; <see langword="null"/>: its own.</param>
    public static IncomingMail Load(string configuration, string? anchors = null)
    {
        var options = MilterSettings.Load(configuration).Mail;
        return new(anchors is null ? options : options with
        {
            Certificates = options.Certificates with { Trust = options.Certificates.Trust with { Anchors = AnchorsIn(anchors) } },
        });
    }

    /// <summary>Reads a message from a file, or from standard input for <c>-</c>.</summary>
    public static async Task<MailMessage> ReadAsync(string path, CommandOutput output, CancellationToken cancellationToken) =>
        MailMessage.Parse(await ReadBytesAsync(path, output, cancellationToken));

    /// <summary>Reads the bytes of a message from a file, or from standard input for <c>-</c>.</summary>
    public static async Task<byte[]> ReadBytesAsync(string path, CommandOutput output, CancellationToken cancellationToken)
    {
        if (path != "-")
            return await File.ReadAllBytesAsync(path, cancellationToken);
        using var bytes = new MemoryStream();
        await output.Streams.InputBytes.CopyToAsync(bytes, cancellationToken);
        return bytes.ToArray();
    }

    /// <summary>Verifies a message.</summary>
    public async Task<MailVerdict> VerifyAsync(MailMessage message, CancellationToken cancellationToken)
    {
        await FetchAsync(message, cancellationToken);
        return verification.Verifier.Verify(message);
    }

    /// <summary>Explains what becomes of a message that comes from outside.</summary>
    /// <param name="message">The message.</param>
    /// <param name="to">Whom it is for; nobody: somebody here, whose keys are not used.</param>
    /// <param name="cancellationToken">Gives up waiting.</param>
    public async Task<Explanation> ExplainAsync(MailMessage message, IReadOnlyList<MailAddress> to, CancellationToken cancellationToken)
    {
        await FetchAsync(message, cancellationToken);
        var envelope = to.Count == 0 ? ForUs
            : new Envelope { Recipients = [.. to.Select(address => new Recipient($"{address}"))], CanSplit = canSplit };
        return await Explanation.MakeAsync(verification.Incoming, message, envelope, ExplainedCopy.OfIncoming, cancellationToken);
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await cas.DisposeAsync();
        await sources.Remote.DisposeAsync();
    }

    /// <summary>A first look starts the fetching of what it misses.</summary>
    private async Task FetchAsync(MailMessage message, CancellationToken cancellationToken)
    {
        verification.Verifier.Verify(message);
        await WaitAsync(cancellationToken);
    }

    private async Task WaitAsync(CancellationToken cancellationToken)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        patience.CancelAfter(PatienceForFetching);
        try
        {
            await cas.WhenIdleAsync().WaitAsync(patience.Token);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            isImpatient = true; // The verdict says what is not known, and no further message waits.
        }
    }

    private static string AnchorsIn(string path) =>
        path.Equals(TrustOptions.System, StringComparison.OrdinalIgnoreCase) ? TrustOptions.System
        : Path.Exists(path) ? Path.GetFullPath(path)
        : throw new CommandException(ExitCode.UsageError, $"--anchors: '{path}' is neither a file nor a directory");
}
