using System.Formats.Asn1;

namespace Postseal.Ldap.Protocol;

/// <summary>A message from the server (RFC 4511 section 4.1.1). Its controls are passed over: none was asked for.</summary>
/// <param name="Id">The request that it answers; 0 for one that answers none.</param>
/// <param name="Operation">The tag of what it is, of class APPLICATION: <see cref="LdapOperations"/>.</param>
/// <param name="Content">What is in it.</param>
internal sealed record LdapMessage(int Id, int Operation, AsnReader Content)
{
    private static readonly Asn1Tag Controls = new(TagClass.ContextSpecific, 0, isConstructed: true);

    /// <summary>LDAPMessage ::= SEQUENCE { messageID MessageID, protocolOp CHOICE { … }, controls [0] OPTIONAL }</summary>
    /// <exception cref="AsnContentException">It is anything else.</exception>
    public static LdapMessage Read(ReadOnlyMemory<byte> encoded)
    {
        var outer = new AsnReader(encoded, AsnEncodingRules.BER);
        var message = outer.ReadSequence();
        outer.ThrowIfNotEmpty();
        if (!message.TryReadInt32(out var id) || id < 0)
            throw new AsnContentException("a message ID is out of range");
        var tag = message.PeekTag();
        if (tag.TagClass != TagClass.Application || !tag.IsConstructed)
            throw new AsnContentException("a message is no operation of LDAP");
        var content = message.ReadSequence(tag);
        if (message.HasData && message.PeekTag() == Controls)
            message.ReadEncodedValue();
        message.ThrowIfNotEmpty();
        return new LdapMessage(id, tag.TagValue, content);
    }

    /// <summary>Reads an OCTET STRING, which LDAP has in its primitive form alone (RFC 4511 section 5.1); nothing is copied.</summary>
    internal static ReadOnlyMemory<byte> ReadString(AsnReader reader) => reader.TryReadPrimitiveOctetString(out var octets)
        ? octets
        : throw new AsnContentException("a string is in pieces, which LDAP does not have");
}

/// <summary>The tags of operations, all of class APPLICATION (RFC 4511 appendix B).</summary>
internal static class LdapOperations
{
    public const int BindRequest = 0, BindResponse = 1;
    public const int SearchRequest = 3, SearchResultEntry = 4, SearchResultDone = 5, SearchResultReference = 19;
    public const int ModifyRequest = 6, ModifyResponse = 7, AddRequest = 8, AddResponse = 9;
    public const int ExtendedRequest = 23, ExtendedResponse = 24, IntermediateResponse = 25;
}
