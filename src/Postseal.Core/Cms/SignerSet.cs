using System.Formats.Asn1;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Postseal.Cms;

/// <summary>The signers that a SignedData names (RFC 5652 section 5.3), and the certificates it carries for them.</summary>
internal sealed class SignerSet
{
    // Each is looked for among the certificates; an honest message has one or two.
    private const int MaxSigners = 16;
    private const int MaxCertificates = 64;

    private static readonly Asn1Tag CertificateSet = new(TagClass.ContextSpecific, 0, isConstructed: true);

    private readonly List<ReadOnlyMemory<byte>> certificates;
    private readonly List<ReadOnlyMemory<byte>> signerInfos;

    private SignerSet(List<ReadOnlyMemory<byte>> certificates, List<ReadOnlyMemory<byte>> signerInfos) =>
        (this.certificates, this.signerInfos) = (certificates, signerInfos);

    /// <summary>Gets how many there are.</summary>
    public int Count => signerInfos.Count;

    /// <summary>Reads both sets of a SignedData.</summary>
    /// <param name="certificates">certificates [0] IMPLICIT CertificateSet; empty when there is none.</param>
    /// <param name="signerInfos">signerInfos SignerInfos.</param>
    /// <exception cref="AsnContentException">They are not what they should be, or too many.</exception>
    public static SignerSet Read(ReadOnlyMemory<byte> certificates, ReadOnlyMemory<byte> signerInfos) => new(
        certificates.IsEmpty ? [] : Elements(certificates, CertificateSet, MaxCertificates),
        Elements(signerInfos, tag: null, MaxSigners));

    /// <summary>
    /// Loads the certificate of each signer; <see langword="null"/> for one whose certificate it does not carry. The caller
    /// disposes of them; one may be there for several.
    /// </summary>
    public IReadOnlyList<X509Certificate2?> Certificates()
    {
        var found = new X509Certificate2?[Count];
        foreach (var encoded in certificates)
        {
            if (TryLoad(encoded) is not { } certificate)
                continue;
            // Who signs with two digests is two signers here (RFC 5752).
            var isSigner = false;
            for (var i = 0; i < found.Length; i++)
            {
                if (found[i] is not null || !IsOf(signerInfos[i], certificate))
                    continue;
                found[i] = certificate;
                isSigner = true;
            }

            if (!isSigner)
                certificate.Dispose();
        }

        return found;
    }

    private static List<ReadOnlyMemory<byte>> Elements(ReadOnlyMemory<byte> encoded, Asn1Tag? tag, int max)
    {
        var set = new AsnReader(encoded, AsnEncodingRules.BER).ReadSetOf(skipSortOrderValidation: true, tag);
        var elements = new List<ReadOnlyMemory<byte>>();
        while (set.HasData)
        {
            if (elements.Count == max)
                throw new AsnContentException($"there are more than {max} in a set");
            elements.Add(set.ReadEncodedValue());
        }

        return elements;
    }

    /// <summary>Loads a certificate; <see langword="null"/> for the obsolete forms of CertificateChoices, and for what is none.</summary>
    private static X509Certificate2? TryLoad(ReadOnlyMemory<byte> encoded)
    {
        try
        {
            return X509CertificateLoader.LoadCertificate(encoded.Span);
        }
        catch (CryptographicException)
        {
            return null;
        }
    }

    /// <summary>SignerInfo ::= SEQUENCE { version, sid: IssuerAndSerialNumber or subjectKeyIdentifier [0], … }</summary>
    private static bool IsOf(ReadOnlyMemory<byte> signerInfo, X509Certificate2 certificate)
    {
        try
        {
            var signer = new AsnReader(signerInfo, AsnEncodingRules.BER).ReadSequence();
            signer.ReadIntegerBytes();
            return CertificateId.Read(signer).Matches(certificate);
        }
        catch (AsnContentException)
        {
            return false; // The SignerInfo is none.
        }
    }
}
