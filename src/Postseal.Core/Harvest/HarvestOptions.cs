namespace Postseal.Harvest;

/// <summary>Whether correspondents' certificates are learned from the mail that they sign: <c>[Harvest]</c>. They are kept in
/// <see cref="Certificates.Store.CertificateOptions.HarvestedPath"/>, or in a directory service.</summary>
public sealed record HarvestOptions
{
    /// <summary>Gets what is learned without a person's approval. Default: <see cref="HarvestAccept.Off"/>, and nothing is learned at
    /// all.</summary>
    public HarvestAccept Accept { get; init; }

    /// <summary>
    /// Gets whether mail must also come from the author's domain, by DKIM or DMARC, for anything to be learned from it. Default: yes, as a
    /// careless CA may issue a certificate for somebody else's address; the attacker then also has to send from that domain.
    /// </summary>
    public bool RequireDkim { get; init; } = true;

    /// <summary>
    /// Gets the authserv-id (RFC 8601 section 2.5) under which the filter before us writes its results of DKIM and DMARC; no others are
    /// believed. Default: <see langword="null"/>: none are, so that nothing is learned while <see cref="RequireDkim"/> is set.
    /// </summary>
    public string? DkimFrom { get; init; }

    /// <summary>
    /// Gets the directory service that keeps what is learned, so that several hosts share it: <c>Path = ldap:NAME</c>, the name of a section
    /// <c>[Ldap:NAME]</c>. Default: <see langword="null"/>: files keep it. What waits for approval is in files of each host all the same.
    /// </summary>
    public string? Ldap { get; init; }
}

/// <summary>What is learned without a person's approval. Each value allows what those before it do; what it does not allow waits for
/// approval.</summary>
public enum HarvestAccept
{
    /// <summary>Nothing is learned, and nothing waits.</summary>
    Off,

    /// <summary>Nothing: a person approves each certificate.</summary>
    Pending,

    /// <summary>The first certificate of an address.</summary>
    New,

    /// <summary>Also the successor of a learned certificate: by the same CA, and issued later.</summary>
    Renew,

    /// <summary>Also any other certificate in place of a learned one.</summary>
    Replace,
}
