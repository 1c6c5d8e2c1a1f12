using System.Security.Cryptography.X509Certificates;
using Postseal.Certificates;

namespace Postseal.Harvest;

/// <summary>What a store of learned certificates has for one address.</summary>
internal sealed record LearnedSet
{
    /// <summary>Gets where it was learned from; <see langword="null"/> if nothing was learned.</summary>
    public LearnedRecord? Record { get; init; }

    /// <summary>Gets what somebody else put there or changed, for people: a file, an entry; <see langword="null"/> if there is
    /// nothing.</summary>
    public string? Strange { get; init; }

    /// <summary>Gets the certificates that somebody else put there, where they can be told apart.</summary>
    public IReadOnlyList<X509Certificate2> Placed { get; init; } = [];

    /// <summary>Gets what its owner's program can read; <see langword="null"/> if that is not known.</summary>
    public Abilities? Abilities { get; init; }

    /// <summary>Gets whether a person wrote that list, so that it is not replaced by one from a signature.</summary>
    public bool HasAbilitiesOfPerson { get; init; }

    /// <summary>Gets whether what a candidate says of that can be kept. Default: always.</summary>
    public Predicate<Candidate> CanKeepAbilitiesOf { get; init; } = _ => true;

    /// <summary>Gets whether this host alone knows it, and the store that it shares with others does not.</summary>
    public bool IsUnshared { get; init; }

    /// <summary>Gets what reads a certificate of the record; <see langword="null"/> if it is gone.</summary>
    public Func<LearnedCertificate, X509Certificate2?> CertificateOf { get; init; } = _ => null;
}
