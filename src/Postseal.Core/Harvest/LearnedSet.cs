using Postseal.Certificates;

namespace Postseal.Harvest;

/// <summary>What lies of one address in the directory of what was learned.</summary>
internal sealed record LearnedSet
{
    /// <summary>Gets where it was learned from; <see langword="null"/> where nothing was.</summary>
    public LearnedRecord? Record { get; init; }

    /// <summary>Gets a file that somebody else put there, or changed; <see langword="null"/> where there is none.</summary>
    public string? Strange { get; init; }

    /// <summary>Gets what its owner's program can read; <see langword="null"/> where that is not known.</summary>
    public Abilities? Abilities { get; init; }

    /// <summary>Gets whether a person wrote that, who knows better than any signature.</summary>
    public bool HasAbilitiesOfPerson { get; init; }
}
