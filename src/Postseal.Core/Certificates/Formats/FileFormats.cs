using System.Formats.Asn1;
using Postseal.Cms;

namespace Postseal.Certificates.Formats;

/// <summary>The formats of certificate and key files, by what is in them.</summary>
internal enum FileFormat
{
    Unknown,
    Pem,
    Mautic,
    Certificate,
    RevocationList,
    Pkcs7,
    Pkcs12,
    Pkcs8,
    EncryptedPkcs8,
    RsaKey,
    EcKey,
}

/// <summary>Determines a file's format from its first few values.</summary>
internal static class FileFormats
{
    public static FileFormat Of(ReadOnlySpan<byte> content)
    {
        if (content.IndexOf("-----BEGIN "u8) >= 0 && !content.Contains((byte)0))
            return FileFormat.Pem;
        if (MauticKeyFile.LooksLikeOne(content))
            return FileFormat.Mautic;
        try
        {
            return content.IsEmpty ? FileFormat.Unknown : OfBer(content);
        }
        catch (AsnContentException)
        {
            return FileFormat.Unknown;
        }
    }

    /// <summary>Returns what such a file may be instead, for a person who expected a certificate.</summary>
    public static string DescribeUnknown(ReadOnlySpan<byte> content) => content switch
    {
        [] => "is empty; a certificate or key in PEM, DER or PKCS #12 is expected",
        [0xFF, 0xFE, ..] or [0xFE, 0xFF, ..] or [(byte)'-', 0, ..] or [0, (byte)'-', ..] => "is text in UTF-16; save it as ASCII or UTF-8",
        [0x30, ..] => "begins like DER but is no certificate, key, PKCS #7 or PKCS #12 file, or it is truncated",
        _ when content.ContainsAnyExceptInRange((byte)'\t', (byte)'~') =>
            "is not a certificate: neither PEM (invalid byte sequence) nor DER nor PKCS #12",
        _ => "is not a certificate: text without 'BEGIN CERTIFICATE' or 'BEGIN PRIVATE KEY'",
    };

    /// <summary>Distinguishes CertificateList from Certificate (RFC 5280 sections 5.1 and 4.1): behind the issuer's name is a time, and no
    /// pair of times.</summary>
    private static bool IsRevocationList(ReadOnlySpan<byte> signed)
    {
        AsnDecoder.ReadSequence(signed, AsnEncodingRules.BER, out var offset, out var length, out _);
        var rest = signed.Slice(offset, length);
        var fields = rest.Length > 0 && Asn1Tag.Decode(rest, out _) == Asn1Tag.Integer ? 3 : 2;
        for (; fields > 0 && !rest.IsEmpty; fields--)
        {
            AsnDecoder.ReadEncodedValue(rest, AsnEncodingRules.BER, out _, out _, out var read);
            rest = rest[read..];
        }

        return !rest.IsEmpty && Asn1Tag.Decode(rest, out _) is { TagClass: TagClass.Universal, TagValue: (int)UniversalTagNumber.UtcTime or (int)UniversalTagNumber.GeneralizedTime };
    }

    /// <summary>
    /// Distinguishes the formats that are one SEQUENCE by its first values: Certificate (RFC 5280), ContentInfo (RFC 5652),
    /// PFX (RFC 7292), PrivateKeyInfo and EncryptedPrivateKeyInfo (RFC 5958), RSAPrivateKey (RFC 8017), ECPrivateKey
    /// (RFC 5915).
    /// </summary>
    private static FileFormat OfBer(ReadOnlySpan<byte> content)
    {
        AsnDecoder.ReadSequence(content, AsnEncodingRules.BER, out var offset, out var length, out _);
        var inside = content.Slice(offset, length);
        var first = Asn1Tag.Decode(inside, out _);
        if (first == Asn1Tag.ObjectIdentifier)
        {
            return AsnDecoder.ReadObjectIdentifier(inside, AsnEncodingRules.BER, out _) == Oids.SignedData
                ? FileFormat.Pkcs7
                : FileFormat.Unknown;
        }

        AsnDecoder.ReadEncodedValue(inside, AsnEncodingRules.BER, out _, out _, out var read);
        var second = Asn1Tag.Decode(inside[read..], out _);
        if (first == Asn1Tag.Sequence)
            return second == Asn1Tag.Sequence ? (IsRevocationList(inside[..read]) ? FileFormat.RevocationList : FileFormat.Certificate)
                : second.HasSameClassAndValue(Asn1Tag.PrimitiveOctetString) ? FileFormat.EncryptedPkcs8
                : FileFormat.Unknown;
        if (first != Asn1Tag.Integer || !AsnDecoder.TryReadInt32(inside, AsnEncodingRules.BER, out var version, out _))
            return FileFormat.Unknown;
        return second switch
        {
            _ when second == Asn1Tag.Sequence => version == 3 ? FileFormat.Pkcs12 : FileFormat.Pkcs8,
            _ when second == Asn1Tag.Integer => FileFormat.RsaKey,
            _ when second.HasSameClassAndValue(Asn1Tag.PrimitiveOctetString) => FileFormat.EcKey,
            _ => FileFormat.Unknown,
        };
    }
}
