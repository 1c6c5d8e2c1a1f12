using System.Formats.Asn1;
using System.Text;

namespace Postseal.Ldap.Protocol;

/// <summary>A part of what is searched that another server has (RFC 4511 section 4.5.3).</summary>
internal static class ContinuationReference
{
    /// <summary>What every domain controller of Active Directory refers to in a search from the top of its domain: no people are there.</summary>
    private static readonly string[] WithoutPeople = ["/DC=ForestDnsZones,", "/DC=DomainDnsZones,", "/CN=Configuration,"];

    /// <summary>SearchResultReference ::= [APPLICATION 19] SEQUENCE SIZE (1..MAX) OF uri URI</summary>
    /// <returns>The first address, as it may be shown; <see langword="null"/> where no people can be there.</returns>
    /// <exception cref="AsnContentException">It is anything else.</exception>
    public static string? Read(AsnReader operation)
    {
        var uri = LdapMessage.ReadString(operation);
        var shown = LdapResult.Shown(uri.Span);
        return WithoutPeople.Any(known => Encoding.UTF8.GetString(uri.Span).Contains(known, StringComparison.OrdinalIgnoreCase)) ? null : shown;
    }
}
