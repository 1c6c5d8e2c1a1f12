using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;
using Net.Pkcs11Interop.Common;
using Net.Pkcs11Interop.LowLevelAPI80;

namespace Postseal.Pkcs11.Module;

/// <summary>
/// A PKCS #11 library, called by the functions it has. The binding's comfortable half asks for the length of each signature first, which
/// many tokens answer with a whole operation; this half lets us give a buffer that is long enough.
/// </summary>
[SuppressMessage("Design", "CA1001", Justification = "Libraries stay loaded until the process ends: a thread may hang in one.")]
internal sealed partial class NativeModule : IModule
{
    private const int MaxSlots = 1000;

    // The binding wants dlopen from a "libdl", which is a file of developers' packages alone. Since glibc 2.34, and with musl, it is in the C
    // library, which the program has loaded.
    private static readonly Lazy<bool> HasLoader = new(() =>
    {
        try
        {
            NativeLibrary.SetDllImportResolver(
                typeof(Pkcs11Library).Assembly, static (name, _, _) => name == "libdl" ? NativeLibrary.GetMainProgramHandle() : IntPtr.Zero);
            return true;
        }
        catch (InvalidOperationException)
        {
            return false; // the program around us has seen to it
        }
    });

    private readonly Pkcs11Library library;
    private CK_INFO? info;

    /// <summary>Loads a library.</summary>
    /// <param name="path">Its absolute path.</param>
    /// <exception cref="IOException">It cannot be loaded.</exception>
    public NativeModule(string path)
    {
        // The structures are those of a CK_ULONG of 64 bits without packing.
        if (!Environment.Is64BitProcess || OperatingSystem.IsWindows())
            throw new IOException("tokens are used on 64-bit Unix systems alone");
        _ = HasLoader.Value;
        try
        {
            library = new Pkcs11Library(path);
        }
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            var reason = e.Message.ReplaceLineEndings(" ").TrimEnd('.');
            throw new IOException($"the library {path} cannot be loaded ({reason}); it has to be a PKCS #11 library for this processor", e);
        }
    }

    /// <inheritdoc/>
    public void Start() => Check("C_Initialize", library.C_Initialize(new CK_C_INITIALIZE_ARGS { Flags = CKF.CKF_OS_LOCKING_OK }));

    /// <inheritdoc/>
    public void Stop() => library.C_Finalize(IntPtr.Zero);

    /// <inheritdoc/>
    public IReadOnlyList<ulong> GetSlots()
    {
        for (; ; )
        {
            ulong count = 0;
            Check("C_GetSlotList", library.C_GetSlotList(true, null, ref count));
            var slots = new ulong[Math.Min(count, MaxSlots)];
            count = (ulong)slots.Length;
            var code = slots.Length == 0 ? CKR.CKR_OK : library.C_GetSlotList(true, slots, ref count);
            if (code == CKR.CKR_BUFFER_TOO_SMALL && slots.Length < MaxSlots)
                continue; // one was put in between the two calls
            Check("C_GetSlotList", code);
            return slots[..(int)Math.Min(count, (ulong)slots.Length)];
        }
    }

    /// <inheritdoc/>
    public TokenInfo GetToken(ulong slot)
    {
        var token = new CK_TOKEN_INFO();
        Check("C_GetTokenInfo", library.C_GetTokenInfo(slot, ref token));
        var place = new CK_SLOT_INFO();
        Check("C_GetSlotInfo", library.C_GetSlotInfo(slot, ref place));
        if (info is null)
        {
            var about = new CK_INFO();
            Check("C_GetInfo", library.C_GetInfo(ref about));
            info = about;
        }

        var name = new TokenName(Text(token.Label), Text(token.ManufacturerId), Text(token.Model), Text(token.SerialNumber));
        return new TokenInfo(name, slot, token.Flags)
        {
            Others = new Dictionary<string, string>
            {
                ["slot-description"] = Text(place.SlotDescription),
                ["slot-manufacturer"] = Text(place.ManufacturerId),
                ["library-description"] = Text(info.Value.LibraryDescription),
                ["library-manufacturer"] = Text(info.Value.ManufacturerId),
                ["library-version"] = string.Create(
                    CultureInfo.InvariantCulture, $"{info.Value.LibraryVersion.Major?[0]}.{info.Value.LibraryVersion.Minor?[0]}"),
            },
        };
    }

    /// <inheritdoc/>
    public bool Supports(ulong slot, CKM mechanism, ulong flags)
    {
        var about = new CK_MECHANISM_INFO();
        var code = library.C_GetMechanismInfo(slot, mechanism, ref about);
        if (code == CKR.CKR_MECHANISM_INVALID)
            return false;
        Check("C_GetMechanismInfo", code);
        return (about.Flags & flags) == flags;
    }

    /// <inheritdoc/>
    public ulong OpenSession(ulong slot)
    {
        ulong session = 0;
        Check("C_OpenSession", library.C_OpenSession(slot, CKF.CKF_SERIAL_SESSION, IntPtr.Zero, IntPtr.Zero, ref session));
        return session;
    }

    /// <inheritdoc/>
    public void CloseSession(ulong session) => library.C_CloseSession(session);

    /// <inheritdoc/>
    public bool IsLoggedIn(ulong session)
    {
        var about = new CK_SESSION_INFO();
        Check("C_GetSessionInfo", library.C_GetSessionInfo(session, ref about));
        return about.State is (ulong)CKS.CKS_RO_USER_FUNCTIONS or (ulong)CKS.CKS_RW_USER_FUNCTIONS;
    }

    /// <inheritdoc/>
    public void Login(ulong session, CKU user, byte[]? pin) =>
        Check("C_Login", library.C_Login(session, user, pin, (ulong)(pin?.Length ?? 0)));

    private static void Check(string function, CKR code)
    {
        if (code != CKR.CKR_OK)
            throw new Pkcs11Exception(function, code);
    }

    /// <summary>Reads a text that is padded with blanks, as those of a fixed length are.</summary>
    private static string Text(byte[]? padded) => Encoding.UTF8.GetString(padded ?? []).TrimEnd(' ', '\0');
}
