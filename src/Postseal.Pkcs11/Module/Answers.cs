using Net.Pkcs11Interop.Common;

namespace Postseal.Pkcs11.Module;

/// <summary>What the answers of libraries mean for us.</summary>
internal static class Answers
{
    /// <summary>Determines whether an operation may succeed in a new session: the old one is over, or the token was away.</summary>
    public static bool IsSessionLost(this Pkcs11Exception e) => e.RV is
        CKR.CKR_DEVICE_REMOVED or CKR.CKR_DEVICE_ERROR or CKR.CKR_TOKEN_NOT_PRESENT or CKR.CKR_TOKEN_NOT_RECOGNIZED or CKR.CKR_SLOT_ID_INVALID
        or CKR.CKR_SESSION_HANDLE_INVALID or CKR.CKR_SESSION_CLOSED or CKR.CKR_USER_NOT_LOGGED_IN or CKR.CKR_CRYPTOKI_NOT_INITIALIZED
        or CKR.CKR_GENERAL_ERROR or CKR.CKR_FUNCTION_FAILED or CKR.CKR_OPERATION_ACTIVE or CKR.CKR_OPERATION_NOT_INITIALIZED
        or CKR.CKR_KEY_HANDLE_INVALID or CKR.CKR_OBJECT_HANDLE_INVALID or CKR.CKR_KEY_CHANGED or CKR.CKR_DEVICE_MEMORY or CKR.CKR_HOST_MEMORY;

    /// <summary>Determines whether an encrypted key may have been wrong. Which of these says so is different from token to token, and
    /// some say them of a device that is broken too.</summary>
    public static bool MayBePadding(this Pkcs11Exception e) => e.RV is
        CKR.CKR_ENCRYPTED_DATA_INVALID or CKR.CKR_ENCRYPTED_DATA_LEN_RANGE or CKR.CKR_DATA_INVALID or CKR.CKR_DATA_LEN_RANGE
        or CKR.CKR_GENERAL_ERROR or CKR.CKR_FUNCTION_FAILED or CKR.CKR_DEVICE_ERROR or CKR.CKR_BUFFER_TOO_SMALL;

    /// <summary>Determines whether the token does not know a mechanism, or not with this parameter or for this key.</summary>
    public static bool IsUnknownMechanism(this Pkcs11Exception e) => e.RV is
        CKR.CKR_MECHANISM_INVALID or CKR.CKR_MECHANISM_PARAM_INVALID or CKR.CKR_ARGUMENTS_BAD or CKR.CKR_KEY_FUNCTION_NOT_PERMITTED
        or CKR.CKR_FUNCTION_NOT_SUPPORTED or CKR.CKR_KEY_TYPE_INCONSISTENT;

    /// <summary>Says what happened and what to do.</summary>
    public static string Describe(this Pkcs11Exception e) => $"{e.Method} answered {e.RV}" + e.RV switch
    {
        CKR.CKR_DEVICE_REMOVED or CKR.CKR_TOKEN_NOT_PRESENT or CKR.CKR_TOKEN_NOT_RECOGNIZED => ": put the token back in",
        CKR.CKR_SESSION_COUNT => ": the token has no more sessions; lower [Pkcs11] Sessions, or end other programs that use it",
        CKR.CKR_USER_ANOTHER_ALREADY_LOGGED_IN => ": another user is logged in to it in this process",
        CKR.CKR_MECHANISM_INVALID or CKR.CKR_MECHANISM_PARAM_INVALID or CKR.CKR_KEY_FUNCTION_NOT_PERMITTED =>
            ": the token does not do this with this key; 'postseal check' says what each is good for",
        CKR.CKR_PIN_LOCKED => ": its PIN is locked; unlock it with the security officer's PIN",
        _ => "",
    };
}
