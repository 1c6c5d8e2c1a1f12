using System.Text.Json.Serialization;
using Postseal.Certificates;
using Postseal.Harvest;
using Postseal.Program.Files;

namespace Postseal.Program.Store;

/// <summary>What there is to say of a certificate that waits for approval.</summary>
/// <param name="Address">Whose it is.</param>
/// <param name="Use">What may be done with it: verify, encrypt.</param>
/// <param name="Subject">Its subject.</param>
/// <param name="Issuer">Who issued it.</param>
/// <param name="Serial">Its serial number.</param>
/// <param name="Fingerprint">Its SHA-256 fingerprint.</param>
/// <param name="ValidFrom">Since when it is valid.</param>
/// <param name="ValidTo">Until when it is valid.</param>
/// <param name="Key">The kind of key.</param>
/// <param name="CameAt">When the mail came.</param>
/// <param name="SignedAt">When that was signed.</param>
/// <param name="MessageId">Its Message-ID.</param>
/// <param name="Why">Why it waits.</param>
internal sealed record PendingRow(
    string Address, IReadOnlyList<string> Use, string Subject, string Issuer, string Serial, string Fingerprint, DateTimeOffset ValidFrom,
    DateTimeOffset ValidTo, string Key, DateTimeOffset CameAt, DateTimeOffset SignedAt, string? MessageId, string Why)
{
    public static PendingRow Of(PendingCertificate pending)
    {
        var (certificate, record) = (pending.Candidate.Certificate, pending.Record);
        string[] use = pending.Candidate.Certificates.Select(one => one.Use).ToList() switch
        {
            [LearnedUse.Sign] => ["verify"],
            [LearnedUse.Both] => ["verify", "encrypt"],
            _ => ["encrypt"],
        };
        return new PendingRow(
            record.Address.ToString(), use, DistinguishedNames.ForPeople(certificate.SubjectName), DistinguishedNames.ForPeople(certificate.IssuerName),
            certificate.SerialNumber, Fingerprints.Of(certificate), certificate.NotBefore.ToUniversalTime(), certificate.NotAfter.ToUniversalTime(),
            KeyNames.Of(certificate), record.LearnedAt, record.SignedAt, record.MessageId.Length > 0 ? record.MessageId : null, record.Why);
    }
}

/// <summary>Serialization without reflection.</summary>
[JsonSourceGenerationOptions(WriteIndented = true, PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(IReadOnlyList<PendingRow>))]
internal sealed partial class PendingRowJson : JsonSerializerContext;
