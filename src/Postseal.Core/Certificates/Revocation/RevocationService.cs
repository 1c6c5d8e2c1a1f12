using System.Security.Cryptography.X509Certificates;
using Microsoft.Extensions.Logging;
using Postseal.Settings;
namespace Postseal.Certificates.Revocation;
/// <summary>Nobody is asked yet: what fetches lists takes this place.</summary>
internal sealed class RevocationService : IRevocationCheck, IDisposable
{
    public static RevocationService Create(PostsealOptions options, TimeProvider time, ILogger log) => new();
    public IIssuerSource? Issuers { get; }
    public Task Idle { get; } = Task.CompletedTask;
    public long Version => 0;
    public RevocationAnswer Check(X509Certificate2 certificate, IReadOnlyList<X509Certificate2> issuers) => new RevocationAnswer.NotAsked();
    public void Dispose() { }
}
