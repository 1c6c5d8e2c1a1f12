using System.Security.Cryptography.X509Certificates;
using System.Text;
using Postseal.Program.Terminal;

namespace Postseal.Program.Files;

/// <summary>Puts PEM files together.</summary>
internal static class PemWriter
{
    /// <summary>Writes certificates one after another.</summary>
    public static string Write(IEnumerable<X509Certificate2> certificates) =>
        string.Concat(certificates.Select(certificate => certificate.ExportCertificatePem() + "\n"));

    /// <summary>Returns a key and the certificates behind it.</summary>
    public static Secret Write(Secret key, IEnumerable<X509Certificate2> certificates) =>
        new([.. key.Bytes, .. Encoding.ASCII.GetBytes(Write(certificates))]);
}
