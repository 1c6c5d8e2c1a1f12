using System.Formats.Asn1;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Postseal.Cms;
using Postseal.Mime;

namespace Postseal.Certificates;

/// <summary>The mail addresses a certificate is for (RFC 5280 section 4.2.1.6, RFC 9598, RFC 8550 section 3).</summary>
public static class SubjectAlternativeNames
{
    private static readonly Asn1Tag OtherName = new(TagClass.ContextSpecific, 0);
    private static readonly Asn1Tag Rfc822Name = new(TagClass.ContextSpecific, 1);

    /// <summary>
    /// The rfc822Names and SmtpUTF8Mailboxes in the certificate's subjectAltName; empty when it has none or cannot be
    /// read.
    /// </summary>
    /// <remarks>
    /// An emailAddress in the subject is not looked at: it is a relic (RFC 8550 section 3) that other readers ignore.
    /// </remarks>
    public static IReadOnlyList<MailAddress> MailAddresses(X509Certificate2 certificate)
    {
        var extension = certificate.Extensions[Oids.SubjectAlternativeName];
        if (extension is null)
            return [];

        var addresses = new List<MailAddress>();
        try
        {
            var names = new AsnReader(extension.RawData, AsnEncodingRules.DER).ReadSequence();
            while (names.HasData)
            {
                if (ReadMailbox(names) is { } text && MailAddress.TryParse(text, out var address))
                    addresses.Add(address);
            }
        }
        catch (AsnContentException)
        {
            return []; // A name list that is not DER names nobody.
        }

        return addresses;
    }

    /// <summary>The value of a subjectAltName extension with these addresses.</summary>
    public static byte[] Encode(IEnumerable<string> addresses)
    {
        var writer = new AsnWriter(AsnEncodingRules.DER);
        using (writer.PushSequence())
        {
            foreach (var address in addresses)
            {
                if (Ascii.IsValid(address))
                    writer.WriteCharacterString(UniversalTagNumber.IA5String, address, Rfc822Name);
                else
                    WriteSmtpUtf8Mailbox(writer, address);
            }
        }

        return writer.Encode();
    }

    private static void WriteSmtpUtf8Mailbox(AsnWriter writer, string address)
    {
        using (writer.PushSequence(OtherName))
        {
            writer.WriteObjectIdentifier(Oids.SmtpUtf8Mailbox);
            using (writer.PushSequence(new Asn1Tag(TagClass.ContextSpecific, 0)))
                writer.WriteCharacterString(UniversalTagNumber.UTF8String, address);
        }
    }

    private static string? ReadMailbox(AsnReader names)
    {
        var tag = names.PeekTag();
        if (tag.HasSameClassAndValue(Rfc822Name))
            return names.ReadCharacterString(UniversalTagNumber.IA5String, Rfc822Name);
        if (tag.HasSameClassAndValue(OtherName))
            return ReadSmtpUtf8Mailbox(names.ReadSequence(OtherName));
        names.ReadEncodedValue();
        return null;
    }

    /// <summary>OtherName ::= SEQUENCE { type-id, value [0] EXPLICIT UTF8String } (RFC 9598 section 3)</summary>
    private static string? ReadSmtpUtf8Mailbox(AsnReader name) => name.ReadObjectIdentifier() == Oids.SmtpUtf8Mailbox
        ? name.ReadSequence(new Asn1Tag(TagClass.ContextSpecific, 0)).ReadCharacterString(UniversalTagNumber.UTF8String)
        : null;
}
