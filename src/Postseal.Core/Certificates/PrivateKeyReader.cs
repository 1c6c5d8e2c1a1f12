using System.Buffers.Text;
using System.Formats.Asn1;
using System.Security.Cryptography;

namespace Postseal.Certificates;

/// <summary>Makes a platform key of what stands in a PEM file, and clears every copy of it that it made.</summary>
internal static class PrivateKeyReader
{
    private const string RsaEncryption = Cms.Oids.RsaEncryption;
    private const string EcPublicKey = "1.2.840.10045.2.1"; // RFC 5480 section 2.1.1

    /// <exception cref="CertificateFileException">The key is damaged, of a kind that cannot sign mail, or locked.</exception>
    public static AsymmetricAlgorithm Load(
        string path, string label, ReadOnlySpan<byte> base64, int decodedLength, ReadOnlySpan<byte> passphrase)
    {
        var der = new byte[decodedLength];
        try
        {
            Base64.DecodeFromUtf8(base64, der, out _, out var written);
            return Import(path, label, der.AsSpan(0, written), passphrase);
        }
        catch (Exception e) when (e is CryptographicException or AsnContentException)
        {
            throw new CertificateFileException(
                path, label == "ENCRYPTED PRIVATE KEY"
                    ? "holds an encrypted key that the passphrase does not open; see [Certificates] PassphraseFile"
                    : "holds a private key that is damaged",
                e);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(der);
        }
    }

    private static AsymmetricAlgorithm Import(
        string path, string label, ReadOnlySpan<byte> der, ReadOnlySpan<byte> passphrase) => label switch
    {
        "RSA PRIVATE KEY" => Fill(RSA.Create(), static (key, der, _) => key.ImportRSAPrivateKey(der, out int _), der),
        "EC PRIVATE KEY" => Fill(ECDsa.Create(), static (key, der, _) => key.ImportECPrivateKey(der, out int _), der),
        "PRIVATE KEY" => AlgorithmOf(der) switch
        {
            RsaEncryption => Fill(RSA.Create(), static (key, der, _) => key.ImportPkcs8PrivateKey(der, out int _), der),
            EcPublicKey => Fill(ECDsa.Create(), static (key, der, _) => key.ImportPkcs8PrivateKey(der, out int _), der),
            var other => throw new CertificateFileException(path, $"holds a key of algorithm {other}; RSA or EC is expected"),
        },
        "ENCRYPTED PRIVATE KEY" when passphrase.IsEmpty => throw new CertificateFileException(
            path, "holds an encrypted key and there is no passphrase; name a file with it in [Certificates] PassphraseFile"),
        "ENCRYPTED PRIVATE KEY" => ImportEncrypted(der, passphrase),
        _ => throw new CertificateFileException(path, $"holds a key of kind '{label}'; RSA or EC is expected"),
    };

    /// <summary>PrivateKeyInfo ::= SEQUENCE { version, privateKeyAlgorithm AlgorithmIdentifier, … } (RFC 5958 section 2)</summary>
    private static string AlgorithmOf(ReadOnlySpan<byte> der)
    {
        AsnDecoder.ReadSequence(der, AsnEncodingRules.BER, out var offset, out var length, out _);
        var info = der.Slice(offset, length);
        AsnDecoder.ReadEncodedValue(info, AsnEncodingRules.BER, out _, out _, out var version);
        AsnDecoder.ReadSequence(info[version..], AsnEncodingRules.BER, out offset, out length, out _);
        return AsnDecoder.ReadObjectIdentifier(info[version..].Slice(offset, length), AsnEncodingRules.BER, out _);
    }

    /// <summary>The algorithm stands inside the ciphertext, so a key that is not RSA is found out by opening it.</summary>
    private static AsymmetricAlgorithm ImportEncrypted(ReadOnlySpan<byte> der, ReadOnlySpan<byte> passphrase)
    {
        try
        {
            return Fill(
                RSA.Create(),
                static (key, der, passphrase) => key.ImportEncryptedPkcs8PrivateKey(passphrase, der, out _), der, passphrase);
        }
        catch (CryptographicException)
        {
            return Fill(
                ECDsa.Create(),
                static (key, der, passphrase) => key.ImportEncryptedPkcs8PrivateKey(passphrase, der, out _), der, passphrase);
        }
    }

    private delegate void ImportInto<T>(T key, ReadOnlySpan<byte> der, ReadOnlySpan<byte> passphrase);

    /// <summary>A key object that could not take its key is not left to the finalizer.</summary>
    private static T Fill<T>(T key, ImportInto<T> import, ReadOnlySpan<byte> der, ReadOnlySpan<byte> passphrase = default)
        where T : AsymmetricAlgorithm
    {
        try
        {
            import(key, der, passphrase);
            return key;
        }
        catch
        {
            key.Dispose();
            throw;
        }
    }
}
