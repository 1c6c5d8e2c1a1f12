using Postseal.Certificates;
using Postseal.Certificates.Formats;
using Postseal.Program.Trial;
using Postseal.Settings;
using Postseal.TestKit;
using static Postseal.TestKit.TestMail;

namespace Postseal.Tests.Certificates.Store;

/// <summary>FIFOs and devices where a file should be: refused, and never waited for.</summary>
public sealed class SpecialFileTests : IDisposable
{
    private const string Alice = "alice@example.org";

    private readonly CertificateFolder folder = new();
    private readonly TemporaryDirectory outside = new();

    public SpecialFileTests() => Assert.SkipUnless(OperatingSystem.IsLinux(), "elsewhere .NET cannot tell a FIFO from a file");

    [Theory]
    [InlineData("alice@example.org.pem")]
    [InlineData("alice@example.org.p12")]
    [InlineData("alice@example.org-cert+key.pem")]
    public void A_FIFO_named_after_a_sender_is_refused_with_the_reason(string name)
    {
        SpecialFile.MakeFifo(folder.File(name));

        Assert.Contains($"{name}' is a FIFO, not a regular file", Unusable(), StringComparison.Ordinal);
    }

    [Fact]
    public void A_FIFO_in_place_of_the_key_is_refused_with_the_reason()
    {
        folder.Write("alice@example.org.crt", folder.Ca.Issue(new TestCaRequest(Alice)).CertificatePem);
        SpecialFile.MakeFifo(folder.File("alice@example.org.pem"));

        Assert.Contains("alice@example.org.pem' is a FIFO", Unusable(), StringComparison.Ordinal);
    }

    [Fact]
    public void A_link_to_a_FIFO_counts_as_the_FIFO()
    {
        File.CreateSymbolicLink(folder.File("alice@example.org.pem"), SpecialFile.MakeFifo(outside.File("fifo")));

        Assert.Contains("is a FIFO, not a regular file", Unusable(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("/dev/zero")]
    [InlineData("/dev/null")]
    public void A_link_to_a_device_is_refused(string device)
    {
        File.CreateSymbolicLink(folder.File("alice@example.org.pem"), device);

        Assert.Contains("is a device, not a regular file", Unusable(), StringComparison.Ordinal);
    }

    [Fact]
    public void A_FIFO_among_the_authorities_keeps_nobody_from_signing()
    {
        folder.Add(Alice);
        SpecialFile.MakeFifo(folder.File("chain.pem"));

        Assert.IsType<Lookup<Identity>.Found>(SpecialFile.WithoutWaiting(Find));
    }

    [Fact]
    public void A_passphrase_that_became_a_FIFO_is_an_error_and_the_next_look_may_succeed()
    {
        folder.AddEncrypted(Alice, "x");
        var directory = folder.Open(folder.Options with { PassphraseFile = SpecialFile.MakeFifo(outside.File("passphrase")) });

        var error = Assert.Throws<IOException>(() => SpecialFile.WithoutWaiting(() => directory.FindSigner(Address(Alice))));

        Assert.Contains("passphrase' is a FIFO", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("[Certificates]\nPassphraseFile = fifo")]
    [InlineData("[Certificates]\nSecretFile = fifo")]
    [InlineData("[Originating]\nSenderLogins = fifo")]
    [InlineData("[Sender:alice@example.org]\nCertificate = fifo")]
    [InlineData("[Sender:alice@example.org]\nPassphraseFile = fifo")]
    public void A_setting_that_names_a_FIFO_is_an_error_from_the_start(string setting)
    {
        SpecialFile.MakeFifo(outside.File("fifo"));
        Directory.CreateDirectory(outside.File("certificates"));
        var ini = outside.Write("postseal.ini", setting);

        var error = Assert.Throws<ConfigurationException>(() => SpecialFile.WithoutWaiting(() => PostsealOptions.FromIni(ini)));

        Assert.Contains("fifo is a FIFO, not a regular file", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("fifo", "is a FIFO")]
    [InlineData("/dev/zero", "is a device")]
    public void Settings_in_a_FIFO_or_a_device_are_refused(string name, string reason)
    {
        SpecialFile.MakeFifo(outside.File("fifo"));

        var error = Assert.Throws<ConfigurationException>(
            () => SpecialFile.WithoutWaiting(() => PostsealOptions.FromIni(Path.Combine(outside.Path, name))));

        Assert.Contains(reason, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_descriptor_of_a_regular_file_is_a_regular_file()
    {
        var path = outside.Write("passphrase", "open sesame\n");
        using var open = File.OpenHandle(path);

        Assert.Null(RegularFile.Check($"/dev/fd/{open.DangerousGetHandle()}"));
    }

    public void Dispose()
    {
        folder.Dispose();
        outside.Dispose();
    }

    private Lookup<Identity> Find() => folder.Open().FindSigner(Address(Alice));

    private string Unusable() => Assert.IsType<Lookup<Identity>.Unusable>(SpecialFile.WithoutWaiting(Find)).Why.Message;
}
