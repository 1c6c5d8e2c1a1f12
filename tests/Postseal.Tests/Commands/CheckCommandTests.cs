using System.Security.Cryptography;
using System.Text.Json;
using Postseal.Certificates;
using Postseal.Policy;
using Postseal.TestKit;

namespace Postseal.Tests.Commands;

public sealed class CheckCommandTests : IDisposable
{
    private const string Alice = "alice@example.org";

    private readonly CertificateFolder folder = new();
    private readonly TemporaryDirectory outside = new();

    [Fact]
    public void A_key_that_everyone_can_read_is_warned_of()
    {
        folder.Add(Alice);
        folder.MakeReadableByEveryone("alice@example.org.pem");

        Assert.Contains($"{folder.File("alice@example.org.pem")} holds a private key that everyone can read; 'chmod o=", Check(), StringComparison.Ordinal);
    }

    [Fact]
    public void A_directory_that_everyone_can_write_is_warned_of()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Windows has other permissions");
        folder.Add(Alice);
        Permissions.Set(folder.Path, "777");

        Assert.Contains($"{folder.Path} can be written by everyone", Check(), StringComparison.Ordinal);
    }

    [Fact]
    public void A_passphrase_that_everyone_can_read_is_warned_of()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Windows has other permissions");
        Permissions.Set(outside.Write("passphrase", "open sesame\n"), "644");

        Assert.Contains("passphrase holds a secret that everyone can read", Check("PassphraseFile = passphrase"), StringComparison.Ordinal);
    }

    [Fact]
    public void A_socket_that_every_local_user_can_open_is_warned_of() =>
        Assert.Contains(
            "warning: inet:8891@127.0.0.1 lets every user of this machine connect and have any mail signed as anybody",
            Check("[Milter]\nSocket = inet:8891@127.0.0.1"), StringComparison.Ordinal);

    [Fact]
    public void A_chain_is_complete_when_its_root_is_known()
    {
        folder.Add(Alice);
        var before = Check();
        folder.Write("root.ca.pem", folder.Authority.Root.ExportCertificatePem());

        var after = Check();

        Assert.Contains("the chain ends at CN=Trial Intermediate, and CN=Trial Root", before, StringComparison.Ordinal);
        Assert.DoesNotContain("the chain ends", after, StringComparison.Ordinal);
    }

    [Fact]
    public void An_expired_intermediate_is_no_chain_to_be_praised()
    {
        var now = folder.Time.GetUtcNow();
        var root = TestAuthority.Root("CN=Root", now.AddYears(-1), now.AddYears(1));
        var expired = root.Issue(new IssuerRequest(new("CN=CA"), now.AddDays(-90), now.AddDays(-1)));
        folder.Write("alice@example.org.pem", expired.IssueMail(Alice, now.AddDays(-1), now.AddDays(90)) + expired.Pem + root.Pem);

        Assert.Contains("its chain is not complete: CN=CA, which issued CN=alice@example.org, is there, but it expired on", Check(), StringComparison.Ordinal);
    }

    [Fact]
    public void A_root_of_the_right_name_and_another_key_is_no_root_of_the_chain()
    {
        folder.Add(Alice);
        using var other = new TrialAuthority("Trial", folder.Time);
        folder.Write("root.ca.pem", other.Root.ExportCertificatePem());

        Assert.Contains("the chain ends at CN=Trial Intermediate, and CN=Trial Root", Check(), StringComparison.Ordinal);
    }

    [Fact]
    public void A_weak_key_and_an_address_in_the_subject_alone_are_warned_of()
    {
        var now = folder.Time.GetUtcNow();
        var root = TestAuthority.Root("CN=Root", now.AddYears(-1), now.AddYears(1));
        using var key = RSA.Create(1024);
        using var certificate = root.Issue(new("E=alice@example.org"), key, [], now.AddDays(-1), now.AddDays(90));
        folder.Write("alice@example.org.pem", key.ExportPkcs8PrivateKeyPem() + "\n" + certificate.ExportCertificatePem());

        var output = Check();

        Assert.Contains($"{folder.File("alice@example.org.pem")}: its key (RSA-1024) has fewer than 2048 bits", output, StringComparison.Ordinal);
        Assert.Contains("its address stands in the subject alone", output, StringComparison.Ordinal);
    }

    [Fact]
    public void What_nobody_uses_is_listed_with_the_reason()
    {
        folder.Add(Alice);
        folder.Add("alice@example.ca");
        folder.Write("notes.txt", "text");
        folder.Write("chain.pem", "text");
        folder.Write("bob@example.org.key", "text");

        var unused = JsonDocument.Parse(Check("", "--json")).RootElement.GetProperty("unused").EnumerateArray();

        Assert.Equal(
            [folder.File("bob@example.org.key"), folder.File("chain.pem"), folder.File("notes.txt")],
            unused.Select(file => Text(file, "path")));
        Assert.Matches(@"Used by nobody:\n +File +Reason\n +bob@example\.org\.key +it has no certificate beside it", Check());
    }

    [Fact]
    public void What_settings_name_is_used()
    {
        var issued = folder.Authority.Issue(new TrialRequest(Alice));
        folder.Write("alice.pem", issued.KeyPem + issued.CertificatePem);
        foreach (var name in (string[])["passphrase", "alice.passphrase", "secret"])
            folder.Write(name, "open sesame\n");
        folder.Write("logins", "# none yet\n");
        var ini = folder.Write("postseal.ini", """
            [Certificates]
            Path = .
            PassphraseFile = passphrase
            SecretFile = secret
            [Originating]
            SenderLogins = logins
            [Sender:alice@example.org]
            Certificate = alice.pem
            PassphraseFile = alice.passphrase
            """);

        Assert.DoesNotContain("Used by nobody", Cli.Good("check", "--config", ini), StringComparison.Ordinal);
    }

    [Fact]
    public void The_certificate_of_a_domain_is_checked_like_a_senders()
    {
        folder.Add("@example.org", new TrialRequest("gateway@example.org") { NotAfter = folder.Time.GetUtcNow().AddDays(20) });

        var unused = Check();
        var used = Check("DomainCertificates = yes");

        Assert.Matches(@"@example\.org\.pem +it is for a whole domain, and \[Certificates\] DomainCertificates is no", unused);
        Assert.Matches(@"@example\.org +CN=gateway@example\.org +CN=Trial Intermediate +19 +P-256 +yes", used);
        Assert.Contains("@example.org: the chain ends at CN=Trial Intermediate", used, StringComparison.Ordinal);
        Assert.Contains("postseal keys csr gateway@example.org", used, StringComparison.Ordinal);
    }

    [Fact]
    public void A_FIFO_is_not_waited_for()
    {
        folder.Add(Alice);
        SpecialFile.MakeFifo(folder.File("chain.pem"));

        Assert.Contains("chain.pem' is a FIFO, not a regular file", SpecialFile.WithoutWaiting(() => Check()), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("", true)]
    [InlineData("ExpiryWarning = 10d", false)]
    public void A_certificate_near_its_end_is_warned_of(string setting, bool warned)
    {
        folder.Add(Alice, new TrialRequest(Alice) { NotAfter = folder.Time.GetUtcNow().AddDays(20) });

        Assert.Equal(warned, Check(setting).Contains("expires in 19 days", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("", null)]
    [InlineData("AuthenticatedFrom = Login", null)]
    [InlineData("AuthenticatedFrom = EnvelopeSender", "warning: [Originating] AuthenticatedFrom = EnvelopeSender: a client that logs in signs as everyone whose address it writes into MAIL FROM")]
    [InlineData("AuthenticatedFrom = Any", "warning: [Originating] AuthenticatedFrom = Any: a client that logs in signs as everyone who has a certificate here")]
    [InlineData("AuthenticatedFrom = Any\nLoginDomain = example.org", "warning: [Originating] SenderLogins and LoginDomain count under AuthenticatedFrom = Login alone")]
    public void A_rule_by_which_one_login_signs_as_another_is_warned_of(string rule, string? warning)
    {
        var said = Check($"[Originating]\n{rule}");

        if (warning is null)
            Assert.DoesNotContain("AuthenticatedFrom", said, StringComparison.Ordinal);
        else
            Assert.Contains(warning, said, StringComparison.Ordinal);
    }

    [Fact]
    public void A_file_of_logins_that_is_wrong_is_an_error_with_its_line()
    {
        outside.Write("logins", "sales@example.org bob\nbob sales@example.org\n");
        var config = outside.Write("postseal.ini", $"[Certificates]\nPath = {folder.Path}\n[Originating]\nSenderLogins = logins\n");

        var result = Cli.Run("check", "--config", config);

        Assert.Equal(2, result.ExitCode);
        Assert.Contains($"[Originating] SenderLogins: {outside.File("logins")} line 2: 'bob' is neither an address", result.Errors, StringComparison.Ordinal);
    }

    [Fact]
    public void A_file_of_logins_that_everyone_can_write_is_warned_of()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Windows has other permissions");
        Permissions.Set(outside.Write("logins", "sales@example.org bob\n"), "666");

        Assert.Contains($"{outside.File("logins")} can be written by everyone; 'chmod o-w", Check("[Originating]\nSenderLogins = logins"), StringComparison.Ordinal);
    }

    [Fact]
    public void Each_section_is_told_with_what_it_comes_to()
    {
        folder.Add(Alice);

        var result = JsonDocument.Parse(Check(
            "[Signing]\nDigest = SHA384\n[Sender:@example.org]\nForm = Opaque\n[Sender:alice@example.org]\nMode = Required\n", "--json")).RootElement;

        var sections = result.GetProperty("sections").EnumerateArray().ToDictionary(section => section.GetProperty("section").GetString()!);
        var alice = sections["[Sender:alice@example.org]"];
        Assert.Equal(
            ("Required", "Opaque", "SHA384", folder.File("alice@example.org.pem")),
            (Text(alice, "mode"), Text(alice, "form"), Text(alice, "digest"), Text(alice, "signsWith")));
        Assert.Equal(("IfPossible", null), (Text(sections["[Sender:@example.org]"], "mode"), Text(sections["[Sender:@example.org]"], "signsWith")));
    }

    public void Dispose()
    {
        folder.Dispose();
        outside.Dispose();
    }

    private static string? Text(JsonElement element, string property) => element.GetProperty(property).GetString();

    private string Check(string settings = "", params string[] arguments) =>
        Cli.Good(["check", .. arguments, "--config", outside.Write("postseal.ini", $"[Certificates]\nPath = {folder.Path}\n{settings}\n")]);
}
