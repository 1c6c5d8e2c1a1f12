using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Postseal.Mime;

namespace Postseal.Certificates;

/// <summary>What a sender's files held when they were read, and whether they have changed since.</summary>
internal sealed class SignerFiles
{
    private readonly KeyPairFiles files;
    private readonly FileStamp certificateStamp;
    private readonly FileStamp keyStamp;

    private SignerFiles(KeyPairFiles files)
    {
        this.files = files;
        certificateStamp = FileStamp.Of(files.CertificateFile);
        keyStamp = FileStamp.Of(files.KeyFile);
    }

    /// <summary>The sender's certificate, where the file could be read at all.</summary>
    public X509Certificate2? Certificate { get; private set; }

    /// <summary>Certificate and key, where they fit each other and the address.</summary>
    public SigningIdentity? Identity { get; private set; }

    /// <summary>Why there is no <see cref="Identity"/>.</summary>
    public string? Problem { get; private set; }

    /// <summary>What should be mended but does not keep the key from being used.</summary>
    public string? Warning { get; private set; }

    /// <summary>The files, for people.</summary>
    public string Source => files.ToString();

    public bool AreCurrent(KeyPairFiles now) =>
        files == now
        && certificateStamp == FileStamp.Of(files.CertificateFile)
        && (files.KeyFile == files.CertificateFile || keyStamp == FileStamp.Of(files.KeyFile));

    public static SignerFiles Load(KeyPairFiles files, MailAddress address, ReadOnlySpan<byte> passphrase)
    {
        var loaded = new SignerFiles(files);
        try
        {
            loaded.Read(address, passphrase);
        }
        catch (CertificateFileException e)
        {
            loaded.Problem = e.Message;
        }

        return loaded;
    }

    private void Read(MailAddress address, ReadOnlySpan<byte> passphrase)
    {
        var material = KeyMaterial.Read(files.CertificateFile, passphrase);
        if (material.Certificates.Count == 0)
            throw Incomplete(files.CertificateFile, "holds no certificate");
        Certificate = material.Certificates[0];
        if (!File.Exists(files.KeyFile))
            throw Incomplete(files.CertificateFile, $"has no private key beside it; {files.KeyFile} is not there");

        if (files.KeyFile != files.CertificateFile)
            material = material.With(KeyMaterial.Read(files.KeyFile, passphrase));
        if (material.Keys.Count == 0)
            throw Incomplete(files.KeyFile, "holds no private key");
        Warning = WarnOfMode(files.KeyFile);

        // Vendors put the chain before the leaf or after it: the certificate of the key is the sender's.
        var (certificate, key) = material.Pairs().FirstOrDefault();
        Certificate = certificate
            ?? throw Incomplete(files.KeyFile, $"holds a key that does not belong to the certificate in {files.CertificateFile}");
        if ((CertificateRules.WhyNotSign(Certificate) ?? CertificateRules.WhyNotFor(Certificate, address)) is { } reason)
            Problem = $"{files.CertificateFile} cannot sign: {reason}";
        else
            Identity = new SigningIdentity(Certificate, CertificateChain.Intermediates(Certificate, material.Certificates), key.Key, Source);
    }

    private static CertificateFileException Incomplete(string path, string problem) =>
        new(path, CertificateFileProblem.Incomplete, problem);

    private static string? WarnOfMode(string keyFile) =>
        !OperatingSystem.IsWindows() && File.GetUnixFileMode(keyFile).HasFlag(UnixFileMode.OtherRead)
            ? $"{keyFile} holds a private key that everyone can read; 'chmod o= {keyFile}'"
            : null;
}
