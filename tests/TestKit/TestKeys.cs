using System.Collections.Concurrent;
using System.Security.Cryptography;
using Postseal.Program.Keys;

namespace Postseal.TestKit;

/// <summary>Makes keys for tests. An RSA key of each size is made once in a run and then copied: making one takes up to a second.</summary>
public static class TestKeys
{
    private static readonly ConcurrentDictionary<(string Type, int Number), Lazy<byte[]>> Made = new();

    /// <inheritdoc cref="KeyType.Create"/>
    public static AsymmetricAlgorithm Create(string type) => Create(type, 0);

    /// <inheritdoc cref="KeyType.Create"/>
    /// <param name="type">The kind of key.</param>
    /// <param name="number">Which of several RSA keys.</param>
    public static AsymmetricAlgorithm Create(string type, int number)
    {
        if (!type.StartsWith("RSA", StringComparison.Ordinal))
            return KeyType.Create(type);
        var key = RSA.Create();
        key.ImportPkcs8PrivateKey(Made.GetOrAdd((type, number), static one => new Lazy<byte[]>(() =>
        {
            using var made = KeyType.Create(one.Type);
            return made.ExportPkcs8PrivateKey();
        })).Value, out _);
        return key;
    }
}
