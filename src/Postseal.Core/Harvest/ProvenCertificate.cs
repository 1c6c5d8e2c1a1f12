using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Postseal.Certificates;

namespace Postseal.Harvest;

/// <summary>A certificate with a chain to a trust anchor.</summary>
/// <param name="Certificate">The certificate.</param>
/// <param name="Chain">The chain, from the certificate itself to the anchor.</param>
internal sealed record ProvenCertificate(X509Certificate2 Certificate, IReadOnlyList<X509Certificate2> Chain)
{
    /// <summary>Gets the SHA-256 of the anchor's public key, in hexadecimal.</summary>
    public string Anchor => Convert.ToHexStringLower(SHA256.HashData(Chain[^1].PublicKey.ExportSubjectPublicKeyInfo()));

    /// <summary>Gets the certificates between it and a root, but only those of CAs, so that none can be taken for the author's.</summary>
    public IEnumerable<X509Certificate2> Intermediates => Chain.Skip(1).Where(
        issuer => CertificateRules.MeantFor(issuer) == CertificateUse.Issue
            && !issuer.SubjectName.RawData.AsSpan().SequenceEqual(issuer.IssuerName.RawData));
}
