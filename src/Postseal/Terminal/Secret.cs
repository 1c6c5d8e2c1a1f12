using System.Security.Cryptography;

namespace Postseal.Program.Terminal;

/// <summary>A passphrase or key in memory, cleared when it is no longer needed.</summary>
internal sealed class Secret(byte[] bytes) : IDisposable
{
    public ReadOnlySpan<byte> Bytes => bytes;

    public void Dispose() => CryptographicOperations.ZeroMemory(bytes);
}
