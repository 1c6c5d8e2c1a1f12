using Postseal.Mime;

namespace Postseal.Certificates;

/// <content>The keys, for what reads mail.</content>
public sealed partial class CertificateDirectory
{
    /// <summary>
    /// Every certificate whose key is here, whatever its dates: mail that was once encrypted to it stays readable.
    /// </summary>
    internal IEnumerable<SigningIdentity> Identities()
    {
        var current = CurrentIndex();
        foreach (var name in KeyPairFiles.Addresses(current))
        {
            if (MailAddress.TryParse(name, out var address)
                && Current(address, KeyPairFiles.For(name, current)!).Identity is { } identity)
            {
                yield return identity;
            }
        }
    }
}
