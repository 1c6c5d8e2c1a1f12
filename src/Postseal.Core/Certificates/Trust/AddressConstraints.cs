using System.Formats.Asn1;
using System.Security.Cryptography.X509Certificates;
using Postseal.Bytes;
using Postseal.Cms;
using Postseal.Mail;

namespace Postseal.Certificates.Trust;

/// <summary>
/// The name constraints of CAs on the mail addresses of those they issue for (RFC 5280 section 4.2.1.10), held against the addresses
/// as we compare them with an author. The platform checks them too, but past what is excluded there slip: <c>Alice@</c> where
/// <c>alice@</c> is excluded, any address where all are (an empty name), and an SmtpUTF8Mailbox in A-labels (RFC 9598; openssl
/// keeps to the older RFC 8398) or below an excluded host.
/// </summary>
internal static class AddressConstraints
{
    private static readonly Asn1Tag Permitted = new(TagClass.ContextSpecific, 0);
    private static readonly Asn1Tag Excluded = new(TagClass.ContextSpecific, 1);
    private static readonly Asn1Tag Rfc822Name = new(TagClass.ContextSpecific, 1);

    /// <summary>Checks the addresses of a path's first certificate against the constraints of all above it.</summary>
    /// <returns><see langword="null"/> when they allow each of them, else the reason as a clause.</returns>
    public static string? Check(IReadOnlyList<X509Certificate2> path)
    {
        IReadOnlyList<MailAddress>? addresses = null;
        foreach (var issuer in path.Skip(1))
        {
            if (issuer.Extensions[Oids.NameConstraints] is not { } extension)
                continue;
            addresses ??= CertificateAddresses.Of(path[0]);
            if (FirstForbidden(extension.RawData, addresses) is { } reason)
                return $"{DistinguishedNames.ForPeople(issuer.SubjectName)} {reason}";
        }

        return null;
    }

    private static string? FirstForbidden(byte[] constraints, IReadOnlyList<MailAddress> addresses)
    {
        try
        {
            var reader = new AsnReader(constraints, AsnEncodingRules.BER).ReadSequence();
            var (permitted, excluded) = (ReadBases(reader, Permitted), ReadBases(reader, Excluded));
            return addresses.FirstOrDefault(address =>
                permitted.Count > 0 && !permitted.Exists(name => Covers(name, address, StringComparison.Ordinal))
                || excluded.Exists(name => Covers(name, address, StringComparison.OrdinalIgnoreCase))) is { } forbidden
                ? $"may not issue for {forbidden}"
                : null;
        }
        catch (AsnContentException)
        {
            return "has name constraints that cannot be read";
        }
    }

    /// <summary>GeneralSubtrees ::= SEQUENCE OF GeneralSubtree; GeneralSubtree ::= SEQUENCE { base GeneralName, … }</summary>
    private static List<string> ReadBases(AsnReader constraints, Asn1Tag which)
    {
        var names = new List<string>();
        if (!constraints.IsNext(which))
            return names;
        var subtrees = constraints.ReadSequence(which);
        while (subtrees.HasData)
        {
            var subtree = subtrees.ReadSequence();
            if (subtree.PeekTag().HasSameClassAndValue(Rfc822Name))
                names.Add(subtree.ReadCharacterString(UniversalTagNumber.IA5String, Rfc822Name));
        }

        return names;
    }

    /// <summary>Determines whether a constraint, a mailbox, a host, or with a dot in front all below a host, is about an address; an
    /// empty one is about all.</summary>
    private static bool Covers(string constraint, MailAddress address, StringComparison localPart)
    {
        var at = constraint.LastIndexOf('@');
        var host = AsciiCaseComparer.Lower(constraint[(at + 1)..]);
        if (at >= 0)
            return host == address.AsciiDomain && constraint[..at].Equals(address.LocalPart, localPart);
        return host.StartsWith('.')
            ? address.AsciiDomain.EndsWith(host, StringComparison.Ordinal)
            : host.Length == 0 || host == address.AsciiDomain;
    }
}
