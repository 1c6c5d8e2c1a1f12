using System.Globalization;
using Net.Pkcs11Interop.Common;
using Pkcs11Uri = Postseal.Certificates.Sources.Pkcs11Uri;

namespace Postseal.Pkcs11.Module;

/// <summary>What tells a token from others, wherever it is put in.</summary>
/// <param name="Label">Its label.</param>
/// <param name="Manufacturer">Its maker.</param>
/// <param name="Model">Its model.</param>
/// <param name="Serial">Its serial number.</param>
internal sealed record TokenName(string Label, string Manufacturer, string Model, string Serial)
{
    /// <summary>Returns its label, for people.</summary>
    public override string ToString() => Label.Length > 0 ? $"token '{Label}'" : $"token with serial number {Serial}";
}

/// <summary>A token in a slot (CK_TOKEN_INFO, CK_SLOT_INFO).</summary>
/// <param name="Name">Which token.</param>
/// <param name="Slot">The slot it is in now.</param>
/// <param name="Flags">CKF_LOGIN_REQUIRED and the like.</param>
internal sealed record TokenInfo(TokenName Name, ulong Slot, ulong Flags)
{
    /// <summary>Gets what the slot and the library say of themselves, by the attributes of RFC 7512.</summary>
    public IReadOnlyDictionary<string, string> Others { get; init; } = new Dictionary<string, string>();

    public bool IsInitialized => (Flags & CKF.CKF_TOKEN_INITIALIZED) != 0;

    public bool NeedsLogin => (Flags & CKF.CKF_LOGIN_REQUIRED) != 0;

    /// <summary>Gets whether the PIN is typed at the reader.</summary>
    public bool HasPinPad => (Flags & CKF.CKF_PROTECTED_AUTHENTICATION_PATH) != 0;

    public bool IsPinLocked => (Flags & CKF.CKF_USER_PIN_LOCKED) != 0;

    /// <summary>Gets whether one more wrong PIN locks it.</summary>
    public bool IsLastTry => (Flags & CKF.CKF_USER_PIN_FINAL_TRY) != 0;

    /// <summary>Gets whether a wrong PIN was given since the last right one.</summary>
    public bool HadWrongPin => (Flags & CKF.CKF_USER_PIN_COUNT_LOW) != 0;

    /// <summary>Determines whether a URI names it.</summary>
    public bool Matches(Pkcs11Uri uri) => uri.MatchesToken(attribute => attribute switch
    {
        "token" => Name.Label,
        "manufacturer" => Name.Manufacturer,
        "model" => Name.Model,
        "serial" => Name.Serial,
        "slot-id" => Slot.ToString(CultureInfo.InvariantCulture),
        _ => Others.GetValueOrDefault(attribute, ""),
    });
}
