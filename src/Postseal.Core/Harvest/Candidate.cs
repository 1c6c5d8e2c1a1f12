using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Postseal.Certificates;
using Postseal.Mail;

namespace Postseal.Harvest;

/// <summary>What can be learned from a message that met all conditions.</summary>
/// <param name="Address">The author: the one address that certificates are learned for, whatever other addresses they name.</param>
/// <param name="SignedAt">The signing time that the author states.</param>
/// <param name="Certificates">The author's certificate, or the one to verify with and the one to encrypt to.</param>
internal sealed record Candidate(MailAddress Address, DateTimeOffset SignedAt, IReadOnlyList<CandidateCertificate> Certificates)
{
    /// <summary>Gets the CA certificates between these and the anchors.</summary>
    public required IReadOnlyList<X509Certificate2> Intermediates { get; init; }

    /// <summary>Gets the signature without its content, and with only these certificates: a value of userSMIMECertificate (RFC 2798
    /// section 2.8).</summary>
    public required Lazy<byte[]> Signature { get; init; }

    /// <summary>Gets what the author's program can read; <see langword="null"/> if it did not say.</summary>
    public Abilities? Abilities { get; init; }

    /// <summary>Gets the Message-ID, as it may be shown; empty where there is none.</summary>
    public string MessageId { get; init; } = "";

    /// <summary>Gets the one that made the signature.</summary>
    public CandidateCertificate Signer => Certificates.First(certificate => certificate.Use != LearnedUse.Encrypt);

    /// <summary>Gets the one to encrypt to; <see langword="null"/> if the signer's is only for signing and the signature names no
    /// other.</summary>
    public CandidateCertificate? Recipient => Certificates.FirstOrDefault(certificate => certificate.Use != LearnedUse.Sign);

    /// <summary>Gets the certificate that people are told about: the one to encrypt to, else the one that signed.</summary>
    public X509Certificate2 Certificate => (Recipient ?? Signer).Certificate;
}

/// <summary>A certificate of an author, and the trust anchor of its chain.</summary>
/// <param name="Use">What it is learned for.</param>
/// <param name="Certificate">The certificate.</param>
/// <param name="Anchor">The SHA-256 of the anchor's public key, in hexadecimal.</param>
internal sealed record CandidateCertificate(LearnedUse Use, X509Certificate2 Certificate, string Anchor)
{
    /// <summary>Gets its SHA-256 in hexadecimal.</summary>
    public string Fingerprint { get; } = FingerprintOf(Certificate);

    /// <summary>Returns the SHA-256 of a certificate in hexadecimal, in lower case and without colons.</summary>
    public static string FingerprintOf(X509Certificate2 certificate) =>
        Convert.ToHexStringLower(SHA256.HashData(certificate.RawDataMemory.Span));
}

/// <summary>What a certificate was learned for. Sympa puts it behind the address in the name of its file.</summary>
internal enum LearnedUse
{
    /// <summary>Verifying and encrypting: <c>ADDRESS</c>.</summary>
    Both,

    /// <summary>Verifying: <c>ADDRESS@sign</c>.</summary>
    Sign,

    /// <summary>Encrypting: <c>ADDRESS@enc</c>.</summary>
    Encrypt,
}
