using System.Formats.Asn1;
using System.Security.Cryptography;

namespace Postseal.Certificates.Formats;

/// <summary>
/// Decrypts what a passphrase protects in one file: PBES2 and PBES1 (RFC 8018 section 6), and PKCS #12's own schemes
/// (RFC 7292 appendix C).
/// </summary>
/// <param name="path">The file, for errors.</param>
internal sealed class PasswordEncryption(string path)
{
    private const string Pbes2 = "1.2.840.113549.1.5.13"; // RFC 8018 appendix A.4
    private const string Rc2Cbc = "1.2.840.113549.3.2"; // RFC 8018 appendix B.2.3

    private readonly PasswordDerivation derivation = new(path);

    /// <summary>Decrypts a ciphertext; the caller clears the result.</summary>
    /// <param name="algorithm">The AlgorithmIdentifier.</param>
    /// <param name="ciphertext">What is encrypted.</param>
    /// <param name="passphrase">Opens it.</param>
    /// <exception cref="CertificateFileException">It cannot be read here, or takes too long.</exception>
    /// <exception cref="CryptographicException">The passphrase is wrong, or the ciphertext damaged.</exception>
    /// <exception cref="AsnContentException">The parameters are damaged.</exception>
    public byte[] Decrypt(AsnReader algorithm, ReadOnlySpan<byte> ciphertext, PassphraseText passphrase)
    {
        var scheme = algorithm.ReadObjectIdentifier();
        if (scheme == Pbes2)
            return DecryptPbes2(algorithm.ReadSequence(), ciphertext, passphrase);
        if (Pkcs12Cipher(scheme) is { } cipher)
            return Decrypt(cipher, derivation.Pkcs12(algorithm.ReadSequence(), passphrase, cipher.KeyLength), ciphertext);
        if (Pbes1(scheme) is var (older, digest))
            return Decrypt(older, derivation.Pbkdf1(algorithm.ReadSequence(), passphrase, digest), ciphertext);
        throw derivation.Unsupported(scheme);
    }

    /// <summary>EncryptedPrivateKeyInfo ::= SEQUENCE { encryptionAlgorithm, encryptedData OCTET STRING } (RFC 5958 section 3)</summary>
    /// <inheritdoc cref="Decrypt(AsnReader, ReadOnlySpan{byte}, PassphraseText)"/>
    public byte[] DecryptPrivateKey(ReadOnlyMemory<byte> der, PassphraseText passphrase)
    {
        var info = new AsnReader(der, AsnEncodingRules.BER).ReadSequence();
        var algorithm = info.ReadSequence();
        return Decrypt(algorithm, info.ReadOctetString(), passphrase);
    }

    /// <summary>PBES2-params ::= SEQUENCE { keyDerivationFunc, encryptionScheme }, two AlgorithmIdentifiers (RFC 8018 appendix A.4)</summary>
    private byte[] DecryptPbes2(AsnReader parameters, ReadOnlySpan<byte> ciphertext, PassphraseText passphrase)
    {
        var keyDerivation = parameters.ReadSequence();
        var scheme = parameters.ReadSequence();
        var oid = scheme.ReadObjectIdentifier();
        if (oid == Rc2Cbc)
            return DecryptRc2(keyDerivation, scheme.ReadSequence(), ciphertext, passphrase);
        var cipher = PasswordCipher.Of(oid) ?? throw derivation.Unsupported(oid);
        var iv = ReadIv(scheme, cipher);
        return Decrypt(cipher, (derivation.Pbkdf2(keyDerivation, passphrase, cipher.KeyLength), iv), ciphertext);
    }

    /// <summary>
    /// RC2-CBC-Parameter ::= SEQUENCE { rc2ParameterVersion INTEGER OPTIONAL, iv }; the version stands for the effective
    /// bits of the key, 32 of them where there is none (RFC 8018 appendix B.2.3).
    /// </summary>
    private byte[] DecryptRc2(AsnReader keyDerivation, AsnReader parameters, ReadOnlySpan<byte> ciphertext, PassphraseText passphrase)
    {
        var version = parameters.PeekTag() == Asn1Tag.Integer ? (int?)parameters.ReadInteger() : null;
        var bits = version switch
        {
            null => 32,
            160 => 40,
            120 => 64,
            58 => 128,
            >= 256 and <= 1024 => version.Value,
            _ => throw new AsnContentException("The effective bits of the RC2 key are not a value of RFC 8018."),
        };
        var key = derivation.Pbkdf2(keyDerivation, passphrase, length: null);
        var cipher = PasswordCipher.Rc2(key.Length, bits);
        return Decrypt(cipher, (key, ReadIv(parameters, cipher)), ciphertext);
    }

    private static byte[] ReadIv(AsnReader parameters, PasswordCipher cipher) =>
        parameters.ReadOctetString() is { } iv && iv.Length == cipher.BlockLength
            ? iv
            : throw new AsnContentException("The IV is not as long as a block.");

    private static byte[] Decrypt(PasswordCipher cipher, (byte[] Key, byte[] Iv) made, ReadOnlySpan<byte> ciphertext)
    {
        try
        {
            return cipher.Decrypt(made.Key, made.Iv, ciphertext);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(made.Key);
        }
    }

    private static PasswordCipher? Pkcs12Cipher(string scheme) => scheme switch
    {
        "1.2.840.113549.1.12.1.3" => PasswordCipher.TripleDes, // pbeWithSHAAnd3-KeyTripleDES-CBC
        "1.2.840.113549.1.12.1.4" => PasswordCipher.TripleDesWithTwoKeys, // pbeWithSHAAnd2-KeyTripleDES-CBC
        "1.2.840.113549.1.12.1.5" => PasswordCipher.Rc2(16, 128), // pbeWithSHAAnd128BitRC2-CBC
        "1.2.840.113549.1.12.1.6" => PasswordCipher.Rc2(5, 40), // pbewithSHAAnd40BitRC2-CBC
        _ => null,
    };

    private static (PasswordCipher Cipher, HashAlgorithmName Digest)? Pbes1(string scheme) => scheme switch
    {
        "1.2.840.113549.1.5.3" => (PasswordCipher.Des, HashAlgorithmName.MD5), // pbeWithMD5AndDES-CBC
        "1.2.840.113549.1.5.6" => (PasswordCipher.Rc2(8, 64), HashAlgorithmName.MD5), // pbeWithMD5AndRC2-CBC
        "1.2.840.113549.1.5.10" => (PasswordCipher.Des, HashAlgorithmName.SHA1), // pbeWithSHA1AndDES-CBC
        "1.2.840.113549.1.5.11" => (PasswordCipher.Rc2(8, 64), HashAlgorithmName.SHA1), // pbeWithSHA1AndRC2-CBC
        _ => null,
    };
}
