using Net.Pkcs11Interop.Common;
using Postseal.Pkcs11.Keys;
using Postseal.Pkcs11.Work;

namespace Postseal.Pkcs11.Listing;

/// <summary>What a token does, with any key.</summary>
/// <param name="Rsa">With one of RSA.</param>
/// <param name="Ec">With one on a curve.</param>
internal sealed record TokenAbilities(KeyUses Rsa, KeyUses Ec)
{
    private static readonly (CKM Mechanism, ulong Flag, KeyUses Use)[] ForRsa =
    [
        (CKM.CKM_RSA_PKCS, CKF.CKF_SIGN, KeyUses.Signs),
        (CKM.CKM_RSA_PKCS_PSS, CKF.CKF_SIGN, KeyUses.SignsPss),
        (CKM.CKM_RSA_X_509, CKF.CKF_DECRYPT, KeyUses.DecryptsRaw),
        (CKM.CKM_RSA_PKCS, CKF.CKF_DECRYPT, KeyUses.DecryptsPkcs1),
        (CKM.CKM_RSA_PKCS_OAEP, CKF.CKF_DECRYPT, KeyUses.DecryptsOaep),
    ];

    private static readonly (CKM Mechanism, ulong Flag, KeyUses Use)[] ForEc =
    [
        (CKM.CKM_ECDSA, CKF.CKF_SIGN, KeyUses.Signs),
        (CKM.CKM_ECDH1_DERIVE, CKF.CKF_DERIVE, KeyUses.Agrees),
    ];

    /// <summary>Asks the token.</summary>
    public static TokenAbilities Of(Session session)
    {
        return new TokenAbilities(Ask(ForRsa), Ask(ForEc));

        KeyUses Ask((CKM Mechanism, ulong Flag, KeyUses Use)[] mechanisms) => mechanisms
            .Where(one => session.Module.Supports(session.Token.Slot, one.Mechanism, one.Flag))
            .Aggregate(KeyUses.None, (uses, one) => uses | one.Use);
    }

    /// <summary>Returns what a key may do, which both it and the token have to allow.</summary>
    public KeyUses UsesOf(CKK type, bool signs, bool decrypts, bool derives, bool alwaysAsks) =>
        (type == CKK.CKK_RSA ? Rsa : Ec)
        & ((signs ? KeyUses.Signs | KeyUses.SignsPss : 0)
            | (decrypts ? KeyUses.DecryptsRaw | KeyUses.DecryptsPkcs1 | KeyUses.DecryptsOaep : 0)
            | (derives ? KeyUses.Agrees : 0))
        | (alwaysAsks ? KeyUses.AlwaysAsks : 0);
}
