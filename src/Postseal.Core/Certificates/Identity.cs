using System.Security.Cryptography.X509Certificates;
using Postseal.Cms;
using Postseal.Cms.Signed;

namespace Postseal.Certificates;

/// <summary>
/// Who signs: a certificate, the intermediates between it and its root, and the private key. Immutable; any number of
/// threads may sign with it at once.
/// </summary>
/// <remarks>
/// It is not disposable on purpose: a message in flight may still sign with an identity whose file was just replaced.
/// The key's memory is cleared by the platform when the last reference is gone.
/// </remarks>
/// <param name="certificate">The signer's own certificate.</param>
/// <param name="intermediates">The certificates between it and its root, nearest first.</param>
/// <param name="key">The private key that belongs to the certificate.</param>
/// <param name="source">The files it came from, for people.</param>
public sealed class Identity(
    X509Certificate2 certificate, IReadOnlyList<X509Certificate2> intermediates, PrivateKey key, string source)
{
    /// <summary>Gets the signer's own certificate.</summary>
    public X509Certificate2 Certificate { get; } = certificate;

    /// <summary>Gets the certificates between it and its root, nearest first. The reader has the root or does not trust
    /// it.</summary>
    public IReadOnlyList<X509Certificate2> Intermediates { get; } = intermediates;

    /// <summary>Gets the way from it to its root, as it was when it was last worked out; <see langword="null"/> where a source
    /// knows only the intermediates.</summary>
    internal CertificateChain? Chain { get; init; }

    /// <summary>Gets the files it came from.</summary>
    public string Source { get; } = source;

    /// <summary>Gets what should be mended although it can sign, each the end of a sentence that begins with the
    /// certificate.</summary>
    public IReadOnlyList<string> Warnings { get; internal init; } = [];

    /// <summary>Gets the private key; it does not leave the assembly.</summary>
    internal PrivateKey Key => Signer.Key;

    /// <summary>Gets its parts of a SignedData.</summary>
    internal Signer Signer { get; } = new(new SignerEncoding(certificate, intermediates), key);

    /// <summary>Gets the name of the kind of key, for people: <c>RSA-3072</c>, <c>P-256</c>.</summary>
    public string KeyName { get; } = KeyNames.Of(certificate);
}
