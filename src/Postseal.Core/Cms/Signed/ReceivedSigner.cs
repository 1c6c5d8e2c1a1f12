using System.Formats.Asn1;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Postseal.Cms.Signed;

/// <summary>One who claims to have signed (RFC 5652 section 5.3).</summary>
internal sealed class ReceivedSigner
{
    private static readonly Asn1Tag SignedAttrs = new(TagClass.ContextSpecific, 0, isConstructed: true);
    private static readonly Asn1Tag UnsignedAttrs = new(TagClass.ContextSpecific, 1, isConstructed: true);

    private readonly CertificateId certificateId;
    private readonly SignatureMethod method;
    private readonly ReceivedAttributes? attributes;
    private readonly byte[] signature;

    private ReceivedSigner(
        CertificateId certificateId, HashFunction hash, SignatureMethod method, ReceivedAttributes? attributes, byte[] signature,
        string? problem)
    {
        this.certificateId = certificateId;
        this.method = method;
        this.attributes = attributes;
        this.signature = signature;
        Hash = hash;
        Problem = problem;
        WhyUnsupported = FindUnsupported(method, hash);
    }

    /// <summary>Gets the certificate's name for people: issuer and serial number, or the key's identifier.</summary>
    public string Id => certificateId.ToString();

    /// <summary>Gets whether the certificate is named by its key's identifier, as in version 3.</summary>
    internal bool IsNamedByKey => !certificateId.KeyIdentifier.IsEmpty;

    /// <summary>Gets when he says he signed, where he does.</summary>
    public DateTimeOffset? SigningTime => attributes?.SigningTime;

    /// <summary>Gets what he says his reader can decrypt, as SMIMECapabilities in BER (RFC 8551 section 2.5.2).</summary>
    public ReadOnlyMemory<byte>? Capabilities => attributes?.Capabilities;

    /// <summary>Gets which certificate he wants mail encrypted to, as SMIMEEncryptionKeyPreference in BER (RFC 8551 section
    /// 2.5.3).</summary>
    public ReadOnlyMemory<byte>? EncryptionKeyPreference => attributes?.EncryptionKeyPreference;

    /// <summary>Gets why he cannot be believed whatever the signature, as the end of a sentence that begins with the signature;
    /// <see langword="null"/> where he may.</summary>
    public string? Problem { get; }

    /// <summary>Gets why nobody here can verify it, as the end of a sentence that begins with the signature: its algorithm is
    /// unknown; <see langword="null"/> where it is not.</summary>
    public string? WhyUnsupported { get; }

    /// <summary>Gets the digest of content and attributes.</summary>
    internal HashFunction Hash { get; }

    /// <summary>
    /// SignerInfo ::= SEQUENCE { version, sid, digestAlgorithm, signedAttrs [0] IMPLICIT OPTIONAL, signatureAlgorithm, signature
    /// OCTET STRING, unsignedAttrs [1] IMPLICIT OPTIONAL }. What is not signed, countersignatures among it, means nothing.
    /// </summary>
    /// <param name="encoded">It, in BER.</param>
    /// <param name="contentType">What the content says it is.</param>
    /// <param name="announced">The digestAlgorithms of the message.</param>
    /// <exception cref="AsnContentException">It is broken.</exception>
    public static ReceivedSigner Read(ReadOnlyMemory<byte> encoded, string contentType, IReadOnlyCollection<HashFunction> announced)
    {
        var outer = new AsnReader(encoded, AsnEncodingRules.BER);
        var fields = outer.ReadSequence();
        outer.ThrowIfNotEmpty();
        CheckVersion(fields);
        var certificateId = CertificateId.Read(fields);
        var digestAlgorithm = fields.PeekEncodedValue();
        var hash = HashFunction.Read(fields);
        var attributes = fields.PeekTag() == SignedAttrs
            ? ReceivedAttributes.Read(fields.ReadEncodedValue())
            : null;
        var signatureAlgorithm = fields.PeekEncodedValue();
        var method = SignatureMethod.Read(fields);
        var signature = fields.ReadOctetString();
        var misplaced = fields.HasData && fields.PeekTag() == UnsignedAttrs
            ? ReceivedAttributes.FindMisplaced(fields.ReadSetOf(skipSortOrderValidation: true, UnsignedAttrs))
            : null;
        fields.ThrowIfNotEmpty();
        var problem = FindProblem(attributes, contentType, hash, method)
            ?? attributes!.ProblemWith(digestAlgorithm, signatureAlgorithm)
            ?? (misplaced is null ? null : $"its attribute {misplaced} is not signed, as it has to be")
            ?? (announced.Contains(hash) ? null : $"its digest, {hash.Name}, is none that the message announces");
        return new ReceivedSigner(certificateId, hash, method, attributes, signature, problem);
    }

    /// <summary>CMSVersion ::= INTEGER { v0(0), …, v5(5) } (RFC 5652 section 10.2.5). Many write a wrong one, but none another.</summary>
    /// <exception cref="AsnContentException">It is another.</exception>
    internal static void CheckVersion(AsnReader reader)
    {
        if (!reader.TryReadInt32(out var version) || version is < 0 or > 5)
            throw new AsnContentException("its version is none");
    }

    /// <summary>Determines whether he says that this is his certificate.</summary>
    public bool Matches(X509Certificate2 certificate) => certificateId.Matches(certificate);

    /// <summary>Verifies the signature.</summary>
    /// <param name="key">The certificate's key.</param>
    /// <param name="certificate">The certificate.</param>
    /// <param name="digests">The content's digests.</param>
    public SignatureFinding Verify(VerificationKey key, X509Certificate2 certificate, ContentDigests digests) =>
        Verify(key, certificate, hash => attributes!.MessageDigest.Span.SequenceEqual(digests.ValueOf(hash).Span));

    /// <summary>Verifies the signature over the signed attributes alone: of the content, which is elsewhere, nothing is said. So it is in
    /// userSMIMECertificate (RFC 2798 section 2.8).</summary>
    /// <param name="key">The certificate's key.</param>
    /// <param name="certificate">The certificate.</param>
    public SignatureFinding VerifyAttributes(VerificationKey key, X509Certificate2 certificate) => Verify(key, certificate, isContent: _ => true);

    private SignatureFinding Verify(VerificationKey key, X509Certificate2 certificate, Predicate<HashFunction> isContent)
    {
        if (Problem is not null)
            return SignatureFinding.Malformed(Problem);
        if (WhyUnsupported is not null)
            return SignatureFinding.Unsupported(WhyUnsupported);
        if (key.WhyUnusable is { } why)
            return SignatureFinding.Unsupported($"it is by a certificate with which nothing can be verified: {why}");
        if (!Matches(certificate))
            return SignatureFinding.Malformed("it is not by the certificate it is held against");
        if (!key.Takes(method))
            return SignatureFinding.Malformed($"its algorithm, {method.Name}, is not for the certificate's key, {key.Name}");
        if (!isContent(Hash))
            return SignatureFinding.Bad("its content was changed after it was signed");
        if (attributes!.CheckCertificate(certificate) is { } other)
            return other;
        try
        {
            // Over the attributes in the order they came in: they MUST come in that of DER (RFC 5652 section 5.3), and where they do
            // not, openssl wants this one too.
            if (!key.Verify(method, Hash, attributes.Signed, signature))
                return SignatureFinding.Bad("it was not made with the certificate's key over these attributes");
        }
        catch (CryptographicException)
        {
            return SignatureFinding.Unsupported($"this machine's policy does not allow {method.Name} with {Hash.Name}");
        }

        return Hash.IsWeak
            ? SignatureFinding.Weak($"it is made with {Hash.Name}, which lets others put different content in its place")
            : SignatureFinding.Good;
    }

    private static string? FindUnsupported(SignatureMethod method, HashFunction hash)
    {
        if (method.Family == SignatureFamily.Unknown)
            return $"its algorithm, {method.Name}, is not supported";
        if (hash.PlatformName is null)
            return $"its digest, {hash.Name}, is not supported";
        if (method.Pss is { MaskHash: null })
            return "its padding, RSASSA-PSS without MGF1, is not supported";
        return method.Pss is { MaskHash: { PlatformName: null } mask }
            ? $"its padding, RSASSA-PSS with {mask.Name}, is not supported"
            : null;
    }

    private static string? FindProblem(
        ReceivedAttributes? attributes, string contentType, HashFunction hash, SignatureMethod method)
    {
        // A signature over content may be one over attributes, and the reverse, unless it is known which it has to be
        // (draft-ietf-lamps-cms-euf-cma-signeddata).
        if (attributes is null)
            return "it is made without signed attributes, and may be over something else than it seems";
        if (attributes.Problem is { } problem)
            return problem;
        if (attributes.ContentType != contentType)
            return "its attributes and its content disagree on what the content is";
        if (contentType != Oids.Data)
            return $"it is not over mail, but over {ContentTypeNames.Of(contentType)}";
        if (method.Hash is { } named && named != hash)
            return $"it names two digests, {hash.Name} and {named.Name}";
        return null;
    }
}
