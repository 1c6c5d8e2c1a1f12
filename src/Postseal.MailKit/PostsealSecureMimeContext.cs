using System.Collections.Concurrent;
using System.Security.Cryptography.X509Certificates;
using MimeKit;
using MimeKit.Cryptography;
using Org.BouncyCastle.Asn1.X509;
using Org.BouncyCastle.Crypto;
using Org.BouncyCastle.Pkix;
using Org.BouncyCastle.Utilities.Collections;
using Org.BouncyCastle.X509;
using Postseal.Certificates;
using Postseal.Mime;
using Certificate = Org.BouncyCastle.X509.X509Certificate;
using X509KeyUsageFlags = System.Security.Cryptography.X509Certificates.X509KeyUsageFlags;

namespace Postseal.MailKit;

/// <summary>
/// MimeKit's own S/MIME over our certificate directory: a program that receives mail verifies and decrypts with
/// <c>MultipartSigned.Verify</c> and <c>ApplicationPkcs7Mime.Decrypt</c> and the files it signs with. Register it with
/// <c>CryptographyContext.Register(() => new PostsealSecureMimeContext(signer.Certificates, roots))</c>.
/// </summary>
/// <remarks>
/// It computes with Bouncy Castle, so it is slower than <see cref="SmimeSigner"/>, and keys it uses lie in managed
/// memory until they are collected. The directory is only read: what MimeKit wants to import from messages is not kept,
/// and the other imports are refused.
/// </remarks>
public class PostsealSecureMimeContext : BouncyCastleSecureMimeContext
{
    private readonly CertificateDirectory directory;
    private readonly TimeProvider time;
    private readonly List<Certificate> trusted;
    private readonly ConcurrentDictionary<string, X509Crl> revocationLists = new();

    /// <summary>Makes a context.</summary>
    /// <param name="directory">The certificates and keys: <see cref="SmimeSigner.Certificates"/>.</param>
    /// <param name="trustedRoots">The authorities whose certificates are believed. None are built in.</param>
    /// <param name="time">The clock for certificates' dates. Default: the system's.</param>
    public PostsealSecureMimeContext(
        CertificateDirectory directory, IEnumerable<X509Certificate2> trustedRoots, TimeProvider? time = null)
    {
        ArgumentNullException.ThrowIfNull(directory);
        ArgumentNullException.ThrowIfNull(trustedRoots);
        this.directory = directory;
        this.time = time ?? TimeProvider.System;
        trusted = [.. trustedRoots.Select(root => root.AsBouncyCastleCertificate())];
    }

    /// <inheritdoc/>
    public override bool CanSign(MailboxAddress signer, CancellationToken cancellationToken = default) =>
        Find(signer) is SignerLookup.Usable;

    /// <inheritdoc/>
    public override bool CanEncrypt(MailboxAddress mailbox, CancellationToken cancellationToken = default) =>
        FindRecipient(mailbox) is not null;

    /// <summary>Refused: the directory is kept by people and the program <c>postseal</c>.</summary>
    /// <exception cref="NotSupportedException">Always.</exception>
    public override void Import(Stream stream, CancellationToken cancellationToken = default) => throw ReadOnly();

    /// <inheritdoc cref="Import(Stream, CancellationToken)"/>
    public override Task ImportAsync(Stream stream, CancellationToken cancellationToken = default) => throw ReadOnly();

    /// <inheritdoc cref="Import(Stream, CancellationToken)"/>
    public override void Import(Stream stream, string password, CancellationToken cancellationToken = default) => throw ReadOnly();

    /// <inheritdoc cref="Import(Stream, CancellationToken)"/>
    public override Task ImportAsync(Stream stream, string password, CancellationToken cancellationToken = default) =>
        throw ReadOnly();

    /// <summary>Keeps nothing: MimeKit calls it for each certificate in each signature, also of strangers.</summary>
    public override void Import(Certificate certificate, CancellationToken cancellationToken = default)
    {
    }

    /// <summary>Keeps the newest list of each issuer in memory, as <c>CheckCertificateRevocation</c> needs it.</summary>
    public override void Import(X509Crl crl, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(crl);
        revocationLists.AddOrUpdate(
            crl.IssuerDN.ToString(), crl, (_, known) => known.ThisUpdate < crl.ThisUpdate ? crl : known);
    }

    /// <inheritdoc/>
    protected override CmsSigner GetCmsSigner(MailboxAddress mailbox, DigestAlgorithm digestAlgo)
    {
        if (Find(mailbox) is not SignerLookup.Usable { Identity: var identity })
            throw new CertificateNotFoundException(mailbox, (Find(mailbox) as SignerLookup.Unusable)?.Reason ?? "there is no certificate");
        return new CmsSigner(
            identity.Intermediates.Prepend(identity.Certificate).Select(certificate => certificate.AsBouncyCastleCertificate()),
            identity.Key.AsAsymmetricKeyParameter())
        {
            DigestAlgorithm = digestAlgo,
        };
    }

    /// <inheritdoc/>
    protected override CmsRecipient GetCmsRecipient(MailboxAddress mailbox) =>
        new(FindRecipient(mailbox) ?? throw new CertificateNotFoundException(mailbox, "there is no certificate to encrypt to"));

    /// <inheritdoc/>
    protected override Certificate? GetCertificate(ISelector<Certificate> selector) =>
        directory.List().Select(report => report.Certificate?.AsBouncyCastleCertificate())
            .FirstOrDefault(certificate => certificate is not null && Matches(selector, certificate));

    /// <inheritdoc/>
    protected override AsymmetricKeyParameter? GetPrivateKey(ISelector<Certificate> selector) =>
        directory.Identities()
            .FirstOrDefault(identity => Matches(selector, identity.Certificate.AsBouncyCastleCertificate()))
            ?.Key.AsAsymmetricKeyParameter();

    /// <inheritdoc/>
    protected override ISet<TrustAnchor> GetTrustedAnchors() =>
        trusted.Select(certificate => new TrustAnchor(certificate, null)).ToHashSet();

    /// <inheritdoc/>
    protected override IStore<Certificate> GetIntermediateCertificates()
    {
        var store = new X509CertificateStore();
        foreach (var certificate in directory.Identities().SelectMany(identity => identity.Intermediates))
            store.Add(certificate.AsBouncyCastleCertificate());
        return store;
    }

    /// <inheritdoc/>
    protected override IStore<X509Crl> GetCertificateRevocationLists() =>
        CollectionUtilities.CreateStore(revocationLists.Values);

    /// <inheritdoc/>
    protected override DateTime GetNextCertificateRevocationListUpdate(X509Name issuer)
    {
        ArgumentNullException.ThrowIfNull(issuer);
        return revocationLists.TryGetValue(issuer.ToString(), out var crl) && crl.NextUpdate is { } next
            ? next
            : DateTime.MinValue.ToUniversalTime();
    }

    /// <summary>Keeps nothing: what one stranger's message says of ciphers is not remembered for the next.</summary>
    protected override void UpdateSecureMimeCapabilities(
        Certificate certificate, EncryptionAlgorithm[] algorithms, DateTime timestamp)
    {
    }

    private SignerLookup Find(MailboxAddress mailbox)
    {
        ArgumentNullException.ThrowIfNull(mailbox);
        return MailAddress.TryParse(mailbox.Address, out var address) ? directory.FindSigner(address) : SignerLookup.None.Instance;
    }

    /// <summary>A certificate that is for the address, valid now, and may encrypt (RFC 8550 section 4.4.2).</summary>
    private Certificate? FindRecipient(MailboxAddress mailbox)
    {
        ArgumentNullException.ThrowIfNull(mailbox);
        if (!MailAddress.TryParse(mailbox.Address, out var address))
            return null;
        var now = time.GetUtcNow().UtcDateTime;
        return directory.List()
            .Select(report => report.Certificate)
            .FirstOrDefault(certificate =>
                certificate is not null
                && SubjectAlternativeNames.MailAddresses(certificate).Contains(address)
                && certificate.NotBefore.ToUniversalTime() <= now && now <= certificate.NotAfter.ToUniversalTime()
                && MayEncrypt(certificate))
            ?.AsBouncyCastleCertificate();
    }

    private static bool MayEncrypt(X509Certificate2 certificate) =>
        certificate.Extensions.OfType<X509KeyUsageExtension>().FirstOrDefault() is not { } usage
        || (usage.KeyUsages & (X509KeyUsageFlags.KeyEncipherment | X509KeyUsageFlags.KeyAgreement)) != 0;

    private static bool Matches(ISelector<Certificate>? selector, Certificate certificate) =>
        selector is null || selector.Match(certificate);

    private static NotSupportedException ReadOnly() =>
        new("The certificate directory is only read here; put the files into it, or use 'postseal certs import'.");
}
