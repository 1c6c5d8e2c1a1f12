using System.Formats.Asn1;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Postseal.Certificates;

/// <summary>A PKCS #12 file (RFC 7292): key, certificate and chain under one passphrase, as CAs hand them out.</summary>
internal static class Pkcs12File
{
    /// <summary>The file says how much work it is to open it; these bound it to a few seconds.</summary>
    private static readonly Pkcs12LoaderLimits Limits = new()
    {
        MacIterationLimit = 1_000_000,
        IndividualKdfIterationLimit = PrivateKeyReader.MaxIterations,
        TotalKdfIterationLimit = 2 * PrivateKeyReader.MaxIterations,
        MaxCertificates = KeyMaterial.MaxCertificates,
        MaxKeys = KeyMaterial.MaxKeys,
        PreserveStorageProvider = false,
        PreserveKeyName = false,
        PreserveCertificateAlias = false,
        PreserveUnknownAttributes = false,
    };

    /// <exception cref="CertificateFileException">It is damaged or locked, or asks for too much work.</exception>
    public static void Read(KeyMaterial material, ReadOnlySpan<byte> der, ReadOnlySpan<byte> passphrase)
    {
        using var password = new PassphraseText(passphrase);
        try
        {
            RequireMac(material, der);
            foreach (var certificate in X509CertificateLoader.LoadPkcs12Collection(der, password.Span, StorageFlags, Limits))
                Add(material, certificate);
        }
        catch (Pkcs12LoadLimitExceededException e)
        {
            throw material.Problem(
                CertificateFileProblem.TooLarge,
                "is a PKCS #12 file with too many certificates or keys, or one that takes too long to open", e);
        }
        catch (CryptographicException e) when (e.HResult == InvalidPassword)
        {
            throw passphrase.IsEmpty
                ? PrivateKeyReader.PassphraseNeeded(material.Path)
                : PrivateKeyReader.WrongPassphrase(material.Path, e);
        }
        catch (Exception e) when (e is CryptographicException or AsnContentException or PlatformNotSupportedException)
        {
            throw material.Problem(CertificateFileProblem.Damaged, "is a PKCS #12 file that is damaged", e);
        }
    }

    private const int InvalidPassword = unchecked((int)0x80070056); // HRESULT_FROM_WIN32(ERROR_INVALID_PASSWORD)

    /// <summary>Exportable, since what we write we write ourselves; ephemeral, so that no key store keeps a copy.</summary>
    private static X509KeyStorageFlags StorageFlags => OperatingSystem.IsMacOS()
        ? X509KeyStorageFlags.Exportable // its keys live in a temporary keychain, and nowhere else
        : X509KeyStorageFlags.Exportable | X509KeyStorageFlags.EphemeralKeySet;

    /// <summary>
    /// PFX ::= SEQUENCE { version, authSafe, macData OPTIONAL } (RFC 7292 section 4). Without macData nobody can tell
    /// whether the certificates in it were exchanged.
    /// </summary>
    private static void RequireMac(KeyMaterial material, ReadOnlySpan<byte> der)
    {
        var pfx = new AsnReader(der.ToArray(), AsnEncodingRules.BER).ReadSequence();
        pfx.ReadEncodedValue();
        pfx.ReadEncodedValue();
        if (!pfx.HasData)
        {
            throw material.Problem(
                CertificateFileProblem.Unsupported, "is a PKCS #12 file without integrity protection (MAC); make it anew with one");
        }
    }

    private static void Add(KeyMaterial material, X509Certificate2 certificate)
    {
        AsymmetricAlgorithm? key = certificate.GetRSAPrivateKey();
        key ??= certificate.GetECDsaPrivateKey();
        if (key is not null)
            material.AddKey(new StoredKey(key, isEncrypted: true, encryptedPem: null));
        else if (certificate.HasPrivateKey)
            throw material.Problem(CertificateFileProblem.Unsupported, "holds a key that is neither RSA nor EC");
        material.AddCertificate(certificate.RawDataMemory.Span);
        certificate.Dispose();
    }
}
