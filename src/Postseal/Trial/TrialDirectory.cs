using System.Security.Cryptography.X509Certificates;
using System.Text;
using Postseal.Certificates.Store;
using Postseal.Mail;
using Postseal.Program.Files;

namespace Postseal.Program.Trial;

/// <summary>A directory for trials: <c>certificates/</c>, the CA's <c>root.pem</c>, and a <c>postseal.ini</c>.</summary>
internal sealed class TrialDirectory
{
    private const string SocketName = "postseal.sock";
    private const int LongestSocketPath = 107; // unix(7)

    private readonly string path;
    private readonly string certificates;
    private readonly TestCa ca;

    private TrialDirectory(string path, TestCa ca)
    {
        (this.path, this.ca) = (path, ca);
        certificates = Path.Combine(path, "certificates");
        RootFile = Path.Combine(path, "root.pem");
        ConfigurationFile = Path.Combine(path, "postseal.ini");
    }

    public string RootFile { get; }

    public string ConfigurationFile { get; }

    /// <summary>Makes the directory with a CA's root and settings that listen on a socket in it.</summary>
    /// <param name="path">The directory.</param>
    /// <param name="ca">Who issues its certificates.</param>
    /// <param name="settings">More settings: whole sections.</param>
    public static TrialDirectory Create(string path, TestCa ca, string settings = "")
    {
        var directory = new TrialDirectory(path, ca);
        Directory.CreateDirectory(directory.certificates);
        // Once for those who are to trust it, once where 'postseal check' looks for the end of chains.
        foreach (var file in (string[])[directory.RootFile, Path.Combine(directory.certificates, "root.ca.pem")])
            AtomicFile.Write(file, PemWriter.Write([ca.Root]), AtomicFile.Public, replace: false);
        AtomicFile.Write(
            directory.ConfigurationFile,
            $"""
            [Milter]
            Socket = {Socket(path)}
            [Certificates]
            Path = certificates
            {settings}
            """,
            AtomicFile.Public, replace: false);
        return directory;
    }

    /// <summary>Chooses a Unix socket, or any free loopback port where the system has none or its path would be too long.</summary>
    private static string Socket(string path) =>
        OperatingSystem.IsLinux() && Encoding.UTF8.GetByteCount(Path.GetFullPath(SocketName, Path.GetFullPath(path))) <= LongestSocketPath
            ? "unix:" + SocketName
            : "inet:0@127.0.0.1";

    /// <summary>Returns the file with key, certificate and chain of one of ours.</summary>
    public string FileOf(MailAddress address) => Path.Combine(certificates, AddressFileName.For(address) + ".pem");

    /// <summary>Issues a certificate to one of ours; returns the file with key, certificate and chain.</summary>
    public string Issue(MailAddress address, TestCaRequest request)
    {
        var issued = ca.Issue(request);
        var path = FileOf(address);
        AtomicFile.Write(path, issued.KeyPem + issued.CertificatePem + issued.ChainPem, AtomicFile.Private, replace: false);
        return path;
    }

    /// <summary>Issues a certificate to somebody who keeps his key to himself: it is written beside the directory that is ours.</summary>
    /// <returns>The certificate with its key.</returns>
    public X509Certificate2 IssueToCorrespondent(MailAddress address, TestCaRequest request)
    {
        var issued = ca.Issue(request);
        var name = AddressFileName.For(address);
        AtomicFile.Write(Path.Combine(certificates, name), issued.CertificatePem, AtomicFile.Public, replace: false);
        AtomicFile.Write(Path.Combine(path, name + ".pem"), issued.KeyPem + issued.CertificatePem, AtomicFile.Private, replace: false);
        return X509Certificate2.CreateFromPem(issued.CertificatePem, issued.KeyPem);
    }
}
