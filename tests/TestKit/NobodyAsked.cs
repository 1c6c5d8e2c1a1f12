using System.Security.Cryptography.X509Certificates;
using Postseal.Certificates.Revocation;

namespace Postseal.TestKit;

/// <summary>Has no certificate looked up: no CA is asked whether it was revoked.</summary>
internal sealed class NobodyAsked : IRevocationCheck
{
    public long Version => 0;

    public RevocationAnswer Check(X509Certificate2 certificate, IReadOnlyList<X509Certificate2> issuers) => new RevocationAnswer.NotAsked();
}
