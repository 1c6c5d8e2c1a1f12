using System.Formats.Asn1;
using System.Security.Cryptography;

namespace Postseal.Certificates.Formats;

/// <summary>Takes the certificates and keys out of a PEM file; everything else is skipped.</summary>
internal static class PemFile
{
    /// <exception cref="CertificateFileException">A part is damaged, locked or of a kind we cannot use, or there is
    /// nothing of use at all.</exception>
    public static void Read(KeyFile file, ReadOnlySpan<byte> text)
    {
        var skipped = "";
        foreach (var block in new PemBlocks(text))
        {
            if (block.IsDamaged)
            {
                throw file.Problem(
                    CertificateFileProblem.Damaged,
                    "is truncated or damaged: a BEGIN line has no matching END, or there is no base64 between them");
            }

            if (!ReadBlock(file, block))
                skipped = block.Label;
        }

        if (file.Certificates.Count == 0 && file.Keys.Count == 0)
            throw file.Problem(CertificateFileProblem.NotACertificate, DescribeNothing(skipped));
    }

    private static bool ReadBlock(KeyFile file, PemBlock block)
    {
        var der = block.Decode();
        try
        {
            switch (block.Label)
            {
                case "CERTIFICATE" or "X509 CERTIFICATE":
                    file.AddCertificate(der);
                    return true;
                case "TRUSTED CERTIFICATE": // OpenSSL's: what it is trusted for follows the certificate
                    file.AddCertificate(FirstValue(file, der));
                    return true;
                case "PKCS7" or "CMS" or "PKCS #7 SIGNED DATA":
                    Pkcs7File.Read(file, der);
                    return true;
                case var label when label.EndsWith("PRIVATE KEY", StringComparison.Ordinal):
                    file.AddKey(KeyOf(file, block, der));
                    return true;
                default:
                    return false; // parameters, requests, revocation lists
            }
        }
        finally
        {
            CryptographicOperations.ZeroMemory(der);
        }
    }

    private static StoredKey KeyOf(KeyFile file, PemBlock block, ReadOnlySpan<byte> der)
    {
        FileFormat? known = block.Label switch
        {
            "PRIVATE KEY" => FileFormat.Pkcs8,
            "ENCRYPTED PRIVATE KEY" => FileFormat.EncryptedPkcs8,
            "RSA PRIVATE KEY" => FileFormat.RsaKey,
            "EC PRIVATE KEY" => FileFormat.EcKey,
            _ => null,
        };
        var (label, encryption) = (block.Label, block.EncryptionInfo);
        return known is not { } format
            ? new StoredKey(der, block.IsEncrypted, _ => throw file.Problem(
                CertificateFileProblem.Unsupported, $"holds a key of kind '{label}'; RSA or EC is expected"))
            : block.IsEncrypted
            ? new StoredKey(label, encryption, der, stored => ReadTraditional(file, format, encryption, stored))
            : new StoredKey(file, format, der);
    }

    private static AsymmetricAlgorithm ReadTraditional(KeyFile file, FileFormat format, string encryptionInfo, byte[] der)
    {
        var plain = TraditionalEncryption.Decrypt(file, encryptionInfo, der);
        try
        {
            return PrivateKeyReader.ReadDecrypted(file.Path, format, plain);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(plain);
        }
    }

    private static ReadOnlySpan<byte> FirstValue(KeyFile file, ReadOnlySpan<byte> der)
    {
        if (AsnDecoder.TryReadEncodedValue(
                der, AsnEncodingRules.BER, out _, out _, out _, out var length))
            return der[..length];
        throw file.Problem(CertificateFileProblem.Damaged, "holds a certificate that is damaged");
    }

    private static string DescribeNothing(string skipped) => skipped switch
    {
        "" => "holds no certificate and no private key",
        "CERTIFICATE REQUEST" or "NEW CERTIFICATE REQUEST" =>
            "holds no certificate but a request for one; send it to your CA and use what comes back",
        _ => $"holds no certificate and no private key, only '{skipped}'",
    };
}
