using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Postseal.Cms;
using Postseal.Cms.Enveloped;
using Postseal.Mail;

namespace Postseal.Certificates;

/// <summary>A certificate for mail, with what the rules say of it, worked out once.</summary>
public sealed class MailCertificate
{
    private readonly PrivateKey? key;
    private readonly Lazy<(Rejection? Rejection, RecipientKey? Key)> encryption;
    private volatile Completed? completed;

    /// <summary>Returns a certificate as it was read.</summary>
    /// <param name="certificate">The certificate.</param>
    /// <param name="source">The files it comes from, for people.</param>
    /// <param name="hasKey">Whether its key is in them.</param>
    /// <param name="key">That key, if it was opened.</param>
    /// <param name="beside">The other certificates in the files.</param>
    internal MailCertificate(
        X509Certificate2 certificate, string source, bool hasKey, PrivateKey? key = null,
        IReadOnlyList<X509Certificate2>? beside = null)
    {
        (Certificate, Source, HasKey, this.key, Beside) = (certificate, source, hasKey, key, beside ?? []);
        Addresses = CertificateAddresses.Of(certificate);
        CannotSign = CertificateRules.CheckSigning(certificate);
        encryption = new(() => EncryptionTo(certificate));
    }

    /// <summary>Returns a correspondent's certificate that a source outside of files has.</summary>
    /// <param name="certificate">The certificate.</param>
    /// <param name="source">Where it is, for people.</param>
    /// <param name="beside">Other certificates that are there, by which its chain may lead to a root.</param>
    public static MailCertificate OfCorrespondent(
        X509Certificate2 certificate, string source, IReadOnlyList<X509Certificate2>? beside = null) =>
        new(certificate, source, hasKey: false, beside: beside);

    /// <summary>Returns a certificate of ours whose key is in a token.</summary>
    /// <param name="certificate">The certificate.</param>
    /// <param name="key">Its private key.</param>
    /// <param name="source">Where they are, for people.</param>
    /// <param name="beside">Other certificates that are there, by which its chain may lead to a root.</param>
    public static MailCertificate InToken(
        X509Certificate2 certificate, PrivateKey key, string source, IReadOnlyList<X509Certificate2>? beside = null) =>
        new(certificate, source, hasKey: true, key, beside);

    /// <summary>Gets where it comes from, for people: the files, the entry.</summary>
    public string Source { get; }

    /// <summary>Gets the certificate.</summary>
    public X509Certificate2 Certificate { get; }

    /// <summary>Gets the addresses it is for.</summary>
    public IReadOnlyList<MailAddress> Addresses { get; }

    /// <summary>Gets whether its private key is here too.</summary>
    public bool HasKey { get; }

    /// <summary>Gets what its owner's program can read; <see langword="null"/> when that is not known.</summary>
    internal Abilities? Abilities { get; init; }

    /// <summary>Gets its public key, ready to encrypt to; read when it is first asked for.</summary>
    /// <exception cref="CryptographicException">It cannot be encrypted to: <see cref="CannotEncrypt"/>.</exception>
    internal RecipientKey EncryptionKey =>
        encryption.Value.Key ?? throw new CryptographicException($"Nothing is encrypted to the certificate in {Source}: {CannotEncrypt}.");

    /// <summary>Gets its private key, which was opened.</summary>
    internal DecryptionKey DecryptionKey => new(
        Certificate, key ?? throw new InvalidOperationException($"The key of {Source} was not opened."), Source);

    /// <summary>Gets why it may sign for nobody; <see langword="null"/> when it may.</summary>
    internal Rejection? CannotSign { get; }

    /// <summary>Gets why nothing may be encrypted to it, whomever it names; <see langword="null"/> when it may.</summary>
    internal Rejection? CannotEncrypt => encryption.Value.Rejection;

    /// <summary>Gets all certificates in its files, this one too: its chain may be among them.</summary>
    internal IReadOnlyList<X509Certificate2> Beside { get; }

    /// <summary>
    /// Makes the identity that uses its key. The chain is what its files have, completed from the issuers of the directory, and
    /// worked out again when these change or the date of one passes.
    /// </summary>
    /// <param name="issuers">The directory's issuers, by subject.</param>
    /// <param name="now">When it signs.</param>
    /// <param name="warn">Takes each warning that is new with what was worked out.</param>
    internal Identity IdentityFrom(ILookup<string, X509Certificate2> issuers, DateTimeOffset now, Action<string> warn)
    {
        // Two threads may both work it out; both come to the same.
        var known = completed;
        if (known is not null && ReferenceEquals(known.From, issuers) && now.UtcDateTime <= known.HoldsUntil)
            return known.Identity;
        var chain = CertificateChain.Of(Certificate, [CertificateChain.BySubject(Beside), issuers], now);
        var identity = new Identity(Certificate, chain.Intermediates, key!, Source)
        {
            Chain = chain,
            Warnings = WarningsOf(chain),
        };
        completed = new Completed(issuers, chain.HoldsUntil, identity);
        foreach (var warning in identity.Warnings.Except(known?.Identity.Warnings ?? []))
            warn($"{Source}: {warning}");
        return identity;
    }

    /// <summary>Reads the key that may be encrypted to. What the rules let pass and the platform cannot use is told like the
    /// rest, before a message is made for it.</summary>
    private static (Rejection? Rejection, RecipientKey? Key) EncryptionTo(X509Certificate2 certificate)
    {
        if (CertificateRules.CheckEncrypting(certificate) is { } rejection)
            return (rejection, null);
        try
        {
            return (null, RecipientKey.Create(certificate));
        }
        catch (CryptographicException e)
        {
            return (new(RejectionKind.Damaged, $"its key ({KeyNames.Of(certificate)}) cannot be encrypted to: {e.Message.TrimEnd('.')}; have one issued for another key"), null);
        }
    }

    private IReadOnlyList<string> WarningsOf(CertificateChain chain) =>
    [
        .. CertificateRules.WarningsOf(Certificate),
        .. chain.Intermediates.SelectMany(
            intermediate => CertificateRules.WarningsOf(intermediate).Select(warning => $"of its chain, {intermediate.Subject}: {warning}")),
        .. chain.Fault is { } fault ? (string[])[$"its chain is not complete: {fault}"] : [],
    ];

    private sealed record Completed(ILookup<string, X509Certificate2> From, DateTime HoldsUntil, Identity Identity);
}
