using System.Globalization;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Postseal.Cms;
using Postseal.Configuration;
using Postseal.Mime;

namespace Postseal.Certificates;

/// <summary>
/// Which certificate may sign mail (RFC 8550 section 4.4): the one place that decides. Each refusal says what to do.
/// </summary>
public static class SigningCertificateRules
{
    /// <summary>Why this certificate may never sign for that address; <see langword="null"/> when it may.</summary>
    public static string? WhyUnfit(X509Certificate2 certificate, MailAddress address)
    {
        var addresses = SubjectAlternativeNames.MailAddresses(certificate);
        if (addresses.Count == 0)
            return "it names no mail address in subjectAltName; have it issued with "
                + $"email:{address} there";
        if (!addresses.Contains(address))
            return $"it is for {string.Join(", ", addresses)}, not for {address}; "
                + "name the files after the address in the certificate";

        var usage = certificate.Extensions.OfType<X509KeyUsageExtension>().FirstOrDefault();
        if (usage is not null
            && (usage.KeyUsages & (X509KeyUsageFlags.DigitalSignature | X509KeyUsageFlags.NonRepudiation)) == 0)
        {
            return $"its keyUsage ({usage.KeyUsages}) does not allow signing; "
                + "have one issued with digitalSignature";
        }

        var extended = certificate.Extensions.OfType<X509EnhancedKeyUsageExtension>().FirstOrDefault();
        if (extended is not null && !extended.EnhancedKeyUsages.Cast<Oid>()
                .Any(purpose => purpose.Value == Oids.EmailProtection))
        {
            return "its extendedKeyUsage does not allow mail; have one issued with emailProtection";
        }

        return null;
    }

    /// <summary>Why the certificate cannot sign at this time; <see langword="null"/> when it can.</summary>
    public static string? WhyNotNow(X509Certificate2 certificate, DateTimeOffset now)
    {
        if (now.UtcDateTime > certificate.NotAfter.ToUniversalTime())
            return $"it expired on {Day(certificate.NotAfter)}; replace it with a new one";
        if (now.UtcDateTime < certificate.NotBefore.ToUniversalTime())
            return $"it is not valid before {Day(certificate.NotBefore)}; check the date of the certificate and of this machine";
        return null;
    }

    /// <summary>Why a key cannot sign as these rules want; <see langword="null"/> when it can, as any but an RSA key can.</summary>
    /// <remarks>
    /// The encoded digest has to fit into the modulus: with PSS that is digest, salt and two octets (RFC 8017 section
    /// 9.1.1), with PKCS #1 v1.5 the DigestInfo and eleven octets (section 9.2).
    /// </remarks>
    public static string? WhyNotBy(RSA? key, SigningRules rules)
    {
        const int digestInfoHeader = 19;
        if (key is null)
            return null;
        var digest = rules.Digest.Length();
        var (needed, room) = rules.RsaPadding == RsaPadding.Pss
            ? (digest + digest + 2, (key.KeySize + 6) / 8)
            : (digest + digestInfoHeader + 11, (key.KeySize + 7) / 8);
        return needed <= room
            ? null
            : $"its key (RSA-{key.KeySize}) is too short for {rules.Digest} with {rules.RsaPadding} padding; "
                + "have one issued for a longer key";
    }

    private static string Day(DateTime time) =>
        time.ToUniversalTime().ToString("yyyy-MM-dd", CultureInfo.InvariantCulture);
}
