using System.Security.Cryptography;
using Net.Pkcs11Interop.Common;
using Postseal.Cms;
using Postseal.Pkcs11.Module;
using Postseal.Pkcs11.Work;

namespace Postseal.Pkcs11.Keys;

/// <summary>An RSA key in a token.</summary>
/// <param name="publicKey">The key of its certificate.</param>
/// <param name="item">The key in the token.</param>
/// <param name="workers">Who waits for the token.</param>
internal sealed class RsaTokenKey(RSA publicKey, KeyObject item, WorkerPool workers) : TokenKey(KeyKind.Rsa, publicKey.KeySize, item, workers)
{
    private readonly byte[] modulus = publicKey.ExportParameters(false).Modulus!;

    /// <inheritdoc/>
    public override async ValueTask<byte[]?> DecryptKeyAsync(
        ReadOnlyMemory<byte> encryptedKey, OaepParameters? oaep, CancellationToken cancellationToken = default)
    {
        Require(KeyUses.DecryptsRaw | (oaep is null ? KeyUses.DecryptsPkcs1 : KeyUses.DecryptsOaep), "decrypt in this way");
        // Whoever sent it knows these too.
        if (encryptedKey.Length > Length)
            return null;
        var encrypted = new byte[Length];
        encryptedKey.CopyTo(encrypted.AsMemory(Length - encryptedKey.Length));
        if (encrypted.AsSpan().SequenceCompareTo(modulus) >= 0)
            return null;
        return await RunAsync((session, key, pin) => Decrypt(session, key, pin, encrypted, oaep), cancellationToken).ConfigureAwait(false);
    }

    /// <inheritdoc/>
    protected override byte[] Sign(Session session, ulong key, byte[]? pin, byte[] hash, SignatureScheme scheme)
    {
        var isPss = scheme.Algorithm == SignatureAlgorithm.RsaPss;
        var signature = session.Module.Sign(
            session.Handle, isPss ? Mechanism.Pss(scheme.Digest) : Mechanism.RsaPkcs1, key,
            isPss ? hash : SignatureForms.DigestInfo(scheme.Digest, hash), Length, pin);
        // A single signature with a fault in it, made by a device that is old, hot or under attack, gives the key away (Boneh, DeMillo and
        // Lipton 1997). To verify it costs a fiftieth of what the token needs.
        return publicKey.VerifyHash(hash, signature, scheme.Digest.HashName(), isPss ? RSASignaturePadding.Pss : RSASignaturePadding.Pkcs1)
            ? signature
            : throw new Pkcs11Exception("C_Sign", CKR.CKR_SIGNATURE_INVALID);
    }

    // The bare operation comes first, where the token has it: what fails then is the token, never the padding, so that no error and no
    // time tells one from the other. And it takes whatever hashes and label the sender chose.
    private byte[]? Decrypt(Session session, ulong key, byte[]? pin, byte[] encrypted, OaepParameters? oaep)
    {
        if (!Item.Uses.HasFlag(KeyUses.DecryptsRaw))
            return DecryptPadded(session, key, pin, encrypted, oaep);
        var block = new byte[Length];
        byte[] plain = [];
        try
        {
            plain = session.Module.Decrypt(session.Handle, Mechanism.RsaRaw, key, encrypted, Length, pin);
            plain.CopyTo(block.AsSpan(Length - plain.Length)); // some leave zeros out
            return oaep is null ? Unpadding.Pkcs1(block) : Unpadding.Oaep(block, oaep);
        }
        catch (Pkcs11Exception e) when (e.IsUnknownMechanism() && Item.Uses.HasFlag(oaep is null ? KeyUses.DecryptsPkcs1 : KeyUses.DecryptsOaep))
        {
            return DecryptPadded(session, key, pin, encrypted, oaep); // allowed in the token, but not with this key
        }
        finally
        {
            CryptographicOperations.ZeroMemory(block);
            CryptographicOperations.ZeroMemory(plain);
        }
    }

    private byte[]? DecryptPadded(Session session, ulong key, byte[]? pin, byte[] encrypted, OaepParameters? oaep)
    {
        byte[]? plain = null;
        Pkcs11Exception? failure = null;
        try
        {
            plain = session.Module.Decrypt(session.Handle, oaep is null ? Mechanism.RsaPkcs1 : Mechanism.Oaep(oaep), key, encrypted, Length, pin);
        }
        catch (Pkcs11Exception e) when (e.MayBePadding())
        {
            failure = e;
        }

        // Asked in any case, so that both take the same time: if the session is well, it was the padding.
        return session.Module.IsLoggedIn(session.Handle) || !session.Token.NeedsLogin
            ? plain
            : throw failure ?? new Pkcs11Exception("C_Decrypt", CKR.CKR_USER_NOT_LOGGED_IN);
    }
}
