using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Net.Pkcs11Interop.Common;
using Postseal.Cms;
using Postseal.Pkcs11.Work;

namespace Postseal.Pkcs11.Keys;

/// <summary>A private key that never leaves its token.</summary>
/// <param name="kind">RSA or EC.</param>
/// <param name="size">The size of the modulus or the curve, in bits.</param>
/// <param name="item">The key in the token.</param>
/// <param name="workers">Who waits for the token.</param>
internal abstract class TokenKey(KeyKind kind, int size, KeyObject item, WorkerPool workers) : PrivateKey(kind, size)
{
    /// <summary>Gets the key in the token.</summary>
    public KeyObject Item { get; } = item;

    /// <summary>Gets the length of the modulus or of a coordinate in bytes.</summary>
    protected int Length => (Size + 7) / 8;

    /// <summary>Makes a key that belongs to a certificate.</summary>
    public static TokenKey Of(X509Certificate2 certificate, KeyObject item, WorkerPool workers) => certificate.GetRSAPublicKey() is { } rsa
        ? new RsaTokenKey(rsa, item, workers)
        : new EcTokenKey(certificate.GetECDsaPublicKey()!, item, workers);

    /// <inheritdoc/>
    public override async ValueTask<byte[]> SignHashAsync(
        ReadOnlyMemory<byte> hash, SignatureScheme scheme, CancellationToken cancellationToken = default)
    {
        if (scheme.Algorithm == SignatureAlgorithm.RsaPss)
            Require(KeyUses.SignsPss, "sign with RSASSA-PSS");
        else
            Require(KeyUses.Signs, "sign");
        var value = hash.ToArray();
        return await RunAsync((session, key, pin) => Sign(session, key, pin, value, scheme), cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Determines by a trial whether a key is that of a certificate.</summary>
    /// <exception cref="Pkcs11Exception">It did not sign, or not in a way that fits the certificate.</exception>
    public static bool Proves(Session session, X509Certificate2 certificate, KeyObject item)
    {
        var key = Of(certificate, item, null!);
        var scheme = SignatureScheme.For(key.Kind, key.Size, Digest.SHA256, RsaPadding.Pkcs1);
        return key.Sign(session, KeyFinder.Find(session, item), null, RandomNumberGenerator.GetBytes(scheme.Digest.Length()), scheme).Length > 0;
    }

    /// <summary>Signs, and sees that it is a signature.</summary>
    protected abstract byte[] Sign(Session session, ulong key, byte[]? pin, byte[] hash, SignatureScheme scheme);

    /// <summary>Does something with the key on one of the threads for it.</summary>
    /// <exception cref="CryptographicException">The token is away, or did not do it; the next time it may.</exception>
    protected async ValueTask<T> RunAsync<T>(Func<Session, ulong, byte[]?, T> work, CancellationToken cancellationToken)
    {
        try
        {
            return await workers.RunAsync(sessions => InSession(sessions, work), cancellationToken, Discard).ConfigureAwait(false);
        }
        catch (IOException e)
        {
            throw new CryptographicException($"{Item}: {e.Message.TrimEnd('.')}.", e);
        }

        static void Discard(T result) => CryptographicOperations.ZeroMemory(result as byte[]);
    }

    protected void Require(KeyUses use, string what)
    {
        if ((Item.Uses & use) == 0)
            throw new CryptographicException($"{Item} in {Item.Token} may not {what}; 'postseal check' says what it is good for.");
    }

    private T InSession<T>(SessionCache sessions, Func<Session, ulong, byte[]?, T> work)
    {
        if (!Item.Uses.HasFlag(KeyUses.AlwaysAsks))
            return sessions.In(Item.Token, session => work(session, KeyFinder.Find(session, Item), null));
        // One after the other, so that a wrong PIN is given once.
        return sessions.In(Item.Token, session =>
        {
            lock (sessions.Module.Login)
                return sessions.Login.WithPin(session.Token, pin => work(session, KeyFinder.Find(session, Item), pin));
        });
    }
}
