using System.Formats.Asn1;
using System.Text;
using Postseal.Certificates.Sources;

namespace Postseal.Ldap.Protocol;

/// <summary>Writes requests: the protocolOp alone, around which <see cref="Message"/> puts the message.</summary>
internal static class LdapRequests
{
    private const string StartTlsName = "1.3.6.1.4.1.1466.20037"; // RFC 4511 section 4.14.1
    private const int Version = 3;

    // simple [0] OCTET STRING, sasl [3] SaslCredentials; requestName [0] LDAPOID
    private static readonly Asn1Tag Context0 = new(TagClass.ContextSpecific, 0), Context3 = new(TagClass.ContextSpecific, 3, isConstructed: true);

    private enum Dereferencing
    {
        Never = 0,
    }

    /// <summary>LDAPMessage ::= SEQUENCE { messageID MessageID, protocolOp CHOICE { … } }</summary>
    public static byte[] Message(int id, Action<AsnWriter> writeOperation)
    {
        var writer = new AsnWriter(AsnEncodingRules.BER);
        using (writer.PushSequence())
        {
            writer.WriteInteger(id);
            writeOperation(writer);
        }

        var message = writer.Encode();
        writer.Reset(); // clears what was written, passwords among it
        return message;
    }

    /// <summary>BindRequest ::= [APPLICATION 0] SEQUENCE { version INTEGER, name LDAPDN, authentication CHOICE { simple [0] OCTET STRING, … } }
    /// </summary>
    public static Action<AsnWriter> SimpleBind(string dn, ReadOnlyMemory<byte> password) => writer =>
    {
        using var bind = writer.PushSequence(Tag(LdapOperations.BindRequest));
        writer.WriteInteger(Version);
        WriteString(writer, dn);
        writer.WriteOctetString(password.Span, Context0);
    };

    /// <summary>SaslCredentials ::= SEQUENCE { mechanism LDAPString, credentials OCTET STRING OPTIONAL }; for EXTERNAL, empty credentials mean
    /// whoever the server takes the client for (RFC 4422 appendix A).</summary>
    public static Action<AsnWriter> ExternalBind() => static writer =>
    {
        using var bind = writer.PushSequence(Tag(LdapOperations.BindRequest));
        writer.WriteInteger(Version);
        WriteString(writer, "");
        using var sasl = writer.PushSequence(Context3);
        WriteString(writer, "EXTERNAL");
        writer.WriteOctetString([]);
    };

    /// <summary>ExtendedRequest ::= [APPLICATION 23] SEQUENCE { requestName [0] LDAPOID, … }</summary>
    public static Action<AsnWriter> StartTls() => static writer =>
    {
        using var extended = writer.PushSequence(Tag(LdapOperations.ExtendedRequest));
        writer.WriteOctetString(Encoding.ASCII.GetBytes(StartTlsName), Context0);
    };

    /// <summary>SearchRequest ::= [APPLICATION 3] SEQUENCE { baseObject LDAPDN, scope ENUMERATED, derefAliases ENUMERATED, sizeLimit INTEGER,
    /// timeLimit INTEGER, typesOnly BOOLEAN, filter Filter, attributes AttributeSelection }</summary>
    /// <exception cref="FormatException">The filter is none.</exception>
    public static Action<AsnWriter> Search(LdapSearch search) => writer =>
    {
        using var request = writer.PushSequence(Tag(LdapOperations.SearchRequest));
        WriteString(writer, search.Base);
        writer.WriteEnumeratedValue(search.Scope);
        writer.WriteEnumeratedValue(Dereferencing.Never);
        writer.WriteInteger(search.MaxEntries);
        writer.WriteInteger((int)Math.Ceiling(search.TimeLimit.TotalSeconds));
        writer.WriteBoolean(false);
        LdapFilterEncoding.Write(writer, search.Filter);
        using var attributes = writer.PushSequence();
        foreach (var attribute in search.Attributes)
            WriteString(writer, attribute);
    };

    /// <summary>AddRequest ::= [APPLICATION 8] SEQUENCE { entry LDAPDN, attributes SEQUENCE OF Attribute }</summary>
    public static Action<AsnWriter> Add(string dn, IReadOnlyList<LdapAttribute> attributes) => writer =>
    {
        using var request = writer.PushSequence(Tag(LdapOperations.AddRequest));
        WriteString(writer, dn);
        using var list = writer.PushSequence();
        foreach (var attribute in attributes)
            WriteAttribute(writer, attribute);
    };

    /// <summary>ModifyRequest ::= [APPLICATION 6] SEQUENCE { object LDAPDN, changes SEQUENCE OF SEQUENCE { operation ENUMERATED, modification
    /// PartialAttribute } }. The server makes all changes or none.</summary>
    public static Action<AsnWriter> Modify(string dn, IReadOnlyList<LdapChange> changes) => writer =>
    {
        using var request = writer.PushSequence(Tag(LdapOperations.ModifyRequest));
        WriteString(writer, dn);
        using var list = writer.PushSequence();
        foreach (var change in changes)
        {
            using var one = writer.PushSequence();
            writer.WriteEnumeratedValue(change.Kind);
            WriteAttribute(writer, change.Attribute);
        }
    };

    /// <summary>Attribute ::= SEQUENCE { type AttributeDescription, vals SET OF OCTET STRING }</summary>
    private static void WriteAttribute(AsnWriter writer, LdapAttribute attribute)
    {
        using var sequence = writer.PushSequence();
        WriteString(writer, attribute.Description);
        using var values = writer.PushSetOf();
        foreach (var value in attribute.Values)
            writer.WriteOctetString(value.Span);
    }

    private static void WriteString(AsnWriter writer, string text) => writer.WriteOctetString(Encoding.UTF8.GetBytes(text));

    private static Asn1Tag Tag(int operation) => new(TagClass.Application, operation, isConstructed: true);
}
