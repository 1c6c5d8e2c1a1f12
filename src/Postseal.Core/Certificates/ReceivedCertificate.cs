using System.Security.Cryptography.X509Certificates;
using Postseal.Cms;
using Postseal.Mail;

namespace Postseal.Certificates;

/// <summary>A certificate that came with mail, with what is worked out from it once for all messages that bring it.</summary>
internal sealed class ReceivedCertificate
{
    private readonly Lazy<IReadOnlyList<MailAddress>> addresses;
    private readonly Lazy<Rejection?> cannotSign;
    private readonly Lazy<Rejection?> cannotEncrypt;
    private readonly Lazy<VerificationKey> key;

    /// <summary>Takes a certificate whose extensions can all be read.</summary>
    /// <param name="certificate">The certificate.</param>
    /// <param name="digest">The digest of its bytes.</param>
    internal ReceivedCertificate(X509Certificate2 certificate, CertificateDigest digest)
    {
        (Certificate, Digest) = (certificate, digest);
        addresses = new(() => CertificateAddresses.Of(certificate));
        key = new(() => VerificationKey.Of(certificate));
        cannotSign = new(() => CertificateRules.CheckReceived(certificate));
        cannotEncrypt = new(() => new MailCertificate(certificate, "the message", hasKey: false).CannotEncrypt);
    }

    /// <summary>Gets the certificate. It is never disposed of, as other messages may be using it.</summary>
    public X509Certificate2 Certificate { get; }

    /// <summary>Gets the digest of its bytes.</summary>
    public CertificateDigest Digest { get; }

    /// <summary>Gets the addresses it is for; none where it names no address that is one beyond doubt.</summary>
    public IReadOnlyList<MailAddress> Addresses => addresses.Value;

    /// <summary>Gets its public key, kept open; opened when it is first asked for.</summary>
    public VerificationKey Key => key.Value;

    /// <summary>Gets why nothing that it signed is to be believed, whomever it names: <see cref="RejectionKind.WrongUse"/> or
    /// <see cref="RejectionKind.TooWeak"/>; <see langword="null"/> when it may sign.</summary>
    public Rejection? CannotSign => cannotSign.Value;

    /// <summary>Gets why nothing may be encrypted to it, whomever it names; <see langword="null"/> when it may.</summary>
    public Rejection? CannotEncrypt => cannotEncrypt.Value;
}
