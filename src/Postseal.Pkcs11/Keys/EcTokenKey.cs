using System.Formats.Asn1;
using System.Security.Cryptography;
using Net.Pkcs11Interop.Common;
using Postseal.Cms;
using Postseal.Pkcs11.Module;
using Postseal.Pkcs11.Work;

namespace Postseal.Pkcs11.Keys;

/// <summary>A key on an elliptic curve in a token.</summary>
/// <param name="publicKey">The key of its certificate.</param>
/// <param name="item">The key in the token.</param>
/// <param name="workers">Who waits for the token.</param>
internal sealed class EcTokenKey(ECDsa publicKey, KeyObject item, WorkerPool workers) : TokenKey(KeyKind.Ec, publicKey.KeySize, item, workers)
{
    private readonly ECCurve curve = publicKey.ExportParameters(false).Curve;
    private volatile bool wantsOctetString;

    /// <inheritdoc/>
    public override async ValueTask<byte[]?> AgreeAsync(ReadOnlyMemory<byte> publicKey, CancellationToken cancellationToken = default)
    {
        Require(KeyUses.Agrees, "agree on keys");
        var point = publicKey.ToArray();
        // A token that calculates with a point off the curve would give its key away bit by bit, and not every token looks.
        if (!IsOnCurve(point))
            return null;
        return await RunAsync((session, key, _) => Derive(session, key, point), cancellationToken).ConfigureAwait(false);
    }

    /// <inheritdoc/>
    protected override byte[] Sign(Session session, ulong key, byte[]? pin, byte[] hash, SignatureScheme scheme)
    {
        // The length of a SEQUENCE, in case that is what comes.
        var raw = session.Module.Sign(session.Handle, Mechanism.Ecdsa, key, SignatureForms.CutTo(hash, Size), 2 * Length + 16, pin);
        try
        {
            var signature = SignatureForms.ToSequence(raw, Size);
            if (publicKey.VerifyHash(hash, signature, DSASignatureFormat.Rfc3279DerSequence))
                return signature;
        }
        catch (Exception e) when (e is AsnContentException or CryptographicException)
        {
            // No signature at all.
        }

        throw new Pkcs11Exception("C_Sign", CKR.CKR_SIGNATURE_INVALID);
    }

    private bool IsOnCurve(byte[] point)
    {
        if (point.Length != 1 + 2 * Length || point[0] != 0x04)
            return false;
        try
        {
            var parameters = new ECParameters { Curve = curve, Q = new ECPoint { X = point[1..(1 + Length)], Y = point[(1 + Length)..] } };
            using var other = ECDiffieHellman.Create(parameters); // throws for one off the curve
            return true;
        }
        catch (CryptographicException)
        {
            return false;
        }
    }

    private byte[] Derive(Session session, ulong key, byte[] point)
    {
        try
        {
            return InFullLength(session.Module.Derive(session.Handle, Mechanism.Ecdh(wantsOctetString ? AsOctetString(point) : point), key, Length));
        }
        catch (Pkcs11Exception e) when (!wantsOctetString && e.RV is CKR.CKR_MECHANISM_PARAM_INVALID or CKR.CKR_ARGUMENTS_BAD or CKR.CKR_DATA_INVALID)
        {
            // PKCS #11 2.20 had it one way, and libraries of that time want it.
            var secret = InFullLength(session.Module.Derive(session.Handle, Mechanism.Ecdh(AsOctetString(point)), key, Length));
            wantsOctetString = true;
            return secret;
        }
    }

    private byte[] InFullLength(byte[] secret)
    {
        if (secret.Length == Length)
            return secret;
        if (secret.Length > Length)
            throw new Pkcs11Exception("C_DeriveKey", CKR.CKR_DATA_LEN_RANGE);
        var full = new byte[Length];
        secret.CopyTo(full, Length - secret.Length);
        CryptographicOperations.ZeroMemory(secret);
        return full;
    }

    private static byte[] AsOctetString(byte[] point)
    {
        var writer = new AsnWriter(AsnEncodingRules.DER);
        writer.WriteOctetString(point);
        return writer.Encode();
    }
}
