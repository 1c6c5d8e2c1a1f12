using System.Formats.Asn1;
using Org.BouncyCastle.Crypto;
using Org.BouncyCastle.Crypto.Engines;
using Org.BouncyCastle.Crypto.Parameters;

namespace Postseal.Cms.Enveloped;

/// <summary>AES key wrap (RFC 3394), by which a key on which two agreed encrypts the content's key.</summary>
/// <param name="Oid">Its object identifier; its parameters are absent (RFC 3565 section 2.3.2).</param>
/// <param name="KeyLength">The length of the wrapping key in bytes.</param>
internal sealed record KeyWrap(string Oid, int KeyLength)
{
    private static readonly KeyWrap[] All = [new(Oids.Aes128Wrap, 16), new(Oids.Aes192Wrap, 24), new(Oids.Aes256Wrap, 32)];

    // 64 bits of check value (RFC 3394 section 2.2.3).
    private const int Overhead = 8;

    /// <summary>Finds one by its object identifier; <see langword="null"/> for another algorithm.</summary>
    public static KeyWrap? Find(string oid) => Array.Find(All, wrap => wrap.Oid == oid);

    /// <summary>Returns the one for keys of a length: both MUST be of one size (RFC 8551 section 2.3).</summary>
    public static KeyWrap ForKeyOf(int length) => Array.Find(All, wrap => wrap.KeyLength == length)
        ?? throw new ArgumentOutOfRangeException(nameof(length), length, null);

    /// <summary>KeyWrapAlgorithm ::= AlgorithmIdentifier</summary>
    public void WriteIdentifier(AsnWriter writer)
    {
        using (writer.PushSequence())
            writer.WriteObjectIdentifier(Oid);
    }

    /// <summary>Wraps a key of the content.</summary>
    public static byte[] Wrap(byte[] wrappingKey, byte[] key) => Engine(wrappingKey, forWrapping: true).Wrap(key, 0, key.Length);

    /// <summary>Unwraps one; <see langword="null"/> when it was not wrapped with this key, or changed since.</summary>
    /// <param name="wrappingKey">The key they agreed on.</param>
    /// <param name="wrapped">What was sent.</param>
    /// <param name="length">The length of the content's key, in bytes.</param>
    public static byte[]? Unwrap(byte[] wrappingKey, byte[] wrapped, int length)
    {
        if (wrapped.Length != length + Overhead)
            return null;
        try
        {
            return Engine(wrappingKey, forWrapping: false).Unwrap(wrapped, 0, wrapped.Length);
        }
        catch (InvalidCipherTextException)
        {
            return null;
        }
    }

    private static AesWrapEngine Engine(byte[] key, bool forWrapping)
    {
        var engine = new AesWrapEngine();
        engine.Init(forWrapping, new KeyParameter(key));
        return engine;
    }
}
