using System.Security.Cryptography.X509Certificates;
using Milter;
using Postseal.Certificates;

namespace Postseal.Benchmarks.Setup;

/// <summary>A directory with what Postseal needs: certificates of a throw-away authority, and a configuration.</summary>
internal sealed class PostsealSetup
{
    public const string Rsa = "rsa@example.org";
    public const string P256 = "p256@example.org";

    private readonly string directory;

    private PostsealSetup(string directory, int moreSenders)
    {
        this.directory = directory;
        Senders = [P256, .. Enumerable.Range(1, moreSenders).Select(n => $"sender{n:D5}@example.org")];
    }

    /// <summary>Those with a P-256 key.</summary>
    public IReadOnlyList<string> Senders { get; }

    public string Configuration => Path.Combine(directory, "postseal.ini");

    public string RootFile => Path.Combine(directory, "root.pem");

    public MilterEndpoint Endpoint => MilterEndpoint.Parse($"unix:{directory}/postseal.sock");

    /// <summary>Makes the directory's content.</summary>
    /// <param name="directory">Where.</param>
    /// <param name="moreSockets">Where to listen besides the Unix socket, in libmilter's syntax.</param>
    /// <param name="moreSenders">How many senders besides the two that send.</param>
    /// <param name="maxLargeMessages">How many large messages are held at once.</param>
    public static PostsealSetup Create(
        string directory, string? moreSockets = null, int moreSenders = 0, int maxLargeMessages = 16)
    {
        var setup = new PostsealSetup(directory, moreSenders);
        var certificates = Directory.CreateDirectory(Path.Combine(directory, "certificates")).FullName;
        using var authority = new TrialAuthority("Benchmark", TimeProvider.System);
        File.WriteAllText(setup.RootFile, authority.Root.ExportCertificatePem() + "\n");
        Issue(authority, certificates, Rsa, "RSA-2048");
        foreach (var sender in setup.Senders)
            Issue(authority, certificates, sender, "P-256");
        // Required: what could not be signed would be refused, and so be seen. The socket is for Postfix's user, too.
        File.WriteAllText(setup.Configuration, $"""
            [Milter]
            Socket = unix:{directory}/postseal.sock{(moreSockets is null ? "" : $", {moreSockets}")}
            SocketMode = 0666
            MaxConnections = 2000
            MaxLargeMessages = {maxLargeMessages}
            [Certificates]
            Path = certificates
            [Signing]
            Mode = Required
            MaxSize = 1G
            [Log]
            Level = Warning

            """);
        return setup;
    }

    public X509Certificate2 ReadRoot() => X509CertificateLoader.LoadCertificateFromFile(RootFile);

    private static void Issue(TrialAuthority authority, string certificates, string address, string key)
    {
        var issued = authority.Issue(new TrialRequest(address) { Key = key });
        var file = Path.Combine(certificates, address + ".pem");
        File.WriteAllText(file, issued.KeyPem + issued.CertificatePem + issued.ChainPem);
        if (!OperatingSystem.IsWindows())
            File.SetUnixFileMode(file, UnixFileMode.UserRead | UnixFileMode.UserWrite);
    }
}
