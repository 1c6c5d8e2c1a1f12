using System.Formats.Asn1;
using System.Numerics;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Net.Pkcs11Interop.Common;
using Postseal.Pkcs11.Module;

namespace Postseal.Sources.Tests.Pkcs11;

/// <summary>A token whose keys the platform has.</summary>
internal sealed class TokenDouble(string label)
{
    public const string RightPin = "482913";

    private readonly List<(CKO Kind, Dictionary<CKA, byte[]> Attributes, AsymmetricAlgorithm? Key)> objects = [];

    public TokenName Name { get; init; } = new(label, "Maker", "Model", $"serial-{Guid.NewGuid():N}"[..16]);

    public ulong Flags { get; set; } = CKF.CKF_TOKEN_INITIALIZED | CKF.CKF_LOGIN_REQUIRED;

    public bool IsThere { get; set; } = true;

    public bool IsLoggedIn { get; set; }

    public int WrongPins { get; private set; }

    /// <summary>What is answered to a wrong PIN.</summary>
    public CKR WrongPin { get; set; } = CKR.CKR_PIN_INCORRECT;

    /// <summary>Whether its flags tell of wrong PINs.</summary>
    public bool TellsOfWrongPins { get; set; } = true;

    public HashSet<CKM> Mechanisms { get; } =
        [CKM.CKM_RSA_PKCS, CKM.CKM_RSA_PKCS_PSS, CKM.CKM_RSA_X_509, CKM.CKM_RSA_PKCS_OAEP, CKM.CKM_ECDSA, CKM.CKM_ECDH1_DERIVE];

    /// <summary>Makes of each signature what the test wants of it.</summary>
    public Func<byte[], byte[]> Signed { get; set; } = signature => signature;

    /// <summary>What is answered to an encrypted key that is wrong.</summary>
    public CKR WrongPadding { get; set; } = CKR.CKR_ENCRYPTED_DATA_INVALID;

    /// <summary>Whether it lists nothing, though its objects are there.</summary>
    public bool ListsNothing { get; set; }

    /// <summary>Whether points have to be in an OCTET STRING.</summary>
    public bool WantsOctetString { get; init; }

    /// <summary>Puts a key in, with its certificate.</summary>
    public X509Certificate2 Add(string name, AsymmetricAlgorithm key, AsymmetricAlgorithm? certified = null, bool alwaysAsks = false)
    {
        var certificate = CertificateOf(name, certified ?? key);
        AddKey(name, key, Encoding.UTF8.GetBytes(name), alwaysAsks);
        AddCertificate(name, certificate, Encoding.UTF8.GetBytes(name));
        return certificate;
    }

    public void AddCertificate(string name, X509Certificate2 certificate, byte[] id) => objects.Add((CKO.CKO_CERTIFICATE, new()
    {
        [CKA.CKA_VALUE] = certificate.RawData,
        [CKA.CKA_LABEL] = Encoding.UTF8.GetBytes(name),
        [CKA.CKA_ID] = id,
        [CKA.CKA_CERTIFICATE_TYPE] = BitConverter.GetBytes((ulong)CKC.CKC_X_509),
    }, null));

    public void AddKey(string name, AsymmetricAlgorithm key, byte[] id, bool alwaysAsks = false, bool showsPoint = false)
    {
        var attributes = new Dictionary<CKA, byte[]>
        {
            [CKA.CKA_KEY_TYPE] = BitConverter.GetBytes((ulong)(key is RSA ? CKK.CKK_RSA : CKK.CKK_EC)),
            [CKA.CKA_LABEL] = Encoding.UTF8.GetBytes(name),
            [CKA.CKA_ID] = id,
            [CKA.CKA_SIGN] = [1],
            [CKA.CKA_DECRYPT] = [1],
            [CKA.CKA_DERIVE] = [1],
            [CKA.CKA_ALWAYS_AUTHENTICATE] = [(byte)(alwaysAsks ? 1 : 0)],
        };
        if (key is RSA rsa)
            attributes[CKA.CKA_MODULUS] = rsa.ExportParameters(false).Modulus!;
        if (showsPoint)
            attributes[CKA.CKA_EC_POINT] = new PublicKey(key).EncodedKeyValue.RawData;
        objects.Add((CKO.CKO_PRIVATE_KEY, attributes, key));
    }

    public void Remove(string name) => objects.RemoveAll(one => Encoding.UTF8.GetString(one.Attributes[CKA.CKA_LABEL]) == name);

    public void Forbid(string name, CKA use) => objects
        .Find(one => one.Kind == CKO.CKO_PRIVATE_KEY && Encoding.UTF8.GetString(one.Attributes[CKA.CKA_LABEL]) == name)
        .Attributes[use] = [0];

    public static X509Certificate2 CertificateOf(string name, AsymmetricAlgorithm key, bool isCa = false)
    {
        var request = new CertificateRequest(
            new X500DistinguishedName($"CN={name}"), new PublicKey(key), HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        var names = new SubjectAlternativeNameBuilder();
        names.AddEmailAddress($"{name}@example.org");
        request.CertificateExtensions.Add(names.Build());
        if (isCa)
            request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        var generator = key is RSA rsa
            ? X509SignatureGenerator.CreateForRSA(rsa, RSASignaturePadding.Pkcs1)
            : X509SignatureGenerator.CreateForECDsa((ECDsa)key);
        var start = new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);
        return request.Create(request.SubjectName, generator, start, start.AddYears(3), RandomNumberGenerator.GetBytes(8));
    }

    public void Login(byte[]? pin, CKU user)
    {
        if (pin is null ? (Flags & CKF.CKF_PROTECTED_AUTHENTICATION_PATH) != 0 : Encoding.UTF8.GetString(pin) == RightPin)
        {
            IsLoggedIn |= user == CKU.CKU_USER;
            return;
        }

        if (++WrongPins == 1 && TellsOfWrongPins)
            Flags |= CKF.CKF_USER_PIN_COUNT_LOW;
        throw new Pkcs11Exception("C_Login", WrongPin);
    }

    public IReadOnlyList<ulong> Find(CKO kind, byte[]? id) => ListsNothing
        ? []
        : [.. Enumerable.Range(0, objects.Count).Where(i => objects[i].Kind == kind && (kind != CKO.CKO_PRIVATE_KEY || IsLoggedIn)
            && (id is null || id.AsSpan().SequenceEqual(objects[i].Attributes[CKA.CKA_ID]))).Select(i => (ulong)i)];

    public byte[]?[] Attributes(ulong item, CKA[] attributes) =>
        Array.ConvertAll(attributes, attribute => objects[(int)item].Attributes.GetValueOrDefault(attribute));

    public byte[] Sign(Mechanism mechanism, ulong key, byte[] data) => Signed((mechanism.Type, KeyOf(key)) switch
    {
        (CKM.CKM_RSA_PKCS, RSA rsa) => SignDigestInfo(rsa, data),
        (CKM.CKM_RSA_PKCS_PSS, RSA rsa) => rsa.SignHash(data, NameOf(data.Length), RSASignaturePadding.Pss),
        (CKM.CKM_ECDSA, ECDsa ecdsa) => ecdsa.SignHash(data),
        _ => throw new Pkcs11Exception("C_SignInit", CKR.CKR_MECHANISM_INVALID),
    });

    public byte[] Decrypt(Mechanism mechanism, ulong key, byte[] data)
    {
        var rsa = (RSA)KeyOf(key);
        try
        {
            return mechanism.Type switch
            {
                CKM.CKM_RSA_X_509 when Mechanisms.Contains(CKM.CKM_RSA_X_509) => Raw(rsa, data),
                CKM.CKM_RSA_PKCS => rsa.Decrypt(data, RSAEncryptionPadding.Pkcs1),
                CKM.CKM_RSA_PKCS_OAEP => rsa.Decrypt(data, RSAEncryptionPadding.CreateOaep(
                    mechanism.Parameter[0] == (ulong)CKM.CKM_SHA_1 ? HashAlgorithmName.SHA1 : HashAlgorithmName.SHA256)),
                _ => throw new Pkcs11Exception("C_DecryptInit", CKR.CKR_MECHANISM_INVALID),
            };
        }
        catch (CryptographicException)
        {
            throw new Pkcs11Exception("C_Decrypt", WrongPadding);
        }
    }

    public byte[] Derive(Mechanism mechanism, ulong key)
    {
        var point = mechanism.Data;
        if (WantsOctetString)
        {
            point = point is [0x04, _, 0x04, ..]
                ? AsnDecoder.ReadOctetString(point, AsnEncodingRules.DER, out _)
                : throw new Pkcs11Exception("C_DeriveKey", CKR.CKR_MECHANISM_PARAM_INVALID);
        }

        var parameters = ((ECDsa)KeyOf(key)).ExportParameters(true);
        using var own = ECDiffieHellman.Create(parameters);
        var length = (point.Length - 1) / 2;
        var coordinates = new ECPoint { X = point[1..(1 + length)], Y = point[(1 + length)..] };
        using var other = ECDiffieHellman.Create(new ECParameters { Curve = parameters.Curve, Q = coordinates });
        return own.DeriveRawSecretAgreement(other.PublicKey).AsSpan().TrimStart((byte)0).ToArray(); // as some do
    }

    private AsymmetricAlgorithm KeyOf(ulong key) =>
        IsLoggedIn ? objects[(int)key].Key! : throw new Pkcs11Exception("C_SignInit", CKR.CKR_USER_NOT_LOGGED_IN);

    private static byte[] Raw(RSA rsa, byte[] data)
    {
        var parameters = rsa.ExportParameters(true);
        var plain = BigInteger.ModPow(Number(data), Number(parameters.D!), Number(parameters.Modulus!));
        return plain.ToByteArray(isUnsigned: true, isBigEndian: true); // without zeros before it, as some do
    }

    private static BigInteger Number(byte[] bytes) => new(bytes, isUnsigned: true, isBigEndian: true);

    private static byte[] SignDigestInfo(RSA rsa, byte[] encoded)
    {
        var info = new AsnReader(encoded, AsnEncodingRules.DER).ReadSequence();
        var oid = info.ReadSequence().ReadObjectIdentifier();
        return rsa.SignHash(info.ReadOctetString(), HashAlgorithmName.FromOid(oid), RSASignaturePadding.Pkcs1);
    }

    private static HashAlgorithmName NameOf(int length) => length switch
    {
        32 => HashAlgorithmName.SHA256,
        48 => HashAlgorithmName.SHA384,
        _ => HashAlgorithmName.SHA512,
    };
}
