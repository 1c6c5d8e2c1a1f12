using System.Text.Json.Serialization;
using Postseal.Dns;

namespace Postseal.Program.Commands.Kit;

/// <summary>A record for programs.</summary>
internal sealed record SmimeaRow
{
    public required string Name { get; init; }

    public required uint Ttl { get; init; }

    public required int Usage { get; init; }

    public required int Selector { get; init; }

    public required int MatchingType { get; init; }

    /// <summary>Gets the certificate association data, in hexadecimal.</summary>
    public required string Data { get; init; }

    public static SmimeaRow Of(ZoneRecord zone) => new()
    {
        Name = zone.Name,
        Ttl = zone.Ttl,
        Usage = (int)zone.Record.Usage,
        Selector = (int)zone.Record.Selector,
        MatchingType = (int)zone.Record.Matching,
        Data = Convert.ToHexStringLower(zone.Record.Data),
    };
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, WriteIndented = true)]
[JsonSerializable(typeof(SmimeaRow))]
internal sealed partial class SmimeaRowJson : JsonSerializerContext;
