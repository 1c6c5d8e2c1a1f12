using Microsoft.Extensions.Configuration;
using Postseal.Mail;

namespace Postseal.Settings;

/// <summary>
/// Hands out the sections of a settings file, to the core and to programs with sections of their own. It remembers
/// which were asked for, and everything that was wrong.
/// </summary>
/// <param name="configuration">The settings; in a program of its own, the section that holds ours.</param>
/// <param name="source">The name of the file, for errors.</param>
/// <param name="baseDirectory">What relative paths start from: the directory of the file.</param>
/// <param name="sectionOrder">The names of its sections in their order, where they have one.</param>
internal sealed class SettingsFile(
    IConfiguration configuration, string source, string baseDirectory, params IReadOnlyList<string> sectionOrder)
{
    private readonly List<ConfigurationError> errors = [];
    private readonly List<SettingsSection> sections = [];

    public string BaseDirectory => baseDirectory;

    /// <summary>Opens an INI file.</summary>
    /// <exception cref="ConfigurationException">The file is not there, cannot be read, or is no INI file.</exception>
    public static SettingsFile Open(string path)
    {
        var (configuration, order) = IniFile.Read(path);
        return new(configuration, path, Path.GetDirectoryName(Path.GetFullPath(path))!, order);
    }

    /// <summary>Opens a section, whoever has asked for it before; one that is missing is empty.</summary>
    public SettingsSection Section(string name) =>
        sections.Find(section => section.IsNamed(name)) ?? Open(name, configuration.GetSection(name));

    /// <summary>
    /// Opens the sections <c>[kind:x]</c>, where x is an address or <c>@domain</c>; each has one at most.
    /// </summary>
    public IEnumerable<(AddressPattern Whose, SettingsSection Section)> Named(string kind)
    {
        var found = new HashSet<AddressPattern>();
        Section(kind).AllowAll();
        foreach (var child in configuration.GetSection(kind).GetChildren())
        {
            var name = $"{kind}:{child.Key}";
            // A name with a colon in it, like an address literal, came as several levels: that is no name we know.
            if (!AddressPattern.TryParse(child.Key.Trim(), out var whose))
                Error(name, "", $"'{child.Key.Trim()}' {AddressPattern.IsNeither}");
            else if (!found.Add(whose))
                Error(name, "", "there is another section for the same address or domain; keep one");
            else
                yield return (whose, Open(name, child));
        }
    }

    /// <summary>Opens the sections <c>[kind:NAME]</c>, in the order of the file; those of another configuration, which has no order, by
    /// name.</summary>
    public IEnumerable<(string Name, SettingsSection Section)> Children(string kind)
    {
        Section(kind).AllowAll();
        return
        [
            .. from child in configuration.GetSection(kind).GetChildren()
               let name = $"{kind}:{child.Key}"
               orderby sectionOrder.TakeWhile(section => !string.Equals(section, name, StringComparison.OrdinalIgnoreCase)).Count()
               select (child.Key.Trim(), Open(name, child)),
        ];
    }

    public void Error(string section, string key, string message) =>
        errors.Add(new ConfigurationError(source, section, key, message));

    /// <summary>Throws if anything was wrong, or if there is a section or key that nobody asked for.</summary>
    /// <exception cref="ConfigurationException">There is.</exception>
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

    /// <summary>Says that a name is unknown, and which are known.</summary>
    internal static string Unknown(string what, string name, IEnumerable<string> known) =>
        $"there is no {what} '{name}'; there are {string.Join(", ", known.Where(other => !other.Contains(':')))}";

    private SettingsSection Open(string name, IConfigurationSection section)
    {
        var opened = new SettingsSection(this, name, section);
        sections.Add(opened);
        return opened;
    }
}
