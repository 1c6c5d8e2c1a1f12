using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Postseal.Certificates;
using Postseal.Certificates.Store;
using Postseal.Cms;
using Postseal.Mail;
using Postseal.Program.Trial;
using Postseal.TestKit;
using static Postseal.TestKit.TestMail;

namespace Postseal.Tests.Certificates.Store;

/// <summary>Renewal without a restart: the next message uses what is there now, and what is half written breaks nothing.</summary>
public sealed class RenewalTests : IDisposable
{
    private static readonly byte[] Content = Encoding.ASCII.GetBytes("Content-Type: text/plain\r\n\r\nHello\r\n");

    private readonly CertificateFolder folder = new();
    private readonly LineCollector warnings = new();
    private readonly MailAddress alice = Address("alice@example.org");
    private readonly CertificateDirectory directory;

    public RenewalTests() => directory = new CertificateDirectory(folder.Options, folder.Time, warnings);

    [Fact]
    public async Task A_link_re_pointed_under_load_gives_only_valid_signatures_of_the_old_or_the_new_certificate()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "links need privileges there");
        const int messages = 3_000, renewals = 100;
        string[] targets = [WriteVersion("2025"), WriteVersion("2026")];
        Repoint(targets[0]);
        var signed = new ConcurrentDictionary<string, int>();
        var left = messages;

        var signers = Enumerable.Range(0, 4).Select(_ => Task.Run(() =>
        {
            while (Interlocked.Decrement(ref left) >= 0)
                signed.AddOrUpdate(SignAndVerify(), 1, (_, count) => count + 1);
        }, TestContext.Current.CancellationToken)).ToList();
        for (var renewal = 1; renewal <= renewals; renewal++)
        {
            // One after another through the run, however fast the machine is.
            SpinWait.SpinUntil(() => Volatile.Read(ref left) < messages - (renewal * (messages / renewals)) + (messages / renewals));
            Repoint(targets[renewal % 2]);
        }

        await Task.WhenAll(signers);

        Assert.Equal(["CN=2025", "CN=2026"], signed.Keys.Order(StringComparer.Ordinal));
        Assert.Equal(messages, signed.Values.Sum());
        Assert.Equal("CN=2025", SignAndVerify());
    }

    [Fact]
    public void The_message_after_a_link_was_re_pointed_is_signed_with_the_new_certificate()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "links need privileges there");
        string[] targets = [WriteVersion("2025"), WriteVersion("2026")];
        for (var i = 0; i < 50; i++)
        {
            Repoint(targets[i % 2]);
            Assert.Equal(i % 2 == 0 ? "CN=2025" : "CN=2026", SignAndVerify());
        }
    }

    [Fact]
    public void While_a_file_is_written_piece_by_piece_the_old_certificate_signs_and_one_warning_says_so()
    {
        folder.Add("alice@example.org", new TestCaRequest("alice@example.org") { CommonName = "old" });
        Assert.Equal("CN=old", SignAndVerify());
        var issued = folder.Ca.Issue(new TestCaRequest("alice@example.org") { CommonName = "new" });
        var pem = issued.KeyPem + issued.CertificatePem + issued.ChainPem;
        var certificateEnds = (issued.KeyPem + issued.CertificatePem).Length;

        for (var length = 0; length < certificateEnds - 1; length += 97)
        {
            File.WriteAllText(folder.File("alice@example.org.pem"), pem[..length]);
            Assert.Equal("CN=old", SignAndVerify());
            Assert.Equal("CN=old", SignAndVerify());
        }

        Assert.Equal(warnings.Lines.Distinct(), warnings.Lines);
        Assert.All(warnings.Lines, line => Assert.EndsWith("until that is mended, what was there before stays in use", line, StringComparison.Ordinal));
        File.WriteAllText(folder.File("alice@example.org.pem"), pem);
        Assert.Equal("CN=new", SignAndVerify());
    }

    [Fact]
    public void Between_the_new_certificate_and_the_new_key_the_old_pair_signs()
    {
        WriteTwoFiles("old", out _);
        Assert.Equal("CN=old", SignAndVerify());

        var renewed = folder.Ca.Issue(new TestCaRequest("alice@example.org") { CommonName = "new" });
        folder.Write("alice@example.org.crt", renewed.CertificatePem);
        Assert.Equal("CN=old", SignAndVerify());
        Assert.Contains("does not belong to the certificate", Assert.Single(warnings.Lines), StringComparison.Ordinal);

        folder.Write("alice@example.org.pem", renewed.KeyPem);
        Assert.Equal("CN=new", SignAndVerify());
        Assert.Single(warnings.Lines);
    }

    [Fact]
    public void A_key_that_moves_to_an_encrypted_file_half_written_does_not_stop_the_old_pair()
    {
        WriteTwoFiles("old", out _);
        Assert.Equal("CN=old", SignAndVerify());

        folder.Write("alice@example.org.pem.enc", "half");

        Assert.Equal("CN=old", SignAndVerify());
    }

    [Theory]
    [InlineData("alice@example.org.crt", typeof(Lookup<Identity>.Unusable))]
    [InlineData("alice@example.org.pem", typeof(Lookup<Identity>.Unusable))]
    [InlineData("*", typeof(Lookup<Identity>.None))]
    public void What_is_removed_is_used_no_longer(string pattern, Type expected)
    {
        WriteTwoFiles("old", out _);
        Assert.Equal("CN=old", SignAndVerify());

        foreach (var file in Directory.EnumerateFiles(folder.Path, pattern))
            File.Delete(file);

        Assert.IsType(expected, directory.FindSigner(alice));
    }

    [Fact]
    public void A_new_passphrase_opens_the_key_from_the_next_message_on()
    {
        var issued = folder.Ca.Issue(new TestCaRequest("alice@example.org"));
        using var key = ECDsa.Create();
        key.ImportFromPem(issued.KeyPem);
        folder.Write("alice@example.org.pem", issued.CertificatePem + key.ExportEncryptedPkcs8PrivateKeyPem("right", new(PbeEncryptionAlgorithm.Aes256Cbc, HashAlgorithmName.SHA256, 1)));
        using var elsewhere = new TemporaryDirectory();
        var locked = folder.Open(folder.Options with { PassphraseFile = elsewhere.Write("passphrase", "no") });
        Assert.IsType<Lookup<Identity>.Unusable>(locked.FindSigner(alice));

        elsewhere.Write("passphrase", "right");

        Assert.IsType<Lookup<Identity>.Found>(locked.FindSigner(alice));
    }

    [Fact]
    public void A_passphrase_file_that_is_gone_for_a_while_stops_no_key_that_is_open()
    {
        folder.AddEncrypted("alice@example.org", "x");
        using var elsewhere = new TemporaryDirectory();
        var options = folder.Options with { PassphraseFile = elsewhere.Write("passphrase", "x") };
        var opened = folder.Open(options);
        Assert.IsType<Lookup<Identity>.Found>(opened.FindSigner(alice));

        File.Delete(options.PassphraseFile);

        Assert.IsType<Lookup<Identity>.Found>(opened.FindSigner(alice));
        Assert.Throws<FileNotFoundException>(() => folder.Open(options).FindSigner(alice));
    }

    [Fact]
    public void A_lists_directory_that_is_added_or_changed_is_noticed()
    {
        Assert.IsType<Lookup<Identity>.None>(directory.FindSigner(alice));
        var list = Directory.CreateDirectory(folder.File("example.org/alice")).FullName;
        Assert.IsType<Lookup<Identity>.None>(directory.FindSigner(alice));

        var issued = folder.Ca.Issue(new TestCaRequest("alice@example.org") { CommonName = "list" });
        File.WriteAllText(Path.Combine(list, "cert.pem"), issued.CertificatePem);
        File.WriteAllText(Path.Combine(list, "private_key"), issued.KeyPem);
        Assert.Equal("CN=list", SignAndVerify());

        Directory.Delete(list, recursive: true);
        Assert.IsType<Lookup<Identity>.None>(directory.FindSigner(alice));
    }

    [Fact]
    public void A_look_costs_little_beside_a_signature()
    {
        folder.Add("alice@example.org");
        for (var i = 0; i < 1_000; i++)
            folder.Write($"user{i}@example.org.crt", "");
        Age();
        SignAndVerify();

        // A ratio in the same run: a hundredth as a rule. Listing or reading anew would be many times a signature.
        var looks = CpuTime.Of(() => Repeat(() => directory.FindSigner(alice)));
        var signatures = CpuTime.Of(() => Repeat(() => SignAndVerify()));
        Assert.True(looks < signatures, $"1,000 looks took {looks}, 1,000 signatures {signatures}");

        static void Repeat(Action action)
        {
            for (var i = 0; i < 1_000; i++)
                action();
        }
    }

    public void Dispose()
    {
        warnings.Dispose();
        folder.Dispose();
    }

    /// <summary>Makes the directory look as if nothing had happened in it for a minute.</summary>
    private void Age()
    {
        var aMinuteAgo = folder.Time.GetUtcNow().UtcDateTime.AddMinutes(-1);
        foreach (var file in Directory.EnumerateFiles(folder.Path))
            File.SetLastWriteTimeUtc(file, aMinuteAgo);
        Directory.SetLastWriteTimeUtc(folder.Path, aMinuteAgo);
    }

    private string WriteVersion(string name)
    {
        var issued = folder.Ca.Issue(new TestCaRequest("alice@example.org") { CommonName = name });
        return folder.Write($"alice_{name}.txt", issued.KeyPem + issued.CertificatePem + issued.ChainPem);
    }

    private void WriteTwoFiles(string name, out IssuedCertificate issued)
    {
        issued = folder.Ca.Issue(new TestCaRequest("alice@example.org") { CommonName = name });
        folder.Write("alice@example.org.crt", issued.CertificatePem);
        folder.Write("alice@example.org.pem", issued.KeyPem);
    }

    /// <summary>As 'ln -sfn' does it: a new link under another name, renamed over the old one.</summary>
    private void Repoint(string target)
    {
        File.CreateSymbolicLink(folder.File(".new"), target);
        File.Move(folder.File(".new"), folder.File("alice@example.org.pem"), overwrite: true);
    }

    /// <summary>Signs and lets the platform verify; returns whose certificate it was.</summary>
    private string SignAndVerify()
    {
        var found = directory.FindSigner(alice);
        var identity = found is Lookup<Identity>.Found usable ? usable.Value : throw new Xunit.Sdk.XunitException($"{found}");
        var hash = SHA256.HashData(Content);
        var signature = ((ECDsa)((PlatformKey)identity.Key).Handle).SignHash(hash, DSASignatureFormat.Rfc3279DerSequence);
        using var publicKey = identity.Certificate.GetECDsaPublicKey()!;
        Assert.True(publicKey.VerifyHash(hash, signature, DSASignatureFormat.Rfc3279DerSequence));
        return identity.Certificate.Subject;
    }
}
