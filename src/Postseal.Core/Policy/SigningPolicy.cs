using Postseal.Bytes;
using Postseal.Mail;

namespace Postseal.Policy;

/// <summary>Which rules hold for a sender: those of its own section, over those of its domain, over <c>[Signing]</c>.</summary>
/// <param name="defaults">What <c>[Signing]</c> says.</param>
/// <param name="sections">What the <c>[Sender:…]</c> sections say, by address or domain.</param>
public sealed class SigningPolicy(SigningRules defaults, IReadOnlyDictionary<string, SenderOverrides> sections)
{
    // As addresses compare: lower-casing would make a K of the Kelvin sign, and take one sender for another.
    private readonly Dictionary<string, SenderOverrides> senders = new(sections, AsciiCaseComparer.Instance);

    /// <summary>The section that holds where no other says something.</summary>
    internal const string DefaultSection = "[Signing]";

    /// <summary>What <c>[Signing]</c> says.</summary>
    internal SigningRules Defaults => defaults;

    /// <summary>The rules for mail of that author.</summary>
    public SigningRules For(MailAddress author)
    {
        var rules = defaults;
        foreach (var name in Names(author))
        {
            if (senders.TryGetValue(name, out var overrides))
                rules = rules.With(overrides);
        }

        return rules;
    }

    /// <summary>Finds the rules for mail of several authors: those of the first, who signs, but where one of them must sign, it
    /// must.</summary>
    public SigningRules ForAll(IReadOnlyList<MailAddress> authors) => authors.Count == 1
        ? For(authors[0])
        : For(authors[0]).With(For(Strictest(authors)).Mode);

    /// <summary>Finds the first author whose mail must be signed; where there is none, the first author.</summary>
    internal MailAddress Strictest(IReadOnlyList<MailAddress> authors) =>
        authors.FirstOrDefault(author => For(author).Mode == SigningMode.Required, authors[0]);

    /// <summary>
    /// The rules for mail whose author cannot be told but is one of these, or nobody knows who: where one of them must
    /// sign, the mail must be signed.
    /// </summary>
    public SigningRules ForAnyOf(IEnumerable<MailAddress> authors) =>
        authors.Select(For).FirstOrDefault(rules => rules.Mode == SigningMode.Required, defaults);

    /// <summary>Finds the rules for mail that anybody may have written: where one sender's mail must be signed, it must be, too.</summary>
    public SigningRules ForAnybody() => senders.Values.Any(sender => sender.Mode == SigningMode.Required)
        ? defaults with { Mode = SigningMode.Required }
        : defaults;

    /// <summary>The rules a <c>[Sender:…]</c> section ends up with: for an address as <see cref="For"/>, for a domain
    /// those of all its senders that have no section of their own.</summary>
    /// <param name="name">What stands behind the colon: <c>alice@example.org</c> or <c>@example.org</c>.</param>
    public SigningRules ForSection(string name) =>
        MailAddress.TryParse(name, out var address) ? For(address) : defaults.With(senders[name]);

    /// <summary>The section that has the last word on a setting.</summary>
    internal string SectionThatSets<T>(MailAddress author, Func<SenderOverrides, T?> setting)
        where T : struct =>
        Names(author).LastOrDefault(name => senders.TryGetValue(name, out var overrides) && setting(overrides) is not null)
            is { } name ? $"[Sender:{name}]" : DefaultSection;

    /// <summary>The sections that may speak for an author, the one with the last word last.</summary>
    private static string[] Names(MailAddress author) =>
        ["@" + author.AsciiDomain, author.CanonicalText];
}
