using System.Diagnostics;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json;
using Postseal.Certificates;
using Postseal.TestKit;

namespace Postseal.Tests;

public sealed class CommandTests : IDisposable
{
    private const string FromAlice = "From: alice@example.org\nTo: bob@example.net\nSubject: Hello\n\nHello Bob\n";

    private readonly CertificateFolder folder = new();

    public CommandTests() => folder.Add("alice@example.org");

    [Fact]
    public void Demo_shows_the_way_of_a_message_and_verifies_it()
    {
        var (exitCode, output, errors) = PostsealProcess.Run("demo");

        Assert.Equal(("", 0), (errors, exitCode));
        Assert.Contains("multipart/signed", output, StringComparison.Ordinal);
        Assert.Contains("The signature is good", output, StringComparison.Ordinal);
    }

    [Fact]
    public void Demo_keeps_what_openssl_can_verify()
    {
        Assert.SkipUnless(OpenSsl.IsHere, "openssl is not on this machine");
        using var directory = new TemporaryDirectory();

        var (exitCode, _, _) = PostsealProcess.Run("demo", "--keep", directory.File("demo"));

        Assert.Equal(0, exitCode);
        using var root = X509CertificateLoader.LoadCertificateFromFile(directory.File("demo/root.pem"));
        Assert.True(OpenSsl.Verify(File.ReadAllBytes(directory.File("demo/signed.eml")), root).Verified);
    }

    [Fact]
    public void Demo_does_not_write_into_a_directory_that_is_in_use()
    {
        using var directory = new TemporaryDirectory();
        directory.Write("precious", "");

        Assert.Equal(2, PostsealProcess.Run("demo", "--keep", directory.Path).ExitCode);
    }

    [Fact]
    public void Demo_takes_its_keys_away_when_it_is_stopped()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "signals are Unix's");
        using var temporary = new TemporaryDirectory();
        using var demo = PostsealProcess.Start(temporary, "demo");
        Assert.Equal("", demo.StandardOutput.ReadLine()); // begun: the certificates are written

        using var kill = Process.Start("kill", ["-TERM", $"{demo.Id}"]);
        demo.StandardOutput.ReadToEnd();
        demo.WaitForExit();

        Assert.Empty(Directory.EnumerateDirectories(temporary.Path, "postseal-demo-*"));
    }

    [Fact]
    public void Demo_says_when_it_cannot_make_its_directory()
    {
        var (exitCode, _, errors) = PostsealProcess.Run("demo", "--keep", folder.Write("file", ""));

        Assert.Equal(2, exitCode);
        Assert.StartsWith("--keep: ", errors, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", errors, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("RSA-2048", "Pkcs1")]
    [InlineData("RSA-3072", "Pss")]
    [InlineData("P-256", "Pkcs1")]
    [InlineData("P-384", "Pkcs1")]
    public void Sign_writes_a_message_that_openssl_verifies(string key, string padding)
    {
        Assert.SkipUnless(OpenSsl.IsHere, "openssl is not on this machine");
        folder.Add("alice@example.org", key);

        var (exitCode, output, errors) = PostsealProcess.RunWith(FromAlice, "sign", "--config", Ini($"[Signing]\nRsaPadding = {padding}"));

        Assert.Equal(("", 0), (errors, exitCode));
        var (verified, content, verdict) = OpenSsl.Verify(Encoding.UTF8.GetBytes(output), folder.Authority.Root);
        Assert.True(verified, verdict);
        Assert.EndsWith("\r\n\r\nHello Bob\r\n", Encoding.UTF8.GetString(content), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("\n")]
    [InlineData("\r\n")]
    public void Sign_keeps_the_line_ends_of_its_input(string lineEnd)
    {
        var (_, output, _) = PostsealProcess.RunWith(FromAlice.Replace("\n", lineEnd, StringComparison.Ordinal), "sign", "--config", Ini());

        Assert.Equal(lineEnd == "\r\n" ? output.Count(c => c == '\n') : 0, output.Count(c => c == '\r'));
    }

    [Fact]
    public void Sign_passes_on_what_it_need_not_sign_and_says_why()
    {
        var message = FromAlice.Replace("alice", "carol", StringComparison.Ordinal);

        var (exitCode, output, errors) = PostsealProcess.RunWith(message, "sign", "--config", Ini());

        Assert.Equal((0, message), (exitCode, output));
        Assert.Contains("there is no certificate for carol@example.org", errors, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("")]
    [InlineData("\n\n")]
    [InlineData("no header at all\n")]
    [InlineData("From: carol@example.org")]
    [InlineData("From: carol@example.org\r\nSubject: odd\n\r\r\n")]
    public void Sign_passes_on_odd_messages_byte_for_byte(string message)
    {
        var (exitCode, output, _) = PostsealProcess.RunWith(message, "sign", "--config", Ini());

        Assert.Equal((0, message), (exitCode, output));
    }

    [Theory]
    [InlineData(null, true)]
    [InlineData("bounces@example.org", false)]
    public void Sign_takes_the_author_for_the_envelope_sender_unless_told(string? sender, bool signed)
    {
        string[] arguments = ["sign", "--config", Ini("[Originating]\nNetworksFrom = EnvelopeSender")];

        var (_, output, _) = PostsealProcess.RunWith(FromAlice, sender is null ? arguments : [.. arguments, "--sender", sender]);

        Assert.Equal(signed, output.Contains("multipart/signed", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("alice@example.org", true)]
    [InlineData("mallory@example.org", false)]
    public void Sign_signs_for_a_client_that_logged_in_as_the_daemon_would(string login, bool signed)
    {
        var (exitCode, output, errors) = PostsealProcess.RunWith(FromAlice, "sign", "--config", Ini(), "--auth", login);

        Assert.Equal((0, signed), (exitCode, output.Contains("multipart/signed", StringComparison.Ordinal)));
        Assert.Equal(!signed, errors.Contains("not signed: its login mallory@example.org may not sign as alice@example.org", StringComparison.Ordinal));
    }

    [Fact]
    public void Sign_says_that_a_secret_cannot_be_read()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "the file that cannot be read is Linux's");
        var config = Ini("[Certificates]\nPath = .\nPassphraseFile = passphrase");
        var issued = folder.Authority.Issue(new TrialRequest("alice@example.org"));
        using var key = ECDsa.Create();
        key.ImportFromPem(issued.KeyPem);
        var locked = key.ExportEncryptedPkcs8PrivateKeyPem("sesame", new PbeParameters(PbeEncryptionAlgorithm.Aes256Cbc, HashAlgorithmName.SHA256, 2_000));
        folder.Write("alice@example.org.pem", $"{locked}\n{issued.CertificatePem}");
        File.CreateSymbolicLink(folder.File("passphrase"), "/proc/self/mem"); // is there, and cannot be read

        var (exitCode, output, errors) = PostsealProcess.RunWith(FromAlice, "sign", "--config", config);

        Assert.Equal((1, ""), (exitCode, output));
        Assert.StartsWith("cannot be signed now: ", errors, StringComparison.Ordinal);
        Assert.Contains("passphrase", errors, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", errors, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("\u001b[2J")]
    [InlineData("\u009b2J")]
    [InlineData("\u202egro.")]
    public void What_an_address_contains_does_not_command_the_terminal(string sequence)
    {
        var message = $"From: \"{sequence}\"@example.org\n\nHello\n";

        var errors = PostsealProcess.RunWith(message, "sign", "--config", Ini()).Errors;

        Assert.StartsWith("not signed: ", errors, StringComparison.Ordinal);
        Assert.Contains("@example.org", errors, StringComparison.Ordinal);
        Assert.DoesNotContain(sequence[0], errors);
    }

    [Fact]
    public void What_a_certificate_contains_does_not_command_the_terminal()
    {
        folder.Add("bob@example.org", new TrialRequest("bob@example.org") { CommonName = "Bob\u001b[31m\u009bK\u202e" });

        var (_, output, _) = PostsealProcess.Run("check", "--config", Ini());

        Assert.Contains("CN=Bob", output, StringComparison.Ordinal);
        Assert.Equal(-1, output.AsSpan().IndexOfAny('\u001b', '\u009b', '\u202e'));
    }

    [Fact]
    public void Check_says_that_a_key_is_too_short_for_the_padding()
    {
        using var key = RSA.Create(1024);
        folder.WriteSelfSigned("bob@example.org", key);

        var (exitCode, output, _) = PostsealProcess.Run("check", "--config", Ini("[Signing]\nRsaPadding = Pss\nDigest = SHA512"));

        Assert.Equal(1, exitCode);
        Assert.Matches(@"bob@example\.org .* no: .*RSA-1024\) is too short", output);
    }

    [Fact]
    public void Sign_refuses_what_must_be_signed_and_cannot_be()
    {
        var message = FromAlice.Replace("alice", "carol", StringComparison.Ordinal);

        var (exitCode, output, errors) = PostsealProcess.RunWith(message, "sign", "--config", Ini("[Signing]\nMode = Required"));

        Assert.Equal((1, ""), (exitCode, output));
        Assert.Contains("must be signed", errors, StringComparison.Ordinal);
    }

    [Fact]
    public void Sign_refuses_a_message_over_the_limit()
    {
        var (exitCode, output, errors) = PostsealProcess.RunWith(
            FromAlice + new string('x', 2048), "sign", "--config", Ini("[Milter]\nMaxMessageSize = 1K"));

        Assert.Equal((1, ""), (exitCode, output));
        Assert.Contains("MaxMessageSize", errors, StringComparison.Ordinal);
    }

    [Fact]
    public void Check_says_that_all_is_well()
    {
        var (exitCode, output, errors) = PostsealProcess.Run("check", "--config", Ini());

        Assert.Equal(("", 0), (errors, exitCode));
        Assert.Matches(@"alice@example\.org +CN=alice@example\.org +CN=Trial Intermediate +36\d +P-256 +yes", output);
    }

    [Fact]
    public void Check_says_what_is_broken_and_why()
    {
        folder.Add("bob@example.org", new TrialRequest("carol@example.org"));

        var (exitCode, output, _) = PostsealProcess.Run("check", "--config", Ini());

        Assert.Equal(1, exitCode);
        Assert.Matches(@"bob@example\.org .* no: .*it is for carol@example\.org, not for bob@example\.org", output);
    }

    [Fact]
    public void Check_misses_a_certificate_that_a_section_requires()
    {
        var (exitCode, output, _) = PostsealProcess.Run(
            "check", "--config", Ini("[Sender:dora@example.org]\nMode = Required"), "--json");

        Assert.Equal(1, exitCode);
        var dora = JsonDocument.Parse(output).RootElement.GetProperty("senders").EnumerateArray().Single(e => e.GetProperty("address").GetString() == "dora@example.org");
        Assert.Contains("there is no certificate", dora.GetProperty("problem").GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public void Check_does_not_mind_a_broken_certificate_that_nobody_wants()
    {
        folder.Write("bob@example.org.pem", "not PEM");

        Assert.Equal(0, PostsealProcess.Run("check", "--config", Ini("[Sender:bob@example.org]\nMode = Never")).ExitCode);
    }

    [Theory]
    [InlineData("[Signing]\nMood = Never", "[Signing] Mood")]
    [InlineData("[Signing]\nMode = Never\nMode = Required", "[Signing] Mode")]
    [InlineData("[Milter]\nMaxConnections = many", "[Milter] MaxConnections")]
    [InlineData("[Milter]\nSocket = carrier-pigeon:1", "[Milter] Socket")]
    [InlineData("what is this", "what is this")]
    public void A_broken_configuration_ends_every_command_with_2_and_says_where(string ini, string where)
    {
        var config = Ini(ini);
        foreach (var command in (string[])["milter", "check"])
        {
            var (exitCode, _, errors) = PostsealProcess.Run(command, "--config", config);

            Assert.Equal(2, exitCode);
            Assert.Contains(config, errors, StringComparison.Ordinal);
            Assert.Contains(where, errors, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void A_configuration_that_is_not_there_is_said()
    {
        var (exitCode, _, errors) = PostsealProcess.Run("check", "--config", folder.File("nowhere.ini"));

        Assert.Equal(2, exitCode);
        Assert.Contains("nowhere.ini: there is no such file", errors, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("milter")]
    [InlineData("sign")]
    [InlineData("check")]
    [InlineData("explain")]
    [InlineData("certs")]
    [InlineData("keys")]
    [InlineData("test-ca")]
    [InlineData("demo")]
    public void Help_names_every_command(string command)
    {
        Assert.Contains(command, Cli.Good("--help"), StringComparison.Ordinal);
        Assert.Contains("Usage:", Cli.Good(command, "--help"), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("check")]
    [InlineData("explain")]
    [InlineData("certs", "list")]
    [InlineData("certs", "show")]
    [InlineData("certs", "import")]
    [InlineData("certs", "export")]
    [InlineData("certs", "remove")]
    [InlineData("keys", "generate")]
    [InlineData("keys", "csr")]
    [InlineData("keys", "selfsigned")]
    [InlineData("keys", "encrypt")]
    [InlineData("keys", "decrypt")]
    [InlineData("test-ca")]
    public void Help_has_an_example(params string[] command)
    {
        var help = Cli.Good([.. command, "--help"]);

        Assert.Matches($@"Examples:\s+(sudo )?postseal {string.Join(' ', command)}", help);
    }

    public void Dispose() => folder.Dispose();

    private string Ini(string settings = "") =>
        folder.Write("test.ini", settings.Contains("[Certificates]", StringComparison.Ordinal) ? settings : $"[Certificates]\nPath = .\n{settings}\n");
}
