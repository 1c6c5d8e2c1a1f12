using System.Formats.Asn1;
using System.Security.Cryptography.X509Certificates;

namespace Postseal.Cms.Signed;

/// <summary>
/// The signed attributes of a stranger (RFC 5652 section 11). They are read in DER, as they MUST be encoded (section 5.3), so
/// that no two programs read the bytes that were signed in two ways.
/// </summary>
internal sealed class ReceivedAttributes
{
    private const byte Set = 0x31;

    // Honest ones have less than a kilobyte; some carry a picture of a handwritten signature.
    private const int MaxLength = 64 << 10;
    private const int MaxCount = 32;

    private readonly ReadOnlyMemory<byte> contents;
    private ReadOnlyMemory<byte>? algorithmProtection;
    private SigningCertificate? certificate;
    private SigningCertificate? certificateV2;

    private ReceivedAttributes(ReadOnlyMemory<byte> contents)
    {
        this.contents = contents;
        Signed = [.. Der.Header(Set, contents.Length), .. contents.Span];
    }

    /// <summary>Gets what the signature is over: they as they came, as a SET OF and not as [0] IMPLICIT (RFC 5652 section 5.4).</summary>
    public byte[] Signed { get; }

    /// <summary>Gets what is wrong with them; <see langword="null"/> where nothing is.</summary>
    public string? Problem { get; private set; }

    /// <summary>Gets what they say the content is.</summary>
    public string? ContentType { get; private set; }

    /// <summary>Gets the digest of the content.</summary>
    public ReadOnlyMemory<byte> MessageDigest { get; private set; }

    /// <summary>Gets when the signature was made, as the signer says.</summary>
    public DateTimeOffset? SigningTime { get; private set; }

    /// <summary>Gets the SMIMECapabilities.</summary>
    public ReadOnlyMemory<byte>? Capabilities { get; private set; }

    /// <summary>Gets the SMIMEEncryptionKeyPreference.</summary>
    public ReadOnlyMemory<byte>? EncryptionKeyPreference { get; private set; }

    /// <summary>Reads signedAttrs [0] IMPLICIT SET OF Attribute.</summary>
    public static ReceivedAttributes Read(ReadOnlyMemory<byte> encoded)
    {
        AsnDecoder.ReadEncodedValue(encoded.Span, AsnEncodingRules.BER, out var start, out var length, out _);
        var attributes = new ReceivedAttributes(encoded.Slice(start, length));
        try
        {
            attributes.Problem = attributes.ReadAll();
        }
        catch (AsnContentException)
        {
            attributes.Problem = "its signed attributes are not encoded as they have to be";
        }

        return attributes;
    }

    /// <summary>Returns the type of one among attributes that are not signed that has to be (RFC 5652 section 11, RFC 5035);
    /// <see langword="null"/> where there is none. Readers there are that take it for signed, and others that refuse it.</summary>
    /// <exception cref="AsnContentException">They are broken.</exception>
    public static string? FindMisplaced(AsnReader unsigned)
    {
        string? found = null;
        while (unsigned.HasData)
        {
            var attribute = unsigned.ReadSequence();
            var type = attribute.ReadObjectIdentifier();
            attribute.ReadSetOf(skipSortOrderValidation: true);
            attribute.ThrowIfNotEmpty();
            if (type is Oids.ContentType or Oids.MessageDigest or Oids.SigningTime or Oids.SmimeCapabilities
                or Oids.EncryptionKeyPreference or Oids.SigningCertificate or Oids.SigningCertificateV2 or Oids.ReceiptRequest
                or Oids.AlgorithmProtection)
            {
                found ??= type;
            }
        }

        return found;
    }

    /// <summary>Returns what is wrong where they protect the algorithms (RFC 6211 section 3) and those are others.</summary>
    /// <param name="digestAlgorithm">The digestAlgorithm of the SignerInfo.</param>
    /// <param name="signatureAlgorithm">Its signatureAlgorithm.</param>
    public string? ProblemWith(ReadOnlyMemory<byte> digestAlgorithm, ReadOnlyMemory<byte> signatureAlgorithm) =>
        algorithmProtection is { } protection && !AlgorithmProtection.Holds(protection, digestAlgorithm, signatureAlgorithm)
            ? "it is made with other algorithms than it says"
            : null;

    /// <summary>Checks that it is the certificate they name, where they name one (RFC 5035 section 3).</summary>
    public SignatureFinding? CheckCertificate(X509Certificate2 signer) =>
        certificate?.Check(signer) ?? certificateV2?.Check(signer);

    private string? ReadAll()
    {
        if (contents.Length > MaxLength)
            return $"its signed attributes are longer than {MaxLength} bytes";
        var types = new List<string>(8);
        var reader = new AsnReader(contents, AsnEncodingRules.DER);
        while (reader.HasData)
        {
            // Attribute ::= SEQUENCE { attrType OBJECT IDENTIFIER, attrValues SET OF AttributeValue }
            var attribute = reader.ReadSequence();
            var type = attribute.ReadObjectIdentifier();
            var values = attribute.ReadSetOf();
            attribute.ThrowIfNotEmpty();
            if (types.Contains(type))
                return $"its signed attribute {type} is there twice";
            if (types.Count == MaxCount)
                return $"it has more than {MaxCount} signed attributes";
            types.Add(type);
            if (ReadKnown(type, values))
                values.ThrowIfNotEmpty();
        }

        return ContentType is null ? "its signed attributes do not say what the content is (contentType)"
            : MessageDigest.IsEmpty ? "its signed attributes have no digest of the content (messageDigest)"
            : types.Contains(Oids.CounterSignature) ? "its signed attributes have a countersignature"
            : null;
    }

    /// <summary>Reads the one value of an attribute that means something to us.</summary>
    /// <returns>Whether it is one of these.</returns>
    private bool ReadKnown(string type, AsnReader values)
    {
        switch (type)
        {
            case Oids.ContentType:
                ContentType = values.ReadObjectIdentifier();
                return true;
            case Oids.MessageDigest:
                MessageDigest = values.ReadOctetString();
                return true;
            case Oids.SigningTime:
                SigningTime = values.ReadTime();
                return true;
            case Oids.SmimeCapabilities:
                Capabilities = values.ReadEncodedValue();
                return true;
            case Oids.EncryptionKeyPreference:
                EncryptionKeyPreference = values.ReadEncodedValue();
                return true;
            case Oids.AlgorithmProtection:
                algorithmProtection = values.ReadEncodedValue();
                return true;
            case Oids.SigningCertificate:
                certificate = SigningCertificate.Read(values, isVersion2: false);
                return true;
            case Oids.SigningCertificateV2:
                certificateV2 = SigningCertificate.Read(values, isVersion2: true);
                return true;
            default:
                return false;
        }
    }
}
