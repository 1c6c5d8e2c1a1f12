using System.Collections.Concurrent;
using System.Formats.Asn1;
using System.Numerics;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Postseal.Certificates.Revocation;

/// <summary>
/// A list of revoked certificates (CRL, RFC 5280 section 5), read and not yet believed: <see cref="IsBy"/> tells whose it is. It keeps
/// the serial numbers and the digest of what was signed, and nothing of the encoding.
/// </summary>
internal sealed class RevocationList
{
    /// <summary>The longest list that is read: about a million entries.</summary>
    public const int MaxLength = 32 << 20;

    private const int MaxKnownIssuers = 16;

    /// <summary>How far the clock of a CA may be ahead.</summary>
    private static readonly TimeSpan ClockSkew = TimeSpan.FromMinutes(5);

    private readonly ConcurrentDictionary<CertificateDigest, bool> signedBy = new();

    /// <summary>Gets the name of who issued it.</summary>
    public required X500DistinguishedName Issuer { get; init; }

    /// <summary>Gets the same, to be compared.</summary>
    public required string IssuerForm { get; init; }

    /// <summary>Gets the key identifier of who issued it, where it says so.</summary>
    public ReadOnlyMemory<byte>? KeyIdentifier { get; init; }

    /// <summary>Gets what was signed.</summary>
    public required SignedStructure Signature { get; init; }

    /// <summary>Gets when it was issued.</summary>
    public required DateTimeOffset ThisUpdate { get; init; }

    /// <summary>Gets when the next one is out at the latest; <see langword="null"/> where it breaks the rule to say so.</summary>
    public DateTimeOffset? NextUpdate { get; init; }

    /// <summary>Gets cRLNumber (section 5.2.3).</summary>
    public BigInteger? Number { get; init; }

    /// <summary>Gets, of a delta, the number of the list that it changes (section 5.2.4).</summary>
    public BigInteger? Base { get; init; }

    /// <summary>Gets what it is about.</summary>
    public ListScope Scope { get; init; } = new();

    /// <summary>Gets where its deltas are found (section 5.2.6).</summary>
    public IReadOnlyList<DistributionPoint> Freshest { get; init; } = [];

    /// <summary>Gets why nobody is acquitted by it, as the end of a sentence; <see langword="null"/> where nothing speaks against it.
    /// What it lists is revoked all the same (X.509 section 7.3).</summary>
    public string? Doubt { get; init; }

    /// <summary>Gets the entries, by the <see cref="DistinguishedNames.ComparisonForm"/> of who issued the certificates.</summary>
    public required IReadOnlyDictionary<string, RevokedSerials> Entries { get; init; }

    /// <summary>Gets how many entries there are.</summary>
    public int Count => Entries.Values.Sum(entries => entries.Count);

    /// <summary>Gets how much memory they take.</summary>
    public long Size => Entries.Values.Sum(entries => entries.Size);

    /// <summary>Gets what is the same in its successors and in its deltas.</summary>
    public string Key => $"{IssuerForm}\n{(KeyIdentifier is { } key ? Convert.ToHexString(key.Span) : "")}\n{Scope.Key}";

    /// <summary>Reads a list in DER; <see langword="null"/> where it is none.</summary>
    /// <param name="encoded">The list, and nothing behind it.</param>
    /// <param name="problem">Why not, as the end of a sentence.</param>
    public static RevocationList? TryRead(ReadOnlyMemory<byte> encoded, out string? problem)
    {
        try
        {
            problem = null;
            return RevocationListReader.Read(encoded);
        }
        catch (Exception e) when (e is AsnContentException or CryptographicException)
        {
            problem = encoded.Span.TrimStart(" \t\r\n"u8).StartsWith("<"u8) ? "is a web page and no revocation list" : "is no revocation list, or a damaged one";
            return null;
        }
    }

    /// <summary>Finds a certificate.</summary>
    /// <param name="issuerForm">The <see cref="DistinguishedNames.ComparisonForm"/> of its issuer.</param>
    /// <param name="serial">Its serial number.</param>
    public RevokedSerial? Find(string issuerForm, ReadOnlySpan<byte> serial) => Entries.GetValueOrDefault(issuerForm)?.Find(serial);

    /// <summary>Determines whether it is the last word at a time.</summary>
    public bool IsCurrent(DateTimeOffset now) => now >= ThisUpdate - ClockSkew && now <= NextUpdate;

    /// <summary>Determines whether it came after another one about the same.</summary>
    public bool IsNewerThan(RevocationList other) =>
        Number is { } number && other.Number is { } before && number != before ? number > before : ThisUpdate > other.ThisUpdate;

    /// <summary>Determines whether somebody issued it: his name, his key, and that he may sign lists (section 6.3.3 (f) and (g)).</summary>
    public bool IsBy(X509Certificate2 issuer)
    {
        if (DistinguishedNames.ComparisonForm(issuer.SubjectName) != IssuerForm
            || (issuer.Extensions.OfType<X509KeyUsageExtension>().FirstOrDefault() is { } usage && !usage.KeyUsages.HasFlag(X509KeyUsageFlags.CrlSign)))
            return false;
        var digest = CertificateDigest.Of(issuer.RawDataMemory.Span);
        if (signedBy.TryGetValue(digest, out var isBy))
            return isBy;
        if (signedBy.Count >= MaxKnownIssuers)
            signedBy.Clear();
        return signedBy[digest] = Signature.IsBy(issuer);
    }
}
