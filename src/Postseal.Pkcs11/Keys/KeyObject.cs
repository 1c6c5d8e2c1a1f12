using Net.Pkcs11Interop.Common;
using Postseal.Pkcs11.Module;

namespace Postseal.Pkcs11.Keys;

/// <summary>A private key in a token, as its attributes describe it.</summary>
/// <param name="Token">The token.</param>
/// <param name="Type">CKK_RSA, CKK_EC.</param>
/// <param name="Id">CKA_ID.</param>
/// <param name="Label">CKA_LABEL.</param>
/// <param name="Public">The modulus or the point, without zeros before it or a tag around it; <see langword="null"/> where the token shows it
/// nowhere.</param>
/// <param name="Uses">What it may do.</param>
internal sealed record KeyObject(TokenName Token, CKK Type, byte[] Id, string Label, byte[]? Public, KeyUses Uses)
{
    /// <summary>Determines whether both are the same, so that nothing changed.</summary>
    public bool Equals(KeyObject? other) =>
        other is not null && Token == other.Token && Type == other.Type && Label == other.Label && Uses == other.Uses
        && Id.AsSpan().SequenceEqual(other.Id) && Public.AsSpan().SequenceEqual(other.Public);

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(Token, Type, Label, Id.Length);

    /// <summary>Returns its name, for people.</summary>
    public override string ToString() => Label.Length > 0 ? $"key '{Label}'" : $"key with id {Convert.ToHexStringLower(Id)}";
}

/// <summary>What a key may do, and its token with it.</summary>
[Flags]
internal enum KeyUses
{
    /// <summary>Nothing.</summary>
    None = 0,

    /// <summary>CKA_SIGN, and CKM_RSA_PKCS or CKM_ECDSA.</summary>
    Signs = 1,

    /// <summary>CKM_RSA_PKCS_PSS besides.</summary>
    SignsPss = 2,

    /// <summary>CKA_DECRYPT, and CKM_RSA_X_509.</summary>
    DecryptsRaw = 4,

    /// <summary>CKA_DECRYPT, and CKM_RSA_PKCS.</summary>
    DecryptsPkcs1 = 8,

    /// <summary>CKA_DECRYPT, and CKM_RSA_PKCS_OAEP.</summary>
    DecryptsOaep = 16,

    /// <summary>CKA_DERIVE, and CKM_ECDH1_DERIVE.</summary>
    Agrees = 32,

    /// <summary>CKA_ALWAYS_AUTHENTICATE: it wants the PIN before each operation.</summary>
    AlwaysAsks = 64,
}
