using System.Security.Cryptography.X509Certificates;

namespace Postseal.Certificates;

/// <summary>Public keys in a word.</summary>
internal static class KeyNames
{
    public static string Of(X509Certificate2 certificate)
    {
        using var rsa = certificate.GetRSAPublicKey();
        if (rsa is not null)
            return $"RSA-{rsa.KeySize}";
        using var ecdsa = certificate.GetECDsaPublicKey();
        if (ecdsa is not null)
            return $"P-{ecdsa.KeySize}";
        return certificate.PublicKey.Oid.FriendlyName ?? certificate.PublicKey.Oid.Value ?? "unknown";
    }
}
