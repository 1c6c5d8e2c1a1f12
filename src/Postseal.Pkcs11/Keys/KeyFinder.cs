using System.Text;
using Net.Pkcs11Interop.Common;
using Postseal.Pkcs11.Work;

namespace Postseal.Pkcs11.Keys;

/// <summary>Finds a key again in each session: handles do not outlive one, identifiers and labels do.</summary>
internal static class KeyFinder
{
    // As many keys may have one identifier.
    private const int MaxSame = 100;

    /// <summary>Returns the handle of a key.</summary>
    /// <exception cref="IOException">It is not in the token any more.</exception>
    public static ulong Find(Session session, KeyObject item)
    {
        if (session.Keys.TryGetValue(item, out var known))
            return known;
        foreach (var handle in session.Module.Find(session.Handle, CKO.CKO_PRIVATE_KEY, item.Id.Length > 0 ? item.Id : null, MaxSame))
        {
            var values = session.Module.GetAttributes(session.Handle, handle, CKA.CKA_KEY_TYPE, CKA.CKA_LABEL, CKA.CKA_MODULUS, CKA.CKA_EC_POINT);
            if (Number(values[0]) == (ulong)item.Type && Text(values[1]) == item.Label && IsNoOther(item, values[2], values[3]))
                return session.Keys[item] = handle;
        }

        throw new IOException($"it is no longer in {item.Token}");
    }

    /// <summary>Determines whether what a key shows is not that of another with the same identifier and label; some show nothing.</summary>
    private static bool IsNoOther(KeyObject item, byte[]? modulus, byte[]? point)
    {
        var shown = item.Type == CKK.CKK_RSA ? modulus : point;
        return shown is not { Length: > 0 } || item.Public is null
            || (item.Type == CKK.CKK_RSA ? PublicPart.OfModulus(shown) : PublicPart.OfPoint(shown)).AsSpan().SequenceEqual(item.Public);
    }

    /// <summary>Reads a CK_ULONG.</summary>
    public static ulong? Number(byte[]? value) => value is { Length: sizeof(ulong) } ? BitConverter.ToUInt64(value) : null;

    /// <summary>Reads a CK_BBOOL.</summary>
    public static bool Flag(byte[]? value) => value is [not 0];

    /// <summary>Reads a text, of which none but its bytes is promised.</summary>
    public static string Text(byte[]? value) => Encoding.UTF8.GetString(value ?? []);
}
