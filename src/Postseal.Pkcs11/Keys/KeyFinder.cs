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
            var values = session.Module.GetAttributes(session.Handle, handle, CKA.CKA_KEY_TYPE, CKA.CKA_LABEL, CKA.CKA_MODULUS);
            if (Number(values[0]) == (ulong)item.Type && Text(values[1]) == item.Label
                && (item.Type != CKK.CKK_RSA || values[2] is not { } modulus || modulus.AsSpan().TrimStart((byte)0).SequenceEqual(item.Public)))
            {
                return session.Keys[item] = handle;
            }
        }

        throw new IOException($"it is no longer in {item.Token}");
    }

    /// <summary>Reads a CK_ULONG.</summary>
    public static ulong? Number(byte[]? value) => value is { Length: sizeof(ulong) } ? BitConverter.ToUInt64(value) : null;

    /// <summary>Reads a CK_BBOOL.</summary>
    public static bool Flag(byte[]? value) => value is [not 0];

    /// <summary>Reads a text, of which none but its bytes is promised.</summary>
    public static string Text(byte[]? value) => Encoding.UTF8.GetString(value ?? []);
}
