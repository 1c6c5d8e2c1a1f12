namespace Postseal.Policy;

/// <summary>What is asked of a message's author, and what happens to mail that is not so.</summary>
/// <param name="Signed">What happens to mail that is not signed; <see langword="null"/>: it need not be.</param>
/// <param name="Encrypted">What happens to mail that is not encrypted; <see langword="null"/>: it need not be.</param>
internal readonly record struct AuthorDemands(UnmetDemand? Signed, UnmetDemand? Encrypted)
{
    /// <summary>Gets whether anything is asked.</summary>
    public bool AreAny => Signed is not null || Encrypted is not null;
}
