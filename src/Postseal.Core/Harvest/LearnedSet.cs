using Postseal.Certificates;

namespace Postseal.Harvest;

/// <summary>What the directory of learned certificates has for one address.</summary>
internal sealed record LearnedSet
{
    /// <summary>Gets where it was learned from; <see langword="null"/> if nothing was learned.</summary>
    public LearnedRecord? Record { get; init; }

    /// <summary>Gets a file that somebody else put there or changed; <see langword="null"/> if there is none.</summary>
    public string? Strange { get; init; }

    /// <summary>Gets what its owner's program can read; <see langword="null"/> if that is not known.</summary>
    public Abilities? Abilities { get; init; }

    /// <summary>Gets whether a person wrote that list, so that it is not replaced by one from a signature.</summary>
    public bool HasAbilitiesOfPerson { get; init; }
}
