using System.Collections.Concurrent;
using System.Security.Cryptography;
using Postseal.Program.Keys;

namespace Postseal.TestKit;

/// <summary>Makes keys for tests. An RSA key of each size is made once in a run and then copied: making one takes up to a second.</summary>
public static class TestKeys
{
    private static readonly ConcurrentDictionary<string, Lazy<byte[]>> Made = new();

    /// <inheritdoc cref="KeyType.Create"/>
    public static AsymmetricAlgorithm Create(string type)
    {
        if (!type.StartsWith("RSA", StringComparison.Ordinal))
            return KeyType.Create(type);
        var key = RSA.Create();
        key.ImportPkcs8PrivateKey(Made.GetOrAdd(type, static name => new Lazy<byte[]>(() =>
        {
            using var made = KeyType.Create(name);
            return made.ExportPkcs8PrivateKey();
        })).Value, out _);
        return key;
    }
}
