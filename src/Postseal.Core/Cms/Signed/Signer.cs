namespace Postseal.Cms.Signed;

/// <summary>Who signs: the private key, and what of a SignedData is the same in each of the signer's messages.</summary>
/// <param name="Encoding">The signer's certificates and name, encoded.</param>
/// <param name="Key">The private key that belongs to the certificate.</param>
internal sealed record Signer(SignerEncoding Encoding, PrivateKey Key);
