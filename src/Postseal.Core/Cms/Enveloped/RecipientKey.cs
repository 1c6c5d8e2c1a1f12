using System.Formats.Asn1;
using System.Numerics;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Postseal.Cms.Enveloped;

/// <summary>
/// What a certificate contributes to the RecipientInfos of all messages to its owner, worked out once; any number of threads
/// may use it at once. It says that the key can be used, not that it may: that is for who chose the certificate.
/// </summary>
internal sealed class RecipientKey
{
    // RFC 8551 section 6 warns of keys that are made to keep others busy.
    private const int MinRsaBits = 1024, MaxRsaBits = 8192;
    private static readonly BigInteger MaxRsaExponent = BigInteger.One << 32;

    private readonly RSA? rsa;

    private RecipientKey(
        KeyKind kind, RecipientNaming naming, byte[] identifier, RSA? rsa = null,
        AgreementCurve? curve = null, ECDiffieHellmanPublicKey? ecKey = null, byte[]? x25519Key = null)
    {
        (Kind, Naming, Identifier, this.rsa) = (kind, naming, identifier, rsa);
        (Curve, EcKey, X25519Key) = (curve, ecKey, x25519Key);
    }

    /// <summary>Gets the kind of key.</summary>
    public KeyKind Kind { get; }

    /// <summary>Gets the curve on which it agrees; <see langword="null"/> for an RSA key.</summary>
    public AgreementCurve? Curve { get; }

    /// <summary>Gets how the certificate is named.</summary>
    public RecipientNaming Naming { get; }

    /// <summary>
    /// Gets the RecipientIdentifier or, where keys are agreed upon, the KeyAgreeRecipientIdentifier (RFC 5652
    /// sections 6.2.1, 6.2.2), encoded.
    /// </summary>
    public byte[] Identifier { get; }

    /// <summary>Determines whether a reader could not tell which of the two a RecipientInfo is for.</summary>
    public bool HasIdentifierOf(RecipientKey other) => Identifier.AsSpan().SequenceEqual(other.Identifier);

    /// <summary>Gets whether the key is labelled id-RSAES-OAEP, and so for that alone (RFC 3560 section 4).</summary>
    public bool RequiresOaep { get; private init; }

    /// <summary>Gets the parameters that such a key prescribes; <see langword="null"/> where any will do.</summary>
    public OaepParameters? OaepParameters { get; private init; }

    /// <summary>Gets the key of the platform that is agreed with.</summary>
    internal ECDiffieHellmanPublicKey? EcKey { get; }

    /// <summary>Gets the key of X25519 that is agreed with.</summary>
    internal byte[]? X25519Key { get; }

    /// <summary>Reads the key of a certificate.</summary>
    /// <param name="certificate">The certificate, which is not needed afterwards.</param>
    /// <param name="naming">How RecipientInfos are to name it.</param>
    /// <exception cref="CryptographicException">The key cannot be used; the message is a sentence that says why.</exception>
    public static RecipientKey Create(
        X509Certificate2 certificate, RecipientNaming naming = RecipientNaming.IssuerAndSerialNumber)
    {
        try
        {
            return certificate.PublicKey.Oid.Value switch
            {
                Oids.RsaEncryption => CreateRsa(certificate, naming, requiresOaep: false),
                Oids.RsaesOaep => CreateRsa(certificate, naming, requiresOaep: true),
                Oids.EcPublicKey => CreateEc(certificate, naming),
                Oids.X25519 => CreateX25519(certificate, naming),
                var other => throw new CryptographicException(
                    $"A key of algorithm {other} encrypts no mail; RSA, EC or X25519 is expected."),
            };
        }
        catch (AsnContentException e)
        {
            throw new CryptographicException("The public key is damaged.", e);
        }
    }

    /// <summary>Encrypts the content's key with an RSA key.</summary>
    /// <param name="key">The content's key.</param>
    /// <param name="oaep">How OAEP pads; <see langword="null"/> for PKCS #1 v1.5.</param>
    public byte[] EncryptKey(byte[] key, OaepParameters? oaep) => oaep switch
    {
        null => rsa!.Encrypt(key, RSAEncryptionPadding.Pkcs1),
        { Padding: { } padding } => rsa!.Encrypt(key, padding),
        _ => OddOaep.Encrypt(rsa!, key, oaep),
    };

    private static RecipientKey CreateRsa(X509Certificate2 certificate, RecipientNaming naming, bool requiresOaep)
    {
        var publicKey = certificate.PublicKey;
        OaepParameters? parameters = null;
        // Absent, as RFC 4055 section 4.1 allows, or NULL, as it is often taken for, they prescribe nothing.
        if (requiresOaep && publicKey.EncodedParameters?.RawData is { Length: > 0 } and not [0x05, 0x00] and var encoded)
        {
            parameters = OaepParameters.Read(encoded) ?? throw new CryptographicException(
                "The key is for RSAES-OAEP with a hash, a mask or a label of an unknown kind.");
        }

        var encodedKey = publicKey.EncodedKeyValue.RawData;
        var bits = CheckRsa(encodedKey);
        if (parameters?.Fits(bits) == false)
            throw new CryptographicException($"An RSA key of {bits} bits is too short for the hash that it prescribes.");
        var key = RSA.Create();
        key.ImportRSAPublicKey(encodedKey, out _);
        return new RecipientKey(KeyKind.Rsa, naming, EncodeIdentifier(certificate, naming, isAgreement: false), key)
        {
            RequiresOaep = requiresOaep,
            OaepParameters = parameters,
        };
    }

    /// <summary>RSAPublicKey ::= SEQUENCE { modulus, publicExponent } (RFC 8017 appendix A.1.1)</summary>
    /// <returns>The size of the modulus, in bits.</returns>
    private static int CheckRsa(byte[] encoded)
    {
        var reader = new AsnReader(encoded, AsnEncodingRules.BER);
        var key = reader.ReadSequence();
        reader.ThrowIfNotEmpty();
        // Before it becomes a number: one of a megabyte is not worth the time.
        var modulus = key.ReadIntegerBytes();
        if (modulus.Length > MaxRsaBits / 8 + 1)
            throw new CryptographicException($"An RSA key of more than {MaxRsaBits} bits is not used.");
        var number = new BigInteger(modulus.Span, isBigEndian: true);
        var bits = (int)number.GetBitLength();
        var exponent = new BigInteger(key.ReadIntegerBytes().Span, isBigEndian: true);
        key.ThrowIfNotEmpty();
        if (number.Sign <= 0 || number.IsEven)
            throw new CryptographicException("The RSA key is none: its modulus is negative or even.");
        if (bits is < MinRsaBits or > MaxRsaBits)
            throw new CryptographicException($"An RSA key of {bits} bits is not used; {MinRsaBits} to {MaxRsaBits} are.");
        if (exponent.IsEven || exponent <= BigInteger.One || exponent > MaxRsaExponent)
            throw new CryptographicException("The RSA key has a public exponent that is even, 1, or longer than 32 bits.");
        return bits;
    }

    private static RecipientKey CreateEc(X509Certificate2 certificate, RecipientNaming naming)
    {
        var publicKey = certificate.PublicKey;
        // ECParameters ::= CHOICE { namedCurve OBJECT IDENTIFIER } (RFC 5480 section 2.1.1), and nothing else.
        var parameters = new AsnReader(publicKey.EncodedParameters?.RawData, AsnEncodingRules.BER);
        if (!parameters.HasData || parameters.PeekTag() != Asn1Tag.ObjectIdentifier)
            throw new CryptographicException("The EC key does not name its curve.");
        var oid = parameters.ReadObjectIdentifier();
        var curve = AgreementCurve.Find(oid)
            ?? throw new CryptographicException($"The EC key is on the curve {oid}, on which no mail is encrypted.");
        try
        {
            using var key = ECDiffieHellman.Create();
            key.ImportSubjectPublicKeyInfo(publicKey.ExportSubjectPublicKeyInfo(), out _); // throws for a point off the curve
            return new RecipientKey(
                KeyKind.Ec, naming, EncodeIdentifier(certificate, naming, isAgreement: true), curve: curve, ecKey: key.PublicKey);
        }
        catch (PlatformNotSupportedException e)
        {
            throw new CryptographicException($"The EC key is on the curve {curve.Name}, which this platform does not have.", e);
        }
        catch (CryptographicException e)
        {
            throw new CryptographicException($"The EC key is no point on {curve.Name}, or this platform does not have that curve.", e);
        }
    }

    private static RecipientKey CreateX25519(X509Certificate2 certificate, RecipientNaming naming)
    {
        var publicKey = certificate.PublicKey.EncodedKeyValue.RawData;
        if (publicKey.Length != AgreementCurve.X25519.FieldLength)
            throw new CryptographicException($"The X25519 key has {publicKey.Length} bytes instead of 32.");
        var key = new RecipientKey(
            KeyKind.X25519, naming, EncodeIdentifier(certificate, naming, isAgreement: true),
            curve: AgreementCurve.X25519, x25519Key: publicKey);
        // A trial now, so that no message fails later.
        using var trial = EphemeralKey.Create(AgreementCurve.X25519);
        CryptographicOperations.ZeroMemory(trial.AgreeWith(key));
        return key;
    }

    private static byte[] EncodeIdentifier(X509Certificate2 certificate, RecipientNaming naming, bool isAgreement)
    {
        if (naming == RecipientNaming.IssuerAndSerialNumber)
            return IssuerAndSerialNumber.Encode(certificate);
        var identifier = certificate.Extensions.OfType<X509SubjectKeyIdentifierExtension>().FirstOrDefault()
            ?? throw new CryptographicException("The certificate has no subjectKeyIdentifier to be named by.");
        var writer = new AsnWriter(AsnEncodingRules.DER);
        var tag = new Asn1Tag(TagClass.ContextSpecific, 0);
        if (isAgreement)
        {
            // rKeyId [0] IMPLICIT RecipientKeyIdentifier ::= SEQUENCE { subjectKeyIdentifier, … }
            using (writer.PushSequence(tag))
                writer.WriteOctetString(identifier.SubjectKeyIdentifierBytes.Span);
        }
        else
        {
            writer.WriteOctetString(identifier.SubjectKeyIdentifierBytes.Span, tag);
        }

        return writer.Encode();
    }
}
