using System.Security.Cryptography;
using System.Security.Cryptography.Pkcs;
using System.Security.Cryptography.X509Certificates;
using System.Text;

namespace Postseal.TestKit;

/// <summary>
/// Signs letters as honest people and attackers do, by .NET's SignedCms, which shares no code with us. Each layer is an entity, so that
/// layers go around each other: <c>letter.Detached(letter.Opaque(text))</c>.
/// </summary>
/// <param name="Signers">Who signs; several sign the same. Of nobody's letter the signature is made and taken out again.</param>
public sealed record SignedLetter(params IReadOnlyList<LetterSigner> Signers)
{
    /// <summary>What openssl and .NET call SHA-256.</summary>
    private static readonly Oid Sha256 = new("2.16.840.1.101.3.4.2.1");

    /// <summary>Gets a text to sign.</summary>
    public static byte[] Text { get; } = Encoding.ASCII.GetBytes("Content-Type: text/plain; charset=us-ascii\r\n\r\nPay Bob 10.\r\n");

    /// <summary>Gets when it is signed, as the signature says; <see langword="null"/>: now.</summary>
    public DateTimeOffset? Time { get; init; }

    /// <summary>Gets the digest.</summary>
    public Oid Digest { get; init; } = Sha256;

    /// <summary>Gets whether the signers' certificates go with it.</summary>
    public bool CarriesCertificates { get; init; } = true;

    /// <summary>Gets certificates that go with it beside the signers'.</summary>
    public IReadOnlyList<X509Certificate2> Beside { get; init; } = [];

    /// <summary>Gets attributes that are signed, beside the usual.</summary>
    public IReadOnlyList<AsnEncodedData> Attributes { get; init; } = [];

    /// <summary>Gets attributes that are not signed.</summary>
    public IReadOnlyList<AsnEncodedData> UnsignedAttributes { get; init; } = [];

    /// <summary>Gets whether the signature says when it was made. Without any other attribute .NET signs none at all.</summary>
    public bool HasTime { get; init; } = true;

    /// <summary>Gets whether the signatures stay in it.</summary>
    public bool IsSigned { get; init; } = true;

    /// <summary>Gets the boundary of the detached form.</summary>
    public string Boundary { get; init; } = "----=_signed";

    /// <summary>Makes a letter of an entity: the fields of an author, and those of the entity.</summary>
    public static byte[] From(string author, params ReadOnlySpan<byte> entity) => WithFields($"From: {author}", entity);

    /// <summary>Makes a letter of an entity.</summary>
    /// <param name="fields">Fields that go before its own, between which there is CRLF.</param>
    /// <param name="entity">The entity.</param>
    public static byte[] WithFields(string fields, params ReadOnlySpan<byte> entity) =>
        [.. Encoding.Latin1.GetBytes($"{fields}\r\nTo: bob@example.net\r\nSubject: money\r\nMIME-Version: 1.0\r\n"), .. entity];

    /// <summary>Wraps entities into a multipart without a signature.</summary>
    public static byte[] Multipart(string subtype, params byte[][] parts) => Encoding.Latin1.GetBytes(
        $"Content-Type: multipart/{subtype}; boundary=\"----=_plain\"\r\n\r\n"
        + string.Concat(parts.Select(part => $"------=_plain\r\n{Encoding.Latin1.GetString(part)}\r\n")) + "------=_plain--\r\n");

    /// <summary>Wraps a message as an attachment is.</summary>
    public static byte[] Attached(byte[] message) => [.. "Content-Type: message/rfc822\r\n\r\n"u8, .. message];

    /// <summary>Signs an entity in the detached form.</summary>
    public byte[] Detached(byte[] entity) => Detached(entity, Sign(entity, isDetached: true));

    /// <summary>Puts any signature beside any entity.</summary>
    public byte[] Detached(byte[] entity, byte[] signature) =>
    [
        .. Encoding.ASCII.GetBytes(
            "Content-Type: multipart/signed; protocol=\"application/pkcs7-signature\"; micalg=sha-256;\r\n"
            + $" boundary=\"{Boundary}\"\r\n\r\n--{Boundary}\r\n"),
        .. entity,
        .. Encoding.ASCII.GetBytes(
            $"\r\n--{Boundary}\r\nContent-Type: application/pkcs7-signature; name=smime.p7s\r\nContent-Transfer-Encoding: base64\r\n\r\n"
            + $"{Base64(signature)}\r\n--{Boundary}--\r\n"),
    ];

    /// <summary>Signs an entity in the opaque form.</summary>
    public byte[] Opaque(byte[] entity) => OfObject("signed-data", Sign(entity, isDetached: false));

    /// <summary>Packs the certificates alone.</summary>
    public byte[] CertificatesOnly() => OfObject("certs-only", (this with { IsSigned = false }).Sign(Text, isDetached: true));

    /// <summary>Makes an entity of any CMS object.</summary>
    public static byte[] OfObject(string smimeType, byte[] der) => Encoding.ASCII.GetBytes(
        $"Content-Type: application/pkcs7-mime; smime-type={smimeType}; name=smime.p7m\r\nContent-Transfer-Encoding: base64\r\n\r\n{Base64(der)}\r\n");

    /// <summary>Makes the SignedData.</summary>
    public byte[] Sign(byte[] content, bool isDetached)
    {
        var cms = new SignedCms(new ContentInfo(content), isDetached);
        foreach (var signer in Signers)
        {
            var how = new CmsSigner(SubjectIdentifierType.IssuerAndSerialNumber, signer.Certificate)
            {
                DigestAlgorithm = Digest,
                IncludeOption = X509IncludeOption.None,
            };
            if (HasTime)
                how.SignedAttributes.Add(new Pkcs9SigningTime((Time ?? TimeProvider.System.GetUtcNow()).UtcDateTime));
            foreach (var attribute in Attributes)
                how.SignedAttributes.Add(attribute);
            foreach (var attribute in UnsignedAttributes)
                how.UnsignedAttributes.Add(attribute);
            cms.ComputeSignature(how);
        }

        foreach (var certificate in Beside.Concat(CarriesCertificates ? Signers.SelectMany(signer => signer.Chain.Prepend(signer.Certificate)) : []).Distinct())
            cms.AddCertificate(certificate);
        for (var left = IsSigned ? 0 : Signers.Count; left > 0; left--)
            cms.RemoveSignature(0);
        return cms.Encode();
    }

    private static string Base64(byte[] bytes) => Convert.ToBase64String(bytes, Base64FormattingOptions.InsertLineBreaks);
}
