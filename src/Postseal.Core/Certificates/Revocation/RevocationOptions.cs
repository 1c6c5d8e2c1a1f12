namespace Postseal.Certificates.Revocation;

/// <summary>Who is asked whether a certificate was taken back.</summary>
public enum RevocationMethod
{
    /// <summary>Nobody.</summary>
    Off,

    /// <summary>The lists of its CA (RFC 5280 section 5).</summary>
    Crl,

    /// <summary>The lists; where they do not tell, the CA's responder (RFC 6960).</summary>
    CrlThenOcsp,

    /// <summary>The responder; where it does not tell, the lists.</summary>
    OcspThenCrl,
}

/// <summary>What is said of a signature while nobody can tell whether its certificate was taken back.</summary>
public enum UnknownRevocation
{
    /// <summary>What there is to say of it otherwise, and that this is not known.</summary>
    Say,

    /// <summary><c>temperror</c> (RFC 7281 section 3).</summary>
    TempError,

    /// <summary><c>policy</c>: it is not accepted.</summary>
    Policy,
}

/// <summary>How it is found out whether a signer's certificate was taken back.</summary>
public sealed record RevocationOptions
{
    /// <summary>Gets who is asked. Default: the lists, which every CA for mail has to publish, and which tell it nothing of who
    /// writes to whom.</summary>
    public RevocationMethod Check { get; init; } = RevocationMethod.Crl;

    /// <summary>Gets what is said when nobody can tell. Default: that it is not known, as a CA whose server is down would
    /// else take the signatures off everybody's mail.</summary>
    public UnknownRevocation Unknown { get; init; } = UnknownRevocation.Say;

    /// <summary>Gets the proxy that everything is fetched through, as <c>http://proxy.example.org:3128</c>. Default: none, whatever
    /// the environment says.</summary>
    public Uri? Proxy { get; init; }

    /// <summary>Returns what is set; of the proxy, which may have a password in it, the host alone.</summary>
    public override string ToString() => $"Check = {Check}, Unknown = {Unknown}, Proxy = {Proxy?.Host}";
}
