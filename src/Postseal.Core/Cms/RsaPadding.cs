namespace Postseal.Cms;

/// <summary>The padding of RSA signatures.</summary>
public enum RsaPadding
{
    /// <summary>RSASSA-PKCS1-v1_5 (RFC 8017 section 8.2).</summary>
    Pkcs1,

    /// <summary>RSASSA-PSS (RFC 8017 section 8.1), with a salt as long as the digest (RFC 4056).</summary>
    Pss,
}
