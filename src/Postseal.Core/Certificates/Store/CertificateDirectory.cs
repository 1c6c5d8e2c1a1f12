using System.Security.Cryptography.X509Certificates;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Postseal.Mail;

namespace Postseal.Certificates.Store;

/// <summary>
/// The directory of certificates and keys. Files are read when a sender's first message comes and again when they
/// change; a look costs a few time stamps. Safe for any number of threads.
/// </summary>
public sealed partial class CertificateDirectory : IIdentitySource
{
    private readonly CertificateOptions options;
    private readonly TimeProvider time;
    private readonly ILogger logger;
    private readonly Action<string> warn;
    private readonly Lock listing = new();
    private volatile CertificateIndex? index;

    /// <summary>Opens the directory.</summary>
    /// <param name="options">Where it is, and what opens its encrypted keys.</param>
    /// <param name="time">The clock certificates are held against.</param>
    /// <param name="logger">Takes a warning for each file that is used but should be mended.</param>
    public CertificateDirectory(CertificateOptions options, TimeProvider time, ILogger? logger = null)
    {
        this.options = options;
        this.time = time;
        this.logger = logger ?? NullLogger.Instance;
        warn = LogWarning;
    }

    /// <summary>
    /// Finds who signs for an address: the newest usable certificate of its own; where it has no files of its own, the
    /// common key pair if that names it; else, where the configuration allows it, its domain's.
    /// </summary>
    /// <exception cref="IOException">The directory or the passphrase is gone or cannot be read; the next look may succeed.</exception>
    /// <exception cref="UnauthorizedAccessException">The directory or the passphrase must not be read.</exception>
    public Lookup<Identity> FindSigner(MailAddress address)
    {
        var current = CurrentIndex(address);
        var choice = BestSigner(current.Own(address), entry => CertificateRules.WhyNotFor(entry.Addresses, address))
            ?? BestSigner(current.Common, entry => CertificateRules.WhyNotFor(entry.Addresses, address), ignoreOthers: true)
            ?? (options.DomainCertificates ? BestOfDomain(current, address) : null);
        return Lookup(choice, current);
    }

    /// <summary>Does what <see cref="FindSigner"/> does, and completes at once.</summary>
    /// <inheritdoc cref="FindSigner"/>
    public ValueTask<Lookup<Identity>> FindSignerAsync(MailAddress address, CancellationToken cancellationToken = default) =>
        ValueTask.FromResult(FindSigner(address));

    /// <summary>Determines whether an address has files of its own, usable or not. None of them is opened; completes at once.</summary>
    /// <inheritdoc cref="FindSigner"/>
    public ValueTask<bool> HasAnythingForAsync(MailAddress address, CancellationToken cancellationToken = default) =>
        ValueTask.FromResult(HasFilesFor(address));

    /// <summary>
    /// Finds what to encrypt to for an address: the newest usable certificate among its own and those put there for
    /// correspondents.
    /// </summary>
    /// <inheritdoc cref="FindSigner"/>
    public Lookup<X509Certificate2> FindEncryptionCertificate(MailAddress address)
    {
        var current = CurrentIndex(address);
        var choice = BestForEncryption(current.Own(address), address, ignoreOthers: false)
            ?? BestForEncryption(current.Common, address, ignoreOthers: true);
        return choice switch
        {
            null => Lookup<X509Certificate2>.None.Instance,
            { Rejection: { } why } => new Lookup<X509Certificate2>.Unusable(why),
            { Entry: var entry, Source: var source } => new Lookup<X509Certificate2>.Found(entry!.Certificate, source.ToString()),
        };
    }

    /// <summary>
    /// The keys that may open what was encrypted to an address, in the order of the conventions: all that are there, as old
    /// mail was encrypted to certificates that have expired since.
    /// </summary>
    /// <inheritdoc cref="FindSigner"/>
    public IReadOnlyList<Identity> FindDecryptionKeys(MailAddress address)
    {
        var current = CurrentIndex(address);
        var pool = current.Authorities;
        return
        [
            .. from source in current.Own(address).Concat(current.Common)
               from entry in Load(source).Entries
               where entry.Key is not null && entry.Addresses.Contains(address)
               select entry.IdentityFrom(pool, time.GetUtcNow(), warn),
        ];
    }

    /// <summary>Determines whether an address has files of its own, usable or not. None of them is opened.</summary>
    /// <inheritdoc cref="FindSigner"/>
    internal bool HasFilesFor(MailAddress address) => CurrentIndex(address).Own(address).Count > 0;

    private Lookup<Identity> Lookup(CertificateChoice? choice, CertificateIndex current) => choice switch
    {
        null => Lookup<Identity>.None.Instance,
        { Rejection: { } why } => new Lookup<Identity>.Unusable(why),
        { Entry: var entry, Source: var source } => new Lookup<Identity>.Found(
            entry!.IdentityFrom(current.Authorities, time.GetUtcNow(), warn), source.ToString()),
    };

    private CertificateChoice? BestOfDomain(CertificateIndex current, MailAddress address) =>
        BestSigner(current.OfDomain(address), entry => CertificateRules.WhyNotForDomain(entry.Addresses, address));

    private CertificateChoice? BestSigner(
        IReadOnlyList<KeySource> sources, Func<CertificateEntry, string?> whyNotFor, bool ignoreOthers = false) =>
        CertificateChoice.Best(
            from source in sources
            where source.Files.Purpose is SourcePurpose.Any or SourcePurpose.Sign
            from choice in Choices(source, "sign", entry => WhyNoKey(source.Files, entry) ?? entry.WhyNotSign, whyNotFor)
            where !ignoreOthers || choice.Obstacle != Obstacle.Address
            select choice,
            SourcePurpose.Sign);

    private CertificateChoice? BestForEncryption(IReadOnlyList<KeySource> sources, MailAddress address, bool ignoreOthers) =>
        CertificateChoice.Best(
            from source in sources
            where source.Files.Purpose is SourcePurpose.Any or SourcePurpose.Encrypt or SourcePurpose.Recipient
            from choice in Choices(
                source, "be encrypted to", entry => entry.WhyNotEncrypt, entry => CertificateRules.WhyNotFor(entry.Addresses, address))
            where !ignoreOthers || choice.Obstacle != Obstacle.Address
            select choice,
            SourcePurpose.Encrypt);

    /// <summary>What each certificate of a source can or cannot do, by the rules and the clock.</summary>
    private IEnumerable<CertificateChoice> Choices(
        KeySource source, string what, Func<CertificateEntry, string?> whyUnfit, Func<CertificateEntry, string?> whyNotFor)
    {
        var loaded = Load(source);
        if (loaded.Problem is { } problem)
            yield return new CertificateChoice(source.Files, null, Obstacle.Files, problem);
        foreach (var entry in loaded.Entries)
        {
            var (obstacle, reason) =
                whyUnfit(entry) is { } unfit ? (Obstacle.Rules, unfit)
                : whyNotFor(entry) is { } stranger ? (Obstacle.Address, stranger)
                : CertificateRules.WhyNotNow(entry.Certificate, time.GetUtcNow()) is { } dates ? (Obstacle.Dates, dates)
                : (Obstacle.None, null);
            yield return new CertificateChoice(
                source.Files, entry, obstacle, reason is null ? null : $"{source.Files} cannot {what}: {reason}");
        }
    }

    private static string? WhyNoKey(SourceFiles files, CertificateEntry entry) => entry.Key is null
        ? $"it has no private key beside it; there is neither {string.Join(" nor ", FileConventions.KeyNamesOf(files.CertificateFile).Skip(1))}"
        : null;

    private LoadedSource Load(KeySource source) => source.Current(time, warn);

    private CertificateIndex CurrentIndex(MailAddress address) => CurrentIndex(known => known.IsCurrentFor(address));

    private CertificateIndex CurrentIndex(Func<CertificateIndex, bool> isCurrent)
    {
        if (index is { } known && isCurrent(known))
            return known;
        lock (listing)
            return index is { } meanwhile && isCurrent(meanwhile) ? meanwhile : index = CertificateIndex.Of(options, time, index, warn);
    }

    [LoggerMessage(EventId = 100, Level = LogLevel.Warning, Message = "{Warning}")]
    private partial void LogWarning(string warning);
}
