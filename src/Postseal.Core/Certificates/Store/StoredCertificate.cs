using System.Security.Cryptography.X509Certificates;

namespace Postseal.Certificates.Store;

/// <summary>Whose a certificate in the directory is.</summary>
public enum CertificateKind
{
    /// <summary>An address's of ours, with its key.</summary>
    Own,

    /// <summary>A domain's of ours, with its key.</summary>
    Domain,

    /// <summary>The common key pair, of whichever addresses it names.</summary>
    Common,

    /// <summary>A correspondent's, whose key is not here.</summary>
    Correspondent,

    /// <summary>An authority's.</summary>
    Authority,
}

/// <summary>What <see cref="CertificateDirectory.ListCertificates"/> says of one certificate.</summary>
/// <param name="Owner">The address or <c>@domain</c> its files are named after; empty when they are named otherwise.</param>
/// <param name="Kind">Whose it is.</param>
/// <param name="Source">The file it is in.</param>
/// <param name="KeyFile">The file its key is in; <see langword="null"/> when there is none.</param>
public sealed record StoredCertificate(string Owner, CertificateKind Kind, string Source, string? KeyFile)
{
    /// <summary>The certificate; <see langword="null"/> when the file could not be read.</summary>
    public X509Certificate2? Certificate { get; init; }

    /// <summary>Whether the key is encrypted at rest; <see langword="null"/> when it is not here or not opened.</summary>
    public bool? KeyIsEncrypted { get; init; }

    /// <summary>Why it cannot be used now for anything; <see langword="null"/> when it can.</summary>
    public string? Problem { get; init; }

    /// <summary>What should be mended although it can be used.</summary>
    public string? Warning { get; init; }

    /// <summary>What the certificate may be used for, its dates aside.</summary>
    public CertificateUse Uses => Certificate is null ? CertificateUse.None : CertificateRules.UsesOf(Certificate);

    /// <summary>The kind of key the certificate is for: <c>RSA-3072</c>, <c>P-256</c>.</summary>
    public string? KeyName => Certificate is null ? null : KeyNames.Of(Certificate);
}
