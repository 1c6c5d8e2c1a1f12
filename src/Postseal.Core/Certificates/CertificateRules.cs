using System.Globalization;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Postseal.Cms;
using Postseal.Mail;

namespace Postseal.Certificates;

/// <summary>What a certificate may be used for.</summary>
[Flags]
internal enum CertificateUse
{
    /// <summary>Nothing that has to do with mail.</summary>
    None = 0,

    /// <summary>Signing mail.</summary>
    Sign = 1,

    /// <summary>Encrypting mail to its owner, and decrypting it.</summary>
    Encrypt = 2,

    /// <summary>Issuing other certificates: basicConstraints CA:TRUE.</summary>
    Issue = 4,
}

/// <summary>
/// What a certificate may be used for (RFC 8550 section 4.4): the one place that decides. Each check returns
/// <see langword="null"/> when it passes, else the end of a sentence that begins with the certificate and says what to do.
/// </summary>
/// <remarks>
/// A certificate for mail needs an address in subjectAltName (or, where there is no mailbox, in its subject), a public key
/// that is RSA or EC, keyUsage absent or with the use in question, and extendedKeyUsage absent or with emailProtection:
/// RFC 8550 also allows anyExtendedKeyUsage, but openssl refuses what it signed. To encrypt to it that is enough, as
/// its reader looks at nothing but the key, and so is a key that cannot sign: see <see cref="CheckEncrypting"/>. One with
/// CA:TRUE is taken as a CA certificate whatever else it says; it may sign or encrypt besides if it meets the same rules as
/// any other, as the self-signed certificates of many guides do.
/// </remarks>
internal static partial class CertificateRules
{
    private static readonly Rejection NamesNobody =
        WrongUse("it names no mail address in subjectAltName; have it issued with email:ADDRESS there");

    private const X509KeyUsageFlags Signing = X509KeyUsageFlags.DigitalSignature | X509KeyUsageFlags.NonRepudiation;

    /// <summary>Returns everything it may be used for, its dates and its address aside.</summary>
    public static CertificateUse UsesOf(X509Certificate2 certificate) =>
        (CheckSigning(certificate) is null ? CertificateUse.Sign : 0)
        | ((CheckNamesSomebody(certificate) ?? CheckEncrypting(certificate)) is null ? CertificateUse.Encrypt : 0)
        | (IsIssuer(certificate) ? CertificateUse.Issue : 0);

    /// <summary>Returns everything it was issued for, by what it says of itself: how weak its key is does not make a CA's
    /// certificate of a person's, nor unreadable what was once encrypted to it.</summary>
    public static CertificateUse MeantFor(X509Certificate2 certificate) =>
        (CheckMail(certificate) is null && IsMeantToSign(certificate) ? CertificateUse.Sign : 0)
        | ((CheckNamesSomebody(certificate) ?? CheckMeantToEncrypt(certificate)) is null ? CertificateUse.Encrypt : 0)
        | (IsIssuer(certificate) ? CertificateUse.Issue : 0);

    /// <summary>Determines whether its keyUsage allows signing, whatever else may forbid it.</summary>
    public static bool IsMeantToSign(X509Certificate2 certificate) => UsageAllows(certificate, Signing, out _);

    /// <summary>Determines whether it says of itself that it issues others.</summary>
    public static bool IsIssuer(X509Certificate2 certificate) =>
        ConstraintsOf(certificate) is { CertificateAuthority: true };

    /// <summary>Checks that it may sign mail; <see langword="null"/> when it may.</summary>
    public static Rejection? CheckSigning(X509Certificate2 certificate)
    {
        if ((CheckMail(certificate) ?? CheckStrength(StrengthFacts.Of(certificate))) is { } rejection)
            return rejection;
        // nonRepudiation alone signs mail too: RFC 8550 section 4.4.2.
        return UsageAllows(certificate, Signing, out var usage)
            ? null
            : WrongUse($"its keyUsage ({usage}) does not allow signing; have one issued with digitalSignature");
    }

    /// <summary>Checks that it names its owner: that address, or an address in exactly that domain.</summary>
    /// <remarks>
    /// One for a domain signs for all its addresses: it names RFC 3183's <c>domain-signing-authority@example.org</c>, or
    /// whatever role the domain's gateway goes by. Such a signature says that the domain vouches for the message, not that
    /// the author wrote it, and it does not pretend to: a reader shows the certificate's own address beside the From. What
    /// kind of address it is, a role or a person, only the administrator knows, who names the files <c>@example.org</c>
    /// and sets <c>DomainCertificates = yes</c>.
    /// </remarks>
    public static Rejection? CheckOwner(X509Certificate2 certificate, AddressPattern owner) =>
        CheckOwner(CertificateAddresses.Of(certificate), owner);

    internal static Rejection? CheckOwner(IReadOnlyList<MailAddress> addresses, AddressPattern owner) =>
        addresses.Count == 0 ? NamesNobody : addresses.Any(owner.Matches) ? null : new Rejection(
            RejectionKind.WrongAddress,
            owner.IsDomain
                ? $"it is for {string.Join(", ", addresses)}, not for the domain {owner.Text[1..]}; have one issued for an address in it"
                : $"it is for {string.Join(", ", addresses)}, not for {owner}; name the files after the address in the certificate");

    /// <summary>Checks that it is valid at this time.</summary>
    public static Rejection? CheckDates(X509Certificate2 certificate, DateTimeOffset now)
    {
        if (now.UtcDateTime > certificate.NotAfter.ToUniversalTime())
            return new(RejectionKind.Expired, $"it expired on {Day(certificate.NotAfter)}; replace it with a new one");
        if (now.UtcDateTime < certificate.NotBefore.ToUniversalTime())
        {
            return new(
                RejectionKind.NotYetValid,
                $"it is not valid before {Day(certificate.NotBefore)}; check the date of the certificate and of this machine");
        }

        return null;
    }

    private static Rejection? CheckMail(X509Certificate2 certificate)
    {
        if (CheckNamesSomebody(certificate) is { } rejection)
            return rejection;
        if (certificate.PublicKey.Oid.Value is not (Oids.RsaEncryption or Oids.EcPublicKey))
            return WrongUse($"its key ({KeyNames.Of(certificate)}) is neither RSA nor EC; have one issued for such a key");
        return CheckPurpose(certificate, Oids.EmailProtection);
    }

    private static Rejection? CheckNamesSomebody(X509Certificate2 certificate) =>
        CertificateAddresses.Of(certificate).Count > 0 ? null : NamesNobody;

    private static Rejection? CheckPurpose(X509Certificate2 certificate, params ReadOnlySpan<string> purposes)
    {
        if (Extension<X509EnhancedKeyUsageExtension>(certificate) is not { } extended)
            return null;
        foreach (var allowed in extended.EnhancedKeyUsages)
        {
            if (purposes.Contains(allowed.Value))
                return null;
        }

        return WrongUse("its extendedKeyUsage does not allow mail; have one issued with emailProtection");
    }

    private static Rejection WrongUse(string reason) => new(RejectionKind.WrongUse, reason);

    private static bool UsageAllows(X509Certificate2 certificate, X509KeyUsageFlags any, out X509KeyUsageFlags? usage)
    {
        usage = Extension<X509KeyUsageExtension>(certificate)?.KeyUsages;
        return usage is null || (usage & any) != 0;
    }

    // By its identifier: the platform reads the one that RFC 2459 did away with as the same.
    private static X509BasicConstraintsExtension? ConstraintsOf(X509Certificate2 certificate) =>
        certificate.Extensions[Oids.BasicConstraints] as X509BasicConstraintsExtension;

    private static T? Extension<T>(X509Certificate2 certificate)
        where T : X509Extension => certificate.Extensions.OfType<T>().FirstOrDefault();

    private static string Day(DateTime time) =>
        time.ToUniversalTime().ToString("yyyy-MM-dd", CultureInfo.InvariantCulture);
}
