using System.Globalization;
using System.Text;
using Postseal.Certificates;
using Postseal.Mail;

namespace Postseal.Harvest;

/// <summary>
/// Where the certificates of an address were learned from, and which files were written: the file <c>ADDRESS.learned</c> beside them, or
/// the head of a file that waits for approval. Each line has a word and its value:
/// <code>
/// address bob@example.net
/// signed 2026-11-27T10:00:00Z
/// learned 2026-11-27T10:00:05Z
/// message &lt;1234@example.net&gt;
/// issuer CN=Example CA
/// certificate both FINGERPRINT ANCHOR
/// file bob@example.net DIGEST
/// </code>
/// A file that is not named there, or has another SHA-256, is an administrator's, and is never touched.
/// </summary>
/// <param name="Address">Whose they are.</param>
/// <param name="SignedAt">When the message was signed that was learned from.</param>
/// <param name="LearnedAt">When it came.</param>
internal sealed record LearnedRecord(MailAddress Address, DateTimeOffset SignedAt, DateTimeOffset LearnedAt)
{
    private const string TimeFormat = "yyyy-MM-dd'T'HH:mm:ss'Z'";
    private const string Comment = "# Learned by Postseal from signed mail. It replaces the files named here while they are as it wrote them.\n";

    /// <summary>Gets the Message-ID; empty where it had none.</summary>
    public string MessageId { get; init; } = "";

    /// <summary>Gets the issuer of the certificate that people are told about.</summary>
    public string Issuer { get; init; } = "";

    /// <summary>Gets when a person approved it; <see langword="null"/> where nobody had to.</summary>
    public DateTimeOffset? ApprovedAt { get; init; }

    /// <summary>Gets why it waits for approval; empty where it does not.</summary>
    public string Why { get; init; } = "";

    /// <summary>Gets the certificates.</summary>
    public IReadOnlyList<LearnedCertificate> Certificates { get; init; } = [];

    /// <summary>Gets the files, by name, each with the digest of its content. A name is there twice while it is being replaced.</summary>
    public IReadOnlyList<(string Name, string Digest)> Files { get; init; } = [];

    /// <summary>Gets the certificate that signed; <see langword="null"/> where there is none.</summary>
    public LearnedCertificate? Signer => Certificates.FirstOrDefault(certificate => certificate.Use != LearnedUse.Encrypt);

    /// <summary>Gets the certificate to encrypt to; <see langword="null"/> where there is none.</summary>
    public LearnedCertificate? Recipient => Certificates.FirstOrDefault(certificate => certificate.Use != LearnedUse.Sign);

    /// <summary>Makes the record of a candidate.</summary>
    public static LearnedRecord Of(Candidate candidate, DateTimeOffset now) => new(candidate.Address, candidate.SignedAt, now)
    {
        MessageId = candidate.MessageId,
        Issuer = DistinguishedNames.ForPeople(candidate.Certificate.IssuerName),
        Certificates =
        [
            .. candidate.Certificates.Select(
                certificate => new LearnedCertificate(certificate.Use, certificate.Fingerprint, certificate.Anchor)),
        ],
    };

    /// <summary>Returns it as text. Line ends in values are replaced.</summary>
    public string Write()
    {
        var text = new StringBuilder(Comment);
        Line("address", Address.CanonicalText);
        Line("signed", Text(SignedAt));
        Line("learned", Text(LearnedAt));
        Line("message", MessageId);
        Line("issuer", Issuer);
        Line("approved", ApprovedAt is { } approved ? Text(approved) : "");
        Line("waits", Why);
        foreach (var (use, fingerprint, anchor) in Certificates)
            Line("certificate", $"{use.ToString().ToLowerInvariant()} {fingerprint} {anchor}");
        foreach (var (name, digest) in Files)
            Line("file", $"{name} {digest}");
        return text.ToString();

        void Line(string word, string value)
        {
            if (value.Length > 0)
                text.Append(word).Append(' ').Append(value.ReplaceLineEndings("?")).Append('\n');
        }
    }

    /// <summary>Reads a record; <see langword="null"/> if the text is not one. Unknown words, as of a later version, are ignored.</summary>
    public static LearnedRecord? Parse(string text)
    {
        var values = text.Split('\n').Where(line => line.Length > 0 && line[0] != '#')
            .Select(line => line.Split(' ', 2)).ToLookup(words => words[0], words => words.Length > 1 ? words[1] : "");
        if (!MailAddress.TryParse(values["address"].FirstOrDefault(), out var address)
            || TimeIn(values["signed"]) is not { } signed || TimeIn(values["learned"]) is not { } learned)
        {
            return null;
        }

        var certificates = values["certificate"].Select(LearnedCertificate.Parse).ToList();
        var files = values["file"].Select(line => line.Split(' ')).ToList();
        return certificates.Contains(null) || certificates.Count == 0 || files.Exists(words => words.Length != 2)
            ? null
            : new LearnedRecord(address, signed, learned)
            {
                MessageId = values["message"].FirstOrDefault() ?? "",
                Issuer = values["issuer"].FirstOrDefault() ?? "",
                ApprovedAt = TimeIn(values["approved"]),
                Why = values["waits"].FirstOrDefault() ?? "",
                Certificates = [.. certificates.OfType<LearnedCertificate>()],
                Files = [.. files.Select(words => (words[0], words[1]))],
            };
    }

    private static DateTimeOffset? TimeIn(IEnumerable<string> values) =>
        DateTimeOffset.TryParseExact(
            values.FirstOrDefault(), TimeFormat, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var time)
            ? time
            : null;

    private static string Text(DateTimeOffset time) => time.UtcDateTime.ToString(TimeFormat, CultureInfo.InvariantCulture);
}

/// <summary>A certificate that was learned.</summary>
/// <param name="Use">What for.</param>
/// <param name="Fingerprint">Its SHA-256 in hexadecimal.</param>
/// <param name="Anchor">The SHA-256 of the key of the anchor behind it, in hexadecimal.</param>
internal sealed record LearnedCertificate(LearnedUse Use, string Fingerprint, string Anchor)
{
    /// <summary>Reads <c>both FINGERPRINT ANCHOR</c>; <see langword="null"/> where it is something else.</summary>
    public static LearnedCertificate? Parse(string text) =>
        text.Split(' ') is [var use, var fingerprint, var anchor]
            && Enum.TryParse<LearnedUse>(use, ignoreCase: true, out var known) && Enum.IsDefined(known)
            && IsDigest(fingerprint) && IsDigest(anchor)
            ? new LearnedCertificate(known, fingerprint, anchor)
            : null;

    private static bool IsDigest(string text) => text.Length == 64 && text.All(char.IsAsciiHexDigitLower);
}
