using System.Security.Cryptography.X509Certificates;
using Postseal.Certificates;
using Postseal.Certificates.Trust;
using Postseal.Mail;

namespace Postseal.Verification;

/// <summary>What is to be said of one signer.</summary>
public sealed record SignerVerdict
{
    internal SignerVerdict(SmimeResult result, string reason, string name) => (Result, Reason, Name) = (result, reason, name);

    /// <summary>Gets the result for this signer.</summary>
    public SmimeResult Result { get; }

    /// <summary>Gets why, for people.</summary>
    public string Reason { get; }

    /// <summary>Gets what the signature calls him: issuer and serial number, or a key identifier.</summary>
    public string Name { get; }

    /// <summary>Gets the certificate that made the signature; <see langword="null"/> where none did.</summary>
    public X509Certificate2? Certificate { get; internal init; }

    /// <summary>Gets the addresses in it.</summary>
    public IReadOnlyList<MailAddress> Addresses { get; internal init; } = [];

    /// <summary>Gets whether the content is what he signed.</summary>
    public bool IsVerified { get; internal init; }

    /// <summary>Gets whether a trust anchor stands behind his certificate.</summary>
    public bool IsTrusted { get; internal init; }

    /// <summary>Gets whether his certificate names the one address in From.</summary>
    public bool IsAuthor { get; internal init; }

    /// <summary>Gets when he says that he signed.</summary>
    public DateTimeOffset? SigningTime { get; internal init; }

    /// <summary>Gets what is known of his certificate's revocation, for people; <see langword="null"/> where nobody asked.</summary>
    public string? Revocation { get; internal init; }

    /// <summary>Gets the chain from his certificate to the anchor; empty where there is none.</summary>
    public IReadOnlyList<X509Certificate2> Chain { get; internal init; } = [];

    /// <summary>Gets what his program can read: the SMIMECapabilities that he signed (RFC 8551 section 2.5.2), in DER.</summary>
    public ReadOnlyMemory<byte>? Capabilities { get; internal init; }

    /// <summary>Gets which certificate he wants mail encrypted to: the SMIMEEncryptionKeyPreference that he signed (RFC 8551 section
    /// 2.5.3), in DER.</summary>
    public ReadOnlyMemory<byte>? EncryptionKeyPreference { get; internal init; }

    /// <summary>Gets how the certificate stands with the CAs that are trusted; <see langword="null"/> where there is none.</summary>
    internal SignerStanding? Standing { get; init; }

    /// <summary>Gets the certificate with what was worked out from it; <see langword="null"/> where there is none.</summary>
    internal ReceivedCertificate? Received { get; init; }
}
