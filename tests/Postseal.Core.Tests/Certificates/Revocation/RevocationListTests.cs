using System.Diagnostics;
using System.Formats.Asn1;
using System.Security.Cryptography.X509Certificates;
using Org.BouncyCastle.X509;
using Postseal.Certificates;
using Postseal.Certificates.Revocation;
using Postseal.Cms;
using Postseal.TestKit;

namespace Postseal.Tests;

/// <summary>How lists are read, held against Bouncy Castle and openssl.</summary>
public sealed class RevocationListTests
{
    private static readonly DateTimeOffset Now = new(2026, 11, 28, 12, 0, 0, TimeSpan.Zero);

    [Fact]
    public void A_list_that_openssl_made_is_read()
    {
        Assert.SkipUnless(OpenSsl.IsHere, "openssl is not here");
        using var directory = new TemporaryDirectory();
        var list = OpenSslList(directory, out var root, out var issued);

        Assert.True(list.IsBy(root));
        Assert.Equal((1, (System.Numerics.BigInteger?)0x10), (list.Count, list.Number));
        Assert.NotNull(list.Find(list.IssuerForm, issued.SerialNumberBytes.Span));
        Assert.Equal(TimeSpan.FromDays(7), list.NextUpdate - list.ThisUpdate);
        Assert.Null(list.Doubt);
    }

    [Fact]
    public void Every_list_of_the_corpora_is_read_as_Bouncy_Castle_reads_it()
    {
        var files = Files("*.crl").ToList();
        Assert.SkipWhen(files.Count == 0, "../shared/corpora is not here");

        Assert.All(files, file => AssertSame(File.ReadAllBytes(file)));
    }

    [Fact]
    public void What_a_fuzzer_found_is_a_list_or_none()
    {
        var folder = Repository.File("../shared/corpora/openssl-fuzz-cms/crl");
        Assert.SkipUnless(Directory.Exists(folder), "../shared/corpora/openssl-fuzz-cms is not here");
        var (read, clock) = (0, Stopwatch.StartNew());
        foreach (var file in Directory.EnumerateFiles(folder))
        {
            var list = RevocationList.TryRead(File.ReadAllBytes(file), out var problem);
            Assert.Equal(list is null, problem is not null);
            read += list is null ? 0 : 1;
            list?.Find(list.IssuerForm, [1]);
        }

        Assert.InRange(read, 1, 868);
        Assert.InRange(clock.Elapsed, TimeSpan.Zero, TimeSpan.FromSeconds(20));
    }

    [Fact]
    public void A_list_with_a_byte_changed_is_none_or_signed_by_nobody()
    {
        var ca = RevokingCa.Root("CN=CA", Now);
        var encoded = ca.List(Now.AddDays(-1), Now.AddDays(6), 7, null, ca.Issue("CN=Alice", Now));
        Assert.True(RevocationList.TryRead(encoded, out _)!.IsBy(ca.Certificate));
        for (var i = 0; i < encoded.Length; i++)
        {
            encoded[i] ^= 0x55;
            Assert.NotEqual(true, RevocationList.TryRead(encoded, out _)?.IsBy(ca.Certificate));
            encoded[i] ^= 0x55;
        }
    }

    [Fact]
    public void A_list_that_is_cut_off_or_has_something_behind_it_is_none()
    {
        var encoded = RevokingCa.Root("CN=CA", Now).List(Now.AddDays(-1), Now.AddDays(6), 7, null);

        Assert.All(Enumerable.Range(0, encoded.Length), length => Assert.Null(RevocationList.TryRead(encoded.AsMemory(0, length), out _)));
        Assert.Null(RevocationList.TryRead((byte[])[.. encoded, 0], out _));
    }

    [Fact]
    public void A_million_serial_numbers_take_a_few_bytes_more_than_themselves()
    {
        const int Count = 1_000_000;
        var builder = new RevokedSerials.Builder();
        Span<byte> serial = stackalloc byte[16];
        for (var i = 0; i < Count; i++)
            builder.Add(SerialAt(i, serial), Now, 1);
        var serials = builder.Build();

        Assert.Equal((Count, 21L * Count), (serials.Count, serials.Size));
        for (var i = 0; i < Count; i += 997)
            Assert.Equal(new RevokedSerial(Now, 1), serials.Find(SerialAt(i, serial)));
        Assert.Null(serials.Find(SerialAt(Count, serial)));
        Assert.Null(serials.Find([1]));
    }

    [Fact]
    public void The_longest_list_is_read_in_seconds_and_stays_small()
    {
        var ca = RevokingCa.Root("CN=CA", Now);
        var list = ca.List(Now.AddDays(-1), Now.AddDays(6), 7, null, ca.Issue("CN=Alice", Now));
        var encoded = Longest(list, out var count);
        var clock = Stopwatch.StartNew();

        var read = RevocationList.TryRead(encoded, out var problem);

        Assert.True(read is not null, problem);
        Assert.Equal(count, read.Count);
        Assert.InRange(clock.Elapsed, TimeSpan.Zero, TimeSpan.FromSeconds(30));
        Assert.InRange(read.Size, 1, encoded.Length);
        Assert.False(read.IsBy(ca.Certificate));
        Assert.Null(RevocationList.TryRead(new byte[RevocationList.MaxLength + 1], out _));
    }

    [Fact]
    public void Serial_numbers_of_any_length_are_found_and_no_others()
    {
        var random = new Random(7);
        var builder = new RevokedSerials.Builder();
        var all = new HashSet<string>();
        for (var i = 0; i < 5_000; i++)
        {
            var serial = new byte[random.Next(1, 22)];
            random.NextBytes(serial);
            if (all.Add(Convert.ToHexString(serial)))
                builder.Add(serial, Now, 0);
        }

        var serials = builder.Build();
        Assert.All(all, serial => Assert.NotNull(serials.Find(Convert.FromHexString(serial))));
        for (var i = 0; i < 5_000; i++)
        {
            var other = new byte[random.Next(1, 22)];
            random.NextBytes(other);
            Assert.Equal(all.Contains(Convert.ToHexString(other)), serials.Find(other) is not null);
        }
    }

    /// <summary>Makes a list as long as may be of another one, whose signature it thereby loses.</summary>
    private static byte[] Longest(byte[] list, out int count)
    {
        var outer = new AsnReader(list, AsnEncodingRules.DER).ReadSequence();
        var signed = outer.ReadSequence();
        var (head, entries) = (new MemoryStream(), new MemoryStream());
        for (var i = 0; i < 5; i++)
            head.Write(signed.ReadEncodedValue().Span);
        signed.ReadEncodedValue();
        Span<byte> serial = stackalloc byte[16];
        // By hand: an AsnWriter takes quadratic time for that.
        for (count = 0; count < 850_000; count++)
        {
            entries.Write([Der.Sequence, 34, 0x02, 17, 0x40]);
            entries.Write(SerialAt(count, serial));
            entries.Write([0x17, 13, .. "261128120000Z"u8]);
        }

        head.Write(Der.Header(Der.Sequence, entries.Length));
        entries.WriteTo(head);
        head.Write(signed.ReadEncodedValue().Span);
        byte[] body = [.. Der.Header(Der.Sequence, head.Length), .. head.ToArray(), .. outer.ReadEncodedValue().Span, .. outer.ReadEncodedValue().Span];
        return [.. Der.Header(Der.Sequence, body.Length), .. body];
    }

    private static ReadOnlySpan<byte> SerialAt(int i, Span<byte> serial)
    {
        serial.Clear();
        System.Buffers.Binary.BinaryPrimitives.WriteInt32BigEndian(serial, unchecked(i * (int)2654435761) & int.MaxValue);
        System.Buffers.Binary.BinaryPrimitives.WriteInt32BigEndian(serial[8..], i);
        return serial;
    }

    private static IEnumerable<string> Files(string pattern) => Directory.Exists(Repository.File("../shared/corpora"))
        ? Directory.EnumerateFiles(Repository.File("../shared/corpora"), pattern, SearchOption.AllDirectories)
        : [];

    private static void AssertSame(byte[] encoded)
    {
        // Some are in PEM.
        if (encoded.AsSpan().StartsWith("-----"u8))
            encoded = Convert.FromBase64String(string.Concat(System.Text.Encoding.ASCII.GetString(encoded).Split('\n').Where(line => !line.StartsWith('-')).Select(line => line.Trim())));
        var theirs = new X509CrlParser().ReadCrl(encoded);
        var ours = RevocationList.TryRead(encoded, out var problem);

        Assert.True(ours is not null, problem);
        Assert.Equal(theirs.ThisUpdate.ToUniversalTime(), ours.ThisUpdate.UtcDateTime);
        Assert.Equal(theirs.NextUpdate?.ToUniversalTime(), ours.NextUpdate?.UtcDateTime);
        Assert.Equal(DistinguishedNames.ComparisonForm(new X500DistinguishedName(theirs.IssuerDN.GetEncoded())), ours.IssuerForm);
        Assert.Equal(theirs.GetRevokedCertificates()?.Count ?? 0, ours.Count);
        foreach (var entry in theirs.GetRevokedCertificates() ?? new HashSet<X509CrlEntry>())
        {
            var found = ours.Find(ours.IssuerForm, entry.SerialNumber.ToByteArray());
            Assert.Equal(entry.RevocationDate.ToUniversalTime(), found!.Value.Since.UtcDateTime);
        }
    }

    private static RevocationList OpenSslList(TemporaryDirectory directory, out X509Certificate2 root, out X509Certificate2 issued)
    {
        var ca = RevokingCa.Root("CN=Open", Now);
        (root, issued) = (ca.Certificate, ca.Issue("CN=Alice", Now));
        directory.Write("ca.pem", ca.Certificate.ExportCertificatePem());
        directory.Write("ca.key", ca.KeyPem);
        directory.Write("alice.pem", issued.ExportCertificatePem());
        directory.Write("index.txt", "");
        directory.Write("crlnumber", "10\n");
        directory.Write("ca.cnf", $"""
            [ca]
            default_ca = ca_default
            [ca_default]
            database = {directory.File("index.txt")}
            crlnumber = {directory.File("crlnumber")}
            certificate = {directory.File("ca.pem")}
            private_key = {directory.File("ca.key")}
            default_md = sha256
            default_crl_days = 7
            crl_extensions = crl_ext
            [crl_ext]
            authorityKeyIdentifier = keyid
            """);
        Assert.Equal((0, ""), (OpenSsl.Run("ca", "-config", directory.File("ca.cnf"), "-revoke", directory.File("alice.pem"), "-crl_reason", "superseded").ExitCode, ""));
        Assert.Equal(0, OpenSsl.Run("ca", "-config", directory.File("ca.cnf"), "-gencrl", "-out", directory.File("ca.crl")).ExitCode);
        return Assert.Single(RevocationListFile.Read(directory.File("ca.crl")));
    }
}
