using System.Security.Cryptography.X509Certificates;
using System.Text.Json.Serialization;
using Postseal.Certificates;
using Postseal.Program.Files;

namespace Postseal.Program.Store;

/// <summary>What there is to say of one certificate in the directory, or of a file that cannot be read.</summary>
internal sealed record ListedCertificate
{
    /// <summary>The addresses it is for.</summary>
    public IReadOnlyList<string> Addresses { get; init; } = [];

    /// <summary>What we may do with it: with its key sign and decrypt, without it verify and encrypt; issue.</summary>
    public IReadOnlyList<string> Use { get; init; } = [];

    public string? Subject { get; init; }

    public string? Issuer { get; init; }

    public string? Serial { get; init; }

    /// <summary>SHA-256.</summary>
    public string? Fingerprint { get; init; }

    public DateTimeOffset? ValidFrom { get; init; }

    public DateTimeOffset? ValidTo { get; init; }

    public int? DaysLeft { get; init; }

    public string? Key { get; init; }

    /// <summary>Whether its private key is here.</summary>
    public bool HasPrivateKey { get; init; }

    public required string File { get; init; }

    /// <summary>Why it cannot be used; <see langword="null"/> when it can.</summary>
    public string? Problem { get; init; }

    /// <summary>What should be mended although it can be used.</summary>
    public IReadOnlyList<string> Warnings { get; init; } = [];

    [JsonIgnore]
    public X509Certificate2? Certificate { get; init; }

    public static ListedCertificate Unreadable(StoredFile file) => new() { File = file.Path, Problem = file.Problem };

    public static ListedCertificate Of(X509Certificate2 certificate, StoredFile file, CertificateStore store)
    {
        var uses = CertificateRules.UsesOf(certificate);
        var hasKey = uses != CertificateUse.Authority && store.HasKeyOf(file);
        return new ListedCertificate
        {
            Addresses = [.. CertificateAddresses.Of(certificate).Select(address => address.ToString())],
            Use = [.. Words(uses, hasKey)],
            Subject = certificate.Subject,
            Issuer = certificate.Issuer,
            Serial = certificate.SerialNumber,
            Fingerprint = Files.Fingerprint.Of(certificate),
            ValidFrom = certificate.NotBefore.ToUniversalTime(),
            ValidTo = certificate.NotAfter.ToUniversalTime(),
            DaysLeft = CertificateNames.DaysLeft(certificate, store.Time),
            Key = KeyNames.Of(certificate),
            HasPrivateKey = hasKey,
            File = file.Path,
            Problem = WhyNot(certificate, uses, hasKey, store),
            Warnings = CertificateRules.WarningsOf(certificate),
            Certificate = certificate,
        };
    }

    private static IEnumerable<string> Words(CertificateUse uses, bool hasKey)
    {
        if (uses.HasFlag(CertificateUse.Sign))
            yield return hasKey ? "sign" : "verify";
        if (uses.HasFlag(CertificateUse.Encrypt))
            yield return hasKey ? "decrypt" : "encrypt";
        if (uses.HasFlag(CertificateUse.Authority))
            yield return "issue";
    }

    private static string? WhyNot(X509Certificate2 certificate, CertificateUse uses, bool hasKey, CertificateStore store)
    {
        if (uses == CertificateUse.None)
            return CertificateRules.WhyNotSign(certificate);
        if (CertificateRules.WhyNotNow(certificate, store.Time.GetUtcNow()) is { } reason)
            return reason;
        if (!hasKey || !uses.HasFlag(CertificateUse.Sign))
            return null;

        // The daemon's own answer: it opens the key, and knows which of several it takes.
        var address = CertificateAddresses.Of(certificate)[0];
        return store.FindSigner(address) switch
        {
            Lookup<Identity>.Found { Value: var used } when Files.Fingerprint.Same(used.Certificate, certificate) => null,
            Lookup<Identity>.Found { Value: var used } => $"{used.Source} is used instead",
            Lookup<Identity>.Unusable unusable => unusable.Why.Message,
            _ => $"no file of {address} has this name; see the names in 'postseal certs import --help'",
        };
    }
}

/// <summary>Serialization without reflection.</summary>
[JsonSourceGenerationOptions(WriteIndented = true, PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(IReadOnlyList<ListedCertificate>))]
internal sealed partial class ListedCertificateJson : JsonSerializerContext;
