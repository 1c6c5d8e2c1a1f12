using System.Security.Cryptography.X509Certificates;
using System.Text.Json.Serialization;
using Postseal.Certificates;
using Postseal.Certificates.Store;

namespace Postseal.Program.Store;

/// <summary>What there is to say of one certificate in the directory, or of a file that cannot be read.</summary>
internal sealed record CertificateRow
{
    /// <summary>Gets the addresses it is for.</summary>
    public IReadOnlyList<string> Addresses { get; init; } = [];

    /// <summary>Gets what we may do with it: with its key sign and decrypt, without it verify and encrypt; issue.</summary>
    public IReadOnlyList<string> Use { get; init; } = [];

    public string? Subject { get; init; }

    public string? Issuer { get; init; }

    public string? Serial { get; init; }

    /// <summary>Gets the SHA-256 fingerprint.</summary>
    public string? Fingerprint { get; init; }

    public DateTimeOffset? ValidFrom { get; init; }

    public DateTimeOffset? ValidTo { get; init; }

    public int? DaysLeft { get; init; }

    public string? Key { get; init; }

    /// <summary>Gets whether its private key is here.</summary>
    public bool HasPrivateKey { get; init; }

    public required string File { get; init; }

    /// <summary>Gets when it was learned from signed mail; <see langword="null"/> where it was not.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public DateTimeOffset? LearnedAt { get; init; }

    /// <summary>Gets the Message-ID of that mail.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? LearnedFrom { get; init; }

    /// <summary>Gets when a person approved it; <see langword="null"/> where nobody had to.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public DateTimeOffset? ApprovedAt { get; init; }

    /// <summary>Gets why it cannot be used; <see langword="null"/> when it can.</summary>
    public string? Problem { get; init; }

    /// <summary>Gets what should be mended although it can be used.</summary>
    public IReadOnlyList<string> Warnings { get; init; } = [];

    public static CertificateRow Of(DirectoryEntry entry, Rejection? problem, TimeProvider time)
    {
        if (entry.Certificate is not { Certificate: var certificate } mail)
            return new CertificateRow { File = entry.File, Problem = problem?.Message };
        return new CertificateRow
        {
            Addresses = [.. mail.Addresses.Select(address => address.ToString())],
            Use = [.. Words(certificate, entry.HasKey)],
            Subject = certificate.Subject,
            Issuer = certificate.Issuer,
            Serial = certificate.SerialNumber,
            Fingerprint = Files.Fingerprints.Of(certificate),
            ValidFrom = certificate.NotBefore.ToUniversalTime(),
            ValidTo = certificate.NotAfter.ToUniversalTime(),
            DaysLeft = CertificateNames.DaysLeft(certificate, time),
            Key = KeyNames.Of(certificate),
            HasPrivateKey = entry.HasKey,
            File = entry.File,
            Problem = problem?.Message,
            Warnings = CertificateRules.WarningsOf(certificate),
        };
    }

    private static IEnumerable<string> Words(X509Certificate2 certificate, bool hasKey)
    {
        // What was encrypted to a key that is too weak today can still be read.
        var (uses, meant) = (CertificateRules.UsesOf(certificate), CertificateRules.MeantFor(certificate));
        if (uses.HasFlag(CertificateUse.Sign))
            yield return hasKey ? "sign" : "verify";
        if ((hasKey ? meant : uses).HasFlag(CertificateUse.Encrypt))
            yield return hasKey ? "decrypt" : "encrypt";
        if (uses.HasFlag(CertificateUse.Issue))
            yield return "issue";
    }
}

/// <summary>Serialization without reflection.</summary>
[JsonSourceGenerationOptions(WriteIndented = true, PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(IReadOnlyList<CertificateRow>))]
internal sealed partial class CertificateRowJson : JsonSerializerContext;
