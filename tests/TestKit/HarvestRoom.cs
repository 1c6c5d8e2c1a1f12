using System.Formats.Asn1;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Postseal.Certificates;
using Postseal.Certificates.Revocation;
using Postseal.Certificates.Store;
using Postseal.Certificates.Trust;
using Postseal.Cms;
using Postseal.Harvest;
using Postseal.Mail;
using Postseal.Program.Trial;
using Postseal.Verification;

namespace Postseal.TestKit;

/// <summary>A host in example.net to which people of elsewhere write at noon, and what it learns from that.</summary>
public sealed class HarvestRoom : IDisposable
{
    /// <summary>What the filter of this host writes of mail from example.org.</summary>
    public const string Vouched = "Authentication-Results: mx.example.net; dkim=pass header.d=example.org";

    private readonly SettableTime time = new(LetterRoom.Noon);
    private readonly TemporaryDirectory state = new();
    private readonly Revocations revocations = new();
    private readonly ReceivedCertificates received = new();
    private readonly SignerTrust trust;
    private readonly MailVerifier verifier;

    public HarvestRoom()
    {
        Folder = new CertificateFolder(time);
        Ca = RevokingCa.Root("CN=Harvest Root, O=Harvest Trust", Now);
        Odd = OddCa.Root("CN=Odd Root, O=Harvest Trust", Now.AddYears(-1), Now.AddYears(9));
        Folder.Write("anchors.txt", $"{Folder.Ca.Root.ExportCertificatePem()}\n{Ca.Certificate.ExportCertificatePem()}\n{Odd.Pem}");
        trust = new SignerTrust(
            new TrustOptions { Anchors = Folder.File("anchors.txt") }, revocations, () => [], issuers: null, time, warning => throw new InvalidOperationException(warning));
        verifier = new MailVerifier(new SignerCheck(received, trust, UnknownRevocation.Say, TimeSpan.FromHours(1)), maxLayers: 4);
        Directory = Folder.Open(Options);
    }

    /// <summary>Gets the administrator's directory, and the CA that issues for most people.</summary>
    public CertificateFolder Folder { get; }

    /// <summary>Gets another CA that is trusted, and says which organisation it is.</summary>
    public RevokingCa Ca { get; }

    /// <summary>Gets a third, which issues whatever it is asked for, and is of the same organisation.</summary>
    public OddCa Odd { get; }

    /// <summary>Gets or sets the time.</summary>
    public DateTimeOffset Now { get => time.Now; set => time.Now = value; }

    public TimeProvider Time => time;

    /// <summary>Gets where is kept what was learned.</summary>
    public string Path => Shared is null ? Own : state.File("shared");

    /// <summary>Gets where this host keeps what it does not share.</summary>
    public string Own => state.File("harvested");

    /// <summary>Gets the store that several hosts share; <see langword="null"/> if this one keeps all by itself.</summary>
    internal ILearnedStore? Shared { get; set; }

    /// <summary>Gets or sets what knows whose keys are in a token.</summary>
    public IIdentitySource? Token { get; set; }

    /// <summary>Has what is learned from now on kept where other hosts find it.</summary>
    internal SharedStoreDouble Share()
    {
        var shared = new SharedStoreDouble(state.File("shared"), Directory);
        Shared = shared;
        return shared;
    }

    /// <summary>Gets or sets what is learned.</summary>
    public HarvestOptions Harvest { get; set; } = new() { Accept = HarvestAccept.New, DkimFrom = "mx.example.net" };

    /// <summary>Gets or sets whether it only says what would be learned.</summary>
    public bool IsTrial { get; set; }

    public CertificateOptions Options => Folder.Options with { HarvestedPath = Own };

    public CertificateDirectory Directory { get; }

    /// <summary>Gets what is said of the revocation of a certificate, by its subject.</summary>
    public IDictionary<string, string> Revoked => revocations.Answers;

    /// <summary>Lists what was learned: the names of the files.</summary>
    public IReadOnlyList<string> Learned => NamesIn(Path);

    /// <summary>Lists what waits for approval.</summary>
    internal IReadOnlyList<PendingCertificate> Waiting => new HarvestDirectory(Directory).Waiting();

    /// <summary>Has a person approve what waits.</summary>
    internal string? Accept(PendingCertificate waiting) => new HarvestDirectory(Directory, Shared).AcceptAsync(waiting).AtOnce();

    /// <summary>Lists the files of a directory below this host's own, without locks.</summary>
    public IReadOnlyList<string> FilesIn(string directory) => NamesIn(System.IO.Path.Combine(Own, directory));

    private static IReadOnlyList<string> NamesIn(string path) => System.IO.Directory.Exists(path)
        ? [.. System.IO.Directory.EnumerateFiles(path).Select(file => System.IO.Path.GetFileName(file)).Where(name => name[0] != '.').Order(StringComparer.Ordinal)]
        : [];

    /// <summary>Returns the path of a file of what was learned.</summary>
    public string File(string name) => System.IO.Path.Combine(Path, name);

    /// <summary>Has somebody of example.org sign who can also be encrypted to.</summary>
    public LetterSigner Person(string address, TestCaRequest? request = null) =>
        LetterSigner.Of(Folder.Ca.Issue(request ?? new TestCaRequest(address)));

    /// <summary>Signs now.</summary>
    public SignedLetter By(params LetterSigner[] signers) => new(signers) { Time = Now };

    /// <summary>Makes a letter, dated now.</summary>
    /// <param name="from">What is in From.</param>
    /// <param name="entity">What was signed.</param>
    /// <param name="fields">What stands above: what the filter of this host says.</param>
    public byte[] Letter(string from, byte[] entity, string fields = Vouched) => SignedLetter.WithFields(
        Encoding.Latin1.GetString(Encoding.UTF8.GetBytes($"{(fields.Length > 0 ? fields + "\r\n" : "")}From: {from}\r\nDate: {Now.UtcDateTime:ddd, dd MMM yyyy HH:mm:ss} +0000\r\nMessage-ID: <1@example.org>")), entity);

    /// <summary>Has a letter read, and learned from.</summary>
    internal HarvestResult Offer(byte[] letter, params ReadOnlySpan<string> ownDomains)
    {
        var message = MailMessage.Parse(letter);
        return Harvester(ownDomains).OfferAsync(verifier.Verify(message), message.Headers).AtOnce();
    }

    /// <summary>Has a letter read by one of several hosts, and learned from.</summary>
    internal async Task<HarvestResult> OfferAsync(byte[] letter, CancellationToken cancellationToken)
    {
        var message = MailMessage.Parse(letter);
        return await Harvester().OfferAsync(verifier.Verify(message), message.Headers, cancellationToken);
    }

    /// <summary>Has a letter of alice@example.org read that she signed.</summary>
    internal HarvestResult OfferOf(LetterSigner signer, string address = "alice@example.org", string fields = Vouched) =>
        Offer(Letter(address, By(signer).Detached(SignedLetter.Text), fields));

    internal Harvester Harvester(params ReadOnlySpan<string> ownDomains)
    {
        List<AddressPattern> own = [AddressPattern.Parse("@example.net")];
        foreach (var domain in ownDomains)
            own.Add(AddressPattern.Parse(domain));
        return new(Harvest, own, Directory, trust, Shared, Token, IsTrial);
    }

    internal MailVerdict Verify(byte[] letter) => verifier.Verify(MailMessage.Parse(letter));

    /// <summary>Makes the attribute by which somebody names the certificate to encrypt to (RFC 8551 section 2.5.3).</summary>
    public static AsnEncodedData Preference(X509Certificate2 certificate)
    {
        var writer = new AsnWriter(AsnEncodingRules.DER);
        using (writer.PushSequence(new Asn1Tag(TagClass.ContextSpecific, 0)))
        {
            writer.WriteEncodedValue(certificate.IssuerName.RawData);
            writer.WriteInteger(certificate.SerialNumberBytes.Span);
        }

        return new AsnEncodedData(Oids.EncryptionKeyPreference, writer.Encode());
    }

    /// <summary>Makes the attribute by which somebody says what he can read.</summary>
    public static AsnEncodedData Capabilities(params IEnumerable<string> algorithms)
    {
        var writer = new AsnWriter(AsnEncodingRules.DER);
        using (writer.PushSequence())
        {
            foreach (var algorithm in algorithms)
            {
                using (writer.PushSequence())
                    writer.WriteObjectIdentifier(algorithm);
            }
        }

        return new AsnEncodedData(Oids.SmimeCapabilities, writer.Encode());
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Folder.Dispose();
        state.Dispose();
    }

    private sealed class Revocations : IRevocationCheck
    {
        public Dictionary<string, string> Answers { get; } = [];

        // What is said changes from message to message.
        public long Version => version++;

        private long version;

        public RevocationAnswer Check(X509Certificate2 certificate, IReadOnlyList<X509Certificate2> issuers) => Answers.GetValueOrDefault(certificate.Subject) switch
        {
            null => new RevocationAnswer.NotAsked(),
            "unknown" => new RevocationAnswer.Unknown("its list was not fetched yet"),
            "good" => new RevocationAnswer.Good("CRL of today", DateTimeOffset.MaxValue),
            _ => new RevocationAnswer.Revoked(LetterRoom.Noon.AddDays(-1), "keyCompromise"),
        };
    }
}
