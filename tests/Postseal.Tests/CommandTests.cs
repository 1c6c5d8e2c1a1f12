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
        var dora = JsonDocument.Parse(output).RootElement.EnumerateArray().Single(e => e.GetProperty("address").GetString() == "dora@example.org");
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
    [InlineData("demo")]
    public void Help_names_every_command(string command)
    {
        Assert.Contains(command, PostsealProcess.Run("--help").Output, StringComparison.Ordinal);
        Assert.Contains("Usage:", PostsealProcess.Run(command, "--help").Output, StringComparison.Ordinal);
    }

    public void Dispose() => folder.Dispose();

    private string Ini(string settings = "") =>
        folder.Write("test.ini", settings.Contains("[Certificates]", StringComparison.Ordinal) ? settings : $"[Certificates]\nPath = .\n{settings}\n");
}
