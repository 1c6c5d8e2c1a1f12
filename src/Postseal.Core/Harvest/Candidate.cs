using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Postseal.Certificates;
using Postseal.Mail;

namespace Postseal.Harvest;

/// <summary>What a message has to teach, after everything that is asked of it was found to hold.</summary>
/// <param name="Address">The author: the one address that anything is learned of, whatever others the certificates name.</param>
/// <param name="SignedAt">When he says that he signed.</param>
/// <param name="Certificates">His certificate, or the one to verify with and the one to encrypt to.</param>
internal sealed record Candidate(MailAddress Address, DateTimeOffset SignedAt, IReadOnlyList<CandidateCertificate> Certificates)
{
    /// <summary>Gets the CA certificates between these and the anchors.</summary>
    public required IReadOnlyList<X509Certificate2> Intermediates { get; init; }

    /// <summary>Gets the signature without its content, and with no other certificates than these: a value of userSMIMECertificate (RFC 2798
    /// section 2.8).</summary>
    public required Lazy<byte[]> Signature { get; init; }

    /// <summary>Gets what his program can read; <see langword="null"/> where he did not say.</summary>
    public Abilities? Abilities { get; init; }

    /// <summary>Gets the Message-ID, as it may be shown; empty where there is none.</summary>
    public string MessageId { get; init; } = "";

    /// <summary>Gets the one that made the signature.</summary>
    public CandidateCertificate Signer => Certificates.First(certificate => certificate.Use != LearnedUse.Encrypt);

    /// <summary>Gets the one to encrypt to; <see langword="null"/> where he named none, and signs with one that is for signing alone.</summary>
    public CandidateCertificate? Recipient => Certificates.FirstOrDefault(certificate => certificate.Use != LearnedUse.Sign);

    /// <summary>Gets the certificate that people are told of: the one to encrypt to, else the one that signed.</summary>
    public X509Certificate2 Certificate => (Recipient ?? Signer).Certificate;
}

/// <summary>A certificate of somebody, and the anchor that stands behind it.</summary>
/// <param name="Use">What it is learned for.</param>
/// <param name="Certificate">The certificate.</param>
/// <param name="Anchor">What tells the key of the anchor from others.</param>
internal sealed record CandidateCertificate(LearnedUse Use, X509Certificate2 Certificate, string Anchor)
{
    /// <summary>Gets its SHA-256 in hexadecimal.</summary>
    public string Fingerprint { get; } = FingerprintOf(Certificate);

    /// <summary>Returns the SHA-256 of a certificate in hexadecimal, in lower case and without colons.</summary>
    public static string FingerprintOf(X509Certificate2 certificate) => Convert.ToHexStringLower(SHA256.HashData(certificate.RawDataMemory.Span));
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
