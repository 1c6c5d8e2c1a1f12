using System.Formats.Asn1;
using System.Security.Cryptography;
using Postseal.Cms;

namespace Postseal.Certificates.Formats;

/// <summary>
/// A PKCS #12 file (RFC 7292): key, certificate and chain under one passphrase, as CAs hand them out. It is read here and
/// not by the platform's loader, which knows neither PBMAC1 nor Camellia, RC2 only with OpenSSL's legacy module, and calls
/// them a wrong passphrase.
/// </summary>
internal sealed class Pkcs12File
{
    private const string EncryptedData = "1.2.840.113549.1.7.6"; // RFC 5652 section 8
    private const string KeyBag = "1.2.840.113549.1.12.10.1.1"; // RFC 7292 section 4.2
    private const string ShroudedKeyBag = "1.2.840.113549.1.12.10.1.2";
    private const string CertificateBag = "1.2.840.113549.1.12.10.1.3";
    private const string X509Certificate = "1.2.840.113549.1.9.22.1";

    private static readonly Asn1Tag Explicit = new(TagClass.ContextSpecific, 0, isConstructed: true);
    private static readonly Asn1Tag Implicit = new(TagClass.ContextSpecific, 0);

    private readonly KeyFile file;
    private readonly PassphraseText passphrase;
    private readonly PasswordEncryption encryption;

    private Pkcs12File(KeyFile file, PassphraseText passphrase)
    {
        this.file = file;
        this.passphrase = passphrase;
        encryption = new PasswordEncryption(file.Path);
    }

    /// <exception cref="CertificateFileException">It is damaged or locked, protected in a way that is not known, or asks for
    /// too much work.</exception>
    public static void Read(KeyFile file, ReadOnlySpan<byte> der)
    {
        try
        {
            var (content, mac) = ReadPfx(file, der);
            var passphrase = RightPassphrase(file, form => mac.IsMadeWith(form, content));
            file.Keep(passphrase);
            new Pkcs12File(file, passphrase).ReadSafes(content);
        }
        catch (Exception e) when (e is CryptographicException or AsnContentException)
        {
            throw file.Problem(CertificateFileProblem.Damaged, "is a PKCS #12 file that is damaged", e);
        }
    }

    /// <summary>
    /// As a plain key needs no passphrase, so a file without one opens whatever passphrase there is for others. Which of two
    /// ways its writer took to say that there is none, only the MAC tells.
    /// </summary>
    private static PassphraseText RightPassphrase(KeyFile file, Func<PassphraseText, bool> isRight)
    {
        PassphraseText[] none = [PassphraseText.Of([]), PassphraseText.Absent];
        if (Array.Find(none, form => isRight(form)) is { } empty)
            return empty;
        if (file.Passphrase.IsEmpty)
            throw PrivateKeyReader.PassphraseNeeded(file.Path);
        var passphrase = PassphraseText.Of(file.Passphrase);
        if (isRight(passphrase))
            return passphrase;
        passphrase.Dispose();
        throw PrivateKeyReader.WrongPassphrase(file.Path);
    }

    /// <summary>
    /// PFX ::= SEQUENCE { version, authSafe ContentInfo, macData OPTIONAL } (RFC 7292 section 4). Without macData nobody can
    /// tell whether the certificates in it were exchanged.
    /// </summary>
    private static (byte[] Content, Pkcs12Mac Mac) ReadPfx(KeyFile file, ReadOnlySpan<byte> der)
    {
        var pfx = new AsnReader(der.ToArray(), AsnEncodingRules.BER).ReadSequence();
        pfx.ReadInteger();
        var contentInfo = pfx.ReadSequence();
        var type = contentInfo.ReadObjectIdentifier();
        if (type == Oids.SignedData)
        {
            throw file.Problem(
                CertificateFileProblem.Unsupported, "is a PKCS #12 file that a signature protects; make it anew with a passphrase");
        }

        if (type != Oids.Data)
            throw new AsnContentException("The content is neither Data nor SignedData.");
        if (!pfx.HasData)
        {
            throw file.Problem(
                CertificateFileProblem.Unsupported, "is a PKCS #12 file without integrity protection (MAC); make it anew with one");
        }

        return (contentInfo.ReadSequence(Explicit).ReadOctetString(), Pkcs12Mac.Read(file.Path, pfx.ReadSequence()));
    }

    /// <summary>AuthenticatedSafe ::= SEQUENCE OF ContentInfo, which are Data or EncryptedData.</summary>
    private void ReadSafes(byte[] content)
    {
        var safes = new AsnReader(content, AsnEncodingRules.BER).ReadSequence();
        while (safes.HasData)
        {
            var contentInfo = safes.ReadSequence();
            var type = contentInfo.ReadObjectIdentifier();
            var inside = type is Oids.Data or EncryptedData
                ? contentInfo.ReadSequence(Explicit)
                : throw file.Problem(
                    CertificateFileProblem.Unsupported,
                    $"is a PKCS #12 file that something else than a passphrase protects ({type}); make it anew with one");
            var bags = type == Oids.Data ? inside.ReadOctetString() : Decrypt(inside.ReadSequence());
            try
            {
                ReadBags(bags);
            }
            finally
            {
                CryptographicOperations.ZeroMemory(bags);
            }
        }
    }

    /// <summary>
    /// EncryptedData ::= SEQUENCE { version, SEQUENCE { contentType, AlgorithmIdentifier, [0] IMPLICIT OCTET STRING } }
    /// (RFC 5652 section 8)
    /// </summary>
    private byte[] Decrypt(AsnReader encryptedData)
    {
        encryptedData.ReadInteger();
        var info = encryptedData.ReadSequence();
        info.ReadObjectIdentifier();
        var algorithm = info.ReadSequence();
        return encryption.Decrypt(algorithm, info.ReadOctetString(Implicit), passphrase);
    }

    /// <summary>SafeContents ::= SEQUENCE OF SEQUENCE { bagId, [0] EXPLICIT bagValue, attributes OPTIONAL }</summary>
    private void ReadBags(byte[] content)
    {
        var bags = new AsnReader(content, AsnEncodingRules.BER).ReadSequence();
        while (bags.HasData)
        {
            var bag = bags.ReadSequence();
            var type = bag.ReadObjectIdentifier();
            var value = bag.ReadSequence(Explicit);
            switch (type)
            {
                case KeyBag:
                    AddKey(value, Open);
                    break;
                case ShroudedKeyBag:
                    AddKey(value, OpenShrouded);
                    break;
                case CertificateBag:
                    AddCertificate(value.ReadSequence());
                    break;
            }
        }
    }

    private void AddKey(AsnReader value, Func<byte[], AsymmetricAlgorithm> open) =>
        file.AddKey(new StoredKey(value.PeekEncodedValue().Span, isEncrypted: !passphrase.IsEmpty, open));

    private AsymmetricAlgorithm OpenShrouded(byte[] der)
    {
        byte[] plain = [];
        try
        {
            plain = encryption.DecryptPrivateKey(der, passphrase);
            return Open(plain);
        }
        catch (Exception e) when (e is CryptographicException or AsnContentException)
        {
            throw file.Problem(CertificateFileProblem.Damaged, "is a PKCS #12 file that is damaged", e);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(plain);
        }
    }

    private AsymmetricAlgorithm Open(byte[] pkcs8) => PrivateKeyReader.Read(file, FileFormat.Pkcs8, pkcs8);

    /// <summary>CertBag ::= SEQUENCE { certId, [0] EXPLICIT certValue }, and the value of an X.509 certificate is an OCTET STRING.</summary>
    private void AddCertificate(AsnReader bag)
    {
        if (bag.ReadObjectIdentifier() == X509Certificate)
            file.AddCertificate(bag.ReadSequence(Explicit).ReadOctetString());
    }
}
