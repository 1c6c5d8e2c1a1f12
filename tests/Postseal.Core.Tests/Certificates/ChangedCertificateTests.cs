using Postseal.Certificates;
using Postseal.Program.Trial;
using Postseal.TestKit;

namespace Postseal.Tests.Certificates;

/// <summary>Certificates of strangers with one bit changed: the platform reads much of one only when it is asked, and throws then.</summary>
public sealed class ChangedCertificateTests : IDisposable
{
    private readonly CertificateFolder folder = new();

    [Fact]
    public void What_is_taken_for_a_certificate_can_be_asked_everything()
    {
        using var signer = LetterSigner.Of(folder.Ca.Issue(new TestCaRequest("alice@example.org")));
        var taken = 0;

        for (var bit = 0; bit < 8 * signer.Certificate.RawData.Length; bit++)
        {
            var der = signer.Certificate.RawData;
            der[bit / 8] ^= (byte)(1 << (bit % 8));
            if (new ReceivedCertificates().Get(der) is not { } received)
                continue;
            taken++;
            var certificate = received.Certificate;
            Assert.NotNull(certificate.Subject + certificate.Issuer + certificate.SerialNumber);
            Assert.NotNull(received.Key);
            Assert.NotNull(received.Addresses);
            _ = (received.CannotSign, CertificateRules.CheckDates(certificate, folder.Time.GetUtcNow()), received.Key.WhyUnusable);
        }

        Assert.InRange(taken, 100, 8 * 2000);
    }

    public void Dispose() => folder.Dispose();
}
