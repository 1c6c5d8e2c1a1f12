namespace Postseal.Harvest;

/// <summary>Whether correspondents' certificates are learned from the mail that they sign: <c>[Harvest]</c>. Where they are kept is
/// in <see cref="Certificates.Store.CertificateOptions.HarvestedPath"/>.</summary>
public sealed record HarvestOptions
{
    /// <summary>Gets what is learned without a person's approval. Default: <see cref="HarvestAccept.Off"/>, and nothing is learned at
    /// all.</summary>
    public HarvestAccept Accept { get; init; }

    /// <summary>
    /// Gets whether nothing is learned from mail that does not also come from the author's domain, by DKIM or DMARC. Default: yes. Whoever
    /// gets hold of a certificate of somebody's address, by a CA that looks no closer, then has to send from that domain, too.
    /// </summary>
    public bool RequireDkim { get; init; } = true;

    /// <summary>
    /// Gets the name (the authserv-id of RFC 8601 section 2.5) under which the filter before us writes what it found of DKIM and DMARC.
    /// Only that is believed. Default: <see langword="null"/>, and nothing is, so that nothing is learned.
    /// </summary>
    public string? DkimFrom { get; init; }
}

/// <summary>What is learned without a person's approval. Each value allows what those before it do; what it does not allow waits for
/// approval.</summary>
public enum HarvestAccept
{
    /// <summary>Nothing is learned, and nothing waits.</summary>
    Off,

    /// <summary>Nothing: a person approves each certificate.</summary>
    Pending,

    /// <summary>A certificate of an address that none is known of.</summary>
    New,

    /// <summary>Also the successor of one that was learned: by the same CA, and issued later.</summary>
    Renew,

    /// <summary>Also any other in place of one that was learned.</summary>
    Replace,
}
