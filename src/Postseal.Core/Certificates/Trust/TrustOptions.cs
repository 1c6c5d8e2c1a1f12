namespace Postseal.Certificates.Trust;

/// <summary>Which CAs are trusted, and for what.</summary>
public sealed record TrustOptions
{
    /// <summary>The value of <see cref="Anchors"/> for the roots that the machine trusts.</summary>
    public const string System = "System";

    /// <summary>
    /// Gets the trust anchors: a file with their certificates, a directory of such files (with names of any kind, or OpenSSL's hashed
    /// ones), absolute once read; or <see cref="System"/>. Default: <see langword="null"/>: nobody is trusted.
    /// </summary>
    public string? Anchors { get; init; }

    /// <summary>Gets whether mail is encrypted only to certificates whose chain ends at one of <see cref="Anchors"/>. Default: no, as
    /// a certificate in the directory was put there by somebody who knew it.</summary>
    public bool ForEncryption { get; init; }

    /// <summary>
    /// Gets the hosts that missing issuers of a chain may be fetched from, besides those that a trusted certificate names: whoever
    /// sends a certificate could name any other, and would learn that his mail was read. Default: none.
    /// </summary>
    public IReadOnlyList<string> IssuerHosts { get; init; } = [];
}
