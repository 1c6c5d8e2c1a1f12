using System.Formats.Asn1;
using System.Security.Cryptography;
using Postseal.Cms;
using Postseal.Cms.Enveloped;

namespace Postseal.Certificates.Formats;

/// <summary>Makes a platform key of a private key in DER, and clears every copy of it that it made.</summary>
internal static class PrivateKeyReader
{
    /// <exception cref="CertificateFileException">The key is damaged, of a kind that cannot be used, or locked.</exception>
    public static AsymmetricAlgorithm Read(KeyFile file, FileFormat format, ReadOnlySpan<byte> der)
    {
        if (format != FileFormat.EncryptedPkcs8)
            return Import(file.Path, format, der, "holds a private key that is damaged", CertificateFileProblem.Damaged);

        var plain = Decrypt(file.Path, der, file.Passphrase);
        try
        {
            return ReadDecrypted(file.Path, FileFormat.Pkcs8, plain);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(plain);
        }
    }

    /// <summary>Reads a decrypted key. A wrong passphrase gives good padding once in 256 times, and then something that is no
    /// key.</summary>
    public static AsymmetricAlgorithm ReadDecrypted(string path, FileFormat format, ReadOnlySpan<byte> der) =>
        Import(path, format, der, WrongPassphraseText, CertificateFileProblem.WrongPassphrase);

    public static CertificateFileException PassphraseNeeded(string path) => new(
        path, CertificateFileProblem.PassphraseNeeded,
        "holds an encrypted key and there is no passphrase; name a file with it in [Certificates] PassphraseFile");

    public static CertificateFileException WrongPassphrase(string path, Exception? inner = null) =>
        new(path, CertificateFileProblem.WrongPassphrase, WrongPassphraseText, inner);

    private const string WrongPassphraseText =
        "holds an encrypted key that the passphrase does not open; see [Certificates] PassphraseFile";

    private static AsymmetricAlgorithm Import(
        string path, FileFormat format, ReadOnlySpan<byte> der, string problem, CertificateFileProblem kind)
    {
        try
        {
            return format switch
            {
                FileFormat.RsaKey => Fill(RSA.Create(), static (key, der) => key.ImportRSAPrivateKey(der, out int _), der),
                FileFormat.EcKey => Fill(ECDsa.Create(), static (key, der) => key.ImportECPrivateKey(der, out int _), der),
                _ => ImportPkcs8(path, der),
            };
        }
        catch (Exception e) when (e is CryptographicException or AsnContentException)
        {
            throw new CertificateFileException(path, kind, problem, e);
        }
        catch (PlatformNotSupportedException e)
        {
            throw new CertificateFileException(
                path, CertificateFileProblem.Unsupported, "holds a key on a curve this platform does not know", e);
        }
    }

    private static AsymmetricAlgorithm ImportPkcs8(string path, ReadOnlySpan<byte> der) => AlgorithmOf(der) switch
    {
        Oids.RsaEncryption => Fill(RSA.Create(), static (key, der) => key.ImportPkcs8PrivateKey(der, out int _), der),
        Oids.EcPublicKey => Fill(ECDsa.Create(), static (key, der) => key.ImportPkcs8PrivateKey(der, out int _), der),
        Oids.X25519 => ReadX25519(der),
        var other => throw new CertificateFileException(
            path, CertificateFileProblem.Unsupported, $"holds a key of algorithm {other}; RSA, EC or X25519 is expected"),
    };

    private static X25519KeyPair ReadX25519(ReadOnlySpan<byte> der)
    {
        var copy = der.ToArray();
        try
        {
            return new X25519KeyPair(X25519Key.ReadPkcs8(copy)!);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(copy);
        }
    }

    /// <summary>PrivateKeyInfo ::= SEQUENCE { version, privateKeyAlgorithm AlgorithmIdentifier, … } (RFC 5958 section 2)</summary>
    private static string AlgorithmOf(ReadOnlySpan<byte> der)
    {
        AsnDecoder.ReadSequence(der, AsnEncodingRules.BER, out var offset, out var length, out _);
        var info = der.Slice(offset, length);
        AsnDecoder.ReadEncodedValue(info, AsnEncodingRules.BER, out _, out _, out var version);
        AsnDecoder.ReadSequence(info[version..], AsnEncodingRules.BER, out offset, out length, out _);
        return AsnDecoder.ReadObjectIdentifier(info[version..].Slice(offset, length), AsnEncodingRules.BER, out _);
    }

    /// <summary>Opens PKCS #8; whether an RSA or an EC key is in it is not known before.</summary>
    private static byte[] Decrypt(string path, ReadOnlySpan<byte> der, ReadOnlySpan<byte> passphrase)
    {
        if (passphrase.IsEmpty)
            throw PassphraseNeeded(path);
        using var text = PassphraseText.Of(passphrase);
        try
        {
            return new PasswordEncryption(path).DecryptPrivateKey(der.ToArray(), text);
        }
        catch (CryptographicException e)
        {
            throw WrongPassphrase(path, e);
        }
        catch (AsnContentException e)
        {
            throw new CertificateFileException(path, CertificateFileProblem.Damaged, "holds a private key that is damaged", e);
        }
    }

    private delegate void ImportInto<T>(T key, ReadOnlySpan<byte> der);

    /// <summary>Imports into a key object. One that could not take its key is not left to the finalizer.</summary>
    private static T Fill<T>(T key, ImportInto<T> import, ReadOnlySpan<byte> der)
        where T : AsymmetricAlgorithm
    {
        try
        {
            import(key, der);
            return key;
        }
        catch
        {
            key.Dispose();
            throw;
        }
    }
}
