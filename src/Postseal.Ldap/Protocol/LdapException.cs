namespace Postseal.Ldap.Protocol;

/// <summary>A server answered a request with something else than success. The connection is as good as before.</summary>
/// <param name="message">What happened, for the log.</param>
/// <param name="code">The answer.</param>
internal sealed class LdapException(string message, LdapResultCode code) : IOException(message)
{
    /// <summary>Gets the answer.</summary>
    public LdapResultCode Code { get; } = code;

    /// <summary>Gets whether the server, and not the request, is what is wrong: another server, or the same one later, may answer.</summary>
    public bool IsOfServer => Code is LdapResultCode.Busy or LdapResultCode.Unavailable or LdapResultCode.OperationsError or LdapResultCode.Other;
}
