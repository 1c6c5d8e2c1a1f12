using System.Security.Cryptography.X509Certificates;
using Postseal.Certificates;
using Postseal.Mail;
using Postseal.Smime;

namespace Postseal.Policy;

/// <summary>
/// Checks whether mail that a client protected itself carries a signature of its author. The signature is not verified: that
/// it is broken is for the recipient to see.
/// </summary>
internal static class ClientSignature
{
    /// <summary>Explains why it does not; <see langword="null"/> when it does.</summary>
    /// <param name="author">Whose it should be.</param>
    /// <param name="protection">How the message is protected.</param>
    /// <param name="own">What we would sign with, if anything: mail that passes twice was signed with it the first time, and it
    /// may be the certificate of the whole domain.</param>
    public static Rejection? Check(MailAddress author, MessageProtection protection, Identity? own)
    {
        if (!protection.IsSmimeSignature)
        {
            return new(RejectionKind.NoVisibleSignature, protection.IsEncrypted
                ? $"it came encrypted ({protection.Kind}), so that nobody here can see a signature in it"
                : $"it came as {protection.Kind}, which is no S/MIME signature");
        }

        var certificates = protection.Signers?.Certificates() ?? [];
        try
        {
            return certificates.Count > 0 && certificates.All(certificate => IsOf(author, certificate, own))
                ? null
                : new(
                    RejectionKind.NotTheAuthorsSignature,
                    $"its own signature ({protection.Kind}) is not by a certificate of {author} that came with it");
        }
        finally
        {
            foreach (var certificate in certificates)
                certificate?.Dispose();
        }
    }

    private static bool IsOf(MailAddress author, X509Certificate2? certificate, Identity? own) =>
        certificate is not null
        && (CertificateAddresses.Of(certificate).Contains(author)
            || certificate.RawDataMemory.Span.SequenceEqual(own is null ? default : own.Certificate.RawDataMemory.Span));
}
