using System.Security.Cryptography.X509Certificates;
using Postseal.Certificates.Trust;
using Postseal.Mail;

namespace Postseal.Certificates.Store;

/// <summary>Whom mail can be encrypted to.</summary>
public sealed partial class CertificateDirectory
{
    private readonly TrustCheck trust;
    private readonly CertificateDirectory? beside;

    /// <summary>Opens the directory of the certificates that were learned from mail. No key in it is ever opened, and it has no
    /// passphrase.</summary>
    /// <param name="path">Where it is.</param>
    /// <param name="beside">The administrator's directory, whose issuers complete chains here too.</param>
    internal CertificateDirectory(string path, CertificateDirectory beside)
        : this(new CertificateOptions { Path = path }, beside.Time, beside.logger) =>
        (this.beside, trust) = (beside, beside.trust);

    /// <summary>
    /// Finds what to encrypt to for an address, among its own files and those put there for correspondents: the newest usable
    /// certificate of those made for encryption alone (<c>ADDRESS@enc</c>), else of the others; else the common key pair that
    /// names it.
    /// </summary>
    /// <inheritdoc cref="FindSigner" path="/exception"/>
    public Lookup<MailCertificate> FindRecipient(MailAddress address) => FindRecipient(address, Wanted.Any);

    /// <summary>Does the same among those that are wanted.</summary>
    internal Lookup<MailCertificate> FindRecipient(MailAddress address, Wanted wanted)
    {
        var current = CurrentIndex(address);
        var owner = AddressPattern.Of(address);
        return CertificateChoice.FirstRecipient(
            wanted.Among(Recipients(current, current.Of(owner), owner)),
            wanted.Among(Recipients(current, current.Common, owner)).Where(choice => choice.Rejection?.Kind != RejectionKind.WrongAddress),
            Unreadable(current, owner));
    }

    /// <inheritdoc cref="FindRecipient(MailAddress)"/>
    public ValueTask<Lookup<MailCertificate>> FindRecipientAsync(MailAddress address, CancellationToken cancellationToken = default) =>
        ValueTask.FromResult(FindRecipient(address));

    /// <summary>
    /// Finds what <c>[Recipient:…] Certificate</c> names for an address, else for its domain. Such a certificate may be for
    /// whomever the administrator knows it to be for.
    /// </summary>
    /// <inheritdoc cref="FindSigner" path="/exception"/>
    internal Lookup<MailCertificate> FindConfiguredRecipient(MailAddress address, Wanted wanted)
    {
        if (Options.Recipients.Count == 0)
            return Lookup<MailCertificate>.None.Instance;
        var current = CurrentIndex(address);
        return CertificateChoice.FirstRecipient(
            wanted.Among(Configured(current, AddressPattern.Of(address))), wanted.Among(Configured(current, AddressPattern.OfDomain(address))));
    }

    /// <summary>Lists all files with certificates to encrypt to for an address, usable or not: its own, those that the settings name, common
    /// ones that name it, and those of its domain.</summary>
    /// <inheritdoc cref="FindSigner" path="/exception"/>
    internal IReadOnlyList<KeyFileReading> RecipientFilesOf(MailAddress address)
    {
        var current = CurrentIndex(address);
        var (owner, domain) = (AddressPattern.Of(address), AddressPattern.OfDomain(address));
        return
        [
            .. from reader in current.Of(owner).Concat(Options.DomainCertificates ? current.Of(domain) : [])
                   .Concat(new[] { current.RecipientFileOf(owner), current.RecipientFileOf(domain) }.OfType<KeyFileReader>())
               select Look(reader),
            .. current.Common.Select(Look).Where(reading => reading.Certificates.Any(certificate => certificate.Addresses.Contains(address))),
        ];
    }

    /// <summary>Finds the certificate of an address's domain (<c>@example.net.crt</c>), where such are used.</summary>
    /// <inheritdoc cref="FindSigner" path="/exception"/>
    internal Lookup<MailCertificate> FindDomainRecipient(MailAddress address, Wanted wanted)
    {
        if (!Options.DomainCertificates)
            return Lookup<MailCertificate>.None.Instance;
        var current = CurrentIndex(address);
        var domain = AddressPattern.OfDomain(address);
        return CertificateChoice.FirstRecipient(wanted.Among(Recipients(current, current.Of(domain), domain)));
    }

    /// <summary>Returns which certificates of a recipient have their keys elsewhere, so that only the recipient can read what is encrypted to
    /// them: neither in the recipient's own files nor in others that open the recipient's mail.</summary>
    /// <param name="address">The recipient.</param>
    /// <param name="inToken">Certificates whose keys are in a token.</param>
    /// <inheritdoc cref="FindSigner" path="/exception"/>
    internal Wanted KeyIsElsewhere(MailAddress address, IEnumerable<MailCertificate> inToken)
    {
        var current = CurrentIndex(address);
        var owners = OwnersOfKeysFor(address).Append(AddressPattern.OfDomain(address)).Distinct();
        var here = owners.SelectMany(current.KeysOf).Concat(current.Common)
            .Where(reader => reader.Files is { IsOurs: true, KeyFile: not null })
            .SelectMany(reader => Look(reader).Certificates)
            .Where(certificate => certificate.HasKey)
            .Concat(inToken)
            .Select(certificate => Convert.ToHexString(certificate.Certificate.PublicKey.ExportSubjectPublicKeyInfo()))
            .ToHashSet();
        return new Wanted(certificate => !here.Contains(Convert.ToHexString(certificate.Certificate.PublicKey.ExportSubjectPublicKeyInfo())));
    }

    /// <summary>Finds what mail to all addresses of a domain is encrypted to: what the settings name, else the domain's own.</summary>
    /// <inheritdoc cref="FindSigner" path="/exception"/>
    internal Lookup<MailCertificate> FindDomainRecipient(AddressPattern domain)
    {
        var current = CurrentIndex();
        return CertificateChoice.FirstRecipient(
            Configured(current, domain), Options.DomainCertificates ? Recipients(current, current.Of(domain), domain) : []);
    }

    /// <summary>Checks a certificate from elsewhere as those in the directory are checked.</summary>
    /// <returns><see langword="null"/> when mail to the owner may be encrypted to it now.</returns>
    /// <inheritdoc cref="FindSigner" path="/exception"/>
    internal Rejection? CheckRecipient(MailCertificate certificate, AddressPattern owner) =>
        CheckUse(certificate, owner) ?? (trust.IsOn ? trust.Check(certificate, IssuersFor(CurrentIndex())) : null);

    /// <summary>Determines whether the private key of an address lies here; a key is not opened for it. The domain's does not
    /// count, and a common one only where its certificate names the address.</summary>
    /// <inheritdoc cref="FindSigner" path="/exception"/>
    internal bool HoldsKeyOf(MailAddress address) =>
        IsOurs(address) || (Options.SubAddress && address.WithoutTag is { } plain && IsOurs(plain));

    /// <inheritdoc cref="HoldsKeyOf"/>
    public ValueTask<bool> HoldsKeyOfAsync(MailAddress address, CancellationToken cancellationToken = default) =>
        ValueTask.FromResult(HoldsKeyOf(address));

    private bool IsOurs(MailAddress address)
    {
        var current = CurrentIndex(address);
        return current.Of(AddressPattern.Of(address)).Concat(current.Common).Any(
            reader => reader.Files is { IsOurs: true, KeyFile: not null } && Look(reader) is var reading
                && reading.Certificates.Any(certificate => certificate.HasKey && certificate.Addresses.Contains(address))
                // Last, as it looks into the key's file: a second certificate there makes nobody ours.
                && reading.HoldsKey);
    }

    private IEnumerable<CertificateChoice> Recipients(DirectoryIndex current, IReadOnlyList<KeyFileReader> readers, AddressPattern owner) =>
        from reader in readers
        where reader.Files.Purpose is FilePurpose.Any or FilePurpose.Encrypt or FilePurpose.Recipient or FilePurpose.RecipientEncrypt
        from choice in Recipients(Readable(reader), certificate => CheckRecipient(certificate, owner, current))
        select choice;

    /// <summary>Returns the certificates in the file that the settings name. Where some name the owner the others are of other
    /// people, or issuers.</summary>
    private IEnumerable<CertificateChoice> Configured(DirectoryIndex current, AddressPattern owner)
    {
        if (current.RecipientFileOf(owner) is not { } reader)
            return [];
        var reading = Look(reader);
        var isNamed = reading.Certificates.Any(certificate => certificate.Addresses.Any(owner.Matches));
        return Recipients(reading, certificate => CheckRecipient(certificate, isNamed ? owner : null, current));
    }

    private static IEnumerable<CertificateChoice> Recipients(KeyFileReading reading, Func<MailCertificate, Rejection?> check)
    {
        if (reading.Problem is { } problem)
            yield return new CertificateChoice(reading.Files, null, problem);
        foreach (var certificate in reading.Certificates)
        {
            var rejection = check(certificate);
            yield return new CertificateChoice(
                reading.Files, certificate,
                rejection is null ? null : rejection with { Message = $"{reading.Files} cannot be encrypted to: {rejection.Message}" });
        }
    }

    /// <summary>Which certificates of an address are looked for.</summary>
    /// <param name="Includes">Determines whether a certificate is one of them.</param>
    internal readonly record struct Wanted(Predicate<MailCertificate> Includes)
    {
        /// <summary>All of them.</summary>
        public static readonly Wanted Any = new(_ => true);

        /// <summary>Returns the choices that are wanted, and those whose certificate could not be read.</summary>
        public IEnumerable<CertificateChoice> Among(IEnumerable<CertificateChoice> choices)
        {
            var includes = Includes;
            return choices.Where(choice => choice.Certificate is not { } certificate || includes(certificate));
        }
    }

    private static IEnumerable<CertificateChoice> Unreadable(DirectoryIndex current, AddressPattern owner) =>
        current.Unreadable(owner) is { } problem
            ? [new CertificateChoice(new KeyFileSet(owner.Text, null), null, new Rejection(RejectionKind.LookupFailed, problem))]
            : [];

    /// <param name="certificate">The certificate.</param>
    /// <param name="owner">Whom it has to name; <see langword="null"/>: anybody, or nobody.</param>
    /// <param name="current">The directory whose issuers complete its chain.</param>
    private Rejection? CheckRecipient(MailCertificate certificate, AddressPattern? owner, DirectoryIndex current) =>
        CheckUse(certificate, owner) ?? (trust.IsOn ? trust.Check(certificate, IssuersFor(current)) : null);

    private Rejection? CheckUse(MailCertificate certificate, AddressPattern? owner) =>
        certificate.CannotEncrypt
        ?? (owner is null ? null : CertificateRules.CheckOwner(certificate.Addresses, owner))
        ?? CertificateRules.CheckDates(certificate.Certificate, Time.GetUtcNow());

    private IReadOnlyList<IReadOnlyList<X509Certificate2>> IssuersFor(DirectoryIndex current) =>
        beside is null ? [current.Intermediates.Certificates] : [current.Intermediates.Certificates, beside.CurrentIndex().Intermediates.Certificates];

    /// <summary>Returns the certificates that their owner can read with. Of several of ours in one file only the key tells which
    /// is its own; mail that was encrypted to another nobody could open.</summary>
    private KeyFileReading Readable(KeyFileReader reader) =>
        beside is null && reader.Files.KeyFile is not null && Look(reader).Certificates.Count > 1 ? Open(reader) : Look(reader);
}
