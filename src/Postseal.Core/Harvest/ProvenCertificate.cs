using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Postseal.Certificates;

namespace Postseal.Harvest;

/// <summary>A certificate that a trust anchor stands behind.</summary>
/// <param name="Certificate">The certificate.</param>
/// <param name="Chain">The chain, itself first and the anchor last.</param>
internal sealed record ProvenCertificate(X509Certificate2 Certificate, IReadOnlyList<X509Certificate2> Chain)
{
    /// <summary>Gets what tells the anchor's key from others.</summary>
    public string Anchor => Convert.ToHexStringLower(SHA256.HashData(Chain[^1].PublicKey.ExportSubjectPublicKeyInfo()));

    /// <summary>Gets those between it and a root. What is not for issuing alone is left out, so that nobody takes it for a certificate of
    /// the author's.</summary>
    public IEnumerable<X509Certificate2> Intermediates => Chain.Skip(1).Where(
        issuer => CertificateRules.MeantFor(issuer) == CertificateUse.Issue
            && !issuer.SubjectName.RawData.AsSpan().SequenceEqual(issuer.IssuerName.RawData));
}
