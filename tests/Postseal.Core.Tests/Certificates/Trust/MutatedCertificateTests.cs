using Fuzzing;
using Postseal.Certificates.Trust;
using Postseal.TestKit;

namespace Postseal.Tests.Certificates.Trust;

/// <summary>Whatever becomes of certificates, by strangers or by CAs. (tests/Fuzzing does the same for longer.)</summary>
public sealed class MutatedCertificateTests
{
    [Fact]
    public void Whom_we_trust_openssl_trusts_too_and_nothing_else_happens()
    {
        Assert.SkipUnless(OpenSsl.IsHere, "openssl is not on this machine");

        var kinds = CertificateFuzz.Try(seed: 2026).Take(300).ToHashSet();

        Assert.Superset(new HashSet<string> { nameof(StandingKind.Trusted), nameof(StandingKind.NotValid), nameof(StandingKind.Untrusted) }, kinds);
    }
}
