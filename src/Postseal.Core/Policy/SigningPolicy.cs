using Postseal.Configuration;
using Postseal.Mime;

namespace Postseal.Policy;

/// <summary>Which rules hold for a sender: those of its own section, over those of its domain, over <c>[Signing]</c>.</summary>
/// <param name="options">The settings.</param>
public sealed class SigningPolicy(PostsealOptions options)
{
    /// <summary>The rules for mail whose author cannot be told.</summary>
    public SigningRules Default => options.Signing;

    /// <summary>The rules for mail of that author.</summary>
    public SigningRules For(MailAddress author)
    {
        var rules = options.Signing;
        if (options.Senders.TryGetValue("@" + author.AsciiDomain, out var domain))
            rules = rules.With(domain);
        if (options.Senders.TryGetValue(author.CanonicalText, out var address))
            rules = rules.With(address);
        return rules;
    }
}
