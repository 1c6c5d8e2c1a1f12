using System.Formats.Asn1;
using System.Security.Cryptography;
using Org.BouncyCastle.Crypto.Generators;
using Org.BouncyCastle.Crypto.Macs;
using Org.BouncyCastle.Crypto.Parameters;

namespace Postseal.Certificates.Formats;

/// <summary>
/// The MAC over a PKCS #12 file, which tells the right passphrase: HMAC under a key by PKCS #12's own derivation
/// (RFC 7292 section 4), or PBMAC1 (RFC 9579).
/// </summary>
internal sealed class Pkcs12Mac
{
    private const string Pbmac1 = "1.2.840.113549.1.5.14"; // RFC 8018 appendix A.5

    private readonly Func<PassphraseText, byte[], byte[]> compute;
    private readonly byte[] expected;

    private Pkcs12Mac(byte[] expected, Func<PassphraseText, byte[], byte[]> compute) => (this.expected, this.compute) = (expected, compute);

    /// <summary>
    /// MacData ::= SEQUENCE { mac SEQUENCE { AlgorithmIdentifier, OCTET STRING }, macSalt OCTET STRING, iterations DEFAULT 1 }
    /// </summary>
    /// <exception cref="CertificateFileException">It cannot be checked here.</exception>
    /// <exception cref="AsnContentException">It is damaged.</exception>
    public static Pkcs12Mac Read(string path, AsnReader macData)
    {
        var digestInfo = macData.ReadSequence();
        var algorithm = digestInfo.ReadSequence();
        var expected = digestInfo.ReadOctetString();
        var oid = algorithm.ReadObjectIdentifier();
        if (oid == Pbmac1)
            return ReadPbmac1(path, algorithm.ReadSequence(), expected);

        var digest = PasswordDigest.Of(oid) ?? throw Derivation(path).Unsupported(oid);
        var salt = macData.ReadOctetString();
        var rounds = macData.HasData ? Derivation(path).ReadRounds(macData) : 1;
        return new Pkcs12Mac(expected, (passphrase, content) =>
        {
            var generator = new Pkcs12ParametersGenerator(digest.Create());
            generator.Init(passphrase.Bmp, salt, rounds);
            var key = (KeyParameter)generator.GenerateDerivedMacParameters(8 * digest.Create().GetDigestSize());
            return Hmac(digest, key, content);
        });
    }

    /// <summary>Determines whether the passphrase is the one the MAC was made with.</summary>
    public bool IsMadeWith(PassphraseText passphrase, byte[] content) =>
        CryptographicOperations.FixedTimeEquals(compute(passphrase, content), expected);

    /// <summary>PBMAC1-params ::= SEQUENCE { keyDerivationFunc, messageAuthScheme }, two AlgorithmIdentifiers.</summary>
    private static Pkcs12Mac ReadPbmac1(string path, AsnReader parameters, byte[] expected)
    {
        var keyDerivation = parameters.ReadEncodedValue();
        var oid = parameters.ReadSequence().ReadObjectIdentifier();
        var digest = PasswordDigest.OfHmac(oid) ?? throw Derivation(path).Unsupported(oid);
        return new Pkcs12Mac(expected, (passphrase, content) =>
        {
            var derivation = new AsnReader(keyDerivation, AsnEncodingRules.BER).ReadSequence();
            var key = Derivation(path).Pbkdf2(derivation, passphrase, length: null);
            return Hmac(digest, new KeyParameter(key), content);
        });
    }

    private static PasswordDerivation Derivation(string path) => new(path, PasswordDerivation.MaxRoundsOfMac);

    private static byte[] Hmac(PasswordDigest digest, KeyParameter key, byte[] content)
    {
        var hmac = new HMac(digest.Create());
        hmac.Init(key);
        hmac.BlockUpdate(content, 0, content.Length);
        var result = new byte[hmac.GetMacSize()];
        hmac.DoFinal(result, 0);
        return result;
    }
}
