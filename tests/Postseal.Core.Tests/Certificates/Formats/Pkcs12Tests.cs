using System.Formats.Asn1;
using System.Security.Cryptography;
using System.Security.Cryptography.Pkcs;
using System.Text;
using Postseal.Certificates;
using Postseal.Certificates.Formats;
using Postseal.Program.Trial;
using Postseal.TestKit;

namespace Postseal.Tests.Certificates.Formats;

/// <summary>PKCS #12 in all the ways it is protected, made by openssl where it can, else after the RFC by the platform.</summary>
public sealed class Pkcs12Tests : IDisposable
{
    private const string Passphrase = "öffne dich";
    private const string Hmac = "1.2.840.113549.2."; // and a number: RFC 8018 appendix B.1

    private readonly CertificateFolder folder = new();

    private byte[] Secret { get; } = Encoding.UTF8.GetBytes(Passphrase);

    [Theory]
    [InlineData("RSA-2048")]
    [InlineData("P-256", "-legacy")]
    [InlineData("P-256", "-iter", "100000", "-macalg", "sha512")]
    [InlineData("P-256", "-legacy", "-certpbe", "PBE-SHA1-RC2-40", "-keypbe", "PBE-SHA1-RC2-40")]
    [InlineData("P-256", "-legacy", "-certpbe", "PBE-SHA1-RC2-128", "-keypbe", "PBE-SHA1-3DES")]
    [InlineData("P-256", "-certpbe", "PBE-SHA1-3DES", "-keypbe", "PBE-SHA1-2DES")]
    [InlineData("P-256", "-certpbe", "camellia-128-cbc", "-keypbe", "camellia-256-cbc")]
    [InlineData("P-256", "-certpbe", "aes-192-cbc", "-keypbe", "des-ede3-cbc", "-macalg", "sha224")]
    [InlineData("P-256", "-certpbe", "NONE", "-keypbe", "NONE", "-macalg", "sha384")]
    public void Whatever_openssl_writes_is_read(string kind, params string[] how)
    {
        var issued = Issue(kind);

        Export(issued, "alice.p12", Passphrase, how);

        AssertAlice(issued, Opened.Read(folder.File("alice.p12"), Secret), isEncrypted: true);
        Assert.Equal(CertificateFileProblem.PassphraseNeeded, Error("alice.p12", []).Kind);
        Assert.Equal(CertificateFileProblem.WrongPassphrase, Error("alice.p12", "open barley"u8).Kind);
    }

    [Theory]
    [InlineData("-v2", "camellia-256-cbc")]
    [InlineData("-v2", "aes-256-cbc", "-v2prf", "hmacWithSHA224")]
    [InlineData("-v2", "aes-256-cbc", "-v2prf", "hmacWithSHA512-256")]
    [InlineData("-v2", "rc2-cbc", "-provider", "legacy", "-provider", "default")]
    [InlineData("-v2", "des-cbc", "-provider", "legacy", "-provider", "default")]
    [InlineData("-v1", "PBE-MD5-DES", "-provider", "legacy", "-provider", "default")]
    [InlineData("-v1", "PBE-SHA1-RC2-64", "-provider", "legacy", "-provider", "default")]
    [InlineData("-v1", "PBE-SHA1-RC2-128", "-provider", "legacy", "-provider", "default")]
    public void A_key_protected_in_a_way_the_platform_lacks_is_read(params string[] how)
    {
        var issued = Issue("P-256");
        OpenSslOrSkip(["pkcs8", "-topk8", "-in", folder.Write("plain", issued.KeyPem), "-passout", $"pass:{Passphrase}", "-out", folder.File("key"), .. how]);

        Assert.Equal(
            Assert.Single(Opened.Read(folder.File("plain")).Keys).Open().ExportPkcs8PrivateKey(),
            Assert.Single(Opened.Read(folder.File("key"), Secret).Keys).Open().ExportPkcs8PrivateKey());
    }

    [Theory]
    [InlineData("-v2", "camellia-256-cbc", "-v2prf", "hmacWithSHA224")]
    [InlineData("-v2", "rc2-cbc", "-provider", "legacy", "-provider", "default")]
    [InlineData("-v1", "PBE-MD5-DES", "-provider", "legacy", "-provider", "default")]
    [InlineData("-v1", "PBE-SHA1-RC2-40", "-provider", "legacy", "-provider", "default")]
    public void A_protected_key_with_any_byte_changed_is_read_or_refused_but_never_crashes(params string[] how)
    {
        OpenSslOrSkip(["pkcs8", "-topk8", "-in", folder.Write("plain", Issue("P-256").KeyPem), "-passout", $"pass:{Passphrase}", "-outform", "DER", "-iter", "1", "-out", folder.File("key"), .. how]);
        var good = File.ReadAllBytes(folder.File("key"));
        for (var i = 0; i < good.Length; i++)
        {
            foreach (var change in (byte[])[0x01, 0x10, 0x80, 0xFF])
            {
                var bad = (byte[])good.Clone();
                bad[i] ^= change;
                if (Record.Exception(() => Opened.Parse("key", bad, Secret)) is { } thrown)
                    Assert.IsType<CertificateFileException>(thrown);
            }
        }
    }

    [Theory]
    [InlineData("PBE-SHA1-RC4-128", "pbeWithSHA1And128BitRC4", "-legacy")]
    [InlineData("aria-256-cbc", "1.2.410.200046.1.1.12")]
    public void What_cannot_be_read_is_named(string scheme, string name, params string[] how)
    {
        Export(Issue("P-256"), "alice.p12", Passphrase, ["-keypbe", scheme, .. how]);

        var error = Error("alice.p12", Secret);

        Assert.Equal(CertificateFileProblem.Unsupported, error.Kind);
        Assert.Contains(name, error.Message, StringComparison.OrdinalIgnoreCase);
        Assert.Contains("openssl pkcs12 -export", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("")]
    [InlineData("the passphrase of other files")]
    public void A_file_with_an_empty_passphrase_needs_none(string given)
    {
        var issued = Issue("P-256");
        Export(issued, "alice.p12", "");

        AssertAlice(issued, Opened.Read(folder.File("alice.p12"), Encoding.UTF8.GetBytes(given)), isEncrypted: false);
    }

    [Theory]
    [InlineData("")]
    [InlineData("the passphrase of other files")]
    public void A_file_whose_MAC_was_made_without_any_passphrase_needs_none(string given)
    {
        var issued = Issue("P-256");
        Write("alice.p12", Contents(issued), content => OlderMac(content, passphrase: []));

        AssertAlice(issued, Opened.Read(folder.File("alice.p12"), Encoding.UTF8.GetBytes(given)), isEncrypted: false);
    }

    [Theory]
    [InlineData("9", "9")]
    [InlineData("11", "9")]
    public void A_file_with_PBMAC1_is_read(string prf, string mac)
    {
        var issued = Issue("P-256");
        Write("alice.p12", Contents(issued), content => Pbmac1(content, Hmac + prf, Hmac + mac, keyLength: 32, rounds: 2_048));

        AssertAlice(issued, Opened.Read(folder.File("alice.p12"), Secret), isEncrypted: true);
        Assert.Equal(CertificateFileProblem.WrongPassphrase, Error("alice.p12", "open barley"u8).Kind);
    }

    [Theory]
    [InlineData("1.2.840.113549.2.99", 32, 1, nameof(CertificateFileProblem.Unsupported))]
    [InlineData(Hmac + "9", 0, 1, nameof(CertificateFileProblem.Damaged))]
    [InlineData(Hmac + "9", 1 << 30, 1, nameof(CertificateFileProblem.Damaged))]
    [InlineData(Hmac + "9", 32, 0, nameof(CertificateFileProblem.Damaged))]
    [InlineData(Hmac + "9", 32, -1, nameof(CertificateFileProblem.Damaged))]
    [InlineData(Hmac + "9", 32, 1_000_001, nameof(CertificateFileProblem.TooLarge))]
    [InlineData(Hmac + "9", 32, long.MaxValue, nameof(CertificateFileProblem.TooLarge))]
    public void PBMAC1_that_asks_for_the_impossible_is_refused(string prf, int keyLength, long rounds, string kind)
    {
        Write("alice.p12", Contents(Issue("P-256")), content => Pbmac1Data(new byte[32], prf, Hmac + "9", keyLength, rounds));

        Assert.Equal(kind, Error("alice.p12", Secret).Kind.ToString());
    }

    [Fact]
    public void Many_keys_that_are_each_within_the_limit_are_not_opened_one_after_another()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var encrypted = key.ExportEncryptedPkcs8PrivateKey(Passphrase, new PbeParameters(PbeEncryptionAlgorithm.Aes256Cbc, HashAlgorithmName.SHA256, 1_000_000));
        var contents = new Pkcs12SafeContents();
        for (var i = 0; i < 5; i++)
            contents.AddSafeBag(new Pkcs12ShroudedKeyBag(encrypted));
        Write("keys.p12", contents, content => OlderMac(content, Encoding.BigEndianUnicode.GetBytes(Passphrase + "\0")));

        Assert.Equal(CertificateFileProblem.TooLarge, Error("keys.p12", Secret).Kind);
    }

    [Fact]
    public void A_file_that_a_certificate_protects_is_named()
    {
        var writer = new AsnWriter(AsnEncodingRules.DER);
        using (writer.PushSequence())
        {
            writer.WriteInteger(3);
            using (writer.PushSequence())
                writer.WriteObjectIdentifier("1.2.840.113549.1.7.2");
        }

        File.WriteAllBytes(folder.File("alice.p12"), writer.Encode());

        Assert.Equal(CertificateFileProblem.Unsupported, Error("alice.p12", Secret).Kind);
    }

    public void Dispose() => folder.Dispose();

    private IssuedCertificate Issue(string kind) => folder.Ca.Issue(new TestCaRequest("alice@example.org") { Key = kind });

    private static void AssertAlice(IssuedCertificate issued, KeyFile material, bool isEncrypted)
    {
        Assert.Equal(2, material.Certificates.Count);
        var (certificate, key) = Assert.Single(KeyFile.Pairs(material.Certificates, material.Keys));
        Assert.Equal(issued.CertificatePem, certificate.ExportCertificatePem() + "\n");
        Assert.Equal(isEncrypted, key.IsEncrypted);
    }

    private CertificateFileException Error(string name, ReadOnlySpan<byte> passphrase)
    {
        try
        {
            Opened.Read(folder.File(name), passphrase);
        }
        catch (CertificateFileException e)
        {
            return e;
        }

        throw new InvalidOperationException($"{name} was read.");
    }

    private void Export(IssuedCertificate issued, string name, string passphrase, params string[] how)
    {
        var pem = folder.Write("all.pem", issued.KeyPem + issued.CertificatePem + issued.ChainPem);
        OpenSslOrSkip(["pkcs12", "-export", "-in", pem, "-passout", $"pass:{passphrase}", "-out", folder.File(name), .. how]);
    }

    private static void OpenSslOrSkip(params string[] arguments)
    {
        Assert.SkipUnless(OpenSsl.IsHere, "openssl is not on this machine");
        var (exitCode, _, errors) = OpenSsl.Run(arguments);
        Assert.True(exitCode == 0, errors);
    }

    private static Pkcs12SafeContents Contents(IssuedCertificate issued)
    {
        using var key = ECDsa.Create();
        key.ImportFromPem(issued.KeyPem);
        var contents = new Pkcs12SafeContents();
        contents.AddKeyUnencrypted(key);
        foreach (var pem in (string[])[issued.CertificatePem, issued.ChainPem])
            contents.AddCertificate(System.Security.Cryptography.X509Certificates.X509Certificate2.CreateFromPem(pem));
        return contents;
    }

    /// <summary>PFX (RFC 7292 section 4): the platform's without integrity, and a MAC of the test's behind it.</summary>
    private void Write(string name, Pkcs12SafeContents contents, Func<byte[], byte[]> macOf)
    {
        var builder = new Pkcs12Builder();
        builder.AddSafeContentsUnencrypted(contents);
        builder.SealWithoutIntegrity();
        var plain = new AsnReader(builder.Encode(), AsnEncodingRules.BER).ReadSequence();
        var version = plain.ReadEncodedValue();
        var authSafe = plain.ReadEncodedValue();
        var contentInfo = new AsnReader(authSafe, AsnEncodingRules.BER).ReadSequence();
        contentInfo.ReadObjectIdentifier();
        var content = contentInfo.ReadSequence(new Asn1Tag(TagClass.ContextSpecific, 0)).ReadOctetString();
        var writer = new AsnWriter(AsnEncodingRules.DER);
        using (writer.PushSequence())
        {
            writer.WriteEncodedValue(version.Span);
            writer.WriteEncodedValue(authSafe.Span);
            writer.WriteEncodedValue(macOf(content));
        }

        File.WriteAllBytes(folder.File(name), writer.Encode());
    }

    /// <summary>MacData with HMAC-SHA256 under PKCS #12's own derivation in one round (RFC 7292 appendix B.2, ID 3).</summary>
    private static byte[] OlderMac(byte[] content, byte[] passphrase)
    {
        byte[] salt = [1, 2, 3, 4, 5, 6, 7, 8];
        static byte[] Fill(byte[] with, int blocks) => with.Length == 0 ? [] : [.. Enumerable.Range(0, 64 * blocks).Select(i => with[i % with.Length])];
        byte[] input = [.. Fill([3], 1), .. Fill(salt, 1), .. Fill(passphrase, (passphrase.Length + 63) / 64)];
        var mac = HMACSHA256.HashData(SHA256.HashData(input), content);
        var writer = new AsnWriter(AsnEncodingRules.DER);
        using (writer.PushSequence())
        {
            using (writer.PushSequence())
            {
                using (writer.PushSequence())
                    writer.WriteObjectIdentifier("2.16.840.1.101.3.4.2.1");
                writer.WriteOctetString(mac);
            }

            writer.WriteOctetString(salt);
        }

        return writer.Encode();
    }

    private byte[] Pbmac1(byte[] content, string prf, string mac, int keyLength, int rounds)
    {
        var digest = prf == Hmac + "11" ? HashAlgorithmName.SHA512 : HashAlgorithmName.SHA256;
        var key = Rfc2898DeriveBytes.Pbkdf2(Secret, (byte[])[1, 2, 3, 4, 5, 6, 7, 8], rounds, digest, keyLength);
        return Pbmac1Data(HMACSHA256.HashData(key, content), prf, mac, keyLength, rounds);
    }

    /// <summary>MacData with PBMAC1 (RFC 9579); its salt and rounds are not used.</summary>
    private static byte[] Pbmac1Data(byte[] value, string prf, string mac, int keyLength, long rounds)
    {
        var writer = new AsnWriter(AsnEncodingRules.DER);
        using (writer.PushSequence())
        {
            using (writer.PushSequence())
            {
                using (writer.PushSequence())
                {
                    writer.WriteObjectIdentifier("1.2.840.113549.1.5.14");
                    using (writer.PushSequence())
                    {
                        using (writer.PushSequence())
                        {
                            writer.WriteObjectIdentifier("1.2.840.113549.1.5.12");
                            using (writer.PushSequence())
                            {
                                writer.WriteOctetString([1, 2, 3, 4, 5, 6, 7, 8]);
                                writer.WriteInteger(rounds);
                                writer.WriteInteger(keyLength);
                                using (writer.PushSequence())
                                    writer.WriteObjectIdentifier(prf);
                            }
                        }

                        using (writer.PushSequence())
                            writer.WriteObjectIdentifier(mac);
                    }
                }

                writer.WriteOctetString(value);
            }

            writer.WriteOctetString("NOT USED"u8);
        }

        return writer.Encode();
    }
}
