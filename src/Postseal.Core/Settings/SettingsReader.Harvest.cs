using Postseal.Harvest;

namespace Postseal.Settings;

/// <summary>What is learned from mail that comes in: [Harvest].</summary>
internal static partial class SettingsReader
{
    private static HarvestOptions ReadHarvest(SettingsFile file, HarvestOptions defaults)
    {
        var section = file.Section("Harvest");
        var options = new HarvestOptions
        {
            Accept = section.Enum<HarvestAccept>("Accept") ?? defaults.Accept,
            RequireDkim = section.Flag("RequireDkim", defaults.RequireDkim),
            DkimFrom = section.Value("DkimFrom", defaults.DkimFrom, ParseAuthservId, "the name of a filter, as mx.example.org"),
        };
        if (options.Accept == HarvestAccept.Off)
            return options;
        if (file.Section("Incoming").Text("Domains") is null)
            section.Error("Accept", "learns from incoming mail, and [Incoming] Domains is empty; name the domains whose mail comes in here");
        if (options is { RequireDkim: true, DkimFrom: null })
        {
            section.Error(
                "DkimFrom",
                "is empty, and nothing is learned of mail that nobody vouches for; write the name (authserv-id) that stands first in the "
                + "Authentication-Results fields of the filter before this one, as DkimFrom = mx.example.org, or RequireDkim = no");
        }

        return options;
    }

    private static string ReadHarvestedPath(SettingsSection section, string state) =>
        section.Text("Path") is { } path ? section.FullPath(path) : Path.Combine(state, "harvested");
}
