namespace Postseal.Cms;

/// <summary>
/// Identifier and length octets (X.690 section 8.1), for the few structures that stand around content too long to
/// be copied through an encoder.
/// </summary>
internal static class Der
{
    public const byte OctetString = 0x04;
    public const byte Sequence = 0x30;

    public static byte ContextConstructed(int number) => (byte)(0xA0 | number);

    public static byte[] Header(byte identifier, long length)
    {
        if (length < 0x80)
            return [identifier, (byte)length];
        var octets = 8 - System.Numerics.BitOperations.LeadingZeroCount((ulong)length) / 8;
        var header = new byte[2 + octets];
        header[0] = identifier;
        header[1] = (byte)(0x80 | octets);
        for (var i = 0; i < octets; i++)
            header[2 + i] = (byte)(length >> (8 * (octets - 1 - i)));
        return header;
    }
}
