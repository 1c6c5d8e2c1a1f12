using System.Security.Cryptography.X509Certificates;
using Postseal.Cms;
using Postseal.TestKit;

namespace Postseal.Tests.Commands;

public sealed class KeysCommandTests : IDisposable
{
    private const string Alice = "alice@example.org";

    private readonly TemporaryDirectory directory = new();
    private readonly string passphraseFile;

    public KeysCommandTests() => passphraseFile = directory.Write("passphrase", "Sésame, öffne dich\nsecond line\n");

    [Theory]
    [InlineData("RSA-3072", "Private-Key: (3072 bit")]
    [InlineData("P-256", "Private-Key: (256 bit")]
    [InlineData("P-384", "Private-Key: (384 bit")]
    public void Generate_makes_an_encrypted_key_that_openssl_opens(string type, string described)
    {
        Assert.SkipUnless(OpenSsl.IsHere, "openssl is not on this machine");
        var file = directory.File("alice.key");

        var output = Cli.Good("keys", "generate", file, "--type", type, "--passphrase-file", passphraseFile);

        Assert.Contains("postseal keys csr ADDRESS --key", output, StringComparison.Ordinal);
        Assert.StartsWith("-----BEGIN ENCRYPTED PRIVATE KEY-----", File.ReadAllText(file), StringComparison.Ordinal);
        var (exitCode, text, errors) = OpenSsl.Run("pkey", "-in", file, "-passin", "file:" + passphraseFile, "-noout", "-text");
        Assert.True(exitCode == 0, errors);
        Assert.Contains(described, text, StringComparison.Ordinal);
    }

    [Fact]
    public void Generate_makes_RSA_3072_by_default_and_an_open_key_only_when_told()
    {
        Assert.SkipUnless(OpenSsl.IsHere, "openssl is not on this machine");
        var file = directory.File("alice.key");

        Cli.Good("keys", "generate", file, "--unencrypted");

        Assert.Contains("3072 bit", OpenSsl.Run("pkey", "-in", file, "-noout", "-text").Output, StringComparison.Ordinal);
    }

    [Fact]
    public void A_new_key_is_for_its_owner_alone_and_replaces_nothing()
    {
        var file = directory.File("alice.key");
        Cli.Good("keys", "generate", file, "--type", "P-256", "--unencrypted");
        var first = File.ReadAllText(file);

        var (exitCode, _, errors) = Cli.Run("keys", "generate", file, "--type", "P-256", "--unencrypted");

        Assert.Equal((1, first), (exitCode, File.ReadAllText(file)));
        Assert.Contains("is there already; --force replaces it", errors, StringComparison.Ordinal);
        Assert.Equal("600", Permissions.Of(file));
        Cli.Good("keys", "generate", file, "--type", "P-256", "--unencrypted", "--force");
        Assert.NotEqual(first, File.ReadAllText(file));
    }

    [Fact]
    public void A_passphrase_is_not_guessed_where_there_is_no_terminal()
    {
        var (exitCode, _, errors) = PostsealProcess.Run("keys", "generate", directory.File("alice.key"), "--type", "P-256");

        Assert.Equal(2, exitCode);
        Assert.Contains("--passphrase-file", errors, StringComparison.Ordinal);
        Assert.False(File.Exists(directory.File("alice.key")));
    }

    [Fact]
    public void A_passphrase_comes_from_a_descriptor()
    {
        Assert.SkipUnless(OpenSsl.IsHere, "openssl is not on this machine");
        var file = directory.File("alice.key");

        var (exitCode, _, errors) = PostsealProcess.RunWith(
            "from a pipe\n", "keys", "generate", file, "--type", "P-256", "--passphrase-fd", "0");

        Assert.Equal(("", 0), (errors, exitCode));
        Assert.Equal(0, OpenSsl.Run("pkey", "-in", file, "-passin", "pass:from a pipe", "-noout").ExitCode);
    }

    [Fact]
    public void A_passphrase_typed_at_a_terminal_is_asked_twice_and_not_shown()
    {
        Assert.SkipUnless(PseudoTerminal.IsHere, "script(1) is not on this machine");
        var file = directory.File("alice.key");

        var shown = PseudoTerminal.Run("hush hush\rhush hush\r", "keys", "generate", file, "--type", "P-256");

        Assert.Contains("once more", shown, StringComparison.Ordinal);
        Assert.DoesNotContain("hush", shown, StringComparison.Ordinal);
        Assert.Equal(0, OpenSsl.Run("pkey", "-in", file, "-passin", "pass:hush hush", "-noout").ExitCode);
    }

    [Fact]
    public void Two_different_passphrases_make_no_key()
    {
        Assert.SkipUnless(PseudoTerminal.IsHere, "script(1) is not on this machine");

        var shown = PseudoTerminal.Run("hush hush\rhusch husch\r", "keys", "generate", directory.File("alice.key"));

        Assert.Contains("not the same", shown, StringComparison.Ordinal);
        Assert.False(File.Exists(directory.File("alice.key")));
    }

    [Theory]
    [InlineData("RSA-3072", "Digital Signature, Key Encipherment")]
    [InlineData("P-256", "Digital Signature, Key Agreement")]
    public void A_request_names_the_address_and_both_uses(string type, string usage)
    {
        Assert.SkipUnless(OpenSsl.IsHere, "openssl is not on this machine");

        Cli.Good("keys", "csr", Alice, "--name", "Alice Example", "--directory", directory.Path, "--type", type, "--passphrase-file", passphraseFile);

        var (exitCode, text, errors) = OpenSsl.Run("req", "-in", directory.File(Alice + ".csr"), "-verify", "-noout", "-text");
        Assert.True(exitCode == 0, errors);
        Assert.Contains("Subject: CN = Alice Example", text, StringComparison.Ordinal);
        Assert.Contains("email:alice@example.org", text, StringComparison.Ordinal);
        Assert.Contains(usage, text, StringComparison.Ordinal);
        Assert.Contains("E-mail Protection", text, StringComparison.Ordinal);
        Assert.Equal(0, OpenSsl.Run("pkey", "-in", directory.File(Alice + ".key"), "-passin", "file:" + passphraseFile, "-noout").ExitCode);
    }

    [Fact]
    public void A_request_can_be_for_a_key_that_is_there()
    {
        Assert.SkipUnless(OpenSsl.IsHere, "openssl is not on this machine");
        var key = directory.File("my.key");
        Cli.Good("keys", "generate", key, "--type", "P-384", "--passphrase-file", passphraseFile);

        Cli.Good("keys", "csr", Alice, "--key", key, "--directory", directory.Path, "--passphrase-file", passphraseFile);

        var ofRequest = OpenSsl.Run("req", "-in", directory.File(Alice + ".csr"), "-noout", "-pubkey").Output;
        Assert.Equal(OpenSsl.Run("pkey", "-in", key, "-passin", "file:" + passphraseFile, "-pubout").Output, ofRequest);
        Assert.False(File.Exists(directory.File(Alice + ".key")));
    }

    [Fact]
    public void A_request_for_an_internationalized_address_is_in_A_labels_and_SmtpUTF8Mailbox()
    {
        Assert.SkipUnless(OpenSsl.IsHere, "openssl is not on this machine");

        Cli.Good("keys", "csr", "ålice@bücher.example", "--directory", directory.Path, "--type", "P-256", "--unencrypted");

        var file = Directory.EnumerateFiles(directory.Path, "*.csr").Single();
        Assert.Contains("SmtpUTF8Mailbox", OpenSsl.Run("req", "-in", file, "-noout", "-text").Output, StringComparison.OrdinalIgnoreCase);
        Assert.True(File.ReadAllBytes(Der(file)).AsSpan().IndexOf("ålice@xn--bcher-kva.example"u8) >= 0);
    }

    [Fact]
    public void A_self_signed_certificate_is_one_that_openssl_takes_for_mail()
    {
        Assert.SkipUnless(OpenSsl.IsHere, "openssl is not on this machine");

        var output = Cli.Good("keys", "selfsigned", Alice, "--days", "30", "--directory", directory.Path, "--type", "P-256", "--passphrase-file", passphraseFile);

        var file = directory.File(Alice + ".pem");
        Assert.Contains("postseal certs import", output, StringComparison.Ordinal);
        Assert.Equal(0, OpenSsl.Run("verify", "-CAfile", file, "-purpose", "smimesign", "-verify_email", Alice, file).ExitCode);
        Assert.Equal(0, OpenSsl.Run("pkey", "-in", file, "-passin", "file:" + passphraseFile, "-noout").ExitCode);
        using var certificate = X509Certificate2.CreateFromPem(File.ReadAllText(file));
        Assert.Equal(30, Math.Round((certificate.NotAfter - certificate.NotBefore).TotalDays));
    }

    [Theory]
    [InlineData("keys", "csr", "not an address")]
    [InlineData("keys", "selfsigned", "alice@example.org", "--days", "0")]
    [InlineData("keys", "csr", "alice@example.org", "--name", "0123456789012345678901234567890123456789012345678901234567890123456789")]
    [InlineData("keys", "generate", "x", "--type", "RSA-512")]
    public void What_is_no_request_is_a_usage_error(params string[] arguments)
    {
        var (exitCode, _, errors) = Cli.Run(arguments is ["keys", "generate", ..] ? arguments : [.. arguments, "--directory", directory.Path, "--unencrypted"]);

        Assert.Equal(2, exitCode);
        Assert.NotEqual("", errors);
        Assert.Equal(["passphrase"], Directory.EnumerateFiles(directory.Path).Select(Path.GetFileName));
    }

    [Fact]
    public void Encrypt_and_decrypt_keep_key_and_certificate()
    {
        Assert.SkipUnless(OpenSsl.IsHere, "openssl is not on this machine");
        Cli.Good("keys", "selfsigned", Alice, "--directory", directory.Path, "--type", "P-256", "--unencrypted");
        var file = directory.File(Alice + ".pem");
        var before = (PublicKey(file), OpenSsl.Run("x509", "-in", file).Output);

        Cli.Good("keys", "encrypt", file, "--passphrase-file", passphraseFile);
        var locked = File.ReadAllText(file);
        Cli.Good("keys", "decrypt", file, "--passphrase-file", passphraseFile);

        Assert.Contains("ENCRYPTED PRIVATE KEY", locked, StringComparison.Ordinal);
        Assert.DoesNotContain("ENCRYPTED", File.ReadAllText(file), StringComparison.Ordinal);
        Assert.Equal(before, (PublicKey(file), OpenSsl.Run("x509", "-in", file).Output));
    }

    [Fact]
    public void Encrypt_uses_a_modern_key_derivation()
    {
        Assert.SkipUnless(OpenSsl.IsHere, "openssl is not on this machine");
        var file = directory.File("alice.key");
        Cli.Good("keys", "generate", file, "--type", "P-256", "--unencrypted");

        Cli.Good("keys", "encrypt", file, "--passphrase-file", passphraseFile);

        var structure = OpenSsl.Run("asn1parse", "-in", file).Output;
        Assert.Contains("PBES2", structure, StringComparison.Ordinal);
        Assert.Contains("hmacWithSHA256", structure, StringComparison.Ordinal);
        Assert.Contains("aes-256-cbc", structure, StringComparison.Ordinal);
    }

    [Fact]
    public void A_wrong_passphrase_changes_nothing()
    {
        var file = directory.File("alice.key");
        Cli.Good("keys", "generate", file, "--type", "P-256", "--passphrase-file", passphraseFile);
        var before = File.ReadAllBytes(file);

        var (exitCode, _, errors) = Cli.Run("keys", "decrypt", file, "--passphrase-file", directory.Write("wrong", "wrong"));

        Assert.Equal(1, exitCode);
        Assert.Contains("passphrase does not open", errors, StringComparison.Ordinal);
        Assert.Equal(before, File.ReadAllBytes(file));
    }

    [Fact]
    public void What_is_encrypted_is_not_encrypted_again()
    {
        var file = directory.File("alice.key");
        Cli.Good("keys", "generate", file, "--type", "P-256", "--passphrase-file", passphraseFile);

        var (exitCode, _, errors) = Cli.Run("keys", "encrypt", file, "--passphrase-file", passphraseFile);

        Assert.Equal(1, exitCode);
        Assert.Contains("is encrypted already", errors, StringComparison.Ordinal);
    }

    [Fact]
    public void Mautic_keys_are_written_and_read()
    {
        Cli.Good("keys", "generate", directory.File("alice@example.org.pem"), "--type", "P-256", "--unencrypted");
        var file = directory.File("alice@example.org.pem");
        var before = File.ReadAllText(file);
        var secret = directory.Write("secret_key", "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f\n");

        Cli.Good("keys", "encrypt", file, "--mautic", "--secret-file", secret);
        Cli.Good("keys", "decrypt", file + ".enc", "--mautic", "--secret-file", secret, "--force");

        Assert.DoesNotContain("BEGIN", File.ReadAllText(file + ".enc"), StringComparison.Ordinal);
        Assert.Equal(before, File.ReadAllText(file));
    }

    [Fact]
    public void Mautics_secret_comes_from_the_configuration_too()
    {
        Directory.CreateDirectory(directory.File("certificates"));
        directory.Write("secret_key", "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f\n");
        var config = directory.Write("postseal.ini", "[Certificates]\nSecretFile = secret_key\n");
        var file = directory.File("alice@example.org.pem");
        Cli.Good("keys", "generate", file, "--type", "P-256", "--unencrypted");

        Cli.Good("keys", "encrypt", file, "--mautic", "--config", config);

        Assert.True(File.Exists(file + ".enc"));
        var (exitCode, _, errors) = Cli.Run(
            "keys", "encrypt", file, "--mautic", "--config", directory.Write("other.ini", ""));
        Assert.Equal(2, exitCode);
        Assert.Contains("--secret-file", errors, StringComparison.Ordinal);
    }

    [Fact]
    public void Mautics_check_vector_is_decrypted()
    {
        var secret = directory.Write("secret_key", "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f");
        var file = directory.Write(
            "alice@example.org.pem.enc",
            "Z1F4ZFB5RVFVcTE0R0pLZHNISDI2MzRxSzRTTFdTaEZBNnB1TUxEVndWSEo2K1gxbURVTDJsMHNGbUxJeWpkTmNrR3crZnJiOU9CMWZoNDVKSzNJNWtU"
            + "WGZVbWw2YnhvL0Q4SVphaXRJK009|8PHy8/T19vf4+fr7/P3+/w==");

        Cli.Good("keys", "decrypt", file, "--mautic", "--secret-file", secret);

        Assert.Equal("TESTKEY\n", File.ReadAllText(directory.File("alice@example.org.pem")));
    }

    public void Dispose() => directory.Dispose();

    private static string PublicKey(string file) => OpenSsl.Run("pkey", "-in", file, "-pubout").Output;

    private string Der(string request)
    {
        OpenSsl.Run("req", "-in", request, "-outform", "DER", "-out", directory.File("request.der"));
        return directory.File("request.der");
    }
}
