using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Postseal.Dns;

/// <summary>What a record says of the certificate it names (RFC 8162 section 2, RFC 6698 section 2.1.1); names by RFC 7218.</summary>
internal enum CertificateUsage : byte
{
    PkixTa = 0, // a CA in the chain, which has to end in one that is trusted anyway
    PkixEe = 1, // the certificate itself, whose chain has to end in one that is trusted anyway
    DaneTa = 2, // a CA in the chain, which needs no other trust
    DaneEe = 3, // the certificate itself, which needs no other trust
}

/// <summary>Which part of a certificate is compared (RFC 6698 section 2.1.2).</summary>
internal enum Selector : byte
{
    Cert = 0,
    Spki = 1,
}

/// <summary>How it is compared (RFC 6698 section 2.1.3).</summary>
internal enum MatchingType : byte
{
    Full = 0,
    Sha256 = 1,
    Sha512 = 2,
}

/// <summary>An SMIMEA record: usage, selector, matching type, certificate association data (RFC 8162 section 2).</summary>
internal sealed class SmimeaRecord
{
    public const ushort Type = 53;

    private const int HeadLength = 3;
    private const byte Sequence = 0x30;

    private SmimeaRecord(CertificateUsage usage, Selector selector, MatchingType matching, byte[] data, X509Certificate2? certificate) =>
        (Usage, Selector, Matching, Data, Certificate) = (usage, selector, matching, data, certificate);

    public CertificateUsage Usage { get; }

    public Selector Selector { get; }

    public MatchingType Matching { get; }

    public byte[] Data { get; }

    /// <summary>Gets the certificate that is in it; <see langword="null"/> where it has a key or a digest alone.</summary>
    public X509Certificate2? Certificate { get; }

    /// <summary>Gets whether it is about somebody's own certificate, and not a CA's.</summary>
    public bool IsOfEndEntity => Usage is CertificateUsage.DaneEe or CertificateUsage.PkixEe;

    /// <summary>Makes the record of a certificate.</summary>
    public static SmimeaRecord Of(X509Certificate2 certificate, CertificateUsage usage, Selector selector, MatchingType matching) =>
        new(usage, selector, matching, Association(certificate, selector, matching), null);

    /// <summary>Reads one.</summary>
    /// <param name="rdata">Its RDATA.</param>
    /// <param name="record">The record.</param>
    /// <param name="problem">Why it cannot be used, as a clause.</param>
    /// <returns>Whether it can be used.</returns>
    public static bool TryRead(ReadOnlySpan<byte> rdata, [NotNullWhen(true)] out SmimeaRecord? record, [NotNullWhen(false)] out string? problem)
    {
        record = null;
        if (rdata.Length <= HeadLength)
        {
            problem = "is empty";
            return false;
        }

        var (usage, selector, matching) = ((CertificateUsage)rdata[0], (Selector)rdata[1], (MatchingType)rdata[2]);
        var data = rdata[HeadLength..].ToArray();
        problem = (usage, selector, matching) switch
        {
            ( > CertificateUsage.DaneEe, _, _) => $"has the unknown usage {rdata[0]}",
            (_, > Selector.Spki, _) => $"has the unknown selector {rdata[1]}",
            (_, _, > MatchingType.Sha512) => $"has the unknown matching type {rdata[2]}",
            (_, _, MatchingType.Sha256) when data.Length != SHA256.HashSizeInBytes => "has a digest of a wrong length",
            (_, _, MatchingType.Sha512) when data.Length != SHA512.HashSizeInBytes => "has a digest of a wrong length",
            (_, Selector.Spki, MatchingType.Full) when data[0] != Sequence => "has no key in it",
            _ => null,
        };
        if (problem is not null)
            return false;
        X509Certificate2? certificate = null;
        if ((selector, matching) is (Selector.Cert, MatchingType.Full) && (certificate = ReadCertificate(data)) is null)
        {
            problem = "has no certificate in it that can be read";
            return false;
        }

        record = new SmimeaRecord(usage, selector, matching, data, certificate);
        return true;
    }

    /// <summary>Determines whether a certificate is the one it names.</summary>
    public bool Matches(X509Certificate2 certificate) => Association(certificate, Selector, Matching).AsSpan().SequenceEqual(Data);

    /// <summary>Returns its RDATA.</summary>
    public byte[] ToBytes() => [(byte)Usage, (byte)Selector, (byte)Matching, .. Data];

    private static byte[] Association(X509Certificate2 certificate, Selector selector, MatchingType matching)
    {
        var part = selector == Selector.Spki ? certificate.PublicKey.ExportSubjectPublicKeyInfo() : certificate.RawData;
        return matching switch
        {
            MatchingType.Sha256 => SHA256.HashData(part),
            MatchingType.Sha512 => SHA512.HashData(part),
            _ => part,
        };
    }

    /// <summary>Reads a certificate in DER, and nothing after it: the platform would take PEM as well.</summary>
    private static X509Certificate2? ReadCertificate(byte[] data)
    {
        if (data[0] != Sequence)
            return null;
        try
        {
            var certificate = X509CertificateLoader.LoadCertificate(data);
            return certificate.RawDataMemory.Span.SequenceEqual(data) ? certificate : null;
        }
        catch (CryptographicException)
        {
            return null;
        }
    }
}
