using System.Security.Cryptography;
using Postseal.Program.Files;
using Postseal.Program.Trial;
using Postseal.TestKit;

namespace Postseal.Tests;

/// <summary>What the commands say of certificates that only a CA of the tests issues, and what only root can try.</summary>
public sealed class CertificateCommandTests : IDisposable
{
    private const string Alice = "alice@example.org";

    private readonly CertificateFolder folder = new();
    private readonly TemporaryDirectory outside = new();
    private readonly string config;

    public CertificateCommandTests() => config = outside.Write("postseal.ini", $"[Certificates]\nPath = {folder.Path}\n");

    [Fact]
    public void Show_and_list_tell_of_a_weak_key_and_of_the_chain_as_it_verifies()
    {
        var now = folder.Time.GetUtcNow();
        var root = OddCa.Root("CN=Root", now.AddYears(-1), now.AddYears(1));
        var intermediate = root.Issue(new IssuerRequest(new("CN=CA"), now.AddDays(-9), now.AddDays(9)));
        using var key = RSA.Create(1024);
        folder.Write("alice@example.org.pem", intermediate.IssueMail(Alice, now.AddDays(-9), now.AddDays(9), mailKey: key) + intermediate.Pem);

        var incomplete = Cli.Good("certs", "show", Alice, "--config", config);
        folder.Write("root.ca.pem", root.Pem);
        var complete = Cli.Good("certs", "show", Alice, "--config", config);

        Assert.Contains("chain:            CN=CA; the chain ends at CN=CA, and CN=Root, which issued that, is neither", incomplete, StringComparison.Ordinal);
        Assert.Contains("chain:            CN=CA < CN=Root\n", complete, StringComparison.Ordinal);
        Assert.Contains("warning:          its key (RSA-1024) has fewer than 2048 bits", complete, StringComparison.Ordinal);
        Assert.Contains("yes; but its key (RSA-1024) has fewer than 2048 bits", Cli.Good("certs", "list", "--config", config), StringComparison.Ordinal);
    }

    [Fact]
    public void Check_does_not_praise_a_chain_with_an_expired_intermediate()
    {
        var now = folder.Time.GetUtcNow();
        var root = OddCa.Root("CN=Root", now.AddYears(-1), now.AddYears(1));
        var expired = root.Issue(new IssuerRequest(new("CN=CA"), now.AddDays(-90), now.AddDays(-1)));
        folder.Write("alice@example.org.pem", expired.IssueMail(Alice, now.AddDays(-1), now.AddDays(90)) + expired.Pem + root.Pem);

        Assert.Contains(
            "its chain is not complete: CN=CA, which issued CN=alice@example.org, is there, but it expired on",
            Cli.Good("check", "--config", config), StringComparison.Ordinal);
    }

    [Fact]
    public void Check_warns_of_a_weak_key_and_an_address_in_the_subject_alone()
    {
        var now = folder.Time.GetUtcNow();
        var root = OddCa.Root("CN=Root", now.AddYears(-1), now.AddYears(1));
        using var key = RSA.Create(1024);
        using var certificate = root.Issue(new("E=alice@example.org"), key, [], now.AddDays(-1), now.AddDays(90));
        folder.Write("alice@example.org.pem", key.ExportPkcs8PrivateKeyPem() + "\n" + certificate.ExportCertificatePem());

        var output = Cli.Good("check", "--config", config);

        Assert.Contains($"{folder.File("alice@example.org.pem")}: its key (RSA-1024) has fewer than 2048 bits", output, StringComparison.Ordinal);
        Assert.Contains("its address is in the subject alone", output, StringComparison.Ordinal);
    }

    [Fact]
    public void Root_gives_imported_files_to_the_daemon_and_they_stay_its_own_when_replaced()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux() && Environment.IsPrivilegedProcess, "needs root: nobody else gives files away");

        Import("--owner", "nobody");
        var given = FileOwner.Of(folder.File("alice@example.org.pem"));
        Import("--force");

        Assert.Equal(FileOwner.Named("nobody"), given);
        Assert.All(Directory.EnumerateFiles(folder.Path), path => Assert.Equal(given, FileOwner.Of(path)));

        void Import(params string[] options)
        {
            var issued = folder.Ca.Issue(new TestCaRequest(Alice));
            Cli.Good(["certs", "import", outside.Write("alice.pem", issued.KeyPem + issued.CertificatePem), .. options, "--config", config]);
        }
    }

    public void Dispose()
    {
        folder.Dispose();
        outside.Dispose();
    }
}
