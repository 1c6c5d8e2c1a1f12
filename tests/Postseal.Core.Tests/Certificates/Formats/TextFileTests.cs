using System.Text;
using Postseal.Certificates;
using Postseal.Certificates.Formats;
using Postseal.Mail;
using Postseal.Program.Trial;
using Postseal.Settings;
using Postseal.TestKit;
using static Postseal.TestKit.TestMail;

namespace Postseal.Tests.Certificates.Formats;

/// <summary>Text files as editors and <c>cat</c> leave them: with a byte order mark, in UTF-16, joined without a line end.</summary>
public sealed class TextFileTests : IDisposable
{
    private static readonly MailAddress Alice = Address("alice@example.org");

    private readonly CertificateFolder folder = new();

    [Theory]
    [InlineData("\n")]
    [InlineData("\r\n")]
    [InlineData("\r")]
    public void Blocks_that_were_joined_without_a_line_end_are_read(string lineEnd)
    {
        var issued = folder.Ca.Issue(new TestCaRequest("alice@example.org"));
        var joined = issued.KeyPem.TrimEnd() + issued.CertificatePem.TrimEnd() + issued.ChainPem;

        var material = Opened.Read(folder.Write("joined.pem", joined.ReplaceLineEndings(lineEnd)));

        Assert.Single(material.Keys);
        Assert.Equal(2, material.Certificates.Count);
    }

    [Theory]
    [InlineData("-----END PRIVATE KEY---------BEGIN CERTIFICATE-----")]
    [InlineData("-----END PRIVATE KEY-----x-----BEGIN CERTIFICATE-----")]
    public void What_is_joined_in_another_way_is_damaged(string line)
    {
        var issued = folder.Ca.Issue(new TestCaRequest("alice@example.org"));
        var joined = (issued.KeyPem + issued.CertificatePem).Replace("-----END PRIVATE KEY-----\n-----BEGIN CERTIFICATE-----", line, StringComparison.Ordinal);

        var error = Assert.Throws<CertificateFileException>(() => Opened.Read(folder.Write("joined.pem", joined)));

        Assert.Equal(CertificateFileProblem.Damaged, error.Kind);
    }

    [Fact]
    public void A_byte_order_mark_before_or_inside_a_PEM_is_no_part_of_it()
    {
        var issued = folder.Ca.Issue(new TestCaRequest("alice@example.org"));

        var material = Opened.Read(folder.Write("both.pem", "\uFEFF" + issued.KeyPem + "\uFEFF" + issued.CertificatePem));

        Assert.Single(KeyFile.Pairs(material.Certificates, material.Keys));
    }

    [Theory]
    [InlineData(true, true)]
    [InlineData(true, false)]
    [InlineData(false, true)]
    [InlineData(false, false)]
    public void A_PEM_in_UTF_16_is_named_as_that(bool bigEndian, bool byteOrderMark)
    {
        var issued = folder.Ca.Issue(new TestCaRequest("alice@example.org"));
        File.WriteAllText(folder.File("wide.pem"), issued.CertificatePem, new UnicodeEncoding(bigEndian, byteOrderMark));

        Assert.Contains("UTF-16", Assert.Throws<CertificateFileException>(() => Opened.Read(folder.File("wide.pem"))).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("\uFEFFopen sesame\r\n")]
    [InlineData("\uFEFFopen sesame")]
    [InlineData("open sesame\n\n")]
    public void A_byte_order_mark_in_a_passphrase_file_is_no_part_of_the_passphrase(string content)
    {
        AddEncrypted("open sesame");
        var options = folder.Options with { PassphraseFile = folder.Write("passphrase", content) };

        Assert.IsType<Lookup<Identity>.Found>(folder.Open(options).FindSigner(Alice));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_passphrase_file_in_UTF_16_is_named_as_that(bool byteOrderMark)
    {
        AddEncrypted("open sesame");
        File.WriteAllText(folder.File("passphrase"), "open sesame\r\n", new UnicodeEncoding(bigEndian: false, byteOrderMark));
        var options = folder.Options with { PassphraseFile = folder.File("passphrase") };

        var unusable = Assert.IsType<Lookup<Identity>.Unusable>(folder.Open(options).FindSigner(Alice));

        Assert.Contains(folder.File("passphrase"), unusable.Why.Message, StringComparison.Ordinal);
        Assert.Contains("UTF-16", unusable.Why.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_byte_order_mark_before_the_settings_is_no_part_of_them()
    {
        foreach (var encoding in (Encoding[])[new UTF8Encoding(true), Encoding.Unicode, Encoding.BigEndianUnicode])
        {
            File.WriteAllText(folder.File("postseal.ini"), "[Certificates]\r\nPath = .\r\n", encoding);

            Assert.Equal(folder.Path, PostsealOptions.FromIni(folder.File("postseal.ini")).Certificates.Path);
        }
    }

    public void Dispose() => folder.Dispose();

    private void AddEncrypted(string passphrase)
    {
        var issued = folder.Ca.Issue(new TestCaRequest("alice@example.org"));
        var key = Opened.Parse("key", Encoding.ASCII.GetBytes(issued.KeyPem)).Keys[0].Open();
        var encrypted = Encoding.ASCII.GetString(PrivateKeyPem.WriteEncrypted(key, Encoding.UTF8.GetBytes(passphrase)));
        folder.Write("alice@example.org.pem", encrypted + issued.CertificatePem + issued.ChainPem);
    }
}
