using System.Formats.Asn1;
using Org.BouncyCastle.Crypto;
using Org.BouncyCastle.Crypto.Engines;
using Org.BouncyCastle.Crypto.Parameters;

namespace Postseal.Cms.Enveloped;

/// <summary>AES key wrap (RFC 3394), by which a key on which two agreed encrypts the content's key. That of triple DES
/// (RFC 3217) is only read.</summary>
/// <param name="Oid">Its object identifier; its parameters are absent (RFC 3565 section 2.3.2), or NULL for triple DES.</param>
/// <param name="KeyLength">The length of the wrapping key in bytes.</param>
internal sealed record KeyWrap(string Oid, int KeyLength)
{
    private static readonly KeyWrap[] All =
        [new(Oids.Aes128Wrap, 16), new(Oids.Aes192Wrap, 24), new(Oids.Aes256Wrap, 32), new(Oids.TripleDesWrap, 24)];

    private bool IsTripleDes => Oid == Oids.TripleDesWrap;

    // 64 bits of check value (RFC 3394 section 2.2.3); as many, and an IV (RFC 3217 section 3.1).
    private int Overhead => IsTripleDes ? 16 : 8;

    /// <summary>Finds one by its object identifier; <see langword="null"/> for another algorithm.</summary>
    public static KeyWrap? Find(string oid) => Array.Find(All, wrap => wrap.Oid == oid);

    /// <summary>Returns the one for keys of a length: both MUST be of one size (RFC 8551 section 2.3).</summary>
    public static KeyWrap ForKeyOf(int length) => Array.Find(All, wrap => wrap.KeyLength == length)
        ?? throw new ArgumentOutOfRangeException(nameof(length), length, null);

    /// <summary>KeyWrapAlgorithm ::= AlgorithmIdentifier</summary>
    public void WriteIdentifier(AsnWriter writer)
    {
        using (writer.PushSequence())
        {
            writer.WriteObjectIdentifier(Oid);
            if (IsTripleDes)
                writer.WriteNull(); // RFC 3370 section 4.3.1
        }
    }

    /// <summary>Wraps a key of the content.</summary>
    public static byte[] Wrap(byte[] wrappingKey, byte[] key)
    {
        var engine = new AesWrapEngine();
        engine.Init(forWrapping: true, new KeyParameter(wrappingKey));
        return engine.Wrap(key, 0, key.Length);
    }

    /// <summary>Unwraps one; <see langword="null"/> when it was not wrapped with this key, or changed since.</summary>
    /// <param name="wrappingKey">The key they agreed on.</param>
    /// <param name="wrapped">What was sent.</param>
    /// <param name="length">The length of the content's key, in bytes.</param>
    public byte[]? Unwrap(byte[] wrappingKey, byte[] wrapped, int length)
    {
        if (wrapped.Length != length + Overhead)
            return null;
        try
        {
            IWrapper engine = IsTripleDes ? new DesEdeWrapEngine() : new AesWrapEngine();
            engine.Init(forWrapping: false, new KeyParameter(wrappingKey));
            return engine.Unwrap(wrapped, 0, wrapped.Length);
        }
        catch (InvalidCipherTextException)
        {
            return null;
        }
    }
}
