using System.Formats.Asn1;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Postseal.Cms;

namespace Postseal.Certificates.Revocation;

/// <summary>What a responder says of one certificate (RFC 6960 section 4.2), signed by its issuer or by whom that one appointed.</summary>
/// <param name="Revoked">Since when it is revoked and why; <see langword="null"/> where it is not.</param>
/// <param name="From">When that was known to be right.</param>
/// <param name="Until">When that is to be asked again.</param>
/// <param name="Doubt">Why nobody is acquitted by it, as the end of a sentence.</param>
internal sealed record OcspResponse(RevokedSerial? Revoked, DateTimeOffset From, DateTimeOffset Until, string? Doubt)
{
    /// <summary>The longest answer; those of CAs have a few KiB.</summary>
    public const int MaxLength = 64 << 10;

    private const int MaxCertificates = 4;

    /// <summary>How long an answer counts that does not say it.</summary>
    private static readonly TimeSpan Default = TimeSpan.FromHours(1);

    private static readonly TimeSpan ClockSkew = TimeSpan.FromMinutes(5);

    /// <summary>Reads an answer, and checks who signed it.</summary>
    /// <param name="encoded">The answer.</param>
    /// <param name="subject">The certificate that was asked for.</param>
    /// <param name="now">The time it has to hold at.</param>
    /// <param name="isRevoked">Tells of a responder's certificate whether its issuer took it back.</param>
    /// <param name="problem">Why it is of no use, as the end of a sentence that begins with the responder.</param>
    public static OcspResponse? TryRead(
        ReadOnlyMemory<byte> encoded, RevocationSubject subject, DateTimeOffset now, Func<X509Certificate2, bool> isRevoked, out string? problem)
    {
        try
        {
            if (BasicOf(encoded, out problem) is not { } basic)
                return null;
            var (parts, signature) = (new AsnReader(basic, AsnEncodingRules.DER).ReadSequence(), SignedStructure.Read(basic));
            var data = parts.ReadSequence();
            parts.ReadEncodedValue();
            parts.ReadEncodedValue();
            if (!IsSigned(signature, parts, subject, now, isRevoked))
                problem = "answers with a signature that is neither the CA's nor that of somebody it appointed";
            else
                return Find(data, subject, now, signature.WeakDigest is { } weak ? $"it is signed with {weak}" : null, out problem);
        }
        catch (Exception e) when (e is AsnContentException or CryptographicException)
        {
            problem = "answers with something that is damaged or no OCSP";
        }

        return null;
    }

    /// <summary>OCSPResponse ::= SEQUENCE { responseStatus ENUMERATED, responseBytes [0] SEQUENCE { responseType, response OCTET STRING } }</summary>
    private static byte[]? BasicOf(ReadOnlyMemory<byte> encoded, out string? problem)
    {
        var file = new AsnReader(encoded, AsnEncodingRules.DER);
        var response = file.ReadSequence();
        file.ThrowIfNotEmpty();
        if (response.ReadEnumeratedBytes().Span is not [0])
        {
            problem = "does not answer for this CA, or not now";
            return null;
        }

        problem = null;
        var bytes = response.ReadSequence(new Asn1Tag(TagClass.ContextSpecific, 0)).ReadSequence();
        return bytes.ReadObjectIdentifier() == Oids.OcspBasic ? bytes.ReadOctetString() : throw new AsnContentException("An answer is of a type that is not known.");
    }

    /// <summary>Checks the signature (section 4.2.2.2): the issuer's key, or one that the issuer himself certified for that alone.</summary>
    private static bool IsSigned(
        SignedStructure signature, AsnReader rest, RevocationSubject subject, DateTimeOffset now, Func<X509Certificate2, bool> isRevoked)
    {
        var issuer = subject.Issuers[0];
        if (signature.IsBy(issuer))
            return true;
        if (!rest.HasData)
            return false;
        var certificates = rest.ReadSequence(new Asn1Tag(TagClass.ContextSpecific, 0)).ReadSequence();
        for (var i = 0; i < MaxCertificates && certificates.HasData; i++)
        {
            using var responder = X509CertificateLoader.LoadCertificate(certificates.ReadEncodedValue().Span);
            if (DistinguishedNames.ComparisonForm(responder.IssuerName) == DistinguishedNames.ComparisonForm(issuer.SubjectName)
                && responder.Extensions.OfType<X509EnhancedKeyUsageExtension>().Any(IsForAnswers)
                && now.UtcDateTime >= responder.NotBefore.ToUniversalTime() && now.UtcDateTime <= responder.NotAfter.ToUniversalTime()
                && signature.IsBy(responder) && CertificateSignature.IsProvenBy(issuer, responder)
                && (responder.Extensions[Oids.OcspNoCheck] is not null || !isRevoked(responder)))
                return true;
        }

        return false;
    }

    private static bool IsForAnswers(X509EnhancedKeyUsageExtension usage) =>
        usage.EnhancedKeyUsages.OfType<Oid>().Any(purpose => purpose.Value == Oids.OcspSigning);

    /// <summary>ResponseData ::= SEQUENCE { version [0], responderID, producedAt, responses SEQUENCE OF SingleResponse, responseExtensions [1] }</summary>
    private static OcspResponse? Find(AsnReader data, RevocationSubject subject, DateTimeOffset now, string? weak, out string? problem)
    {
        if (data.IsNext(new Asn1Tag(TagClass.ContextSpecific, 0)))
            data.ReadEncodedValue();
        data.ReadEncodedValue();
        data.ReadEncodedValue();
        var responses = data.ReadSequence();
        var doubt = weak ?? DoubtOf(data);
        while (responses.HasData)
        {
            var single = responses.ReadSequence();
            if (OcspRequest.IsAbout(single.ReadSequence(), subject))
                return ReadOne(single, now, doubt, out problem);
        }

        problem = "does not answer for this certificate";
        return null;
    }

    /// <summary>SingleResponse ::= SEQUENCE { certID, certStatus, thisUpdate, nextUpdate [0] OPTIONAL, singleExtensions [1] OPTIONAL };
    /// CertStatus ::= CHOICE { good [0] NULL, revoked [1] SEQUENCE { revocationTime, revocationReason [0] OPTIONAL }, unknown [2] NULL }</summary>
    private static OcspResponse? ReadOne(AsnReader single, DateTimeOffset now, string? doubt, out string? problem)
    {
        var status = single.PeekTag();
        RevokedSerial? revoked = null;
        if (status is { TagClass: TagClass.ContextSpecific, TagValue: 1 })
            revoked = ReadRevoked(single.ReadSequence(status));
        else if (status is { TagClass: TagClass.ContextSpecific, TagValue: 0 })
            single.ReadNull(status);
        else
        {
            problem = "does not know this certificate";
            return null;
        }

        var (next, from) = (new Asn1Tag(TagClass.ContextSpecific, 0), single.ReadGeneralizedTime());
        var until = single.IsNext(next) ? single.ReadSequence(next).ReadGeneralizedTime() : from + Default;
        problem = now < from - ClockSkew ? "answers for a day to come" : now > until ? "answers with what held once" : null;
        return problem is null ? new OcspResponse(revoked, from, until, doubt ?? DoubtOf(single)) : null;
    }

    private static RevokedSerial ReadRevoked(AsnReader revoked)
    {
        var (since, reason) = (revoked.ReadGeneralizedTime(), new Asn1Tag(TagClass.ContextSpecific, 0));
        return new RevokedSerial(since, revoked.HasData && revoked.ReadSequence(reason).ReadEnumeratedBytes().Span is [var code] ? code : (byte)0);
    }

    /// <summary>Looks for extensions [1] that are critical: none that matters is (section 4.4).</summary>
    private static string? DoubtOf(AsnReader reader)
    {
        var tag = new Asn1Tag(TagClass.ContextSpecific, 1);
        if (!reader.IsNext(tag))
            return null;
        var extensions = reader.ReadSequence(tag).ReadSequence();
        while (extensions.HasData)
        {
            var extension = extensions.ReadSequence();
            extension.ReadObjectIdentifier();
            if (extension.IsNext(Asn1Tag.Boolean) && extension.ReadBoolean())
                return "it has a critical extension that is not known";
        }

        return null;
    }
}
