using System.Formats.Asn1;

namespace Postseal.Ldap.Protocol;

/// <summary>LDAPResult (RFC 4511 section 4.1.9).</summary>
/// <param name="Code">What became of the request; any number, also one without a name here.</param>
/// <param name="Diagnostic">What the server says of it, as it may be shown.</param>
internal sealed record LdapResult(LdapResultCode Code, string Diagnostic)
{
    private const int MaxDiagnostic = 200;

    /// <summary>
    /// LDAPResult ::= SEQUENCE { resultCode ENUMERATED, matchedDN LDAPDN, diagnosticMessage LDAPString, referral [3] OPTIONAL }, with what a
    /// BindResponse or an ExtendedResponse has behind it. Referrals are not read: nobody follows them.
    /// </summary>
    /// <exception cref="AsnContentException">It is anything else.</exception>
    public static LdapResult Read(AsnReader operation)
    {
        var code = operation.ReadEnumeratedBytes().Span;
        if (code is not [<= 0x7F] and not [<= 0x7F, _])
            throw new AsnContentException("a result code is out of range");
        var number = code.Length == 1 ? code[0] : code[0] << 8 | code[1];
        LdapMessage.ReadString(operation);
        var diagnostic = LdapMessage.ReadString(operation);
        while (operation.HasData)
            operation.ReadEncodedValue();
        return new LdapResult((LdapResultCode)number, Shown(diagnostic.Span));
    }

    /// <summary>Returns code and diagnostics for people: <c>busy (51), "try later"</c>.</summary>
    public override string ToString()
    {
        var name = Enum.IsDefined(Code) ? $"{char.ToLowerInvariant(Code.ToString()[0])}{Code.ToString()[1..]} ({(int)Code})" : $"result {(int)Code}";
        return Diagnostic.Length == 0 ? name : $"{name}, \"{Diagnostic}\"";
    }

    /// <summary>A server may say anything, into logs and terminals.</summary>
    internal static string Shown(ReadOnlySpan<byte> text)
    {
        var length = Math.Min(text.Length, MaxDiagnostic);
        return string.Create(length, text[..length], static (shown, text) =>
        {
            for (var i = 0; i < shown.Length; i++)
                shown[i] = text[i] is >= (byte)' ' and <= (byte)'~' and not (byte)'"' ? (char)text[i] : '?';
        });
    }
}
