using Postseal.Certificates.Sources;
using Postseal.Harvest;

namespace Postseal.Settings;

/// <summary>What is learned from mail that comes in: [Harvest].</summary>
internal static partial class SettingsReader
{
    private const string LdapPrefix = "ldap:";

    private static HarvestOptions ReadHarvest(SettingsFile file, HarvestOptions defaults, IReadOnlyList<LdapOptions> services)
    {
        var section = file.Section("Harvest");
        var options = new HarvestOptions
        {
            Accept = section.Enum<HarvestAccept>("Accept") ?? defaults.Accept,
            RequireDkim = section.Flag("RequireDkim", defaults.RequireDkim),
            DkimFrom = section.Value("DkimFrom", defaults.DkimFrom, ParseAuthservId, "the name of a filter, as mx.example.org"),
            Ldap = ReadHarvestLdap(section, services),
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

    /// <summary>Reads which directory service keeps what is learned: <c>Path = ldap:NAME</c>.</summary>
    private static string? ReadHarvestLdap(SettingsSection section, IReadOnlyList<LdapOptions> services)
    {
        if (section.Text("Path") is not { } path || !IsLdap(path))
            return null;
        var name = path[LdapPrefix.Length..];
        var found = services.FirstOrDefault(service => service.Name.Equals(name, StringComparison.OrdinalIgnoreCase));
        var problem = found switch
        {
            null => $"there is no section [Ldap:{name}] that says where the directory service is",
            { Base.Length: 0 } => $"[Ldap:{name}] Base is empty; name the entry below which one is added for each address, "
                + "as Base = ou=learned,dc=example,dc=org",
            { Domains.Count: > 0 } => $"[Ldap:{name}] Domains lets it be asked for some addresses only, and others would be learned for nothing; "
                + "leave Domains out",
            _ => null,
        };
        if (problem is null)
            return found!.Name;
        section.Error("Path", problem);
        return null;
    }

    /// <summary>Reads the directory of files: with a directory service it has what waits for approval, and what was learned before.</summary>
    private static string ReadHarvestedPath(SettingsSection section, string state) =>
        section.Text("Path") is { } path && !IsLdap(path) ? section.FullPath(path) : Path.Combine(state, "harvested");

    private static bool IsLdap(string path) => path.StartsWith(LdapPrefix, StringComparison.OrdinalIgnoreCase);
}
