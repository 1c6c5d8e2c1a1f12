using System.Security.Cryptography;

namespace Postseal.Certificates.Formats;

/// <summary>Takes the certificates and keys out of a PEM file; what else stands there is skipped.</summary>
internal static class PemFile
{
    /// <exception cref="CertificateFileException">A part is damaged, locked or of a kind we cannot use, or there is
    /// nothing of use at all.</exception>
    public static void Read(KeyMaterial material, ReadOnlySpan<byte> text, ReadOnlySpan<byte> passphrase)
    {
        var skipped = "";
        foreach (var block in new PemBlocks(text))
        {
            if (block.IsDamaged)
            {
                throw material.Problem(
                    CertificateFileProblem.Damaged,
                    "is truncated or damaged: a BEGIN line has no matching END, or there is no base64 between them");
            }

            if (!ReadBlock(material, block, passphrase))
                skipped = block.Label;
        }

        if (material.Certificates.Count == 0 && material.Keys.Count == 0)
            throw material.Problem(CertificateFileProblem.NotACertificate, DescribeNothing(skipped));
    }

    private static bool ReadBlock(KeyMaterial material, PemBlock block, ReadOnlySpan<byte> passphrase)
    {
        var der = block.Decode();
        try
        {
            switch (block.Label)
            {
                case "CERTIFICATE" or "X509 CERTIFICATE":
                    material.AddCertificate(der);
                    return true;
                case "TRUSTED CERTIFICATE": // OpenSSL's: what it is trusted for follows the certificate
                    material.AddCertificate(FirstValue(material, der));
                    return true;
                case "PKCS7" or "CMS" or "PKCS #7 SIGNED DATA":
                    Pkcs7File.Read(material, der);
                    return true;
                case var label when label.EndsWith("PRIVATE KEY", StringComparison.Ordinal):
                    ReadKey(material, block, der, passphrase);
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

    private static void ReadKey(KeyMaterial material, PemBlock block, byte[] der, ReadOnlySpan<byte> passphrase)
    {
        var format = block.Label switch
        {
            "PRIVATE KEY" => FileFormat.Pkcs8,
            "ENCRYPTED PRIVATE KEY" => FileFormat.EncryptedPkcs8,
            "RSA PRIVATE KEY" => FileFormat.RsaKey,
            "EC PRIVATE KEY" => FileFormat.EcKey,
            var other => throw material.Problem(
                CertificateFileProblem.Unsupported, $"holds a key of kind '{other}'; RSA or EC is expected"),
        };
        if (!block.IsEncrypted)
        {
            material.AddKey(PrivateKeyReader.Read(material.Path, format, der, passphrase), format, der);
            return;
        }

        var plain = TraditionalEncryption.Decrypt(material.Path, block.EncryptionInfo, der, passphrase);
        try
        {
            material.AddKey(
                new StoredKey(PrivateKeyReader.ReadDecrypted(material.Path, format, plain), isEncrypted: true, null));
        }
        finally
        {
            CryptographicOperations.ZeroMemory(plain);
        }
    }

    private static ReadOnlySpan<byte> FirstValue(KeyMaterial material, ReadOnlySpan<byte> der)
    {
        if (System.Formats.Asn1.AsnDecoder.TryReadEncodedValue(
                der, System.Formats.Asn1.AsnEncodingRules.BER, out _, out _, out _, out var length))
            return der[..length];
        throw material.Problem(CertificateFileProblem.Damaged, "holds a certificate that is damaged");
    }

    private static string DescribeNothing(string skipped) => skipped switch
    {
        "" => "holds no certificate and no private key",
        "CERTIFICATE REQUEST" or "NEW CERTIFICATE REQUEST" =>
            "holds no certificate but a request for one; send it to your CA and use what comes back",
        _ => $"holds no certificate and no private key, only '{skipped}'",
    };
}
