using System.Buffers.Binary;
using System.Text;

namespace Postseal.Dns;

/// <summary>Why a resolver says what it says (Extended DNS Error, RFC 8914).</summary>
/// <param name="Code">The INFO-CODE.</param>
/// <param name="Text">The EXTRA-TEXT, in printable ASCII and short.</param>
internal sealed record ExtendedError(ushort Code, string Text)
{
    private const ushort Option = 15;
    private const int OptionHead = 4;
    private const int MaxText = 200;

    /// <summary>Gets whether it says that DNSSEC's signatures are there and do not hold, or are missing where they have to be.</summary>
    public bool IsBogus => Code is (>= 5 and <= 12) or 27;

    /// <summary>Reads the first one among the options of an OPT record (RFC 6891 section 6.1.2); <see langword="null"/> where there is
    /// none.</summary>
    public static ExtendedError? In(ReadOnlySpan<byte> options)
    {
        while (options.Length >= OptionHead)
        {
            var (code, length) = (BinaryPrimitives.ReadUInt16BigEndian(options), BinaryPrimitives.ReadUInt16BigEndian(options[2..]));
            options = options[OptionHead..];
            if (length > options.Length)
                return null;
            if (code == Option && length >= sizeof(ushort))
                return new ExtendedError(BinaryPrimitives.ReadUInt16BigEndian(options), Printable(options[sizeof(ushort)..length]));
            options = options[length..];
        }

        return null;
    }

    /// <summary>Returns its name in RFC 8914 section 4 where it is about DNSSEC or reachability, else its number, and the text.</summary>
    public override string ToString()
    {
        var name = Code switch
        {
            5 => "DNSSEC indeterminate",
            6 => "DNSSEC bogus",
            7 => "signature expired",
            8 => "signature not yet valid",
            9 => "DNSKEY missing",
            10 => "RRSIGs missing",
            11 => "no zone key bit set",
            12 => "NSEC missing",
            15 => "blocked",
            18 => "prohibited",
            22 => "no reachable authority",
            23 => "network error",
            27 => "unsupported NSEC3 iterations",
            _ => $"extended error {Code}",
        };
        return Text.Length == 0 ? name : $"{name}: {Text}";
    }

    private static string Printable(ReadOnlySpan<byte> text) =>
        string.Create(Math.Min(text.Length, MaxText), Encoding.Latin1.GetString(text), static (printable, all) =>
        {
            for (var i = 0; i < printable.Length; i++)
                printable[i] = all[i] is >= ' ' and <= '~' ? all[i] : '?';
        }).TrimEnd('\0', '?', '.', ' ');
}
