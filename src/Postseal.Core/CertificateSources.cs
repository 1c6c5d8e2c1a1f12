using Postseal.Certificates;
using Postseal.Certificates.Sources;
using Postseal.Certificates.Store;
using Postseal.Settings;

namespace Postseal;

/// <summary>All places where certificates and keys are, in files and outside of them, put together in their order.</summary>
public sealed class CertificateSources
{
    /// <summary>Puts them together.</summary>
    /// <param name="options">The settings.</param>
    /// <param name="directory">The certificate directory.</param>
    /// <param name="remote">The sources outside of files. Default: <see cref="RemoteSources.None"/>.</param>
    public CertificateSources(PostsealOptions options, CertificateDirectory directory, RemoteSources? remote = null)
    {
        ArgumentNullException.ThrowIfNull(options);
        Directory = directory;
        Remote = remote ?? RemoteSources.None;
        var token = Remote.Token is { } known ? new TokenCertificates(known, options.Pkcs11.Scan, directory) : null;
        Token = token;
        Identities = token is null ? directory : new SigningCertificates(directory, token);
        Keys = token is null ? directory : new DecryptionKeys(directory, token);
        Recipients = new RecipientCertificates(directory, token, Remote.Certificates);
    }

    /// <summary>Gets the certificate directory.</summary>
    public CertificateDirectory Directory { get; }

    /// <summary>Gets the sources outside of files.</summary>
    public RemoteSources Remote { get; }

    /// <summary>Gets what signs.</summary>
    public IIdentitySource Identities { get; }

    /// <summary>Gets what opens mail.</summary>
    public IDecryptionSource Keys { get; }

    /// <summary>Gets what mail is encrypted to.</summary>
    public RecipientCertificates Recipients { get; }

    /// <summary>Gets the certificates in the token; <see langword="null"/> where there is none.</summary>
    internal TokenCertificates? Token { get; }
}
