using System.Runtime.InteropServices;
using System.Security.Cryptography;
using Net.Pkcs11Interop.Common;
using Net.Pkcs11Interop.LowLevelAPI80;

namespace Postseal.Pkcs11.Module;

/// <summary>Objects, and what is done with keys.</summary>
internal sealed partial class NativeModule
{
    // What a token may have us read at once: a certificate with logos in it has some 20 KiB.
    private const int MaxAttribute = 64 << 10;
    private const int FindAtOnce = 100;

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
