namespace Postseal.Certificates.Sources;

/// <summary>Keys in a token: <c>[Pkcs11]</c>.</summary>
public sealed record Pkcs11Options
{
    /// <summary>Gets the PKCS #11 library of the token's maker, an absolute path; <see langword="null"/>, the default: there is no token.</summary>
    public string? Module { get; init; }

    /// <summary>Gets the file with the user PIN on its first line; absolute once read. Default: <see langword="null"/>: the token wants
    /// none.</summary>
    public string? PinFile { get; init; }

    /// <summary>Gets which tokens are used, as a PKCS #11 URI of its attributes: <c>pkcs11:token=mail</c>. Default: <see langword="null"/>: every
    /// token of the module, if not more than one of them wants a PIN: that of one is a wrong one for the others.</summary>
    public string? Token { get; init; }

    /// <summary>Gets whether every certificate in the token signs for the addresses in it and opens their mail, without a section that names it.
    /// Default: no.</summary>
    public bool Scan { get; init; }

    /// <summary>Gets how many operations the token does at the same time: as many sessions are open. Default: 8.</summary>
    public int Sessions { get; init; } = 8;

    /// <summary>Gets how long an operation may take, the wait for a session included. Default: 10 s.</summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Gets where it is remembered which PIN file was refused (the state directory), so that no restart tries it again: tokens
    /// lock.</summary>
    public string? StatePath { get; init; }
}
