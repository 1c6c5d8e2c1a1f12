using System.Formats.Asn1;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Postseal.Cms;
using Postseal.Mail;

namespace Postseal.Certificates;

/// <summary>The mailboxes in a certificate's subjectAltName (RFC 5280 section 4.2.1.6, RFC 9598).</summary>
internal static class SubjectAlternativeNames
{
    private static readonly Asn1Tag OtherName = new(TagClass.ContextSpecific, 0);
    private static readonly Asn1Tag Rfc822Name = new(TagClass.ContextSpecific, 1);

    /// <summary>
    /// Reads the rfc822Names and SmtpUTF8Mailboxes; <see langword="null"/> when the certificate has neither. One that is not as
    /// it should be names nobody and hides none of the others.
    /// </summary>
    public static IReadOnlyList<MailAddress>? MailAddresses(X509Certificate2 certificate)
    {
        var extension = certificate.Extensions[Oids.SubjectAlternativeName];
        if (extension is null)
            return null;

        var addresses = new List<MailAddress>();
        var hasMailbox = false;
        try
        {
            var names = new AsnReader(extension.RawData, AsnEncodingRules.DER).ReadSequence();
            while (names.HasData)
            {
                if (!IsMailbox(names.ReadEncodedValue(), out var address))
                    continue;
                hasMailbox = true;
                if (address is not null)
                    addresses.Add(address);
            }
        }
        catch (AsnContentException)
        {
            return []; // A name list that is not DER names nobody.
        }

        return hasMailbox ? addresses : null;
    }

    /// <summary>
    /// Encodes the value of a subjectAltName extension with these addresses: rfc822Name, or SmtpUTF8Mailbox for a local part that
    /// ASCII cannot say; the domain in A-labels in both (RFC 9598 section 3).
    /// </summary>
    public static byte[] Encode(IEnumerable<MailAddress> addresses)
    {
        var writer = new AsnWriter(AsnEncodingRules.DER);
        using (writer.PushSequence())
        {
            foreach (var address in addresses)
            {
                var mailbox = new MailAddress(address.LocalPart, address.AsciiDomain).ToString();
                if (Ascii.IsValid(address.LocalPart))
                    writer.WriteCharacterString(UniversalTagNumber.IA5String, mailbox, Rfc822Name);
                else
                    WriteSmtpUtf8Mailbox(writer, mailbox);
            }
        }

        return writer.Encode();
    }

    private static void WriteSmtpUtf8Mailbox(AsnWriter writer, string mailbox)
    {
        using (writer.PushSequence(OtherName))
        {
            writer.WriteObjectIdentifier(Oids.SmtpUtf8Mailbox);
            using (writer.PushSequence(new Asn1Tag(TagClass.ContextSpecific, 0)))
                writer.WriteCharacterString(UniversalTagNumber.UTF8String, mailbox);
        }
    }

    /// <summary>Determines whether a GeneralName is a mailbox, and reads its address if it is valid.</summary>
    private static bool IsMailbox(ReadOnlyMemory<byte> name, out MailAddress? address)
    {
        address = null;
        var isMailbox = false;
        try
        {
            var reader = new AsnReader(name, AsnEncodingRules.DER);
            var tag = reader.PeekTag();
            if (tag.HasSameClassAndValue(Rfc822Name))
            {
                isMailbox = true;
                address = CertificateAddresses.Parse(reader.ReadCharacterString(UniversalTagNumber.IA5String, Rfc822Name));
            }
            else if (tag.HasSameClassAndValue(OtherName)
                && reader.ReadSequence(OtherName) is var other && other.ReadObjectIdentifier() == Oids.SmtpUtf8Mailbox)
            {
                isMailbox = true;
                address = ReadSmtpUtf8Mailbox(other);
            }
        }
        catch (AsnContentException)
        {
            // 8-bit in an IA5String, no UTF-8 in a UTF8String, a name of another kind that is damaged: it names nobody.
        }

        return isMailbox;
    }

    /// <summary>
    /// OtherName ::= SEQUENCE { type-id, value [0] EXPLICIT UTF8String } (RFC 9598 section 3). A local part in ASCII has
    /// no business there: a CA that is constrained to one domain is constrained in its rfc822Names.
    /// </summary>
    private static MailAddress? ReadSmtpUtf8Mailbox(AsnReader afterType)
    {
        var text = afterType.ReadSequence(new Asn1Tag(TagClass.ContextSpecific, 0)).ReadCharacterString(UniversalTagNumber.UTF8String);
        return CertificateAddresses.Parse(text) is { } address && !Ascii.IsValid(address.LocalPart) ? address : null;
    }
}
