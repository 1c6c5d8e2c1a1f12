using System.Security.Cryptography.X509Certificates;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Postseal.Certificates.Trust;
using Postseal.Mail;

namespace Postseal.Certificates.Store;

/// <summary>
/// The directory of certificates and keys. Files are read when they are first asked for and again when they change; a look
/// costs a few time stamps, and a key is opened only to be used. Safe for any number of threads. Each method that is
/// asynchronous completes at once.
/// </summary>
public sealed partial class CertificateDirectory : IIdentitySource, IRecipientSource, IDecryptionSource
{
    private readonly ILogger logger;
    private readonly Action<string> warn;
    private readonly Lock listing = new();
    private volatile DirectoryIndex? index;

    /// <summary>Opens the directory.</summary>
    /// <param name="options">Where it is, and what opens its encrypted keys.</param>
    /// <param name="time">The clock certificates are held against.</param>
    /// <param name="logger">Takes a warning for each file that is used but should be mended.</param>
    public CertificateDirectory(CertificateOptions options, TimeProvider time, ILogger? logger = null)
    {
        Options = options;
        Time = time;
        this.logger = logger ?? NullLogger.Instance;
        warn = LogWarning;
        trust = new TrustCheck(options.Trust, time, warn);
    }

    internal CertificateOptions Options { get; }

    internal TimeProvider Time { get; }

    /// <summary>
    /// Finds who signs for an address: the newest usable certificate of its own; where it has no files of its own, the
    /// common key pair if that names it; else, where the configuration allows it, its domain's.
    /// </summary>
    /// <exception cref="IOException">The directory or the passphrase is gone or cannot be read; the next look may succeed.</exception>
    /// <exception cref="UnauthorizedAccessException">The directory or the passphrase must not be read.</exception>
    public Lookup<Identity> FindSigner(MailAddress address) =>
        FindOwnSigner(address) is var own && (own is not Lookup<Identity>.None || !Options.DomainCertificates) ? own : FindDomainSigner(address);

    /// <summary>Finds who signs for an address in its own name: in its files or with the common key pair.</summary>
    /// <inheritdoc cref="FindSigner" path="/exception"/>
    internal Lookup<Identity> FindOwnSigner(MailAddress address)
    {
        var current = CurrentIndex(address);
        var owner = AddressPattern.Of(address);
        return Identity(BestSigner(current.Of(owner), owner) ?? BestSigner(current.Common, owner, ignoreOthers: true), current);
    }

    /// <summary>Finds what signs for an address in the name of its domain.</summary>
    /// <inheritdoc cref="FindSigner" path="/exception"/>
    internal Lookup<Identity> FindDomainSigner(MailAddress address)
    {
        var current = CurrentIndex(address);
        var domain = AddressPattern.OfDomain(address);
        return Identity(BestSigner(current.Of(domain), domain), current);
    }

    /// <summary>Makes the identity of a certificate from elsewhere whose key was opened. Its chain may lead by the issuers here.</summary>
    /// <inheritdoc cref="FindSigner" path="/exception"/>
    internal Identity IdentityOf(MailCertificate certificate) =>
        certificate.IdentityFrom(CurrentIndex().Intermediates.BySubject, Time.GetUtcNow(), warn);

    /// <inheritdoc cref="FindSigner"/>
    public ValueTask<Lookup<Identity>> FindSignerAsync(MailAddress address, CancellationToken cancellationToken = default) =>
        ValueTask.FromResult(FindSigner(address));

    /// <summary>Determines whether an address has files of its own, usable or not. None of them is opened.</summary>
    /// <inheritdoc cref="FindSigner"/>
    public ValueTask<bool> HasAnythingForAsync(MailAddress address, CancellationToken cancellationToken = default) =>
        ValueTask.FromResult(CurrentIndex(address).Of(AddressPattern.Of(address)).Count > 0);

    /// <summary>
    /// Finds the keys of certificates, whatever their dates: mail that was once encrypted to one stays readable. Only these
    /// keys, and those in the same files, are opened.
    /// </summary>
    internal IEnumerable<Identity> FindIdentities(Func<MailCertificate, bool> wanted)
    {
        var current = CurrentIndex();
        return from reader in current.All().Select(found => found.Reader).Distinct()
               where reader.Files.IsOurs && Look(reader).Certificates.Any(wanted)
               from certificate in Open(reader).Certificates
               where certificate.HasKey && wanted(certificate)
               select certificate.IdentityFrom(current.Intermediates.BySubject, Time.GetUtcNow(), warn);
    }

    /// <summary>Lists the certificates of ours and of correspondents. No key is opened.</summary>
    internal IEnumerable<MailCertificate> Certificates() =>
        CurrentIndex().All().Select(found => found.Reader).Distinct().SelectMany(reader => Look(reader).Certificates);

    /// <summary>Lists the CA certificates, for chains. That they are here does not make them trusted. No key is opened.</summary>
    internal IEnumerable<X509Certificate2> Issuers()
    {
        var current = CurrentIndex();
        return current.Intermediates.Certificates
            .Concat(current.All().Select(found => found.Reader).Distinct().SelectMany(reader => Look(reader).Issuers))
            .DistinctBy(certificate => certificate.Thumbprint);
    }

    /// <summary>Finds who signs for the senders whose files are named after an address or a domain.</summary>
    internal Lookup<Identity> FindSignerOf(AddressPattern owner)
    {
        if (MailAddress.TryParse(owner.Text, out var address))
            return FindSigner(address);
        var current = CurrentIndex();
        return Identity(BestSigner(current.Of(owner), owner), current);
    }

    internal DirectoryIndex CurrentIndex() => CurrentIndex(known => known.IsCurrent());

    internal KeyFileReading Look(KeyFileReader reader) => reader.Look(Time, warn);

    internal KeyFileReading Open(KeyFileReader reader) => reader.Open(Time, warn);

    private Lookup<Identity> Identity(CertificateChoice? choice, DirectoryIndex current) => choice switch
    {
        null => Lookup<Identity>.None.Instance,
        { Rejection: { } why } => new Lookup<Identity>.Unusable(why),
        { Certificate: var certificate, Files: var files } => new Lookup<Identity>.Found(
            certificate!.IdentityFrom(current.Intermediates.BySubject, Time.GetUtcNow(), warn), files.ToString()),
    };

    private CertificateChoice? BestSigner(IReadOnlyList<KeyFileReader> readers, AddressPattern owner, bool ignoreOthers = false) =>
        CertificateChoice.Best(
            from reader in readers
            where reader.Files.Purpose is FilePurpose.Any or FilePurpose.Sign
            from choice in Choices(
                Open(reader), owner, "sign", certificate => CheckKeyIsHere(reader.Files, certificate) ?? certificate.CannotSign)
            where !ignoreOthers || choice.Rejection?.Kind != RejectionKind.WrongAddress
            select choice,
            FilePurpose.Sign);

    /// <summary>Returns what each certificate in some files can or cannot do, by the rules and the clock.</summary>
    private IEnumerable<CertificateChoice> Choices(
        KeyFileReading reading, AddressPattern owner, string what, Func<MailCertificate, Rejection?> check)
    {
        var files = reading.Files;
        if (reading.Problem is { } problem)
            yield return new CertificateChoice(files, null, problem);
        foreach (var certificate in reading.Certificates)
        {
            var rejection = check(certificate)
                ?? CertificateRules.CheckOwner(certificate.Addresses, owner)
                ?? CertificateRules.CheckDates(certificate.Certificate, Time.GetUtcNow());
            yield return new CertificateChoice(
                files, certificate, rejection is null ? null : rejection with { Message = $"{files} cannot {what}: {rejection.Message}" });
        }
    }

    private static Rejection? CheckKeyIsHere(KeyFileSet files, MailCertificate certificate) => certificate.HasKey ? null : new(
        RejectionKind.NoPrivateKey,
        $"it has no private key beside it; there is neither {string.Join(" nor ", FileConventions.KeyNamesOf(files.CertificateFile).Skip(1))}");

    private DirectoryIndex CurrentIndex(MailAddress address) => CurrentIndex(known => known.IsCurrentFor(address));

    private DirectoryIndex CurrentIndex(Func<DirectoryIndex, bool> isCurrent)
    {
        if (index is { } known && isCurrent(known))
            return known;
        lock (listing)
            return index is { } meanwhile && isCurrent(meanwhile) ? meanwhile : index = DirectoryIndex.Of(Options, Time, index, warn);
    }

    [LoggerMessage(EventId = 100, Level = LogLevel.Warning, Message = "{Warning}")]
    private partial void LogWarning(string warning);
}
