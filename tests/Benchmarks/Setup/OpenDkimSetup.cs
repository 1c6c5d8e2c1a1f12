using System.Security.Cryptography;
using Milter;

namespace Postseal.Benchmarks.Setup;

/// <summary>A directory with what OpenDKIM needs to sign as Debian sets it up, and to verify that without a DNS.</summary>
internal sealed class OpenDkimSetup
{
    private readonly string directory;

    private OpenDkimSetup(string directory) => this.directory = directory;

    public string Configuration => Path.Combine(directory, "opendkim-unix.conf");

    public string VerifierConfiguration => Path.Combine(directory, "opendkim-verify.conf");

    public MilterEndpoint Endpoint => MilterEndpoint.Parse($"unix:{directory}/opendkim.sock");

    /// <summary>Makes the directory's content.</summary>
    /// <param name="directory">Where.</param>
    /// <param name="port">Where a second one listens, as one listens in one place only.</param>
    public static OpenDkimSetup Create(string directory, int? port = null)
    {
        var setup = new OpenDkimSetup(directory);
        using var key = RSA.Create(2048);
        setup.Write("dkim.private", key.ExportRSAPrivateKeyPem() + "\n");
        var publicKey = Convert.ToBase64String(key.ExportSubjectPublicKeyInfo());
        setup.Write("dkim.public", $"s._domainkey.example.org v=DKIM1; k=rsa; p={publicKey}\n");
        setup.Write("opendkim-unix.conf", setup.Signer($"local:{directory}/opendkim.sock"));
        if (port is not null)
            setup.Write("opendkim-inet.conf", setup.Signer($"inet:{port}@127.0.0.1"));
        setup.Write("opendkim-verify.conf", $"""
            Mode v
            TestPublicKeys {directory}/dkim.public
            Syslog no

            """);
        return setup;
    }

    private string Signer(string socket) => $"""
        Domain example.org
        Selector s
        KeyFile {directory}/dkim.private
        Mode s
        Socket {socket}
        UMask 000
        InternalHosts 127.0.0.1
        RequireSafeKeys no
        Syslog no
        Background no

        """;

    private void Write(string name, string text) => File.WriteAllText(Path.Combine(directory, name), text);
}
