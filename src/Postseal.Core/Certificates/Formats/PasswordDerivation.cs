using System.Formats.Asn1;
using System.Security.Cryptography;
using Org.BouncyCastle.Crypto.Generators;
using Org.BouncyCastle.Crypto.Parameters;

namespace Postseal.Certificates.Formats;

/// <summary>
/// Derives keys from the passphrase of one file. The file says how many rounds that takes; they are counted beforehand, so
/// that no file costs more than a few seconds.
/// </summary>
/// <param name="path">The file, for errors.</param>
/// <param name="maxRounds">The most rounds for one key.</param>
internal sealed class PasswordDerivation(string path, int maxRounds = PasswordDerivation.MaxRounds)
{
    /// <summary>
    /// The most rounds for one key. OpenSSL's default is 2,048, ours <see cref="PrivateKeyPem.DefaultIterations"/>; each million
    /// costs about a second, and a file could ask for two thousand.
    /// </summary>
    public const int MaxRounds = 2_000_000;

    /// <summary>The most rounds for a MAC, which is made anew for each form of the passphrase that is tried.</summary>
    public const int MaxRoundsOfMac = 1_000_000;

    /// <summary>The most rounds for all that is in one file.</summary>
    public const int MaxRoundsOfFile = 2 * MaxRounds;

    private const int MaxKeyLength = 64;
    private const string Pbkdf2Oid = "1.2.840.113549.1.5.12"; // RFC 8018 appendix A.2

    private int roundsDone;

    /// <summary>
    /// PBKDF2-params ::= SEQUENCE { salt OCTET STRING, iterationCount, keyLength OPTIONAL, prf DEFAULT hmacWithSHA1 } in an
    /// AlgorithmIdentifier of its own (RFC 8018 appendix A.2).
    /// </summary>
    /// <param name="derivation">The AlgorithmIdentifier.</param>
    /// <param name="passphrase">The passphrase.</param>
    /// <param name="length">The key's length, where the use decides; else the parameters must tell it.</param>
    public byte[] Pbkdf2(AsnReader derivation, PassphraseText passphrase, int? length)
    {
        var scheme = derivation.ReadObjectIdentifier();
        if (scheme != Pbkdf2Oid)
            throw Unsupported(scheme);
        var parameters = derivation.ReadSequence();
        var salt = parameters.ReadOctetString();
        var rounds = ReadRounds(parameters);
        if (parameters.HasData && parameters.PeekTag() == Asn1Tag.Integer)
        {
            var told = parameters.TryReadInt32(out var value) ? value : 0; // there even where the cipher decides, as NSS writes it
            length ??= told;
        }

        var digest = PasswordDigest.Sha1;
        if (parameters.HasData)
        {
            var oid = parameters.ReadSequence().ReadObjectIdentifier();
            digest = PasswordDigest.OfHmac(oid) ?? throw Unsupported(oid);
        }

        if (length is not (> 0 and <= MaxKeyLength))
            throw new AsnContentException("The length of the derived key is missing or out of range.");
        if (digest.Platform is { } platform)
            return Rfc2898DeriveBytes.Pbkdf2(passphrase.Utf8, salt, rounds, platform, length.Value);
        var generator = new Pkcs5S2ParametersGenerator(digest.Create());
        generator.Init(passphrase.Utf8.ToArray(), salt, rounds);
        return ((KeyParameter)generator.GenerateDerivedMacParameters(8 * length.Value)).GetKey();
    }

    /// <summary>Derives key and IV by PBKDF1 (RFC 8018 section 6.1): the digest of passphrase and salt, digested again and again.</summary>
    public (byte[] Key, byte[] Iv) Pbkdf1(AsnReader parameters, PassphraseText passphrase, HashAlgorithmName digest)
    {
        var salt = parameters.ReadOctetString();
        var rounds = ReadRounds(parameters);
        byte[] block = [.. passphrase.Utf8, .. salt];
        for (var i = 0; i < rounds; i++)
        {
            var next = CryptographicOperations.HashData(digest, block);
            CryptographicOperations.ZeroMemory(block);
            block = next;
        }

        return (block[..8], block[8..16]);
    }

    /// <summary>Derives key and IV by PKCS #12's own derivation with SHA-1 (RFC 7292 appendix B.2).</summary>
    public (byte[] Key, byte[] Iv) Pkcs12(AsnReader parameters, PassphraseText passphrase, int keyLength)
    {
        var generator = new Pkcs12ParametersGenerator(PasswordDigest.Sha1.Create());
        var salt = parameters.ReadOctetString();
        generator.Init(passphrase.Bmp, salt, ReadRounds(parameters));
        var made = (ParametersWithIV)generator.GenerateDerivedParameters("AES", 8 * keyLength, 64);
        return (((KeyParameter)made.Parameters).GetKey(), made.GetIV());
    }

    public CertificateFileException Unsupported(string scheme) => new(
        path, CertificateFileProblem.Unsupported,
        $"is protected in a way that cannot be read here, with {NameOf(scheme)}; make it anew with 'openssl pkcs12 -export' "
            + "or 'openssl pkcs8 -topk8 -v2 aes-256-cbc'");

    /// <exception cref="CertificateFileException">They are too many.</exception>
    public int ReadRounds(AsnReader parameters)
    {
        var rounds = parameters.ReadInteger();
        if (rounds.Sign <= 0)
            throw new AsnContentException("The number of rounds is not positive.");
        if (rounds > maxRounds || roundsDone + (int)rounds > MaxRoundsOfFile)
        {
            throw new CertificateFileException(
                path, CertificateFileProblem.TooLarge,
                $"takes too long to open: its passphrase is stretched more than {maxRounds} times for one key or "
                    + $"{MaxRoundsOfFile} times in all; encrypt it again with openssl's own number of rounds");
        }

        roundsDone += (int)rounds;
        return (int)rounds;
    }

    private static string NameOf(string oid) => new Oid(oid).FriendlyName is { } name && name != oid ? $"{name} ({oid})" : oid;
}
