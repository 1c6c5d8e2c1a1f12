using Postseal.Configuration;
using Postseal.Mime;

namespace Postseal.Policy;

/// <summary>Which rules hold for a sender: those of its own section, over those of its domain, over <c>[Signing]</c>.</summary>
/// <param name="options">The settings.</param>
public sealed class SigningPolicy(PostsealOptions options)
{
    // As addresses compare: lower-casing would make a K of the Kelvin sign, and take one sender for another.
    private readonly Dictionary<string, SenderOverrides> senders = new(options.Senders, StringComparer.OrdinalIgnoreCase);

    /// <summary>The rules for mail of that author.</summary>
    public SigningRules For(MailAddress author)
    {
        var rules = options.Signing;
        if (senders.TryGetValue("@" + author.AsciiDomain, out var domain))
            rules = rules.With(domain);
        if (senders.TryGetValue(author.CanonicalText, out var address))
            rules = rules.With(address);
        return rules;
    }

    /// <summary>
    /// The rules for mail whose author cannot be told but is one of these, or nobody knows who: where one of them must
    /// sign, the mail must be signed.
    /// </summary>
    public SigningRules ForAnyOf(IEnumerable<MailAddress> authors) =>
        authors.Select(For).FirstOrDefault(rules => rules.Mode == SigningMode.Required, options.Signing);
}
