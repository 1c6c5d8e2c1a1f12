using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Postseal.Configuration;
using Postseal.Mime;

namespace Postseal.Certificates;

/// <summary>
/// The directory of certificates and keys. Files are read when a sender's first message comes and again when they
/// change; a look costs a few time stamps. Safe for any number of threads.
/// </summary>
public sealed partial class CertificateDirectory
{
    private readonly string path;
    private readonly string? passphraseFile;
    private readonly TimeProvider time;
    private readonly ILogger logger;
    private readonly ConcurrentDictionary<MailAddress, SignerFiles> signers = new();
    private DirectoryIndex? index;

    /// <summary>Opens the directory.</summary>
    /// <param name="options">Where it is, and what opens its encrypted keys.</param>
    /// <param name="time">The clock certificates are held against.</param>
    /// <param name="logger">Takes a warning for each file that is used but should be mended.</param>
    public CertificateDirectory(CertificateOptions options, TimeProvider time, ILogger? logger = null)
    {
        path = options.Path;
        passphraseFile = options.PassphraseFile;
        this.time = time;
        this.logger = logger ?? NullLogger.Instance;
    }

    /// <summary>Finds who signs for an address.</summary>
    /// <exception cref="IOException">The directory is gone or cannot be read; the next look may succeed.</exception>
    /// <exception cref="UnauthorizedAccessException">The directory must not be read.</exception>
    public SignerLookup FindSigner(MailAddress address)
    {
        var files = KeyPairFiles.For(address.ToString(), CurrentIndex());
        if (files is null)
        {
            signers.TryRemove(address, out _);
            return SignerLookup.None.Instance;
        }

        var signer = Current(address, files);
        if (signer.Identity is not { } identity)
            return new SignerLookup.Unusable(signer.Problem!);
        return SigningCertificateRules.WhyNotNow(identity.Certificate, time.GetUtcNow()) is { } reason
            ? new SignerLookup.Unusable($"{signer.Source} cannot sign: {reason}")
            : new SignerLookup.Usable(identity);
    }

    /// <summary>Everything in the directory that is named after an address, for people to look at.</summary>
    public IReadOnlyList<CertificateReport> List()
    {
        var current = CurrentIndex();
        return [.. KeyPairFiles.Addresses(current).Select(name => Report(name, current))];
    }

    private CertificateReport Report(string name, DirectoryIndex current)
    {
        if (!MailAddress.TryParse(name, out var address))
            return new CertificateReport(name, null, $"'{name}' is not a mail address; name the files after the sender's", null);
        var signer = Current(address, KeyPairFiles.For(name, current)!);
        return FindSigner(address) switch
        {
            SignerLookup.Unusable unusable => new CertificateReport(name, signer.Certificate, unusable.Reason, signer.Warning),
            _ => new CertificateReport(name, signer.Certificate, null, signer.Warning),
        };
    }

    private DirectoryIndex CurrentIndex()
    {
        var known = index;
        return known is not null && known.IsCurrent(path) ? known : index = DirectoryIndex.Of(path, time);
    }

    private SignerFiles Current(MailAddress address, KeyPairFiles files)
    {
        FileStamp? passphraseStamp = passphraseFile is null ? null : FileStamp.Of(passphraseFile);
        if (signers.TryGetValue(address, out var known) && known.AreCurrent(files, passphraseStamp))
            return known;
        var loaded = Load(address, files, passphraseStamp);
        if (loaded.Warning is not null)
            LogWarning(loaded.Warning);
        return signers[address] = loaded;
    }

    private SignerFiles Load(MailAddress address, KeyPairFiles files, FileStamp? passphraseStamp)
    {
        var passphrase = passphraseFile is null ? [] : ReadFirstLine(passphraseFile);
        try
        {
            return SignerFiles.Load(files, address, passphrase, passphraseStamp);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(passphrase);
        }
    }

    private static byte[] ReadFirstLine(string file)
    {
        var bytes = File.ReadAllBytes(file);
        var end = bytes.AsSpan().IndexOfAny((byte)'\r', (byte)'\n');
        var line = bytes.AsSpan(0, end < 0 ? bytes.Length : end).ToArray();
        CryptographicOperations.ZeroMemory(bytes);
        return line;
    }

    [LoggerMessage(EventId = 100, Level = LogLevel.Warning, Message = "{Warning}")]
    private partial void LogWarning(string warning);
}

/// <summary>What <see cref="CertificateDirectory.List"/> says of one address.</summary>
/// <param name="Address">The address the files are named after.</param>
/// <param name="Certificate">The certificate, where it could be read.</param>
/// <param name="Problem">Why it cannot sign now; <see langword="null"/> when it can.</param>
/// <param name="Warning">What should be mended although it can sign.</param>
public sealed record CertificateReport(string Address, X509Certificate2? Certificate, string? Problem, string? Warning)
{
    /// <summary>The kind of key the certificate is for: <c>RSA-3072</c>, <c>P-256</c>.</summary>
    public string? KeyName => Certificate is null ? null : KeyNames.Of(Certificate);
}
