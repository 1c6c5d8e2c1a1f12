using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Postseal.Certificates.Store;
using Postseal.Program.Trial;

namespace Postseal.TestKit;

/// <summary>A certificate directory with a CA of its own, both made for one test.</summary>
public sealed class CertificateFolder : IDisposable
{
    private readonly TemporaryDirectory directory = new();

    public CertificateFolder(TimeProvider? time = null)
    {
        Time = time ?? TimeProvider.System;
        Ca = new TestCa("Trial", Time, TestKeys.Create);
    }

    public TimeProvider Time { get; }

    public TestCa Ca { get; }

    public string Path => directory.Path;

    public CertificateOptions Options => new() { Path = Path };

    public CertificateDirectory Open() => new(Options, Time);

    public CertificateDirectory Open(CertificateOptions options) => new(options, Time);

    /// <summary>Issues a certificate and puts it into the directory as one PEM with key and chain.</summary>
    public IssuedCertificate Add(string address, string key = "P-256") => Add(address, new TestCaRequest(address) { Key = key });

    /// <inheritdoc cref="Add(string, string)"/>
    public IssuedCertificate Add(string fileName, TestCaRequest request)
    {
        var issued = Ca.Issue(request);
        Write(fileName + ".pem", issued.KeyPem + issued.CertificatePem + issued.ChainPem);
        return issued;
    }

    /// <summary>Does the same, with the key under a passphrase.</summary>
    public IssuedCertificate AddEncrypted(string address, string passphrase, string suffix = ".pem")
    {
        var issued = Ca.Issue(new TestCaRequest(address));
        Write(address + suffix, Encrypt(issued.KeyPem, passphrase) + issued.CertificatePem + issued.ChainPem);
        return issued;
    }

    /// <summary>Puts an EC key in PEM under a passphrase.</summary>
    public static string Encrypt(string keyPem, string passphrase, int rounds = 1_000)
    {
        using var key = ECDsa.Create();
        key.ImportFromPem(keyPem);
        return key.ExportEncryptedPkcs8PrivateKeyPem(passphrase, new(PbeEncryptionAlgorithm.Aes256Cbc, HashAlgorithmName.SHA256, rounds)) + "\n";
    }

    /// <summary>Puts a key of any length with a certificate of its own making into the directory.</summary>
    public void WriteSelfSigned(string address, RSA key)
    {
        var request = new CertificateRequest($"CN={address}", key, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        var names = new SubjectAlternativeNameBuilder();
        names.AddEmailAddress(address);
        request.CertificateExtensions.Add(names.Build());
        using var certificate = request.CreateSelfSigned(Time.GetUtcNow().AddDays(-1), Time.GetUtcNow().AddDays(1));
        Write(address + ".pem", key.ExportPkcs8PrivateKeyPem() + "\n" + certificate.ExportCertificatePem() + "\n");
    }

    public string Write(string name, string text) => directory.Write(name, text);

    /// <summary>Lets every user read a file, or list a directory.</summary>
    public void MakeReadableByEveryone(string name) => SetMode(name, Directory.Exists(File(name)) ? "755" : "644");

    /// <summary>Sets the permissions of a file, in octal as chmod takes them.</summary>
    public void SetMode(string name, string mode)
    {
        if (!OperatingSystem.IsWindows())
            System.IO.File.SetUnixFileMode(File(name), (UnixFileMode)Convert.ToInt32(mode, 8));
    }

    public string File(string name) => directory.File(name);

    public void Dispose()
    {
        Ca.Dispose();
        directory.Dispose();
    }
}
