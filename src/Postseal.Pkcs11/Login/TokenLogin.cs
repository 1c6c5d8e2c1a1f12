using System.Globalization;
using System.Security.Cryptography;
using Net.Pkcs11Interop.Common;
using Postseal.Certificates;
using Postseal.Certificates.Formats;
using Postseal.Pkcs11.Module;

namespace Postseal.Pkcs11.Login;

/// <summary>
/// Logs in with the PIN of a file, and never twice with a wrong one: three wrong ones lock most tokens, and then nobody signs until the
/// security officer has come.
/// </summary>
/// <param name="pinFile">The file; <see langword="null"/> for none.</param>
/// <param name="tries">What was tried.</param>
internal sealed class TokenLogin(string? pinFile, PinTries tries)
{
    // Who rewrites the file at each start with the same wrong PIN, as systemd's LoadCredential= does, must not lock the token.
    private const int MaxTries = 2;

    private const string AtReader = "reader";

    /// <summary>Logs in unless somebody in this process is. Blocks; the caller holds the module's lock for it.</summary>
    /// <exception cref="LoginException">It is not tried, or failed.</exception>
    /// <exception cref="Pkcs11Exception">The token does not answer as it should.</exception>
    public void Ensure(IModule module, ulong session, TokenInfo seen, CancellationToken stopping)
    {
        if (!seen.NeedsLogin || module.IsLoggedIn(session))
            return;
        using var alone = tries.Lock(stopping);
        // Its flags have to be those of now: another process may just have tried.
        var token = module.GetToken(seen.Slot);
        var stamp = token.HasPinPad ? AtReader : StampOf(pinFile);
        if (WhyNot(token, stamp) is { } reason)
            throw new LoginException(reason);
        var pin = token.HasPinPad ? null : ReadPin();
        try
        {
            Try(module, session, token, stamp, pin);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(pin);
        }
    }

    /// <summary>Does something with a key that wants the PIN before each operation. A wrong one counts as at a login; the caller holds the
    /// module's lock for it.</summary>
    /// <exception cref="LoginException">The PIN is not tried, or was refused.</exception>
    public T WithPin<T>(TokenInfo token, Func<byte[], T> work)
    {
        var stamp = StampOf(pinFile);
        if (WhyNot(token with { Flags = token.Flags & ~(CKF.CKF_USER_PIN_LOCKED | CKF.CKF_USER_PIN_FINAL_TRY) }, stamp) is { } reason)
            throw new LoginException(reason);
        var pin = ReadPin();
        try
        {
            var result = work(pin);
            if (tries.Read(token.Name).Count > 0)
                tries.Write(token.Name, []);
            return result;
        }
        catch (Pkcs11Exception e) when (e.RV is CKR.CKR_PIN_INCORRECT or CKR.CKR_PIN_INVALID or CKR.CKR_PIN_LEN_RANGE or CKR.CKR_PIN_LOCKED)
        {
            tries.Write(token.Name, [.. tries.Read(token.Name), new PinTry(true, stamp)]);
            throw new LoginException(WhyNot(token, stamp) ?? "refused the PIN");
        }
        finally
        {
            CryptographicOperations.ZeroMemory(pin);
        }
    }

    private byte[] ReadPin()
    {
        if (pinFile is null)
            throw new LoginException("wants a PIN: write it into a file that only Postseal reads, and name that in [Pkcs11] PinFile");
        try
        {
            return SecretFile.ReadFirstLine(pinFile) is { Length: > 0 } pin
                ? pin
                : throw new LoginException($"wants a PIN, and the first line of {pinFile} is empty; write it there");
        }
        catch (Exception e) when (e is not LoginException and (IOException or UnauthorizedAccessException or CertificateFileException))
        {
            throw new LoginException($"wants a PIN, and {pinFile} cannot be read: {e.Message.TrimEnd('.')}");
        }
    }

    /// <summary>Says why no PIN is tried; <see langword="null"/> when it may be.</summary>
    public string? WhyNot(TokenInfo token) => token.NeedsLogin ? WhyNot(token, token.HasPinPad ? AtReader : StampOf(pinFile)) : null;

    private string? WhyNot(TokenInfo token, string stamp)
    {
        if (token.IsPinLocked)
            return "has a locked PIN: unlock it with the security officer's PIN (pkcs11-tool --init-pin, or its maker's program)";
        if (token.IsLastTry)
        {
            return "has one try left before its PIN locks, and that is not ours to take: log in to it once by hand with the right PIN "
                + "(pkcs11-tool --login), which gives back the tries";
        }

        var before = tries.Read(token.Name);
        var forget = tries.FileOf(token.Name) is { } file ? $"delete {file}" : "start Postseal anew";
        if (before.FirstOrDefault(one => one.WasRefused && one.Stamp == stamp) is not null)
        {
            return token.HasPinPad
                ? $"refused the PIN that was typed at its reader, and is not asked again: {forget} to be asked once more"
                : $"refused the PIN in {pinFile}, and it is not tried again, since tokens lock after some wrong ones: write the right one there; "
                    + $"{forget} if it is right now, because the PIN was changed in the token";
        }

        return before.Count >= MaxTries
            ? $"refused {MaxTries} PINs one after another, and no more are tried, since tokens lock: see that pkcs11-tool --login takes the PIN, "
                + $"then {forget}"
            : null;
    }

    private void Try(IModule module, ulong session, TokenInfo token, string stamp, byte[]? pin)
    {
        var before = tries.Read(token.Name);
        tries.Write(token.Name, [.. before, new PinTry(false, stamp)]);
        try
        {
            module.Login(session, CKU.CKU_USER, pin);
            tries.Write(token.Name, []);
        }
        catch (Pkcs11Exception e) when (e.RV == CKR.CKR_USER_ALREADY_LOGGED_IN)
        {
            tries.Write(token.Name, before);
        }
        catch (Pkcs11Exception e) when (e.RV is
            CKR.CKR_PIN_INCORRECT or CKR.CKR_PIN_INVALID or CKR.CKR_PIN_LEN_RANGE or CKR.CKR_PIN_EXPIRED or CKR.CKR_PIN_LOCKED
            or CKR.CKR_FUNCTION_CANCELED)
        {
            tries.Write(token.Name, [.. before, new PinTry(true, stamp)]);
            throw new LoginException(e.RV switch
            {
                CKR.CKR_PIN_LOCKED => WhyNot(token with { Flags = CKF.CKF_USER_PIN_LOCKED }, stamp)!,
                CKR.CKR_PIN_EXPIRED => "has a PIN that expired: give it a new one (pkcs11-tool --change-pin) and write that into the file",
                _ => WhyNot(token, stamp) ?? "refused the PIN",
            });
        }
        catch (Pkcs11Exception e)
        {
            // Some libraries say of a wrong PIN no more than that something failed. The token counted it all the same.
            if (HasCounted(module, token))
            {
                tries.Write(token.Name, [.. before, new PinTry(true, stamp)]);
                throw new LoginException(WhyNot(token, stamp) ?? "refused the PIN");
            }

            tries.Write(token.Name, before); // it did not come to look at the PIN
            // Not as what may be done once more at once: a token without such flags might count each of them.
            throw new LoginException($"did not let us log in: {e.Describe()}");
        }
    }

    /// <summary>Determines whether a token counted a wrong PIN just now.</summary>
    private static bool HasCounted(IModule module, TokenInfo before)
    {
        try
        {
            var now = module.GetToken(before.Slot);
            return now.Name == before.Name && (now.IsPinLocked || now.IsLastTry || (now.HadWrongPin && !before.HadWrongPin));
        }
        catch (Pkcs11Exception)
        {
            return false; // it is away
        }
    }

    private static string StampOf(string? path)
    {
        var stamp = path is null ? default : FileStamp.Of(path);
        return string.Create(CultureInfo.InvariantCulture, $"{stamp.Changed.Ticks} {stamp.LinkChanged.Ticks} {stamp.Length}");
    }
}
