using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using MimeKit;
using MimeKit.Cryptography;
using Org.BouncyCastle.Asn1.X509;
using Org.BouncyCastle.Crypto;
using Org.BouncyCastle.Pkix;
using Org.BouncyCastle.Security;
using Org.BouncyCastle.Utilities.Collections;
using Org.BouncyCastle.X509;
using Postseal.Certificates;
using Postseal.Certificates.Store;
using Postseal.Cms;
using Postseal.Mail;

using Certificate = Org.BouncyCastle.X509.X509Certificate;

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
    private readonly List<Certificate> trusted;
    private readonly ConcurrentDictionary<string, X509Crl> revocationLists = new();

    /// <summary>Makes a context.</summary>
    /// <param name="directory">The certificates and keys: <see cref="SmimeSigner.Certificates"/>.</param>
    /// <param name="trustedRoots">The CA certificates that are believed. None are built in.</param>
    public PostsealSecureMimeContext(CertificateDirectory directory, IEnumerable<X509Certificate2> trustedRoots)
    {
        ArgumentNullException.ThrowIfNull(directory);
        ArgumentNullException.ThrowIfNull(trustedRoots);
        this.directory = directory;
        trusted = [.. trustedRoots.Select(root => root.AsBouncyCastleCertificate())];
    }

    /// <inheritdoc/>
    public override bool CanSign(MailboxAddress signer, CancellationToken cancellationToken = default) =>
        Find(signer) is Lookup<Identity>.Found;

    /// <inheritdoc/>
    public override bool CanEncrypt(MailboxAddress mailbox, CancellationToken cancellationToken = default) =>
        FindRecipient(mailbox) is Lookup<MailCertificate>.Found;

    /// <summary>Refuses: the directory is kept by people and the program <c>postseal</c>.</summary>
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
        var identity = Find(mailbox) switch
        {
            Lookup<Identity>.Found usable => usable.Value,
            Lookup<Identity>.Unusable unusable => throw new CertificateNotFoundException(mailbox, unusable.Why.Message),
            _ => throw new CertificateNotFoundException(mailbox, $"there is no certificate for {mailbox.Address}"),
        };
        return new CmsSigner(
            identity.Intermediates.Prepend(identity.Certificate).Select(certificate => certificate.AsBouncyCastleCertificate()),
            ToBouncyCastle(((PlatformKey)identity.Key).Handle))
        {
            DigestAlgorithm = digestAlgo,
        };
    }

    /// <inheritdoc/>
    protected override CmsRecipient GetCmsRecipient(MailboxAddress mailbox) => FindRecipient(mailbox) switch
    {
        Lookup<MailCertificate>.Found usable => new CmsRecipient(usable.Value.Certificate.AsBouncyCastleCertificate()),
        Lookup<MailCertificate>.Unusable unusable => throw new CertificateNotFoundException(mailbox, unusable.Why.Message),
        _ => throw new CertificateNotFoundException(mailbox, $"there is no certificate for {mailbox.Address}"),
    };

    /// <inheritdoc/>
    protected override Certificate? GetCertificate(ISelector<Certificate> selector) =>
        directory.Certificates().Select(known => known.Certificate).Concat(directory.Issuers())
            .Select(certificate => certificate.AsBouncyCastleCertificate())
            .FirstOrDefault(certificate => Matches(selector, certificate));

    /// <inheritdoc/>
    protected override AsymmetricKeyParameter? GetPrivateKey(ISelector<Certificate> selector) =>
        directory.FindIdentities(certificate => Matches(selector, certificate.Certificate.AsBouncyCastleCertificate()))
            .FirstOrDefault() is { Key: PlatformKey key }
            ? ToBouncyCastle(key.Handle)
            : null;

    // By PKCS #8, which names the curve: an EC key made of the curve's numbers is three times slower there.
    private static AsymmetricKeyParameter ToBouncyCastle(AsymmetricAlgorithm key)
    {
        var encoded = key.ExportPkcs8PrivateKey();
        try
        {
            return PrivateKeyFactory.CreateKey(encoded);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(encoded);
        }
    }

    /// <inheritdoc/>
    protected override ISet<TrustAnchor> GetTrustedAnchors() =>
        trusted.Select(certificate => new TrustAnchor(certificate, null)).ToHashSet();

    /// <inheritdoc/>
    protected override IStore<Certificate> GetIntermediateCertificates()
    {
        var store = new X509CertificateStore();
        foreach (var certificate in directory.Issuers())
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

    private Lookup<Identity> Find(MailboxAddress mailbox)
    {
        ArgumentNullException.ThrowIfNull(mailbox);
        return MailAddress.TryParse(mailbox.Address, out var address) ? directory.FindSigner(address) : Lookup<Identity>.None.Instance;
    }

    private Lookup<MailCertificate> FindRecipient(MailboxAddress mailbox)
    {
        ArgumentNullException.ThrowIfNull(mailbox);
        return MailAddress.TryParse(mailbox.Address, out var address)
            ? directory.FindRecipient(address)
            : Lookup<MailCertificate>.None.Instance;
    }

    private static bool Matches(ISelector<Certificate>? selector, Certificate certificate) =>
        selector is null || selector.Match(certificate);

    private static NotSupportedException ReadOnly() =>
        new("The certificate directory is only read here; put the files into it, or use 'postseal certs import'.");
}
