using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;
using Net.Pkcs11Interop.Common;
using Net.Pkcs11Interop.LowLevelAPI80;

namespace Postseal.Pkcs11.Module;

/// <summary>
/// A PKCS #11 library, called by the functions it has. The binding's comfortable half asks for the length of each signature first, which
/// many tokens answer with a whole operation; this half lets us give a buffer that is long enough.
/// </summary>
[SuppressMessage("Design", "CA1001", Justification = "Libraries stay loaded until the process ends: a thread may hang in one.")]
internal sealed class NativeModule : IModule
{
    // What a token may have us read at once: a certificate with logos in it has some 20 KiB.
    private const int MaxAttribute = 64 << 10;
    private const int MaxSlots = 1000;
    private const int FindAtOnce = 100;

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
            throw new IOException(
                $"the library {path} cannot be loaded ({e.Message.ReplaceLineEndings(" ").TrimEnd('.')}); it has to be a PKCS #11 library for this processor", e);
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

    /// <inheritdoc/>
    public IReadOnlyList<ulong> Find(ulong session, CKO kind, byte[]? id, int limit)
    {
        var found = new List<ulong>();
        using var pins = new Pins();
        var template = new List<CK_ATTRIBUTE> { AttributeOf(pins, CKA.CKA_CLASS, BitConverter.GetBytes((ulong)kind)) };
        if (id is not null)
            template.Add(AttributeOf(pins, CKA.CKA_ID, id));
        Check("C_FindObjectsInit", library.C_FindObjectsInit(session, [.. template], (ulong)template.Count));
        try
        {
            var handles = new ulong[FindAtOnce];
            for (ulong count = 1; count > 0 && found.Count < limit;)
            {
                Check("C_FindObjects", library.C_FindObjects(session, handles, (ulong)handles.Length, ref count));
                count = Math.Min(count, (ulong)handles.Length);
                found.AddRange(handles.AsSpan(0, (int)count));
            }
        }
        finally
        {
            library.C_FindObjectsFinal(session);
        }

        return found;
    }

    /// <inheritdoc/>
    public byte[]?[] GetAttributes(ulong session, ulong item, params CKA[] attributes)
    {
        var values = new byte[]?[attributes.Length];
        var asked = Array.ConvertAll(attributes, attribute => new CK_ATTRIBUTE { type = (ulong)attribute });
        var code = library.C_GetAttributeValue(session, item, asked, (ulong)asked.Length);
        if (code is not (CKR.CKR_OK or CKR.CKR_ATTRIBUTE_TYPE_INVALID or CKR.CKR_ATTRIBUTE_SENSITIVE))
            Check("C_GetAttributeValue", code);
        // CK_UNAVAILABLE_INFORMATION is the largest number there is.
        var shown = Enumerable.Range(0, asked.Length).Where(i => asked[i].valueLen <= MaxAttribute).ToArray();
        var read = Array.ConvertAll(shown, i =>
        {
            values[i] = GC.AllocateArray<byte>((int)asked[i].valueLen, pinned: true);
            var address = values[i]!.Length == 0 ? IntPtr.Zero : Marshal.UnsafeAddrOfPinnedArrayElement(values[i]!, 0);
            return asked[i] with { value = address };
        });
        if (read.Length > 0)
            Check("C_GetAttributeValue", library.C_GetAttributeValue(session, item, read, (ulong)read.Length));
        for (var i = 0; i < shown.Length; i++)
        {
            if (read[i].valueLen < (ulong)values[shown[i]]!.Length)
                values[shown[i]] = values[shown[i]]![..(int)read[i].valueLen];
        }

        return values;
    }

    /// <inheritdoc/>
    public byte[] Sign(ulong session, Mechanism mechanism, ulong key, byte[] data, int maxLength, byte[]? pin)
    {
        using var pins = new Pins();
        var how = MechanismOf(pins, mechanism);
        Check("C_SignInit", library.C_SignInit(session, ref how, key));
        if (pin is not null)
            Login(session, CKU.CKU_CONTEXT_SPECIFIC, pin);
        var signature = new byte[maxLength];
        var length = (ulong)maxLength;
        Check("C_Sign", library.C_Sign(session, data, (ulong)data.Length, signature, ref length));
        return signature[..(int)Math.Min(length, (ulong)maxLength)];
    }

    /// <inheritdoc/>
    public byte[] Decrypt(ulong session, Mechanism mechanism, ulong key, byte[] data, int maxLength, byte[]? pin)
    {
        using var pins = new Pins();
        var how = MechanismOf(pins, mechanism);
        Check("C_DecryptInit", library.C_DecryptInit(session, ref how, key));
        if (pin is not null)
            Login(session, CKU.CKU_CONTEXT_SPECIFIC, pin);
        var plain = GC.AllocateArray<byte>(maxLength, pinned: true);
        var length = (ulong)maxLength;
        try
        {
            Check("C_Decrypt", library.C_Decrypt(session, data, (ulong)data.Length, plain, ref length));
            return plain[..(int)Math.Min(length, (ulong)maxLength)];
        }
        finally
        {
            CryptographicOperations.ZeroMemory(plain);
        }
    }

    /// <inheritdoc/>
    public byte[] Derive(ulong session, Mechanism mechanism, ulong key, int length)
    {
        using var pins = new Pins();
        var how = MechanismOf(pins, mechanism);
        byte[] yes = [1], no = [0];
        CK_ATTRIBUTE[] template =
        [
            AttributeOf(pins, CKA.CKA_CLASS, BitConverter.GetBytes((ulong)CKO.CKO_SECRET_KEY)),
            AttributeOf(pins, CKA.CKA_KEY_TYPE, BitConverter.GetBytes((ulong)CKK.CKK_GENERIC_SECRET)),
            AttributeOf(pins, CKA.CKA_TOKEN, no),
            AttributeOf(pins, CKA.CKA_SENSITIVE, no),
            AttributeOf(pins, CKA.CKA_EXTRACTABLE, yes),
            AttributeOf(pins, CKA.CKA_VALUE_LEN, BitConverter.GetBytes((ulong)length)),
        ];
        ulong secret = 0;
        Check("C_DeriveKey", library.C_DeriveKey(session, ref how, key, template, (ulong)template.Length, ref secret));
        try
        {
            return GetAttributes(session, secret, CKA.CKA_VALUE)[0] ?? throw new Pkcs11Exception("C_GetAttributeValue", CKR.CKR_ATTRIBUTE_SENSITIVE);
        }
        finally
        {
            library.C_DestroyObject(session, secret);
        }
    }

    private static void Check(string function, CKR code)
    {
        if (code != CKR.CKR_OK)
            throw new Pkcs11Exception(function, code);
    }

    /// <summary>Reads a text that is padded with blanks, as those of a fixed length are.</summary>
    private static string Text(byte[]? padded) => Encoding.UTF8.GetString(padded ?? []).TrimEnd(' ', '\0');

    private static CK_ATTRIBUTE AttributeOf(Pins pins, CKA type, byte[] value) =>
        new() { type = (ulong)type, value = pins.AddressOf(value), valueLen = (ulong)value.Length };

    private static CK_MECHANISM MechanismOf(Pins pins, Mechanism mechanism)
    {
        if (mechanism.Parameter.Length == 0)
            return new CK_MECHANISM { Mechanism = (ulong)mechanism.Type };
        var fields = (ulong[])mechanism.Parameter.Clone();
        if (mechanism.Data.Length > 0)
            fields[mechanism.PointerField] = (ulong)pins.AddressOf(mechanism.Data);
        return new CK_MECHANISM
        {
            Mechanism = (ulong)mechanism.Type,
            Parameter = pins.AddressOf(fields),
            ParameterLen = (ulong)fields.Length * sizeof(ulong),
        };
    }

    /// <summary>Keeps arrays where they are for as long as the library may read them.</summary>
    private sealed class Pins : IDisposable
    {
        private readonly List<GCHandle> handles = [];

        public IntPtr AddressOf(Array array)
        {
            var handle = GCHandle.Alloc(array, GCHandleType.Pinned);
            handles.Add(handle);
            return handle.AddrOfPinnedObject();
        }

        public void Dispose()
        {
            foreach (var handle in handles)
                handle.Free();
        }
    }
}
