namespace Postseal.Mime.Canonical;

/// <summary>What came of making a message ready to be signed: a <see cref="CanonicalEntity"/>,
/// <see cref="CannotCanonicalize"/> with the reason, or <see cref="CanonicalTooLong"/>.</summary>
internal abstract record Canonicalization
{
    private protected Canonicalization()
    {
    }
}

/// <summary>The message cannot be made 7bit without loss for its reader. The opaque form can carry it as it is.</summary>
/// <param name="Reason">A clause for the log: <c>a part that is signed itself is not 7bit</c>.</param>
internal sealed record CannotCanonicalize(string Reason) : Canonicalization;

/// <summary>The entity would be longer than it may be. The rest of the message was not looked at.</summary>
internal sealed record CanonicalTooLong : Canonicalization;
