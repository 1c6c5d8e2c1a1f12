using System.Globalization;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Postseal.Cms;
using Postseal.Mail;

namespace Postseal.Certificates;

/// <summary>What a certificate may be used for.</summary>
[Flags]
public enum CertificateUse
{
    /// <summary>Nothing that has to do with mail.</summary>
    None = 0,

    /// <summary>Signing mail.</summary>
    Sign = 1,

    /// <summary>Encrypting mail to its owner, and decrypting it.</summary>
    Encrypt = 2,

    /// <summary>Issuing other certificates: basicConstraints CA:TRUE.</summary>
    Authority = 4,
}

/// <summary>
/// What a certificate may be used for (RFC 8550 section 4.4): the one place that decides. Each refusal ends a sentence
/// that begins with the certificate, and says what to do.
/// </summary>
/// <remarks>
/// A certificate for mail needs an address in subjectAltName (or, where there is no mailbox, in its subject), a public key
/// that is RSA or EC, keyUsage absent or with the use in question, and extendedKeyUsage absent or with emailProtection:
/// RFC 8550 also allows anyExtendedKeyUsage, but openssl refuses what it signed. One with CA:TRUE is taken as a CA
/// certificate whatever else it says; it may sign or encrypt besides if it meets the same rules as any other, as the
/// self-signed certificates of many guides do.
/// </remarks>
public static partial class CertificateRules
{
    private const X509KeyUsageFlags Signing = X509KeyUsageFlags.DigitalSignature | X509KeyUsageFlags.NonRepudiation;

    /// <summary>Everything it may be used for, its dates and its address aside.</summary>
    public static CertificateUse UsesOf(X509Certificate2 certificate) =>
        (WhyNotSign(certificate) is null ? CertificateUse.Sign : 0)
        | (WhyNotEncrypt(certificate) is null ? CertificateUse.Encrypt : 0)
        | (IsAuthority(certificate) ? CertificateUse.Authority : 0);

    /// <summary>Tells whether its keyUsage allows signing, whatever else may forbid it.</summary>
    public static bool IsMeantToSign(X509Certificate2 certificate) => UsageAllows(certificate, Signing, out _);

    /// <summary>Whether it says of itself that it issues others.</summary>
    public static bool IsAuthority(X509Certificate2 certificate) =>
        Extension<X509BasicConstraintsExtension>(certificate) is { CertificateAuthority: true };

    /// <summary>Why it may sign for nobody; <see langword="null"/> when it may.</summary>
    public static string? WhyNotSign(X509Certificate2 certificate)
    {
        if (WhyNotMail(certificate) is { } reason)
            return reason;
        if (WhyTooWeak(StrengthFacts.Of(certificate)) is { } weakness)
            return weakness;
        // nonRepudiation alone signs mail too: RFC 8550 section 4.4.2.
        return UsageAllows(certificate, Signing, out var usage)
            ? null
            : $"its keyUsage ({usage}) does not allow signing; have one issued with digitalSignature";
    }

    /// <summary>Why nothing may be encrypted to it; <see langword="null"/> when it may.</summary>
    public static string? WhyNotEncrypt(X509Certificate2 certificate)
    {
        if (WhyNotMail(certificate) is { } reason)
            return reason;
        // EC keys do not encipher a key but agree on one (RFC 8551 section 2.3).
        var (needed, name) = certificate.PublicKey.Oid.Value == Oids.EcPublicKey
            ? (X509KeyUsageFlags.KeyAgreement, "keyAgreement")
            : (X509KeyUsageFlags.KeyEncipherment, "keyEncipherment");
        return UsageAllows(certificate, needed, out var usage)
            ? null
            : $"its keyUsage ({usage}) does not allow encryption; have one issued with {name}";
    }

    /// <summary>Why it is not that address's certificate; <see langword="null"/> when it is.</summary>
    public static string? WhyNotFor(X509Certificate2 certificate, MailAddress address) =>
        WhyNotFor(CertificateAddresses.Of(certificate), address);

    internal static string? WhyNotFor(IReadOnlyList<MailAddress> addresses, MailAddress address) =>
        addresses.Contains(address)
            ? null
            : $"it is for {string.Join(", ", addresses)}, not for {address}; name the files after the address in the certificate";

    /// <summary>
    /// Why it is not a certificate of that domain, one that signs for all its addresses; <see langword="null"/> when it
    /// is.
    /// </summary>
    /// <remarks>
    /// It has to name an address in exactly that domain: RFC 3183's <c>domain-signing-authority@example.org</c>, or
    /// whatever role the domain's gateway goes by. Such a signature says that the domain vouches for the message, not that
    /// the author wrote it, and it does not pretend to: a reader shows the certificate's own address beside the From. What
    /// kind of address it is, a role or a person, only the administrator knows, who names the files <c>@example.org</c>
    /// and sets <c>DomainCertificates = yes</c>.
    /// </remarks>
    public static string? WhyNotForDomain(X509Certificate2 certificate, MailAddress author) =>
        WhyNotForDomain(CertificateAddresses.Of(certificate), author);

    internal static string? WhyNotForDomain(IReadOnlyList<MailAddress> addresses, MailAddress author) =>
        addresses.Any(address => address.HasDomainOf(author))
            ? null
            : $"it is for {string.Join(", ", addresses)}, not for the domain of {author}; have one issued for an address in that domain";

    /// <summary>Why it cannot be used at this time; <see langword="null"/> when it can.</summary>
    public static string? WhyNotNow(X509Certificate2 certificate, DateTimeOffset now)
    {
        if (now.UtcDateTime > certificate.NotAfter.ToUniversalTime())
            return $"it expired on {Day(certificate.NotAfter)}; replace it with a new one";
        if (now.UtcDateTime < certificate.NotBefore.ToUniversalTime())
            return $"it is not valid before {Day(certificate.NotBefore)}; check the date of the certificate and of this machine";
        return null;
    }

    private static string? WhyNotMail(X509Certificate2 certificate)
    {
        if (CertificateAddresses.Of(certificate).Count == 0)
            return "it names no mail address in subjectAltName; have it issued with email:ADDRESS there";
        if (certificate.PublicKey.Oid.Value is not (Oids.RsaEncryption or Oids.EcPublicKey))
            return $"its key ({KeyNames.Of(certificate)}) is neither RSA nor EC; have one issued for such a key";
        var extended = Extension<X509EnhancedKeyUsageExtension>(certificate);
        return extended is null || extended.EnhancedKeyUsages.Cast<Oid>()
                .Any(purpose => purpose.Value == Oids.EmailProtection)
            ? null
            : "its extendedKeyUsage does not allow mail; have one issued with emailProtection";
    }

    private static bool UsageAllows(X509Certificate2 certificate, X509KeyUsageFlags any, out X509KeyUsageFlags? usage)
    {
        usage = Extension<X509KeyUsageExtension>(certificate)?.KeyUsages;
        return usage is null || (usage & any) != 0;
    }

    private static T? Extension<T>(X509Certificate2 certificate)
        where T : X509Extension => certificate.Extensions.OfType<T>().FirstOrDefault();

    private static string Day(DateTime time) =>
        time.ToUniversalTime().ToString("yyyy-MM-dd", CultureInfo.InvariantCulture);
}
