using System.Buffers;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Postseal.Certificates;
using Postseal.Certificates.Fetching;
using Postseal.Cms.Signed;

namespace Postseal.Harvest;

/// <summary>A candidate that waits for a person's approval.</summary>
/// <param name="Path">Its file: the record, and the signature in PEM, in which the certificates are.</param>
/// <param name="Record">Whose it is, where it comes from, and why it waits.</param>
/// <param name="Candidate">What there is to be learned.</param>
internal sealed record PendingCertificate(string Path, LearnedRecord Record, Candidate Candidate)
{
    private const string Label = "CMS";

    /// <summary>Writes the file's text.</summary>
    public static string Write(LearnedRecord record, byte[] signature) => $"{record.Write()}\n{PemEncoding.WriteString(Label, signature)}\n";

    /// <summary>Reads a file; <see langword="null"/> if it is something else.</summary>
    /// <exception cref="IOException">It cannot be read.</exception>
    /// <exception cref="UnauthorizedAccessException">It must not be read.</exception>
    public static PendingCertificate? Read(string path)
    {
        var text = Encoding.UTF8.GetString(StateFiles.ReadFile(path, LearnedFiles.MaxLength));
        // What strangers wrote stands behind a word, and may look like the beginning of one.
        var start = text.LastIndexOf($"\n-----BEGIN {Label}-----", StringComparison.Ordinal);
        if (start < 0 || !PemEncoding.TryFind(text.AsSpan(start), out var fields) || LearnedRecord.Parse(text[..start]) is not { } record)
            return null;

        var signature = Convert.FromBase64String(text[start..][fields.Base64Data]);
        return CandidateOf(record, signature) is { } candidate ? new PendingCertificate(path, record, candidate) : null;
    }

    private static Candidate? CandidateOf(LearnedRecord record, byte[] signature)
    {
        if (ReceivedSignedData.TryRead(new ReadOnlySequence<byte>(signature)) is not { Obstacle: null } signedData)
            return null;
        var carried = signedData.Certificates.Select(Load).OfType<X509Certificate2>().ToDictionary(CandidateCertificate.FingerprintOf);
        var certificates = record.Certificates.Where(certificate => carried.ContainsKey(certificate.Fingerprint))
            .Select(certificate => new CandidateCertificate(certificate.Use, carried[certificate.Fingerprint], certificate.Anchor)).ToList();
        if (certificates.Count != record.Certificates.Count)
            return null;
        var capabilities = signedData.Signers is [{ Capabilities: { } announced }] ? Abilities.Read(announced, record.SignedAt) : null;
        return new Candidate(record.Address, record.SignedAt, certificates)
        {
            Intermediates =
            [
                .. carried.Where(found => !certificates.Exists(certificate => certificate.Fingerprint == found.Key))
                    .Select(found => found.Value),
            ],
            Signature = new(() => signature),
            Abilities = capabilities,
            MessageId = record.MessageId,
        };
    }

    private static X509Certificate2? Load(ReadOnlyMemory<byte> der)
    {
        try
        {
            return X509CertificateLoader.LoadCertificate(der.Span);
        }
        catch (CryptographicException)
        {
            return null;
        }
    }
}
