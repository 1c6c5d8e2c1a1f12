namespace Postseal.Ldap.Protocol;

/// <summary>A change of one attribute of an entry (RFC 4511 section 4.6).</summary>
/// <param name="Kind">What is done with the values.</param>
/// <param name="Attribute">The attribute, with the values to add, delete, or put in place of all.</param>
internal sealed record LdapChange(LdapChangeKind Kind, LdapAttribute Attribute);

/// <summary>What is done with the values of an attribute.</summary>
internal enum LdapChangeKind
{
    Add = 0,
    Delete = 1,
    Replace = 2,
}
