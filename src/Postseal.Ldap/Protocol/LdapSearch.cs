namespace Postseal.Ldap.Protocol;

/// <summary>A search (RFC 4511 section 4.5.1). Aliases are not followed.</summary>
/// <param name="Base">The DN where it begins.</param>
/// <param name="Filter">The filter (RFC 4515), in which nothing of strangers stands unescaped.</param>
/// <param name="Attributes">What is wanted of the entries; <c>1.1</c> for nothing (section 4.5.1.8).</param>
internal sealed record LdapSearch(string Base, string Filter, IReadOnlyList<string> Attributes)
{
    /// <summary>The most values in an answer, where nothing else is said: twenty entries with many certificates each.</summary>
    public const int DefaultMaxValues = 500;

    /// <summary>Gets how much of the tree is searched. Default: all below, and the entry itself.</summary>
    public LdapScope Scope { get; init; } = LdapScope.WholeSubtree;

    /// <summary>Gets the most entries that are taken. A server that has more says so (sizeLimitExceeded); one that sends more is not
    /// believed.</summary>
    public int MaxEntries { get; init; } = 20;

    /// <summary>Gets the most values that are taken, of all entries and attributes, each attribute counted as one more.</summary>
    public int MaxValues { get; init; } = DefaultMaxValues;

    /// <summary>Gets how long the server may search; it is sent in whole seconds.</summary>
    public TimeSpan TimeLimit { get; init; } = TimeSpan.FromSeconds(3);

    /// <summary>Gets whether it is enough to know that there are more than <see cref="MaxEntries"/>.</summary>
    public bool IsSample { get; init; }
}

/// <summary>How much of the tree is searched (RFC 4511 section 4.5.1.2).</summary>
internal enum LdapScope
{
    BaseObject = 0,
    WholeSubtree = 2,
}

/// <summary>What a search found.</summary>
/// <param name="Entries">The entries.</param>
/// <param name="IsCutOff">Whether there are more; only of a search that is a sample.</param>
internal sealed record LdapAnswer(IReadOnlyList<LdapEntry> Entries, bool IsCutOff)
{
    /// <summary>Gets another server that has a part of what was searched, which is not asked; <see langword="null"/> where there is none.</summary>
    public string? Elsewhere { get; init; }
}
