using System.Security.Cryptography;
using System.Text.Json;
using Postseal.Certificates;
using Postseal.TestKit;

namespace Postseal.Tests.Commands;

/// <summary>certs list, show, export and remove.</summary>
public sealed class CertsCommandTests : IDisposable
{
    private const string Alice = "alice@example.org";

    private readonly CertificateFolder folder = new();
    private readonly TemporaryDirectory outside = new();
    private readonly string config;
    private readonly string passphrase;

    public CertsCommandTests()
    {
        passphrase = outside.Write("passphrase", "open sesame\n");
        config = outside.Write("postseal.ini", $"[Certificates]\nPath = {folder.Path}\nPassphraseFile = passphrase\n");
    }

    [Fact]
    public void List_has_what_expires_first_on_top_and_all_that_is_to_know_in_JSON()
    {
        var now = folder.Time.GetUtcNow();
        folder.Add("late@example.org", new TrialRequest("late@example.org") { NotAfter = now.AddDays(300) });
        folder.Add("soon@example.org", new TrialRequest("soon@example.org") { NotAfter = now.AddDays(3).AddHours(1) });
        folder.Add("gone@example.org", new TrialRequest("gone@example.org") { NotBefore = now.AddDays(-9), NotAfter = now.AddDays(-2) });

        var listed = List();

        Assert.Equal(
            ["gone@example.org", "soon@example.org", "late@example.org", ""],
            listed.Select(entry => string.Join(",", entry.GetProperty("addresses").EnumerateArray())));
        Assert.Equal([-3, 3, 299], listed.Take(3).Select(entry => entry.GetProperty("daysLeft").GetInt32()));
        Assert.Contains("expired", listed[0].GetProperty("problem").GetString(), StringComparison.Ordinal);
        var soon = listed[1];
        Assert.Equal(JsonValueKind.Null, soon.GetProperty("problem").ValueKind);
        Assert.Equal("CN=Trial Intermediate", soon.GetProperty("issuer").GetString());
        Assert.Equal("P-256", soon.GetProperty("key").GetString());
        Assert.Equal(folder.File("soon@example.org.pem"), soon.GetProperty("file").GetString());
        Assert.True(soon.GetProperty("hasPrivateKey").GetBoolean());
    }

    [Fact]
    public void List_gives_the_fingerprint_that_openssl_gives()
    {
        Assert.SkipUnless(OpenSsl.IsHere, "openssl is not on this machine");
        var issued = folder.Add(Alice);

        var fingerprint = List()[0].GetProperty("fingerprint").GetString()!;

        var openssl = OpenSsl.Run("x509", "-in", outside.Write("cert.pem", issued.CertificatePem), "-noout", "-fingerprint", "-sha256").Output;
        Assert.EndsWith("=" + fingerprint, openssl.Trim(), StringComparison.Ordinal);
    }

    [Fact]
    public void List_says_why_something_cannot_be_used()
    {
        folder.Write("alice@example.org.pem", folder.Authority.Issue(new TrialRequest(Alice)).KeyPem);
        folder.Write("broken@example.org.pem", "-----BEGIN CERTIFICATE-----\nMII");
        folder.Write("notes.txt", "nothing to do with certificates");

        var output = Cli.Good("certs", "list", "--config", config);

        Assert.Contains("truncated or damaged", output, StringComparison.Ordinal);
        Assert.DoesNotContain("notes.txt", output, StringComparison.Ordinal);
    }

    [Fact]
    public void List_of_nothing_says_how_to_begin() =>
        Assert.Contains("postseal keys csr", Cli.Good("certs", "list", "--config", config), StringComparison.Ordinal);

    [Fact]
    public void What_a_certificate_says_does_not_command_the_terminal()
    {
        folder.Add(Alice, new TrialRequest(Alice) { CommonName = "Eve\u001b]0;owned\a\u001b[2J\r\n\u202egro.elpmaxe" });

        foreach (var output in (string[])[
            Cli.Good("certs", "list", "--config", config), Cli.Good("certs", "show", Alice, "--config", config), Cli.Good("check", "--config", config)])
        {
            Assert.DoesNotContain(output, c => (char.IsControl(c) && c != '\n' && c != '\r') || c == '\u202e');
            Assert.Contains("Eve\uFFFD]0;owned", output, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void Show_tells_all_of_an_address_a_fingerprint_or_a_file()
    {
        var issued = folder.Add(Alice);
        var file = outside.Write("alice.crt", issued.CertificatePem);

        var byAddress = Cli.Good("certs", "show", "ALICE@example.org", "--config", config);
        var byFile = Cli.Good("certs", "show", file, "--config", config);
        var fingerprint = List()[0].GetProperty("fingerprint").GetString()!;
        var byFingerprint = Cli.Good("certs", "show", fingerprint[..23], "--config", config);

        Assert.Equal(byAddress, byFingerprint);
        Assert.Contains("usable:           yes", byAddress, StringComparison.Ordinal);
        Assert.All([byAddress, byFile], output => Assert.Contains(fingerprint, output, StringComparison.Ordinal));
        Assert.All([byAddress, byFile], output => Assert.Contains("E-mail Protection", output, StringComparison.Ordinal));
    }

    [Fact]
    public void Show_and_list_tell_of_a_weak_key_and_of_the_chain_as_it_verifies()
    {
        var now = folder.Time.GetUtcNow();
        var root = TestAuthority.Root("CN=Root", now.AddYears(-1), now.AddYears(1));
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

    [Theory]
    [InlineData(".crt", ".key")]
    [InlineData(".cer", ".key")]
    [InlineData(".pem", ".key")]
    public void A_key_beside_its_certificate_is_listed_and_removed_with_it(string certificate, string key)
    {
        var issued = folder.Authority.Issue(new TrialRequest(Alice));
        folder.Write(Alice + certificate, issued.CertificatePem);
        folder.Write(Alice + key, issued.KeyPem);

        Assert.True(List()[0].GetProperty("hasPrivateKey").GetBoolean());
        Assert.Equal(JsonValueKind.Null, List()[0].GetProperty("problem").ValueKind);
        Cli.Good("certs", "remove", Alice, "--yes", "--config", config);
        Assert.Empty(Directory.GetFiles(folder.Path));
    }

    [Fact]
    public void A_key_too_weak_to_sign_is_told_where_it_still_decrypts()
    {
        var now = folder.Time.GetUtcNow();
        using var key = RSA.Create(768);
        folder.Write("alice@example.org.pem", TestAuthority.Root("CN=Root", now.AddDays(-9), now.AddDays(9)).IssueMail(Alice, now.AddDays(-9), now.AddDays(9), mailKey: key));

        Assert.Contains("warning:          its key (RSA-768) has fewer than 1024 bits", Cli.Good("certs", "show", Alice, "--config", config), StringComparison.Ordinal);
        Assert.Equal("decrypt", Assert.Single(List()[0].GetProperty("use").EnumerateArray()).GetString());
    }

    [Fact]
    public async Task A_passphrase_may_come_through_a_pipe()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "it has no FIFOs");
        var issued = folder.Authority.Issue(new TrialRequest(Alice));
        using var key = ECDsa.Create();
        key.ImportFromPem(issued.KeyPem);
        var locked = outside.Write("alice.pem", key.ExportEncryptedPkcs8PrivateKeyPem("open sesame", new(PbeEncryptionAlgorithm.Aes256Cbc, HashAlgorithmName.SHA256, 2_000)) + "\n" + issued.CertificatePem);
        var pipe = SpecialFile.MakeFifo(outside.File("pipe"));

        var writing = Task.Run(() => File.WriteAllText(pipe, "open sesame\n"), TestContext.Current.CancellationToken); // it waits for the reader
        var output = SpecialFile.WithoutWaiting(() => Cli.Good("certs", "import", locked, "--passphrase-file", pipe, "--config", config));
        await writing;

        Assert.Contains("alice@example.org.pem: encrypted key", output, StringComparison.Ordinal);
    }

    [Fact]
    public void Show_of_somebody_unknown_says_so()
    {
        var (exitCode, _, errors) = Cli.Run("certs", "show", "nobody@example.org", "--config", config);

        Assert.Equal(1, exitCode);
        Assert.Contains("neither a certificate for 'nobody@example.org'", errors, StringComparison.Ordinal);
    }

    [Fact]
    public void Export_writes_certificate_and_chain_without_the_key()
    {
        var issued = folder.Add(Alice);

        Assert.Equal(issued.CertificatePem + issued.ChainPem, Cli.Good("certs", "export", Alice, "--config", config));
    }

    [Fact]
    public void Export_encrypts_a_key_that_is_not_encrypted()
    {
        Assert.SkipUnless(OpenSsl.IsHere, "openssl is not on this machine");
        folder.Add(Alice);
        var file = outside.File("alice.pem");

        Cli.Good("certs", "export", Alice, "--with-key", "--output", file, "--passphrase-file", passphrase, "--config", config);

        Assert.Equal("600", Permissions.Of(file));
        Assert.Contains("ENCRYPTED PRIVATE KEY", File.ReadAllText(file), StringComparison.Ordinal);
        Assert.Equal(
            OpenSsl.Run("pkey", "-in", folder.File("alice@example.org.pem"), "-pubout").Output,
            OpenSsl.Run("pkey", "-in", file, "-passin", "file:" + passphrase, "-pubout").Output);
    }

    [Theory]
    [InlineData("pkcs8", "-topk8", "-v2", "aes-256-cbc")]
    [InlineData("ec", "-aes128")]
    public void Export_hands_an_encrypted_key_on_as_it_is_stored(params string[] conversion)
    {
        Assert.SkipUnless(OpenSsl.IsHere, "openssl is not on this machine");
        var issued = folder.Authority.Issue(new TrialRequest(Alice));
        OpenSsl.Run([.. conversion, "-in", outside.Write("open.pem", issued.KeyPem), "-out", outside.File("locked.pem"), "-passout", "file:" + passphrase]);
        var locked = File.ReadAllText(outside.File("locked.pem"));
        folder.Write("alice@example.org.pem", locked + issued.CertificatePem);

        var output = Cli.Good("certs", "export", Alice, "--with-key", "--config", config);

        Assert.Equal(locked + issued.CertificatePem, output);
    }

    [Theory]
    [InlineData("\n")]
    [InlineData("\r\n")]
    public void Export_and_list_read_what_editors_and_cat_made_of_a_file(string lineEnd)
    {
        Cli.Good("keys", "selfsigned", Alice, "--directory", outside.Path, "--type", "P-256", "--passphrase-file", passphrase);
        var whole = File.ReadAllText(outside.File(Alice + ".pem"));
        var odd = "\uFEFF" + whole.Replace("-----END ENCRYPTED PRIVATE KEY-----\n", "-----END ENCRYPTED PRIVATE KEY-----", StringComparison.Ordinal);
        folder.Write("alice@example.org.pem", odd.ReplaceLineEndings(lineEnd));

        Assert.Equal(whole, Cli.Good("certs", "export", Alice, "--with-key", "--config", config));
        Assert.True(Assert.Single(List()).GetProperty("hasPrivateKey").GetBoolean());
    }

    [Fact]
    public void Export_of_a_key_that_is_not_here_is_refused()
    {
        folder.Write("bob@example.net", folder.Authority.Issue(new TrialRequest("bob@example.net")).CertificatePem);

        var (exitCode, output, errors) = Cli.Run("certs", "export", "bob@example.net", "--with-key", "--config", config);

        Assert.Equal((1, ""), (exitCode, output));
        Assert.Contains("private key of bob@example.net is not in", errors, StringComparison.Ordinal);
    }

    [Fact]
    public void Remove_takes_all_files_of_an_address_and_no_others()
    {
        var issued = folder.Authority.Issue(new TrialRequest(Alice));
        folder.Write("alice@example.org.crt", issued.CertificatePem);
        folder.Write("alice@example.org.pem", issued.KeyPem);
        folder.Add("bob@example.org");

        var output = Cli.Good("certs", "remove", Alice, "--yes", "--config", config);

        Assert.Contains("alice@example.org.pem (with a private key)", output, StringComparison.Ordinal);
        Assert.Equal([folder.File("bob@example.org.pem")], Directory.EnumerateFiles(folder.Path));
    }

    [Fact]
    public void Remove_of_an_authority_does_not_take_whom_it_issued_for()
    {
        folder.Add(Alice);

        var (exitCode, _, errors) = Cli.Run(
            "certs", "remove", folder.Authority.Intermediate.GetCertHashString(HashAlgorithmName.SHA256), "--yes", "--config", config);

        Assert.Equal(1, exitCode);
        Assert.Contains("together with CN=alice@example.org", errors, StringComparison.Ordinal);
        Assert.True(File.Exists(folder.File("alice@example.org.pem")));
    }

    [Fact]
    public void Remove_of_one_authority_does_not_take_the_others_of_its_bundle()
    {
        folder.Write("bundle.ca.pem", folder.Authority.Intermediate.ExportCertificatePem() + "\n" + folder.Authority.Root.ExportCertificatePem());

        var (exitCode, _, errors) = Cli.Run(
            "certs", "remove", folder.Authority.Intermediate.GetCertHashString(HashAlgorithmName.SHA256), "--yes", "--config", config);

        Assert.Equal(1, exitCode);
        Assert.Contains("together with CN=Trial Root", errors, StringComparison.Ordinal);
    }

    [Fact]
    public void Remove_asks_first()
    {
        folder.Add(Alice);

        var (exitCode, _, errors) = PostsealProcess.Run("certs", "remove", Alice, "--config", config);

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

        PseudoTerminal.Run(answer, "certs", "remove", Alice, "--config", config);

        Assert.Equal(stays, File.Exists(folder.File("alice@example.org.pem")));
    }

    public void Dispose()
    {
        folder.Dispose();
        outside.Dispose();
    }

    private JsonElement[] List() =>
        [.. JsonDocument.Parse(Cli.Good("certs", "list", "--json", "--config", config)).RootElement.EnumerateArray()];
}
