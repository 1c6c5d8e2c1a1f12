namespace Postseal.Policy;

/// <summary>What mail of an author has to be, and what happens to mail that is not.</summary>
/// <param name="Signed">What happens to mail that is not signed; <see langword="null"/>: it need not be.</param>
/// <param name="Encrypted">What happens to mail that is not encrypted; <see langword="null"/>: it need not be.</param>
internal readonly record struct AuthorDemands(UnmetDemand? Signed, UnmetDemand? Encrypted)
{
    /// <summary>Gets whether anything is asked.</summary>
    public bool AreAny => Signed is not null || Encrypted is not null;
}
