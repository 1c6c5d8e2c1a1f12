using Postseal.Mail;

namespace Postseal.Policy;

/// <summary>
/// Finds the one address a signature would speak for: the first in From. What a reader might understand differently has
/// no author.
/// </summary>
internal static class Author
{
    /// <summary>Returns the author, or <see langword="null"/> where there is none without doubt.</summary>
    public static MailAddress? Find(IReadOnlyList<HeaderField> headers) => Authorship.Of(headers).Signer;
}
