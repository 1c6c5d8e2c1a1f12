using System.Net;

namespace Postseal.Policy;

/// <summary>Whose mail is ours to protect. A signature says who wrote, so it is for mail that originates here.</summary>
public sealed record OriginatingOptions
{
    /// <summary>Clients in these networks are ours. Default: this machine, 127.0.0.0/8 and ::1.</summary>
    public IReadOnlyList<IPNetwork> Networks { get; init; } = [IPNetwork.Parse("127.0.0.0/8"), IPNetwork.Parse("::1/128")];

    /// <summary>
    /// Gets which From a client in <see cref="Networks"/> may have signed. Default: <see cref="AllowedFrom.Any"/>, as
    /// newsletters need whose envelope sender is a bounce address.
    /// </summary>
    public AllowedFrom NetworksFrom { get; init; } = AllowedFrom.Any;

    /// <summary>
    /// Gets which From a client that authenticated may have signed, wherever it comes from. Default:
    /// <see cref="AuthenticatedFrom.Login"/>, so that nobody gets a colleague's signature by writing his address.
    /// </summary>
    public AuthenticatedFrom AuthenticatedFrom { get; init; } = AuthenticatedFrom.Login;

    /// <summary>Completes a login that has no @ to an address. Default: <see langword="null"/>, such a login has none.</summary>
    public string? LoginDomain { get; init; }

    /// <summary>
    /// Gets the addresses that logins may use besides their own, for <see cref="AuthenticatedFrom.Login"/>. Default:
    /// <see langword="null"/>, there are none.
    /// </summary>
    public SenderLogins? SenderLogins { get; init; }
}

/// <summary>Which author address a client in our networks may have signed.</summary>
public enum AllowedFrom
{
    /// <summary>Only the address it gave in MAIL FROM.</summary>
    EnvelopeSender,

    /// <summary>Any address we hold a key for.</summary>
    Any,
}

/// <summary>Which author address a client that authenticated may have signed.</summary>
public enum AuthenticatedFrom
{
    /// <summary>
    /// The login's own, and those that <see cref="OriginatingOptions.SenderLogins"/> gives it. The envelope sender does not
    /// matter: it may be a bounce address, or empty as with a receipt or an out-of-office reply.
    /// </summary>
    Login,

    /// <summary>The address it gave in MAIL FROM. As safe as the MTA's own rule on who may send as whom, which by default
    /// is none.</summary>
    EnvelopeSender,

    /// <summary>Any address we hold a key for: whoever has one login signs as everyone.</summary>
    Any,
}
