using System.Security.Cryptography.X509Certificates;

namespace Postseal.Cms;

/// <summary>A private key that may open mail.</summary>
/// <param name="Certificate">The certificate that messages name.</param>
/// <param name="Key">The private key that belongs to it.</param>
/// <param name="Source">Where the key is, for people: the files.</param>
public sealed record DecryptionKey(X509Certificate2 Certificate, PrivateKey Key, string Source);
