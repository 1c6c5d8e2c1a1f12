using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Postseal.Certificates;
using Postseal.Certificates.Revocation;
using Postseal.Certificates.Trust;
using Postseal.TestKit;

namespace Postseal.Tests.Certificates.Trust;

/// <summary>Signers and the CAs behind them, and what is said of them.</summary>
internal sealed class Signers : IDisposable
{
    internal const string Alice = "alice@example.org";
    internal const string EmailProtection = "1.3.6.1.5.5.7.3.4", ServerAuth = "1.3.6.1.5.5.7.3.1";

    internal static readonly DateTimeOffset Noon = new(2026, 11, 22, 12, 0, 0, TimeSpan.Zero);
    internal static readonly DateTimeOffset LongAgo = Noon.AddYears(-5);
    internal static readonly DateTimeOffset LongHence = Noon.AddYears(5);

    private readonly TemporaryDirectory files = new();
    private readonly ReceivedCertificates received = new();

    public SettableTime Time { get; } = new(Noon);

    public Answers Revocation { get; } = new();

    public IReadOnlyList<X509Certificate2> Directory { get; set; } = [];

    public IIssuerSource? Source { get; init; }

    public List<string> Warnings { get; } = [];

    public string AnchorsFile => files.File("anchors.pem");

    /// <summary>Asks of a certificate, without an earlier question.</summary>
    public SignerStanding Check(X509Certificate2 signer, IEnumerable<OddCa> anchors, params IEnumerable<X509Certificate2> bag) =>
        Check(Trust(anchors), signer, bag);

    public SignerStanding Check(SignerTrust trust, X509Certificate2 signer, params IEnumerable<X509Certificate2> bag) =>
        trust.Check(Received(signer), [Received(signer), .. bag.Select(Received)]);

    public SignerTrust Trust(params IEnumerable<OddCa> anchors)
    {
        files.Write("anchors.pem", string.Concat(anchors.Select(anchor => anchor.Pem)));
        return Trust(AnchorsFile);
    }

    public SignerTrust Trust(string? anchors) =>
        new(new TrustOptions { Anchors = anchors }, Revocation, () => Directory, Source, Time, Warnings.Add);

    public ReceivedCertificate Received(X509Certificate2 certificate) =>
        received.Get(certificate.RawDataMemory) ?? throw new InvalidOperationException($"{certificate.Subject} was not read.");

    public void Dispose() => files.Dispose();

    public static OddCa Root(string name = "CN=Root") => OddCa.Root(name, LongAgo, LongHence);

    /// <summary>Makes a root that shares its key with no other.</summary>
    public static OddCa OwnRoot(string name = "CN=Root", ECCurve? curve = null, bool hasKeyIdentifier = true)
    {
        var key = ECDsa.Create(curve ?? ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest(name, key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, critical: true));
        if (hasKeyIdentifier)
            request.CertificateExtensions.Add(new X509SubjectKeyIdentifierExtension(request.PublicKey, critical: false));
        return new OddCa(request.CreateSelfSigned(LongAgo, LongHence), key);
    }

    public static IssuerRequest Issuer(string name) => new(new X500DistinguishedName(name), LongAgo, LongHence);

    /// <summary>Issues a certificate for mail, with what is said instead of the usual.</summary>
    public static X509Certificate2 IssueMail(
        OddCa ca, string address = Alice, X509KeyUsageFlags? usage = X509KeyUsageFlags.DigitalSignature, string[]? purposes = null,
        AsymmetricAlgorithm? key = null, X509Extension[]? more = null, DateTimeOffset? from = null, DateTimeOffset? to = null,
        HashAlgorithmName? digest = null)
    {
        var names = new SubjectAlternativeNameBuilder();
        names.AddEmailAddress(address);
        return Person(ca, [names.Build(), .. Usual(usage, purposes ?? [EmailProtection]), .. more ?? []], key, from, to, digest);
    }

    /// <summary>Issues a certificate with these extensions alone, and how it says who issued it.</summary>
    public static X509Certificate2 Person(
        OddCa ca, IEnumerable<X509Extension> extensions, AsymmetricAlgorithm? key = null, DateTimeOffset? from = null, DateTimeOffset? to = null,
        HashAlgorithmName? digest = null, string name = "CN=Alice")
    {
        using var own = key is null ? ECDsa.Create(ECCurve.NamedCurves.nistP256) : null;
        return ca.Issue(
            new X500DistinguishedName(name), key ?? own!, [.. extensions, .. KeyOf(ca)], from ?? Noon.AddDays(-1), to ?? Noon.AddDays(100), digest);
    }

    private static IEnumerable<X509Extension> Usual(X509KeyUsageFlags? usage, string[] purposes)
    {
        if (usage is not null)
            yield return new X509KeyUsageExtension(usage.Value, critical: true);
        if (purposes.Length > 0)
            yield return new X509EnhancedKeyUsageExtension([.. purposes.Select(purpose => new Oid(purpose))], critical: false);
    }

    private static IEnumerable<X509Extension> KeyOf(OddCa ca) => ca.Certificate.Extensions.OfType<X509SubjectKeyIdentifierExtension>().Any()
        ? [X509AuthorityKeyIdentifierExtension.CreateFromCertificate(ca.Certificate, includeKeyIdentifier: true, includeIssuerAndSerial: false)]
        : [];

    /// <summary>What is known of revocation, as the test says it; otherwise nobody asked.</summary>
    internal sealed class Answers : IRevocationCheck
    {
        private readonly Dictionary<string, RevocationAnswer> answers = [];

        public long Version { get; set; }

        public List<string> Asked { get; } = [];

        public RevocationAnswer this[X509Certificate2 certificate]
        {
            set => (answers[certificate.Thumbprint], Version) = (value, Version + 1);
        }

        public RevocationAnswer Check(X509Certificate2 certificate, IReadOnlyList<X509Certificate2> issuers)
        {
            Asked.Add($"{certificate.Subject} < {string.Join(" < ", issuers.Select(issuer => issuer.Subject))}");
            return answers.GetValueOrDefault(certificate.Thumbprint, new RevocationAnswer.NotAsked());
        }
    }
}
