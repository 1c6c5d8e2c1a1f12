using System.Diagnostics;
using System.Security.Cryptography.X509Certificates;
using Postseal.Certificates.Trust;
using Postseal.TestKit;
using static Postseal.Tests.Certificates.Trust.Signers;

namespace Postseal.Tests.Certificates.Trust;

/// <summary>What the user whom the daemon runs as keeps in his own stores, and any program may put there, makes nobody trusted.</summary>
public sealed class UserStoreTests
{
    private const string Child = "POSTSEAL_TEST_USER_STORE";

    /// <summary>Runs itself as another process, for whom another directory is home: .NET looks for it once.</summary>
    [Fact]
    public void The_stores_of_the_user_stand_behind_nobody()
    {
        if (Environment.GetEnvironmentVariable(Child) is not null)
        {
            FillStores();
            return;
        }

        Assert.SkipUnless(OperatingSystem.IsLinux(), "elsewhere the stores are not files of the home directory");
        using var home = new TemporaryDirectory();
        var start = new ProcessStartInfo(Path.Combine(AppContext.BaseDirectory, "Postseal.Core.Tests"))
        {
            ArgumentList = { "-method", $"{typeof(UserStoreTests).FullName}.{nameof(The_stores_of_the_user_stand_behind_nobody)}" },
            Environment = { ["HOME"] = home.Path, [Child] = "yes" },
            RedirectStandardOutput = true,
        };
        using var process = Process.Start(start)!;
        var output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();

        Assert.True(process.ExitCode == 0, output);
        Assert.Contains("Total: 1,", output, StringComparison.Ordinal);
        Assert.Equal(2, Directory.GetFiles(home.Path, "*.pfx", SearchOption.AllDirectories).Length); // those that the test put there
    }

    private static void FillStores()
    {
        using var signers = new Signers();
        var (anchor, stranger) = (OwnRoot(), OwnRoot("CN=Stranger"));
        var intermediate = stranger.Issue(Issuer("CN=CA"));
        Add(StoreName.Root, stranger.Certificate);
        Add(StoreName.CertificateAuthority, intermediate.Certificate);
        var alice = IssueMail(intermediate);

        using var plain = new X509Chain();
        (plain.ChainPolicy.RevocationMode, plain.ChainPolicy.VerificationTime) = (X509RevocationMode.NoCheck, Noon.UtcDateTime);
        Assert.True(plain.Build(alice)); // the platform itself would
        Assert.Equal(StandingKind.Untrusted, signers.Check(alice, [anchor]).Kind);
        Assert.Equal(StandingKind.Untrusted, signers.Check(alice, [anchor], intermediate.Certificate, stranger.Certificate).Kind);
        Assert.Equal(StandingKind.Untrusted, signers.Check(signers.Trust(TrustOptions.System), alice, intermediate.Certificate).Kind);
        Assert.Equal(StandingKind.Trusted, signers.Check(alice, [stranger], intermediate.Certificate).Kind);
    }

    private static void Add(StoreName name, X509Certificate2 certificate)
    {
        using var store = new X509Store(name, StoreLocation.CurrentUser);
        store.Open(OpenFlags.ReadWrite);
        store.Add(certificate);
    }
}
