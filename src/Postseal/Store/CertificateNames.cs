using System.Globalization;
using System.Security.Cryptography.X509Certificates;
using Postseal.Certificates;

namespace Postseal.Program.Store;

/// <summary>What a certificate says of itself, in words for people.</summary>
internal static class CertificateNames
{
    /// <summary>Determines whether it is for issuing others and nothing else. A self-signed one of a person may say CA:TRUE
    /// too.</summary>
    public static bool IsIssuer(X509Certificate2 certificate) => CertificateRules.MeantFor(certificate) == CertificateUse.Issue;

    /// <summary>Returns the addresses it is for, separated by commas; "-" for none.</summary>
    public static string Addresses(X509Certificate2 certificate) =>
        CertificateAddresses.Of(certificate) is { Count: > 0 } addresses ? string.Join(", ", addresses) : "-";

    /// <summary>Returns the whole days until it expires; negative when it has.</summary>
    public static int DaysLeft(X509Certificate2 certificate, TimeProvider time) =>
        (int)Math.Floor((certificate.NotAfter.ToUniversalTime() - time.GetUtcNow().UtcDateTime).TotalDays);

    public static string Day(DateTime time) => time.ToUniversalTime().ToString("yyyy-MM-dd", CultureInfo.InvariantCulture);
}
