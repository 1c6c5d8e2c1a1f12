using System.Security.Cryptography.X509Certificates;

namespace Postseal.Certificates.Trust;

/// <summary>A certificate in an <see cref="IssuerGraph"/>.</summary>
/// <param name="certificate">The certificate.</param>
internal sealed class PathNode(X509Certificate2 certificate)
{
    public X509Certificate2 Certificate => certificate;

    /// <summary>Gets its subject, to be compared.</summary>
    public string Subject { get; } = DistinguishedNames.ComparisonForm(certificate.SubjectName);

    /// <summary>Gets the subject of its issuer, to be compared.</summary>
    public string Issuer { get; } = DistinguishedNames.ComparisonForm(certificate.IssuerName);

    /// <summary>Gets whether paths end at it.</summary>
    public bool IsAnchor { get; set; }

    /// <summary>Gets why it stands above no other; <see langword="null"/> when it may.</summary>
    public string? Unfit { get; set; }

    /// <summary>Gets those whose keys made its signature and behind which an anchor stands, or is one.</summary>
    public List<PathNode> Issuers { get; } = [];

    /// <summary>Gets whether it names itself as its issuer: a root, or the certificate of a root's next key.</summary>
    public bool IsSelfIssued => Subject == Issuer;

    /// <summary>Determines whether it could be the issuer of another.</summary>
    public bool MayHaveIssued(PathNode other) =>
        Subject == other.Issuer && CertificateMatch.HasWantedKey(certificate, other.Certificate) && !CertificateMatch.Same(certificate, other.Certificate);
}
