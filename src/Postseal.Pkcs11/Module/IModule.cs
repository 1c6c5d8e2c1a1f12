using Net.Pkcs11Interop.Common;

namespace Postseal.Pkcs11.Module;

/// <summary>
/// What is asked of a PKCS #11 library. Each call takes as long as the token does, and throws a <see cref="Pkcs11Exception"/> with what the
/// library answered where that is not CKR_OK.
/// </summary>
internal interface IModule
{
    /// <summary>C_Initialize, for any number of threads.</summary>
    void Start();

    /// <summary>C_Finalize: all sessions end.</summary>
    void Stop();

    /// <summary>C_GetSlotList: the slots with a token in them.</summary>
    IReadOnlyList<ulong> GetSlots();

    /// <summary>C_GetTokenInfo, C_GetSlotInfo, C_GetInfo.</summary>
    TokenInfo GetToken(ulong slot);

    /// <summary>C_GetMechanismInfo: whether the token does all of what the flags say with a mechanism.</summary>
    bool Supports(ulong slot, CKM mechanism, ulong flags);

    /// <summary>C_OpenSession, that reads only.</summary>
    ulong OpenSession(ulong slot);

    /// <summary>C_CloseSession.</summary>
    void CloseSession(ulong session);

    /// <summary>C_GetSessionInfo: whether the user is logged in.</summary>
    bool IsLoggedIn(ulong session);

    /// <summary>C_Login; without a PIN where the token asks for it by itself.</summary>
    void Login(ulong session, CKU user, byte[]? pin);

    /// <summary>C_FindObjects: the objects with a kind and, where it is given, an identifier.</summary>
    /// <param name="session">The session.</param>
    /// <param name="kind">The kind.</param>
    /// <param name="id">CKA_ID; <see langword="null"/> for any.</param>
    /// <param name="limit">How many at most.</param>
    IReadOnlyList<ulong> Find(ulong session, CKO kind, byte[]? id, int limit);

    /// <summary>C_GetAttributeValue; <see langword="null"/> for each attribute that the object does not have or show.</summary>
    byte[]?[] GetAttributes(ulong session, ulong item, params CKA[] attributes);

    /// <summary>C_SignInit and C_Sign.</summary>
    /// <param name="session">The session.</param>
    /// <param name="mechanism">How.</param>
    /// <param name="key">The key.</param>
    /// <param name="data">What is signed.</param>
    /// <param name="maxLength">How long the signature is at most: nothing is asked twice.</param>
    /// <param name="pin">What the key wants before each operation (CKA_ALWAYS_AUTHENTICATE); <see langword="null"/> for nothing.</param>
    byte[] Sign(ulong session, Mechanism mechanism, ulong key, byte[] data, int maxLength, byte[]? pin);

    /// <summary>C_DecryptInit and C_Decrypt.</summary>
    /// <inheritdoc cref="Sign"/>
    byte[] Decrypt(ulong session, Mechanism mechanism, ulong key, byte[] data, int maxLength, byte[]? pin);

    /// <summary>C_DeriveKey: a secret that C_GetAttributeValue reads and C_DestroyObject removes.</summary>
    /// <param name="session">The session.</param>
    /// <param name="mechanism">How.</param>
    /// <param name="key">The key.</param>
    /// <param name="length">The length of the secret in bytes.</param>
    byte[] Derive(ulong session, Mechanism mechanism, ulong key, int length);
}
