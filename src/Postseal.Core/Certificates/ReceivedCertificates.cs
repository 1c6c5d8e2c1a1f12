using System.Formats.Asn1;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Postseal.Certificates;

/// <summary>Reads certificates that came with mail, each once for as long as it keeps coming: to read one takes longer than to
/// verify a signature with it.</summary>
internal sealed class ReceivedCertificates
{
    /// <summary>The longest certificate; they have one or two thousand bytes, and with the largest signatures of FIPS 205 fifty
    /// thousand.</summary>
    internal const int MaxLength = 64 << 10;

    // Of each of two generations. The platform takes several times what a certificate has in bytes.
    private const int MaxCount = 2000;
    private const long MaxSize = 4 << 20;

    private readonly RecentlyUsed<CertificateDigest, ReceivedCertificate> known = new(MaxCount, MaxSize);

    /// <summary>Gets how many are remembered.</summary>
    internal int Count => known.Count;

    /// <summary>Gets a certificate.</summary>
    /// <param name="der">Its bytes.</param>
    /// <returns><see langword="null"/> when they are no certificate in DER, are longer than any, or leave in doubt what the certificate
    /// says: an extension that is there twice or cannot be read.</returns>
    public ReceivedCertificate? Get(ReadOnlyMemory<byte> der)
    {
        if (der.Length > MaxLength)
            return null;
        var digest = CertificateDigest.Of(der.Span);
        if (known.TryGet(digest, out var found))
            return found;
        return Read(der.Span) is { } certificate
            ? known.Add(digest, new ReceivedCertificate(certificate, digest), der.Length)
            : null;
    }

    private static X509Certificate2? Read(ReadOnlySpan<byte> der)
    {
        try
        {
            // The platform would also read PEM, and pass over what follows.
            AsnDecoder.ReadSequence(der, AsnEncodingRules.DER, out _, out _, out var length);
            if (length != der.Length)
                return null;
            var certificate = X509CertificateLoader.LoadCertificate(der);
            if (certificate.RawDataMemory.Span.SequenceEqual(der) && CertificateRules.IsReadable(certificate))
                return certificate;
            certificate.Dispose();
            return null;
        }
        catch (Exception e) when (e is AsnContentException or CryptographicException or ArgumentException)
        {
            return null;
        }
    }
}
