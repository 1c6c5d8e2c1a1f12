using System.Security.Cryptography.X509Certificates;

namespace Postseal.Certificates.Store;

/// <summary>What <see cref="CertificateDirectory.List"/> says of one address.</summary>
/// <param name="Address">The address or <c>@domain</c> the files are named after.</param>
/// <param name="Certificate">The certificate, where it could be read.</param>
/// <param name="Problem">Why it cannot sign now; <see langword="null"/> when it can.</param>
/// <param name="Warnings">What should be mended although it can sign.</param>
public sealed record CertificateReport(string Address, X509Certificate2? Certificate, string? Problem, IReadOnlyList<string> Warnings)
{
    /// <summary>Who signs; <see langword="null"/> when nobody can now.</summary>
    public Identity? Identity { get; init; }

    /// <summary>The kind of key the certificate is for: <c>RSA-3072</c>, <c>P-256</c>.</summary>
    public string? KeyName => Certificate is null ? null : KeyNames.Of(Certificate);
}
