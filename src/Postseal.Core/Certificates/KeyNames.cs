using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Postseal.Certificates;

/// <summary>Public keys in a word.</summary>
public static class KeyNames
{
    /// <summary>The kind of key a certificate is for: <c>RSA-3072</c>, <c>P-256</c>.</summary>
    public static string Of(X509Certificate2 certificate)
    {
        try
        {
            using var rsa = certificate.GetRSAPublicKey();
            if (rsa is not null)
                return $"RSA-{rsa.KeySize}";
            using var ecdsa = certificate.GetECDsaPublicKey();
            if (ecdsa is not null)
                return $"P-{ecdsa.KeySize}";
        }
        catch (Exception e) when (e is CryptographicException or PlatformNotSupportedException)
        {
            return "unknown"; // a curve or parameters the platform does not know: its object identifier says little more
        }

        return certificate.PublicKey.Oid.FriendlyName ?? certificate.PublicKey.Oid.Value ?? "unknown";
    }
}
