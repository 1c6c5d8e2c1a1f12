using System.Formats.Asn1;
using System.Security.Cryptography;
using System.Text;
using Postseal.Certificates;
using Postseal.Certificates.Formats;
using Postseal.Program.Trial;
using Postseal.TestKit;

namespace Postseal.Tests.Certificates.Formats;

/// <summary>Each format a certificate or key comes in, made by openssl where the format is openssl's.</summary>
public sealed class KeyFileTests : IDisposable
{
    private const string Passphrase = "open sesame";

    private readonly CertificateFolder folder = new();

    private byte[] Secret { get; } = Encoding.UTF8.GetBytes(Passphrase);

    [Theory]
    [InlineData("RSA-2048")]
    [InlineData("P-256")]
    public void A_PEM_with_key_certificate_and_chain_is_read(string kind)
    {
        var issued = Issue(kind);
        var material = Read(folder.Write("any-name.txt", "Bag Attributes\r\n" + issued.KeyPem + issued.CertificatePem + issued.ChainPem));

        Assert.Equal(["CN=alice@example.org", "CN=Trial Intermediate"], material.Certificates.Select(c => c.Subject));
        Assert.False(Assert.Single(material.Keys).IsEncrypted);
        Assert.Equal("CN=alice@example.org", Assert.Single(KeyFile.Pairs(material.Certificates, material.Keys)).Certificate.Subject);
    }

    [Theory]
    [InlineData("RSA-2048", "-aes128", "DEK-Info: AES-128-CBC")]
    [InlineData("RSA-2048", "-aes192", "DEK-Info: AES-192-CBC")]
    [InlineData("P-256", "-aes256", "DEK-Info: AES-256-CBC")]
    [InlineData("P-384", "-des3", "DEK-Info: DES-EDE3-CBC")]
    [InlineData("P-256", "-camellia128", "DEK-Info: CAMELLIA-128-CBC")]
    [InlineData("RSA-2048", "-camellia256", "DEK-Info: CAMELLIA-256-CBC")]
    [InlineData("RSA-2048", "-des", "DEK-Info: DES-CBC", "-provider", "legacy", "-provider", "default")]
    public void A_key_in_the_traditional_encrypted_form_is_opened(string kind, string cipher, string header, params string[] with)
    {
        var plain = folder.Write("plain", Issue(kind).KeyPem);
        OpenSslOrSkip([kind[0] == 'R' ? "rsa" : "ec", "-in", plain, "-traditional", cipher, "-passout", $"pass:{Passphrase}", "-out", folder.File("key"), .. with]);
        Assert.Contains(header, File.ReadAllText(folder.File("key")), StringComparison.Ordinal);

        AssertSameKey(plain, "key");
        AssertLocked("key");
    }

    [Theory]
    [InlineData("-v2", "aes-256-cbc", "-iter", "10000")]
    [InlineData("-v2", "aes-128-cbc", "-v2prf", "hmacWithSHA512")]
    [InlineData("-v2", "des3", "-v2prf", "hmacWithSHA1")]
    [InlineData("-v1", "PBE-SHA1-3DES", "-iter", "2048")]
    public void A_key_in_encrypted_PKCS8_is_opened(params string[] how)
    {
        var plain = folder.Write("plain", Issue("P-256").KeyPem);
        OpenSslOrSkip(["pkcs8", "-topk8", "-in", plain, "-passout", $"pass:{Passphrase}", "-out", folder.File("key"), .. how]);

        AssertSameKey(plain, "key");
        AssertLocked("key");
        Assert.Equal(File.ReadAllText(folder.File("key")), Assert.Single(Read(folder.File("key"), Secret).Keys).EncryptedPem);
    }

    [Fact]
    public void A_key_whose_derivation_tells_a_length_is_opened()
    {
        // As NSS writes it, in PKCS #12 too (RFC 8018 appendix A.2).
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var (salt, iv) = (new byte[16], new byte[16]);
        using var aes = Aes.Create();
        aes.SetKey(Rfc2898DeriveBytes.Pbkdf2(Passphrase, salt, 1000, HashAlgorithmName.SHA256, 16));
        var writer = new AsnWriter(AsnEncodingRules.DER);
        using (writer.PushSequence())
        {
            using (writer.PushSequence())
            {
                writer.WriteObjectIdentifier("1.2.840.113549.1.5.13"); // PBES2
                using (writer.PushSequence())
                {
                    using (writer.PushSequence())
                    {
                        writer.WriteObjectIdentifier("1.2.840.113549.1.5.12"); // PBKDF2
                        using (writer.PushSequence())
                        {
                            writer.WriteOctetString(salt);
                            writer.WriteInteger(1000);
                            writer.WriteInteger(16);
                            using (writer.PushSequence())
                                writer.WriteObjectIdentifier("1.2.840.113549.2.9"); // hmacWithSHA256
                        }
                    }

                    using (writer.PushSequence())
                    {
                        writer.WriteObjectIdentifier("2.16.840.1.101.3.4.1.2");
                        writer.WriteOctetString(iv);
                    }
                }
            }

            writer.WriteOctetString(aes.EncryptCbc(key.ExportPkcs8PrivateKey(), iv));
        }

        using var file = Opened.Parse("k.der", writer.Encode(), Secret);

        Assert.Equal(key.ExportSubjectPublicKeyInfo(), Assert.Single(file.Keys).Open().ExportSubjectPublicKeyInfo());
    }

    [Fact]
    public void A_key_stretched_with_scrypt_is_refused_with_a_way_out()
    {
        OpenSslOrSkip("pkcs8", "-topk8", "-in", folder.Write("plain", Issue("P-256").KeyPem), "-scrypt", "-passout", $"pass:{Passphrase}", "-out", folder.File("key"));

        var error = Assert.Throws<CertificateFileException>(() => Read(folder.File("key"), Secret));

        Assert.Equal(CertificateFileProblem.Unsupported, error.Kind);
        Assert.Contains("openssl pkcs8", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("rsa", "-traditional", "RSA-2048")]
    [InlineData("ec", "", "P-256")]
    [InlineData("pkcs8", "-topk8", "P-256")]
    public void A_key_in_DER_is_read(string command, string option, string kind)
    {
        var plain = folder.Write("plain", Issue(kind).KeyPem);
        string[] way = command == "pkcs8" ? [option, "-nocrypt"] : option.Length > 0 ? [option] : [];
        OpenSslOrSkip([command, "-in", plain, "-outform", "DER", "-out", folder.File("key"), .. way]);

        AssertSameKey(plain, "key");
    }

    [Fact]
    public void An_encrypted_key_in_DER_is_opened()
    {
        var plain = folder.Write("plain", Issue("P-256").KeyPem);
        OpenSslOrSkip("pkcs8", "-topk8", "-in", plain, "-outform", "DER", "-passout", $"pass:{Passphrase}", "-out", folder.File("key"));

        AssertSameKey(plain, "key");
        AssertLocked("key");
    }

    [Fact]
    public void A_certificate_in_DER_is_read()
    {
        File.WriteAllBytes(folder.File("root"), folder.Ca.Root.RawData);

        Assert.Equal("CN=Trial Root", Assert.Single(Read(folder.File("root")).Certificates).Subject);
    }

    [Theory]
    [InlineData("PEM")]
    [InlineData("DER")]
    public void A_PKCS7_bundle_is_read(string form)
    {
        var issued = Issue("P-256");
        var chain = folder.Write("chain.pem", issued.CertificatePem + issued.ChainPem + folder.Ca.Root.ExportCertificatePem() + "\n");
        OpenSslOrSkip("crl2pkcs7", "-nocrl", "-certfile", chain, "-outform", form, "-out", folder.File("bundle"));

        Assert.Equal(
            ["CN=Trial Intermediate", "CN=Trial Root", "CN=alice@example.org"],
            Read(folder.File("bundle")).Certificates.Select(c => c.Subject).Order(StringComparer.Ordinal));
    }

    [Fact]
    public void A_PKCS12_file_without_a_MAC_is_refused()
    {
        var issued = Issue("P-256");
        OpenSslOrSkip("pkcs12", "-export", "-nomac", "-in", folder.Write("all.pem", issued.KeyPem + issued.CertificatePem), "-passout", "pass:", "-out", folder.File("alice.p12"));

        Assert.Contains("MAC", Assert.Throws<CertificateFileException>(() => Read(folder.File("alice.p12"))).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void OpenSSLs_trusted_certificate_is_read()
    {
        OpenSslOrSkip("x509", "-in", folder.Write("root.pem", folder.Ca.Root.ExportCertificatePem()), "-trustout", "-addtrust", "emailProtection", "-out", folder.File("trusted"));
        Assert.Contains("BEGIN TRUSTED CERTIFICATE", File.ReadAllText(folder.File("trusted")), StringComparison.Ordinal);

        Assert.Equal("CN=Trial Root", Assert.Single(Read(folder.File("trusted")).Certificates).Subject);
    }

    [Fact]
    public void A_key_that_Mautic_encrypted_is_opened_by_its_secret()
    {
        var issued = Issue("P-256");
        var file = folder.Write("alice.pem.enc", MauticKeyFile.Encrypt(Encoding.ASCII.GetBytes(issued.KeyPem), "abcd"u8));

        Assert.True(Assert.Single(Opened.Read(file, secret: "abcd"u8).Keys).IsEncrypted);
        Assert.Contains("SecretFile", Assert.Throws<CertificateFileException>(() => Read(file)).Message, StringComparison.Ordinal);
        Assert.Equal(
            CertificateFileProblem.WrongPassphrase,
            Assert.Throws<CertificateFileException>(() => Opened.Read(file, secret: "abce"u8)).Kind);
    }

    [Theory]
    [InlineData("RSA-2048")]
    [InlineData("P-384")]
    public void A_key_that_is_written_is_read_by_openssl_and_by_us(string kind)
    {
        var plain = folder.Write("plain", Issue(kind).KeyPem);
        var key = Assert.Single(Read(plain).Keys).Open();
        File.WriteAllBytes(folder.File("open"), PrivateKeyPem.Write(key));
        File.WriteAllBytes(folder.File("key"), PrivateKeyPem.WriteEncrypted(key, Secret));

        AssertSameKey(plain, "open");
        AssertSameKey(plain, "key");
        OpenSslOrSkip("pkey", "-in", folder.File("key"), "-passin", $"pass:{Passphrase}", "-check", "-noout");
        var (_, structure, _) = OpenSsl.Run("asn1parse", "-in", folder.File("key"));
        Assert.Contains("PBES2", structure, StringComparison.Ordinal);
        Assert.Contains("hmacWithSHA256", structure, StringComparison.Ordinal);
        Assert.Contains("aes-256-cbc", structure, StringComparison.Ordinal);
        Assert.Contains(PrivateKeyPem.Iterations.ToString("X", provider: null), structure, StringComparison.OrdinalIgnoreCase);
    }

    [Fact]
    public void What_is_shipped_derives_keys_with_600_000_rounds() => Assert.Equal(600_000, PrivateKeyPem.DefaultIterations);

    [Theory]
    [InlineData("", nameof(CertificateFileProblem.NotACertificate), "is empty")]
    [InlineData("Dear customer", nameof(CertificateFileProblem.NotACertificate), "is not a certificate: text without 'BEGIN CERTIFICATE'")]
    [InlineData("\0\u0001\u0002", nameof(CertificateFileProblem.NotACertificate), "invalid byte sequence")]
    [InlineData("-----BEGIN CERTIFICATE REQUEST-----\nAAAA\n-----END CERTIFICATE REQUEST-----\n", nameof(CertificateFileProblem.NotACertificate), "a request for one")]
    [InlineData("-----BEGIN CERTIFICATE-----\nAAAA\n", nameof(CertificateFileProblem.Damaged), "truncated")]
    [InlineData("-----BEGIN CERTIFICATE-----\nAAAA\n-----END PRIVATE KEY-----\n", nameof(CertificateFileProblem.Damaged), "truncated")]
    [InlineData("-----BEGIN CERTIFICATE-----\n!!!\n-----END CERTIFICATE-----\n", nameof(CertificateFileProblem.Damaged), "truncated")]
    [InlineData("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", nameof(CertificateFileProblem.Damaged), "certificate that is damaged")]
    [InlineData("-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA\n-----END OPENSSH PRIVATE KEY-----\n", nameof(CertificateFileProblem.Unsupported), "'OPENSSH PRIVATE KEY'")]
    [InlineData("-----BEGIN PKCS7-----\nAAAA\n-----END PKCS7-----\n", nameof(CertificateFileProblem.Damaged), "PKCS #7")]
    [InlineData("-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: SEED-CBC,00\n\nAAAA\n-----END RSA PRIVATE KEY-----\n", nameof(CertificateFileProblem.Unsupported), "'SEED-CBC'")]
    [InlineData("-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,00\n\nAAAA\n-----END RSA PRIVATE KEY-----\n", nameof(CertificateFileProblem.Damaged), "DEK-Info")]
    [InlineData("-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEINTuctv5E1hK1bbY8fdp+K06/nwoy/HU++CXqI9EdVhC\n-----END PRIVATE KEY-----\n", nameof(CertificateFileProblem.Unsupported), "RSA, EC or X25519 is expected")]
    public void A_wrong_file_is_told_as_what_it_is(string content, string kind, string problem)
    {
        var error = Assert.Throws<CertificateFileException>(() => Read(folder.Write("wrong", content), Secret));

        Assert.Equal(kind, error.Kind.ToString());
        Assert.StartsWith(folder.File("wrong"), error.Message, StringComparison.Ordinal);
        Assert.Contains(problem, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_file_that_is_not_there_is_said() => Assert.Equal(
        CertificateFileProblem.Unreadable, Assert.Throws<CertificateFileException>(() => Read(folder.File("nothing"))).Kind);

    public void Dispose() => folder.Dispose();

    private IssuedCertificate Issue(string kind) =>
        folder.Ca.Issue(new TestCaRequest("alice@example.org") { Key = kind });

    private static KeyFile Read(string path, ReadOnlySpan<byte> passphrase = default) => Opened.Read(path, passphrase);

    private void AssertSameKey(string plain, string name) => Assert.Equal(
        Assert.Single(Read(plain).Keys).Open().ExportPkcs8PrivateKey(),
        Assert.Single(Read(folder.File(name), Secret).Keys).Open().ExportPkcs8PrivateKey());

    private void AssertLocked(string name)
    {
        Assert.Equal(CertificateFileProblem.PassphraseNeeded, Assert.Throws<CertificateFileException>(() => Read(folder.File(name))).Kind);
        Assert.Equal(
            CertificateFileProblem.WrongPassphrase,
            Assert.Throws<CertificateFileException>(() => Read(folder.File(name), "open barley"u8)).Kind);
    }

    private static void OpenSslOrSkip(params string[] arguments)
    {
        Assert.SkipUnless(OpenSsl.IsHere, "openssl is not on this machine");
        var (exitCode, _, errors) = OpenSsl.Run(arguments);
        Assert.True(exitCode == 0, errors);
    }
}
