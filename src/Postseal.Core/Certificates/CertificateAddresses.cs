using System.Formats.Asn1;
using System.Security.Cryptography.X509Certificates;
using Postseal.Cms;
using Postseal.Mail;

namespace Postseal.Certificates;

/// <summary>The mail addresses a certificate is for (RFC 8550 section 3).</summary>
internal static class CertificateAddresses
{
    /// <summary>
    /// Reads the addresses in subjectAltName. Where there is no mailbox at all, not even one that cannot be read, it reads those
    /// in the subject's emailAddress, where old CAs put them: readers must recognize them there too.
    /// </summary>
    public static IReadOnlyList<MailAddress> Of(X509Certificate2 certificate) =>
        SubjectAlternativeNames.MailAddresses(certificate) ?? InSubject(certificate);

    /// <summary>Determines whether it has addresses, and only in its subject.</summary>
    public static bool AreInSubjectAlone(X509Certificate2 certificate) =>
        SubjectAlternativeNames.MailAddresses(certificate) is null && InSubject(certificate).Count > 0;

    /// <summary>
    /// Reads an address in a certificate strictly: what a reader may skip in a header (white space, angle brackets, a NUL),
    /// another reader compares.
    /// </summary>
    internal static MailAddress? Parse(string text) =>
        text.Length > 0 && text[0] != '<' && !char.IsWhiteSpace(text[0]) && !char.IsWhiteSpace(text[^1]) && !text.Any(char.IsControl)
            && MailAddress.TryParse(text, out var address)
            ? address
            : null;

    /// <summary>Reads emailAddress, an IA5String (RFC 2985 section 5.2.1); one of another type is ignored.</summary>
    private static List<MailAddress> InSubject(X509Certificate2 certificate)
    {
        var addresses = new List<MailAddress>();
        foreach (var value in DistinguishedNames.Values(certificate.SubjectName, Oids.EmailAddress))
        {
            if (ReadIA5String(value) is { } text && Parse(text) is { } address)
                addresses.Add(address);
        }

        return addresses;
    }

    private static string? ReadIA5String(ReadOnlyMemory<byte> value)
    {
        try
        {
            return new AsnReader(value, AsnEncodingRules.DER).ReadCharacterString(UniversalTagNumber.IA5String);
        }
        catch (AsnContentException)
        {
            return null;
        }
    }
}
