namespace Postseal.Settings;

/// <summary>Says one thing that is wrong in a configuration, so that it can be fixed.</summary>
/// <param name="Source">The file, or whatever the settings came from.</param>
/// <param name="Section">The section, <c>Signing</c> or <c>Sender:@example.org</c>; empty when it is about the
/// whole.</param>
/// <param name="Key">The key; empty when it is about the section.</param>
/// <param name="Message">What is wrong, and what would be right.</param>
public sealed record ConfigurationError(string Source, string Section, string Key, string Message)
{
    /// <summary>Returns <c>postseal.ini: [Signing] Mode: …</c></summary>
    public override string ToString() => (Section, Key) switch
    {
        ("", _) => $"{Source}: {Message}",
        (_, "") => $"{Source}: [{Section}]: {Message}",
        _ => $"{Source}: [{Section}] {Key}: {Message}",
    };
}

/// <summary>Says that a configuration cannot be used, with everything that is wrong, not only the first.</summary>
public sealed class ConfigurationException : Exception
{
    /// <summary>Makes the exception from at least one error.</summary>
    public ConfigurationException(IReadOnlyList<ConfigurationError> errors)
        : base(string.Join(Environment.NewLine, errors)) => Errors = errors;

    /// <summary>Gets everything that is wrong, in the order of the configuration.</summary>
    public IReadOnlyList<ConfigurationError> Errors { get; }
}
