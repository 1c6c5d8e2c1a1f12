using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json.Serialization;
using Postseal.Verification;

namespace Postseal.Program.Commands.Kit;

/// <summary>A verdict as JSON has it.</summary>
internal sealed record VerdictReport(
    string Result, string Reason, string? Author, bool Verified, bool Trusted, bool ByAuthor, IReadOnlyList<LayerReport> Signatures)
{
    public static VerdictReport Of(MailVerdict verdict) => new(
        VerdictField.Text(verdict.Result), verdict.Reason, verdict.Author?.ToString(), verdict.IsVerified, verdict.IsTrusted, verdict.IsByAuthor,
        [.. verdict.Layers.Select(LayerReport.Of)]);
}

/// <summary>A signature.</summary>
internal sealed record LayerReport(string Part, string Result, string Reason, string? Beside, IReadOnlyList<SignerReport> Signers)
{
    public static LayerReport Of(SignatureLayer layer) => new(
        layer.Part, VerdictField.Text(layer.Result), layer.Reason, layer.Beside, [.. layer.Signers.Select(SignerReport.Of)]);
}

/// <summary>A signer.</summary>
internal sealed record SignerReport(
    string Name, string Result, string Reason, bool Verified, bool Trusted, bool Author, IReadOnlyList<string> Addresses,
    DateTimeOffset? SigningTime, string? Revocation, SignerCertificate? Certificate, IReadOnlyList<string> Chain)
{
    public static SignerReport Of(SignerVerdict signer) => new(
        signer.Name, VerdictField.Text(signer.Result), signer.Reason, signer.IsVerified, signer.IsTrusted, signer.IsAuthor,
        [.. signer.Addresses.Select(address => address.ToString())], signer.SigningTime, signer.Revocation,
        signer.Certificate is { } certificate ? CertificateOf(certificate) : null,
        [.. signer.Chain.Select(issuer => issuer.Subject)]);

    public static SignerCertificate CertificateOf(X509Certificate2 certificate) => new(
        certificate.Subject, certificate.Issuer, certificate.SerialNumber, certificate.NotBefore.ToUniversalTime(),
        certificate.NotAfter.ToUniversalTime(), certificate.GetCertHashString(HashAlgorithmName.SHA256));
}

/// <summary>A certificate of a signer or a reader.</summary>
/// <param name="Sha256">Its fingerprint.</param>
internal sealed record SignerCertificate(
    string Subject, string Issuer, string Serial, DateTime NotBefore, DateTime NotAfter, string Sha256);

/// <summary>Serialization without reflection.</summary>
[JsonSourceGenerationOptions(WriteIndented = true, PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(VerdictReport))]
internal sealed partial class VerdictJson : JsonSerializerContext;
