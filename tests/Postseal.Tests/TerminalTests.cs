using System.Diagnostics;
using Postseal.TestKit;

namespace Postseal.Tests;

/// <summary>What only the program as a process shows: that it asks the terminal, reads descriptors and heeds signals.</summary>
public sealed class TerminalTests : IDisposable
{
    private const string Alice = "alice@example.org";

    private readonly CertificateFolder folder = new();
    private readonly TemporaryDirectory directory = new();

    private string Key => directory.File("alice.key");

    [Fact]
    public void A_passphrase_is_not_guessed_where_there_is_no_terminal()
    {
        var (exitCode, _, errors) = PostsealProcess.Run("keys", "generate", Key, "--type", "P-256");

        Assert.Equal(2, exitCode);
        Assert.Contains("--passphrase-file", errors, StringComparison.Ordinal);
        Assert.False(File.Exists(Key));
    }

    [Fact]
    public void A_passphrase_comes_from_a_descriptor()
    {
        Assert.SkipUnless(OpenSsl.IsHere, "openssl is not on this machine");

        var (exitCode, _, errors) = PostsealProcess.RunWith(
            "from a pipe\n", "keys", "generate", Key, "--type", "P-256", "--passphrase-fd", "0");

        Assert.Equal(("", 0), (errors, exitCode));
        Assert.Equal(0, OpenSsl.Run("pkey", "-in", Key, "-passin", "pass:from a pipe", "-noout").ExitCode);
    }

    [Fact]
    public void A_passphrase_typed_at_a_terminal_is_asked_twice_and_not_shown()
    {
        Assert.SkipUnless(PseudoTerminal.IsHere, "script(1) is not on this machine");

        var shown = PseudoTerminal.Run("hush hush\rhush hush\r", "keys", "generate", Key, "--type", "P-256");

        Assert.Contains("once more", shown, StringComparison.Ordinal);
        Assert.DoesNotContain("hush", shown, StringComparison.Ordinal);
        Assert.Equal(0, OpenSsl.Run("pkey", "-in", Key, "-passin", "pass:hush hush", "-noout").ExitCode);
    }

    [Fact]
    public void Two_different_passphrases_make_no_key()
    {
        Assert.SkipUnless(PseudoTerminal.IsHere, "script(1) is not on this machine");

        var shown = PseudoTerminal.Run("hush hush\rhusch husch\r", "keys", "generate", Key);

        Assert.Contains("not the same", shown, StringComparison.Ordinal);
        Assert.False(File.Exists(Key));
    }

    [Fact]
    public void Remove_asks_first()
    {
        folder.Add(Alice);

        var (exitCode, _, errors) = PostsealProcess.Run("certs", "remove", Alice, "--config", Configuration());

        Assert.Equal(2, exitCode);
        Assert.Contains("--yes", errors, StringComparison.Ordinal);
        Assert.True(File.Exists(folder.File("alice@example.org.pem")));
    }

    [Theory]
    [InlineData("n\r", true)]
    [InlineData("y\r", false)]
    public void Remove_does_what_the_person_says(string answer, bool stays)
    {
        Assert.SkipUnless(PseudoTerminal.IsHere, "script(1) is not on this machine");
        folder.Add(Alice);

        PseudoTerminal.Run(answer, "certs", "remove", Alice, "--config", Configuration());

        Assert.Equal(stays, File.Exists(folder.File("alice@example.org.pem")));
    }

    [Fact]
    public void Sign_reads_standard_input_and_writes_standard_output()
    {
        folder.Add(Alice);

        var (exitCode, output, errors) = PostsealProcess.RunWith(
            $"From: {Alice}\n\nHello\n", "sign", "--config", Configuration());

        Assert.Equal((0, ""), (exitCode, errors));
        Assert.Contains("multipart/signed", output, StringComparison.Ordinal);
    }

    [Fact]
    public void Demo_takes_its_keys_away_when_it_is_stopped()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "signals are Unix's");
        using var demo = PostsealProcess.StartWith([("TMPDIR", directory.Path)], "demo");
        Assert.Equal("", demo.StandardOutput.ReadLine()); // begun: the certificates are written

        using var kill = Process.Start("kill", ["-TERM", $"{demo.Id}"]);
        demo.StandardOutput.ReadToEnd();
        demo.WaitForExit();

        Assert.Empty(Directory.EnumerateDirectories(directory.Path, "postseal-demo-*"));
    }

    public void Dispose()
    {
        folder.Dispose();
        directory.Dispose();
    }

    private string Configuration() => directory.Write("postseal.ini", $"[Certificates]\nPath = {folder.Path}\n");
}
