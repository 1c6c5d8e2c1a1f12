using System.Formats.Asn1;
using System.Text;

namespace Postseal.Ldap.Protocol;

/// <summary>An entry that was found.</summary>
/// <param name="Dn">Its name, as the server wrote it: it may hold anything.</param>
/// <param name="Attributes">What was asked for of it and is there.</param>
internal sealed record LdapEntry(string Dn, IReadOnlyList<LdapAttribute> Attributes)
{
    /// <summary>SearchResultEntry ::= [APPLICATION 4] SEQUENCE { objectName LDAPDN, attributes SEQUENCE OF PartialAttribute }, where
    /// PartialAttribute ::= SEQUENCE { type AttributeDescription, vals SET OF OCTET STRING }.</summary>
    /// <exception cref="AsnContentException">It is anything else.</exception>
    public static LdapEntry Read(AsnReader operation)
    {
        var name = Text(LdapMessage.ReadString(operation));
        var list = operation.ReadSequence();
        operation.ThrowIfNotEmpty();
        var attributes = new List<LdapAttribute>();
        while (list.HasData)
        {
            var attribute = list.ReadSequence();
            var description = Text(LdapMessage.ReadString(attribute));
            var set = attribute.ReadSetOf(skipSortOrderValidation: true);
            attribute.ThrowIfNotEmpty();
            var values = new List<ReadOnlyMemory<byte>>();
            while (set.HasData)
                values.Add(LdapMessage.ReadString(set));
            attributes.Add(new LdapAttribute(description, values));
        }

        return new LdapEntry(name, attributes);
    }

    /// <summary>Finds the values of an attribute, whatever options (RFC 4512 section 2.5) stand behind its name.</summary>
    public IEnumerable<ReadOnlyMemory<byte>> ValuesOf(string type) =>
        Attributes.Where(attribute => attribute.Type.Equals(type, StringComparison.OrdinalIgnoreCase)).SelectMany(attribute => attribute.Values);

    private static string Text(ReadOnlyMemory<byte> utf8) => Encoding.UTF8.GetString(utf8.Span);
}

/// <summary>An attribute with its values.</summary>
/// <param name="Description">Its name, with options: <c>userCertificate;binary</c>.</param>
/// <param name="Values">Its values.</param>
internal sealed record LdapAttribute(string Description, IReadOnlyList<ReadOnlyMemory<byte>> Values)
{
    /// <summary>Gets its name without options.</summary>
    public string Type => TypeOf(Description);

    /// <summary>Returns the name without options: a server may leave <c>;binary</c> out, or add it, whatever was asked for.</summary>
    public static string TypeOf(string description) => description.Split(';', 2)[0];
}
