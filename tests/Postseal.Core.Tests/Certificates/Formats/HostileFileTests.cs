using System.Diagnostics;
using System.Formats.Asn1;
using System.Security.Cryptography;
using System.Security.Cryptography.Pkcs;
using System.Text;
using FsCheck;
using FsCheck.Fluent;
using Postseal.Certificates;
using Postseal.Program.Trial;
using Postseal.TestKit;

namespace Postseal.Tests.Certificates.Formats;

/// <summary>
/// Files made to break a reader, or to cost it time or memory. Each is answered with an error that names it, in about a
/// second at most; quadratic work would take minutes.
/// </summary>
public sealed class HostileFileTests : IDisposable
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(5);
    private static readonly byte[] Passphrase = "open sesame"u8.ToArray();

    private readonly CertificateFolder folder = new();

    public static TheoryData<string, byte[]> Heavy => new()
    {
        { "200,000 BEGIN lines", Text("-----BEGIN CERTIFICATE-----\n", 150_000) },
        { "BEGIN lines of many kinds", Encoding.ASCII.GetBytes(string.Concat(Enumerable.Range(0, 100_000).Select(i => $"-----BEGIN A{i}-----\n"))) },
        { "END lines that fit nothing", Encoding.ASCII.GetBytes("-----BEGIN A-----\n" + string.Concat(Enumerable.Repeat("-----END B-----\n", 200_000))) },
        { "4 MB of dashes", Text("-----BEGIN -----", 250_000) },
        { "100,000 joined lines", Encoding.ASCII.GetBytes("-----BEGIN A-----" + string.Concat(Enumerable.Repeat("-----END A----------BEGIN A-----", 120_000))) },
        { "4 MB of base64 and no end", Encoding.ASCII.GetBytes("-----BEGIN CERTIFICATE-----\n" + string.Concat(Enumerable.Repeat(new string('A', 64) + "\n", 60_000))) },
        { "4 MB of headers", Encoding.ASCII.GetBytes("-----BEGIN RSA PRIVATE KEY-----\n" + string.Concat(Enumerable.Repeat("DEK-Info: AES-128-CBC,00\n", 150_000)) + "\nAAAA\n-----END RSA PRIVATE KEY-----\n") },
        { "SEQUENCEs nested a million deep", Enumerable.Repeat((byte)0x30, 4_000_000).ToArray() },
        { "indefinite lengths nested deep", [.. Enumerable.Repeat<byte[]>([0x30, 0x80], 1_000_000).SelectMany(b => b)] },
        { "PKCS #7 nested deep", Pkcs7Around([.. Enumerable.Repeat<byte[]>([0x30, 0x80], 1_000_000).SelectMany(b => b)]) },
        { "PKCS #7 in PEM nested deep", Pem("PKCS7", Pkcs7Around([.. Enumerable.Repeat<byte[]>([0xA0, 0x80], 500_000).SelectMany(b => b)])) },
        { "a length of 2 GB", [0x30, 0x84, 0x7F, 0xFF, 0xFF, 0xFF, 0x02, 0x01, 0x03] },
        { "a length that is negative", [0x30, 0x84, 0xFF, 0xFF, 0xFF, 0xFF, 0x02, 0x01, 0x03] },
        { "a certificate nested deep", Pem("CERTIFICATE", [.. Enumerable.Repeat<byte[]>([0x30, 0x80], 500_000).SelectMany(b => b)]) },
        { "2,000,000,000 rounds of PBKDF2", Pem("ENCRYPTED PRIVATE KEY", Pbes2(2_000_000_000)) },
        { "more rounds than an int", Pem("ENCRYPTED PRIVATE KEY", Pbes2(long.MaxValue)) },
        { "a PKCS #12 with many rounds", Pkcs12(rounds: 3_000_000) },
        { "a PKCS #12 with octet strings nested deep", Pkcs12Around([.. Enumerable.Repeat<byte[]>([0x24, 0x80], 1_000_000).SelectMany(b => b)]) },
        { "a file of 5 MB", Text("x", 5_000_000) },
        { "NUL bytes", new byte[1_000_000] },
    };

    [Theory]
    [MemberData(nameof(Heavy), DisableDiscoveryEnumeration = true)]
    public void A_heavy_file_is_refused_in_bounded_time(string name, byte[] content)
    {
        File.WriteAllBytes(folder.File("hostile"), content);
        var watch = Stopwatch.StartNew();

        var error = Assert.Throws<CertificateFileException>(() => Opened.Read(folder.File("hostile"), Passphrase, "abcd"u8));

        Assert.True(watch.Elapsed < Limit, $"{name}: {watch.Elapsed}");
        Assert.StartsWith(folder.File("hostile"), error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(1_000, false)]
    [InlineData(1_001, true)]
    [InlineData(10_000, true)]
    public void A_thousand_certificates_are_read_and_more_refused(int count, bool refused)
    {
        var one = folder.Ca.Root.ExportCertificatePem() + "\n";
        var file = folder.Write("many.pem", string.Concat(Enumerable.Repeat(one, count)));

        if (!refused)
            Assert.Equal(count, Opened.Read(file).Certificates.Count);
        else
            Assert.Equal(CertificateFileProblem.TooLarge, Assert.Throws<CertificateFileException>(() => Opened.Read(file)).Kind);
    }

    [Fact]
    public void More_than_twenty_keys_are_refused()
    {
        var one = folder.Ca.Issue(new TestCaRequest("alice@example.org")).KeyPem;

        var error = Assert.Throws<CertificateFileException>(
            () => Opened.Read(folder.Write("keys.pem", string.Concat(Enumerable.Repeat(one, 21)))));

        Assert.Equal(CertificateFileProblem.TooLarge, error.Kind);
    }

    [Fact]
    public void A_good_file_cut_anywhere_is_refused_or_read_in_part_but_never_crashes()
    {
        foreach (var whole in (byte[][])[Encoding.ASCII.GetBytes(GoodPem()), Pkcs12(rounds: 1), Pkcs7Around(folder.Ca.Root.RawData)])
        {
            for (var length = 0; length < whole.Length; length += 1 + (whole.Length / 400))
                AssertReadOrRefused(whole.AsSpan(0, length));
        }
    }

    [Fact]
    public void A_good_file_with_any_bytes_changed_is_read_or_refused_but_never_crashes()
    {
        byte[][] good = [Encoding.ASCII.GetBytes(GoodPem()), Pkcs12(rounds: 1), Pkcs7Around(folder.Ca.Root.RawData), folder.Ca.Root.RawData];
        var mutation =
            from file in Gen.Elements(good)
            from changes in Gen.Choose(0, 9_999).SelectMany(at => Gen.Choose(0, 255).Select(value => (at, value))).ArrayOf(3)
            select changes.Aggregate((byte[])file.Clone(), (bytes, change) =>
            {
                bytes[change.at % bytes.Length] = (byte)change.value;
                return bytes;
            });

        Prop.ForAll(mutation.ToArbitrary(), bytes => AssertReadOrRefused(bytes)).Check(Config.QuickThrowOnFailure.WithMaxTest(400));
    }

    public void Dispose() => folder.Dispose();

    private static void AssertReadOrRefused(ReadOnlySpan<byte> content)
    {
        try
        {
            Opened.Parse("file", content, Passphrase, "abcd"u8);
        }
        catch (CertificateFileException e)
        {
            Assert.StartsWith("file ", e.Message, StringComparison.Ordinal);
        }
    }

    private string GoodPem()
    {
        var issued = folder.Ca.Issue(new TestCaRequest("alice@example.org"));
        return issued.KeyPem + issued.CertificatePem + issued.ChainPem;
    }

    private static byte[] Text(string piece, int times) => Encoding.ASCII.GetBytes(string.Concat(Enumerable.Repeat(piece, times)));

    private static byte[] Pem(string label, byte[] der) => PemEncoding.WriteUtf8(Encoding.ASCII.GetBytes(label), der);

    /// <summary>The outer layers of a certs-only SignedData, in indefinite lengths, around anything.</summary>
    private static byte[] Pkcs7Around(byte[] certificates) =>
    [
        0x30, 0x80, 0x06, 0x09, 0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01, 0x07, 0x02, 0xA0, 0x80, 0x30, 0x80,
        0x02, 0x01, 0x01, 0x31, 0x00, 0x30, 0x0B, 0x06, 0x09, 0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01, 0x07, 0x01,
        0xA0, 0x80, .. certificates, 0, 0, 0x31, 0x00, 0, 0, 0, 0, 0, 0,
    ];

    /// <summary>The outer layers of a PFX (RFC 7292 section 4), in indefinite lengths, around anything.</summary>
    private static byte[] Pkcs12Around(byte[] content) =>
    [
        0x30, 0x80, 0x02, 0x01, 0x03, 0x30, 0x80, 0x06, 0x09, 0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01, 0x07, 0x01,
        0xA0, 0x80, .. content, 0, 0, 0, 0, 0x30, 0x00, 0, 0,
    ];

    /// <summary>EncryptedPrivateKeyInfo (RFC 5958 section 3) that asks for that many rounds.</summary>
    private static byte[] Pbes2(long rounds)
    {
        var writer = new AsnWriter(AsnEncodingRules.DER);
        using (writer.PushSequence())
        {
            using (writer.PushSequence())
            {
                writer.WriteObjectIdentifier("1.2.840.113549.1.5.13");
                using (writer.PushSequence())
                {
                    using (writer.PushSequence())
                    {
                        writer.WriteObjectIdentifier("1.2.840.113549.1.5.12");
                        using (writer.PushSequence())
                        {
                            writer.WriteOctetString(new byte[8]);
                            writer.WriteInteger(rounds);
                        }
                    }

                    using (writer.PushSequence())
                    {
                        writer.WriteObjectIdentifier("2.16.840.1.101.3.4.1.42");
                        writer.WriteOctetString(new byte[16]);
                    }
                }
            }

            writer.WriteOctetString(new byte[32]);
        }

        return writer.Encode();
    }

    private static byte[] Pkcs12(int rounds)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var contents = new Pkcs12SafeContents();
        contents.AddShroudedKey(key, Passphrase, new PbeParameters(PbeEncryptionAlgorithm.Aes256Cbc, HashAlgorithmName.SHA256, 1));
        var builder = new Pkcs12Builder();
        builder.AddSafeContentsUnencrypted(contents);
        builder.SealWithMac("open sesame", HashAlgorithmName.SHA256, rounds);
        return builder.Encode();
    }
}
