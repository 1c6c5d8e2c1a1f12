using System.Net;
using System.Text;
using Postseal.Certificates.Store;
using Postseal.Mail;
using Postseal.Policy;
using Postseal.Settings;
using Postseal.TestKit;
using static Postseal.TestKit.TestMail;

namespace Postseal.Tests;

/// <summary>
/// What Mautic and Tattler do with a whole message, one statement a test: who comes from there finds it here. Their files
/// are in <see cref="Certificates.Store.SourceTests"/>.
/// </summary>
public sealed class PredecessorTests : IDisposable
{
    private readonly CertificateFolder folder = new();

    public PredecessorTests() => folder.Add("alice@example.org");

    [Fact]
    public void Mautic_signing_is_off_with_one_setting() =>
        Assert.IsType<Outcome.Unchanged>(Process(From("alice@example.org"), "[Signing]\nMode = Never"));

    [Theory]
    [InlineData("")]
    [InlineData("/")]
    public void Mautic_a_slash_at_the_end_of_the_directory_does_not_matter(string end) =>
        Assert.IsType<Outcome.Replaced>(Process(From("alice@example.org"), path: folder.Path + end));

    [Fact]
    public void Mautic_mail_of_several_authors_leaves_unsigned_where_the_client_may_not_use_them_all() =>
        Assert.IsType<Outcome.Unchanged>(
            Process(From("alice@example.org, bob@example.org"), "[Originating]\nNetworksFrom = EnvelopeSender"));

    [Fact]
    public void Mautic_mail_of_a_sender_without_a_certificate_leaves_unsigned_without_an_error()
    {
        var unchanged = Assert.IsType<Outcome.Unchanged>(Process(From("bob@example.org")));

        Assert.False(unchanged.NeedsAttention);
    }

    [Fact]
    public void Mautic_the_old_media_type_is_an_option_and_the_standard_one_the_default()
    {
        var standard = Text(Process(From("alice@example.org")));
        var legacy = Text(Process(From("alice@example.org"), "[Signing]\nSignatureType = Legacy"));

        Assert.Contains("protocol=\"application/pkcs7-signature\"", standard, StringComparison.Ordinal);
        Assert.Contains("\r\nContent-Type: application/pkcs7-signature; name=\"smime.p7s\"\r\n", standard, StringComparison.Ordinal);
        Assert.Contains("protocol=\"application/x-pkcs7-signature\"", legacy, StringComparison.Ordinal);
        Assert.Contains("\r\nContent-Type: application/x-pkcs7-signature; name=\"smime.p7s\"\r\n", legacy, StringComparison.Ordinal);
        Assert.Contains("Content-Disposition: attachment; filename=\"smime.p7s\"", legacy, StringComparison.Ordinal);
    }

    [Fact]
    public void Mautic_the_decrypted_key_is_never_written_anywhere()
    {
        var before = Directory.GetFiles(folder.Path).ToDictionary(file => file, File.ReadAllBytes);

        Assert.IsType<Outcome.Replaced>(Process(From("alice@example.org")));

        Assert.Equal(before, Directory.GetFiles(folder.Path).ToDictionary(file => file, File.ReadAllBytes));
    }

    [Fact]
    public void Mautic_sends_no_chain_and_here_it_goes_along()
    {
        var identity = Assert.IsType<Outcome.Replaced>(Process(From("alice@example.org"))).Signature().By;

        Assert.Equal(["CN=Trial Intermediate"], identity.Intermediates.Select(certificate => certificate.Subject));
    }

    [Fact]
    public void Tattler_a_file_others_can_read_is_used_with_a_warning()
    {
        folder.MakeReadableByEveryone("alice@example.org.pem");

        Assert.IsType<Outcome.Replaced>(Process(From("alice@example.org")));
        Assert.Contains("everyone can read", Assert.Single(Assert.Single(new DirectoryCatalog(folder.Open()).Senders()).Warnings), StringComparison.Ordinal);
    }

    [Fact]
    public void Tattler_a_path_that_is_binary_is_a_warning_that_names_it_and_what_is_expected()
    {
        File.WriteAllBytes(folder.File("alice@example.org.pem"), [0x7f, (byte)'E', (byte)'L', (byte)'F', 0, 1, 2, 3]);

        var unchanged = Assert.IsType<Outcome.Unchanged>(Process(From("alice@example.org")));

        Assert.True(unchanged.NeedsAttention);
        Assert.Contains(folder.File("alice@example.org.pem"), unchanged.Why.Message, StringComparison.Ordinal);
        Assert.Contains("PEM", unchanged.Why.Message, StringComparison.Ordinal);
    }

    public void Dispose() => folder.Dispose();

    private static string From(string addresses) => $"From: {addresses}\r\nSubject: Hello\r\n\r\nHello\r\n";

    private static string Text(Outcome result) =>
        Encoding.UTF8.GetString(BytesOf(Assert.IsType<Outcome.Replaced>(result).Message));

    private Outcome Process(string message, string settings = "", string? path = null)
    {
        using var directory = new TemporaryDirectory();
        var options = PostsealOptions.FromIni(directory.Write("postseal.ini", $"[Certificates]\nPath = {path ?? folder.Path}\n{settings}\n"));
        var certificates = new CertificateDirectory(options.Certificates, folder.Time);
        return new OutgoingProcessor(options, certificates, folder.Time).Process(
            MailMessage.Parse(Encoding.UTF8.GetBytes(message)), new Envelope { ClientAddress = IPAddress.Loopback });
    }
}
