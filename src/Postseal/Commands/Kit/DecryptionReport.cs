using System.Text.Json.Serialization;
using Postseal.Verification;

namespace Postseal.Program.Commands.Kit;

/// <summary>What became of opening a message, as JSON has it.</summary>
/// <param name="Decrypted">Whether it was opened.</param>
/// <param name="Reason">Why it was not; <see langword="null"/> where it was.</param>
/// <param name="Integrity">What shows that nobody changed it: aead, signature or none; <see langword="null"/> where it was not opened.</param>
/// <param name="Encryption">The encryptions around it, the outermost first.</param>
/// <param name="Verdict">What is said of its signatures.</param>
internal sealed record DecryptionReport(
    bool Decrypted, string? Reason, string? Integrity, IReadOnlyList<EncryptionReport> Encryption, VerdictReport Verdict)
{
    public static DecryptionReport Of(Opening opening, string? reason) => new(
        opening.IsOpened, reason, opening.IsOpened ? Text(opening.Reading.Integrity) : null, [.. opening.Reading.Encryption.Select(EncryptionReport.Of)],
        VerdictReport.Of(opening.Reading.Verdict));

    internal static string Text(ContentIntegrity integrity) => integrity.ToString().ToLowerInvariant();
}

/// <summary>An encryption.</summary>
/// <param name="Part">The section that is encrypted.</param>
/// <param name="Content">The cipher.</param>
/// <param name="Integrity">What shows that nobody changed the content.</param>
/// <param name="Reason">Why it was not opened.</param>
/// <param name="Certificate">Whose key opened it.</param>
internal sealed record EncryptionReport(string Part, string? Content, string? Integrity, string? Reason, SignerCertificate? Certificate)
{
    public static EncryptionReport Of(EncryptionLayer layer) => new(
        layer.Part, layer.Content, layer.Integrity is { } integrity ? DecryptionReport.Text(integrity) : null, layer.Reason,
        layer.Certificate is { } certificate ? SignerReport.CertificateOf(certificate) : null);
}

/// <summary>Serialization without reflection.</summary>
[JsonSourceGenerationOptions(WriteIndented = true, PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(DecryptionReport))]
internal sealed partial class DecryptionJson : JsonSerializerContext;
