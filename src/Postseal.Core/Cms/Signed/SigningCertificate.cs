using System.Formats.Asn1;
using System.Security.Cryptography.X509Certificates;

namespace Postseal.Cms.Signed;

/// <summary>
/// The signer's certificate as he names it in what he signs (RFC 5035), so that no other certificate with his key can take
/// its place.
/// </summary>
/// <param name="Hash">The hash function.</param>
/// <param name="Value">The hash of the certificate.</param>
/// <param name="Issuer">The issuer's name, encoded; empty where only the hash is there.</param>
/// <param name="SerialNumber">The serial number.</param>
internal sealed record SigningCertificate(
    HashFunction Hash, ReadOnlyMemory<byte> Value, ReadOnlyMemory<byte> Issuer, ReadOnlyMemory<byte> SerialNumber)
{
    private static readonly Asn1Tag DirectoryName = new(TagClass.ContextSpecific, 4);

    /// <summary>
    /// SigningCertificate, SigningCertificateV2 ::= SEQUENCE { certs SEQUENCE OF ESSCertID, policies OPTIONAL }. The first is
    /// the signer's (RFC 5035 section 3); those above it are the chain's business.
    /// </summary>
    /// <exception cref="AsnContentException">It is broken, or names none.</exception>
    public static SigningCertificate Read(AsnReader values, bool isVersion2)
    {
        var first = values.ReadSequence().ReadSequence().ReadSequence();
        // ESSCertID ::= SEQUENCE { certHash, issuerSerial OPTIONAL }, with SHA-1; ESSCertIDv2 has hashAlgorithm DEFAULT sha256
        // before them.
        var hash = !isVersion2 ? HashFunction.Sha1
            : first.PeekTag().HasSameClassAndValue(Asn1Tag.Sequence) ? HashFunction.Read(first)
            : HashFunction.Sha256;
        var value = first.ReadOctetString();
        var (issuer, serialNumber) = first.HasData ? ReadIssuerSerial(first.ReadSequence()) : default;
        first.ThrowIfNotEmpty();
        return new SigningCertificate(hash, value, issuer, serialNumber);
    }

    /// <summary>Checks that it names this certificate; <see langword="null"/> where it does.</summary>
    public SignatureFinding? Check(X509Certificate2 certificate)
    {
        if (Hash.PlatformName is null)
            return SignatureFinding.Unsupported($"it names its certificate by a digest, {Hash.Name}, that is not supported");
        var isIt = Hash.Hash(certificate.RawDataMemory.Span).AsSpan().SequenceEqual(Value.Span)
            && (Issuer.IsEmpty
                || (Issuer.Span.SequenceEqual(certificate.IssuerName.RawData)
                    && SerialNumber.Span.SequenceEqual(certificate.SerialNumberBytes.Span)));
        return isIt ? null : SignatureFinding.Bad("it was made for another certificate than the one it comes with");
    }

    /// <summary>IssuerSerial ::= SEQUENCE { issuer GeneralNames, serialNumber }, with one name, the directoryName [4] EXPLICIT
    /// (RFC 5035 section 5).</summary>
    private static (ReadOnlyMemory<byte> Issuer, ReadOnlyMemory<byte> SerialNumber) ReadIssuerSerial(AsnReader fields)
    {
        var names = fields.ReadSequence();
        var name = names.ReadSequence(DirectoryName);
        names.ThrowIfNotEmpty();
        var issuer = name.ReadEncodedValue();
        name.ThrowIfNotEmpty();
        var serialNumber = fields.ReadIntegerBytes();
        fields.ThrowIfNotEmpty();
        return (issuer, serialNumber);
    }
}
