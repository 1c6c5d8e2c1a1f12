using System.Buffers;
using System.Formats.Asn1;
using System.Security.Cryptography.X509Certificates;
using Postseal.Certificates;
using Postseal.Cms;
using Postseal.Cms.Signed;

namespace Postseal.Ldap;

/// <summary>
/// The certificates in one entry, and the abilities that their owners announce in userSMIMECertificate (RFC 2798 section 2.8). Abilities count
/// only if the signature over them was made with a certificate of the same entry, and only for that certificate: whoever may write there could
/// otherwise have everybody written to with the weakest cipher.
/// </summary>
/// <param name="known">Reads certificates, each once.</param>
internal sealed class EntryCertificates(ReceivedCertificates known)
{
    private readonly Dictionary<CertificateDigest, ReceivedCertificate> certificates = [];
    private readonly Dictionary<CertificateDigest, Abilities> abilities = [];
    private readonly List<(ReceivedCertificate Signer, ReadOnlyMemory<byte> Preference)> preferences = [];

    /// <summary>Takes a value.</summary>
    /// <returns>What is wrong with it, as the end of a sentence, and whether it may have had a certificate; <see langword="null"/> where all is
    /// well.</returns>
    public (string Text, bool IsDamage)? Add(ReadOnlyMemory<byte> value) => KindOf(value) switch
    {
        Kind.Certificate => AddCertificate(value) is null ? ("is a certificate that is damaged", true) : null,
        Kind.SignedData => AddSignedData(value),
        Kind.Pkcs12 => ("is a PKCS #12 file, with a private key that belongs into no directory; it is not used", false),
        _ => ("is no certificate and no SignedData", true),
    };

    /// <summary>Returns the certificates of people, with all of the entry beside each.</summary>
    /// <param name="place">Where they are, for people.</param>
    public IEnumerable<MailCertificate> Candidates(string place)
    {
        List<X509Certificate2> beside = [.. certificates.Values.Select(certificate => certificate.Certificate)];
        return certificates.Values
            .Where(certificate => !CertificateRules.IsIssuer(certificate.Certificate) && !IsWithdrawn(certificate))
            .Select(certificate => new MailCertificate(certificate.Certificate, place, hasKey: false, beside: beside)
            {
                Abilities = abilities.GetValueOrDefault(certificate.Digest),
            });
    }

    /// <summary>Determines whether a certificate's own signature says that another one of the entry is to be encrypted to
    /// (SMIMEEncryptionKeyPreference, RFC 8551 section 2.5.3). The other has to stand for itself: a signature only takes its own away. Where the
    /// other prefers this one, as after a change there and back, both stay: there would be none for somebody who has two.</summary>
    private bool IsWithdrawn(ReceivedCertificate certificate) => PreferencesOf(certificate).Any(preference =>
        !preference.Matches(certificate.Certificate)
        && certificates.Values.Any(other => preference.Matches(other.Certificate) && other.Addresses.Intersect(certificate.Addresses).Any()
            && !PreferencesOf(other).Any(back => back.Matches(certificate.Certificate))));

    private IEnumerable<CertificateId> PreferencesOf(ReceivedCertificate certificate) => preferences
        .Where(stated => ReferenceEquals(stated.Signer, certificate)).Select(stated => KeyPreference.Read(stated.Preference)).OfType<CertificateId>();

    private ReceivedCertificate? AddCertificate(ReadOnlyMemory<byte> der)
    {
        if (known.Get(der) is not { } certificate)
            return null;
        certificates.TryAdd(certificate.Digest, certificate);
        return certificate;
    }

    private (string Text, bool IsDamage)? AddSignedData(ReadOnlyMemory<byte> value)
    {
        if (ReceivedSignedData.TryRead(new ReadOnlySequence<byte>(value)) is not { } signedData)
            return ("is SignedData that is damaged", true);
        if (signedData.Obstacle is { } obstacle)
            return ($"is SignedData of which nothing is used: {obstacle}", true);
        var carried = signedData.Certificates.Select(AddCertificate).ToList();
        foreach (var signer in signedData.Signers)
            AddStatements(signer, carried.OfType<ReceivedCertificate>());
        return carried.Contains(null) ? ("is SignedData with a certificate that is damaged", true) : null;
    }

    private void AddStatements(ReceivedSigner signer, IEnumerable<ReceivedCertificate> carried)
    {
        if (signer is { Capabilities: null, EncryptionKeyPreference: null }
            || carried.FirstOrDefault(certificate => signer.Matches(certificate.Certificate)) is not { } certificate
            || signer.VerifyAttributes(certificate.Key, certificate.Certificate).Kind != FindingKind.Good)
        {
            return;
        }

        if (signer.EncryptionKeyPreference is { } preference)
            preferences.Add((certificate, preference));
        if (signer.Capabilities is { } announced && Abilities.Read(announced, signer.SigningTime ?? DateTimeOffset.MinValue) is { } read
            && !(abilities.TryGetValue(certificate.Digest, out var other) && other.SignedAt > read.SignedAt))
        {
            abilities[certificate.Digest] = read;
        }
    }

    /// <summary>Tells the kinds apart by what is in the outer SEQUENCE, whatever the attribute is called: Certificate begins with a SEQUENCE (RFC
    /// 5280 section 4.1), ContentInfo with an OBJECT IDENTIFIER (RFC 5652 section 3), PFX with an INTEGER (RFC 7292 section 4).</summary>
    private static Kind KindOf(ReadOnlyMemory<byte> value)
    {
        try
        {
            var content = new AsnReader(value, AsnEncodingRules.BER).ReadSequence();
            var first = content.PeekTag();
            return first.HasSameClassAndValue(Asn1Tag.Sequence) ? Kind.Certificate
                : first == Asn1Tag.ObjectIdentifier ? Kind.SignedData
                : first == Asn1Tag.Integer ? Kind.Pkcs12
                : Kind.Unknown;
        }
        catch (AsnContentException)
        {
            return Kind.Unknown;
        }
    }

    private enum Kind
    {
        Unknown,
        Certificate,
        SignedData,
        Pkcs12,
    }
}
