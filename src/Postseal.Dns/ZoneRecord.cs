using System.Globalization;
using System.Text;

namespace Postseal.Dns;

/// <summary>A record as a zone file has it (RFC 1035 section 5.1).</summary>
/// <param name="Name">Its name, without the dot at the end.</param>
/// <param name="Ttl">Its TTL in seconds.</param>
/// <param name="Record">What it says.</param>
internal sealed record ZoneRecord(string Name, uint Ttl, SmimeaRecord Record)
{
    private const int DigitsOfLine = 96;

    /// <summary>Writes it in its own form (RFC 8162 section 2), which BIND knows since 9.11, NSD, Knot and ldns.</summary>
    public override string ToString() =>
        Write($"SMIMEA {(byte)Record.Usage} {(byte)Record.Selector} {(byte)Record.Matching}", Record.Data);

    /// <summary>Writes it in the form for types that a server does not know (RFC 3597 section 5).</summary>
    public string ToGenericString()
    {
        var rdata = Record.ToBytes();
        return Write($"TYPE{SmimeaRecord.Type} \\# {rdata.Length}", rdata);
    }

    private string Write(string head, byte[] data)
    {
        var text = new StringBuilder().Append(CultureInfo.InvariantCulture, $"{Name}. {Ttl} IN {head} (");
        foreach (var line in Convert.ToHexStringLower(data).Chunk(DigitsOfLine))
            text.Append("\n    ").Append(line);
        return text.Append(" )\n").ToString();
    }
}
