using Postseal.Certificates;
using Postseal.Pkcs11.Module;

namespace Postseal.Pkcs11.Listing;

/// <summary>What all tokens have, as it was at a time.</summary>
/// <param name="ReadAt">When, by the clock's time stamp.</param>
/// <param name="Tokens">The tokens, those that are away too.</param>
/// <param name="Problem">Why the list is not whole, so that nothing is said of what is not in it; <see langword="null"/> when it is.</param>
internal sealed record TokenList(long ReadAt, IReadOnlyList<ListedToken> Tokens, string? Problem)
{
    /// <summary>Gets all certificates.</summary>
    public IReadOnlyList<MailCertificate> Certificates { get; private init; } = [];

    /// <summary>Makes a list; what did not change is the same object as in the one before.</summary>
    public static TokenList Of(long readAt, IReadOnlyList<ListedToken> tokens, string? problem, TokenList? before)
    {
        MailCertificate[] certificates = [.. tokens.SelectMany(token => token.Content?.Entries ?? []).Select(entry => entry.Certificate)];
        return new TokenList(readAt, tokens, problem)
        {
            Certificates = before is not null && before.Certificates.SequenceEqual(certificates, ReferenceEqualityComparer.Instance)
                ? before.Certificates
                : certificates,
        };
    }
}

/// <summary>A token in the list.</summary>
/// <param name="Info">The token.</param>
/// <param name="Content">What it has, or had when it was last read; <see langword="null"/> when it never was.</param>
/// <param name="Problem">Why it cannot be read now, as the end of a sentence that begins with it; <see langword="null"/> when it can.</param>
internal sealed record ListedToken(TokenInfo Info, TokenContent? Content, string? Problem);
