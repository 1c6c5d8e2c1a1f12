using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Postseal.Certificates;
using Postseal.TestKit;
using static Postseal.Tests.Certificates.Trust.Signers;

namespace Postseal.Tests.Certificates;

/// <summary>The certificates that come with mail, which anybody may have made.</summary>
public sealed class ReceivedCertificateTests
{
    private static readonly OddCa Ca = Root();

    private readonly ReceivedCertificates certificates = new();

    [Fact]
    public void A_certificate_that_came_before_is_the_same()
    {
        var alice = IssueMail(Ca);
        var received = certificates.Get(alice.RawDataMemory);

        Assert.Equal([Alice], received!.Addresses.Select(address => address.ToString()));
        Assert.Null(received.CannotSign);
        Assert.Equal("P-256", received.Key.Name);
        Assert.Same(received, certificates.Get(alice.RawData));
    }

    public static TheoryData<string, Func<byte[], byte[]>> Forms => new()
    {
        { "PEM", der => System.Text.Encoding.ASCII.GetBytes(PemEncoding.WriteString("CERTIFICATE", der)) },
        { "with a byte behind", der => [.. der, 0] },
        { "cut off", der => der[..^1] },
        { "nothing", _ => [] },
        { "in PKCS #7", der => new X509Certificate2Collection(X509CertificateLoader.LoadCertificate(der)).Export(X509ContentType.Pkcs7)! },
        { "with a length in BER", der => [0x30, 0x83, 0, .. der[2..]] },
        { "longer than any", der => [.. der, .. new byte[ReceivedCertificates.MaxLength]] },
    };

    [Theory]
    [MemberData(nameof(Forms))]
    public void It_is_none_that_comes(string _, Func<byte[], byte[]> form) =>
        Assert.Null(certificates.Get(form(IssueMail(Ca).RawData)));

    public static TheoryData<string, X509Extension[]> DoubtfulExtensions => new()
    {
        { "two of one kind", [San("bob@example.org"), San("alice@example.org")] },
        { "a broken keyUsage", [new X509Extension("2.5.29.15", [0x03, 0x09], false)] },
        { "a broken extendedKeyUsage", [new X509Extension("2.5.29.37", [0x30, 0x02, 0x06], false)] },
        { "a broken basicConstraints", [new X509Extension("2.5.29.19", [0x04, 0x00], false)] },
        { "a broken authorityKeyIdentifier", [new X509Extension("2.5.29.35", [0x30, 0x05], false)] },
    };

    [Theory]
    [MemberData(nameof(DoubtfulExtensions))]
    public void It_is_none_that_leaves_in_doubt_what_it_says(string _, X509Extension[] extensions)
    {
        // .NET makes none with two of a kind: the second is added to what was encoded under another's name of the same length.
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var der = extensions.Length == 1
            ? Ca.Issue(new("CN=Alice"), key, extensions, LongAgo, LongHence).RawData
            : Replace(
                Ca.Issue(new("CN=Alice"), key, [extensions[0], new X509Extension("2.5.29.18", extensions[1].RawData, false)], LongAgo, LongHence).RawData,
                [0x55, 0x1D, 0x12], [0x55, 0x1D, 0x11]);

        Assert.Null(certificates.Get(der));
    }

    [Fact]
    public void It_is_none_whose_dates_are_none()
    {
        var der = IssueMail(Ca).RawData;
        der[der.AsSpan().IndexOf([(byte)0x17, (byte)0x0D]) + 2] = (byte)'x'; // UTCTime

        Assert.Null(certificates.Get(der));
    }

    public static TheoryData<string, Func<X509Certificate2>, RejectionKind?> Keys => new()
    {
        { "RSA-2048", () => IssueMail(Ca, key: TestKeys.Create("RSA-2048")), null },
        { "RSA-1024", () => IssueMail(Ca, key: RSA.Create(1024)), RejectionKind.TooWeak },
        { "RSA-2040", () => IssueMail(Ca, key: RSA.Create(2040)), RejectionKind.TooWeak },
        { "P-521", () => IssueMail(Ca, key: ECDsa.Create(ECCurve.NamedCurves.nistP521)), null },
        { "192 bits", () => IssueMail(Ca, key: ECDsa.Create(ECCurve.CreateFromValue("1.2.840.10045.3.1.1"))), RejectionKind.TooWeak },
        { "a curve written out", () => IssueMail(Ca, key: OnCurveWrittenOut()), RejectionKind.WrongUse },
        { "the exponent 1", () => WithRsa(2048, 1), RejectionKind.TooWeak },
        { "an even exponent", () => WithRsa(2048, 4), RejectionKind.TooWeak },
        { "the exponent 2^32 + 1", () => WithRsa(2048, (1L << 32) + 1), RejectionKind.WrongUse },
        { "RSA-8192", () => WithRsa(8192, 65537), null },
        { "RSA-8200", () => WithRsa(8200, 65537), RejectionKind.WrongUse },
        { "keyEncipherment alone", () => IssueMail(Ca, usage: X509KeyUsageFlags.KeyEncipherment), RejectionKind.WrongUse },
        { "nonRepudiation alone", () => IssueMail(Ca, usage: X509KeyUsageFlags.NonRepudiation), null },
        { "no keyUsage", () => IssueMail(Ca, usage: null), null },
        { "no extendedKeyUsage", () => IssueMail(Ca, purposes: []), null },
        { "any purpose", () => IssueMail(Ca, purposes: ["2.5.29.37.0"]), null },
        { "a server's purpose", () => IssueMail(Ca, purposes: [ServerAuth]), RejectionKind.WrongUse },
        { "purposes, but none", () => Person(Ca, [San(Alice), new X509EnhancedKeyUsageExtension([], false)]), RejectionKind.WrongUse },
        { "no address", () => Person(Ca, []), null },
    };

    [Theory]
    [MemberData(nameof(Keys))]
    public void It_may_sign_or_not_that_has(string _, Func<X509Certificate2> make, RejectionKind? kind)
    {
        var received = certificates.Get(make().RawDataMemory)!;

        Assert.Equal(kind, received.CannotSign?.Kind);
    }

    [Fact]
    public void A_flood_of_others_takes_no_more_than_its_share_and_forgets_none_in_use()
    {
        var (alice, other) = (IssueMail(Ca), IssueMail(Ca).RawData);
        var received = certificates.Get(alice.RawDataMemory);

        for (var i = 0; i < 10_000; i++)
        {
            // The last bytes are the signature's: another each time, and nobody verified it yet.
            BitConverter.TryWriteBytes(other.AsSpan(other.Length - 8), i);
            certificates.Get(other);
            if (i % 1000 == 0)
                Assert.Same(received, certificates.Get(alice.RawDataMemory));
        }

        Assert.InRange(certificates.Count, 1, 4000);
        Assert.Same(received, certificates.Get(alice.RawDataMemory));
    }

    [Fact]
    public void Large_ones_are_remembered_by_their_size()
    {
        var large = Person(Ca, [new X509Extension("1.3.6.1.4.1.32473.1", new byte[60_000], critical: false)]).RawData;

        for (var i = 0; i < 500; i++)
        {
            BitConverter.TryWriteBytes(large.AsSpan(large.Length - 8), i);
            Assert.NotNull(certificates.Get(large));
        }

        Assert.InRange(certificates.Count, 1, 2 * 72);
    }

    [Fact]
    public async Task Many_threads_may_ask_at_once()
    {
        var all = Enumerable.Range(0, 50).Select(_ => IssueMail(Ca).RawData).ToArray();

        var found = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => Task.Run(() => all.Select(one => certificates.Get(one)).ToArray())));

        foreach (var other in found)
            Assert.Equal(found[0], other);
    }

    private static X509Extension San(string address)
    {
        var names = new SubjectAlternativeNameBuilder();
        names.AddEmailAddress(address);
        return names.Build();
    }

    private static X509Certificate2 WithRsa(int bits, long exponent) =>
        Ca.Issue(new("CN=Alice"), OddKeys.Rsa(bits, exponent), [San(Alice)], LongAgo, LongHence);

    private static ECDsa OnCurveWrittenOut()
    {
        using var named = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        return ECDsa.Create(named.ExportExplicitParameters(includePrivateParameters: true));
    }

    private static byte[] Replace(byte[] bytes, byte[] old, byte[] now)
    {
        var changed = bytes.ToArray();
        now.CopyTo(changed, bytes.AsSpan().IndexOf(old));
        return changed;
    }
}
