using System.Formats.Asn1;
using System.Security.Cryptography.X509Certificates;
using Postseal.Cms;

namespace Postseal.Certificates.Revocation;

/// <summary>AuthorityInfoAccessSyntax ::= SEQUENCE OF SEQUENCE { accessMethod, accessLocation GeneralName } (RFC 5280 section 4.2.2.1)</summary>
internal static class AuthorityInfoAccess
{
    /// <summary>The most addresses of a certificate that are looked at.</summary>
    private const int MaxUrls = 4;

    /// <summary>Reads the addresses that a certificate has for a method; none where it has none or they cannot be read.</summary>
    public static IReadOnlyList<Uri> Urls(X509Certificate2 certificate, string method)
    {
        var urls = new List<Uri>();
        try
        {
            if (certificate.Extensions[Oids.AuthorityInfoAccess] is not { } extension)
                return [];
            var sequence = new AsnReader(extension.RawData, AsnEncodingRules.DER).ReadSequence();
            while (sequence.HasData && urls.Count < MaxUrls)
            {
                var access = sequence.ReadSequence();
                if (access.ReadObjectIdentifier() == method)
                    urls.AddRange(GeneralNames.Read(access).Select(GeneralNames.ToUrl).OfType<Uri>());
            }
        }
        catch (AsnContentException)
        {
            return [];
        }

        return urls;
    }
}
