using Microsoft.Extensions.Configuration;

namespace Postseal.Settings;

/// <summary>A configuration being read: it remembers which sections were asked for and everything that was wrong.</summary>
internal sealed class SettingsFile(IConfiguration configuration, string source, string baseDirectory)
{
    private readonly List<ConfigurationError> errors = [];
    private readonly List<SettingsSection> sections = [];

    /// <summary>What relative paths start from.</summary>
    public string BaseDirectory => baseDirectory;

    /// <summary>A section, which may be absent and is then empty.</summary>
    public SettingsSection Section(string name) => Open(name, configuration.GetSection(name));

    /// <summary>The sections <c>[kind:name]</c>, by name.</summary>
    public IEnumerable<(string Name, SettingsSection Section)> Named(string kind)
    {
        var parent = Section(kind);
        foreach (var child in configuration.GetSection(kind).GetChildren())
        {
            parent.Allow(child.Key);
            // A name with a colon in it, like an address literal, came as several levels: that is no name we know.
            yield return (child.Key, Open($"{kind}:{child.Key}", child));
        }
    }

    public void Error(string section, string key, string message) =>
        errors.Add(new ConfigurationError(source, section, key, message));

    /// <exception cref="ConfigurationException">Anything was wrong, or something stands there that nobody asked for.</exception>
    public void ThrowIfWrong()
    {
        foreach (var child in configuration.GetChildren())
        {
            if (!sections.Any(section => section.IsNamed(child.Key)))
                Error(child.Key, "", Unknown("section", child.Key, sections.Select(section => section.Name)));
        }

        foreach (var section in sections)
            section.RejectUnknownKeys();
        if (errors.Count > 0)
            throw new ConfigurationException(errors);
    }

    /// <summary>Says that a name is unknown and which ones are.</summary>
    internal static string Unknown(string what, string name, IEnumerable<string> known) =>
        $"there is no {what} '{name}'; there are {string.Join(", ", known.Where(n => !n.Contains(':', StringComparison.Ordinal)))}";

    private SettingsSection Open(string name, IConfigurationSection section)
    {
        var opened = new SettingsSection(this, name, section);
        sections.Add(opened);
        return opened;
    }
}
