using Postseal.Mail;

namespace Postseal.Policy;

/// <summary>Finds the rules for a sender: those of its own section, over those of its domain, over <c>[Signing]</c>.</summary>
/// <param name="defaults">What <c>[Signing]</c> says.</param>
/// <param name="senders">What the <c>[Sender:…]</c> sections say, by address or domain.</param>
internal sealed class SigningPolicy(SigningRules defaults, IReadOnlyDictionary<AddressPattern, SenderOverrides> senders)
{
    /// <summary>The section that holds where no other says something.</summary>
    internal const string DefaultSection = "[Signing]";

    /// <summary>Gets what <c>[Signing]</c> says.</summary>
    internal SigningRules Defaults => defaults;

    /// <summary>Finds the rules for mail of that author.</summary>
    public SigningRules For(MailAddress author) => For(AddressPattern.Of(author));

    /// <summary>Finds the rules for an address, or for a domain's senders that have no section of their own.</summary>
    public SigningRules For(AddressPattern whose) => SectionsOf(whose).Aggregate(
        defaults, (rules, section) => senders.TryGetValue(section, out var overrides) ? rules.With(overrides) : rules);

    /// <summary>Finds the rules for mail of several authors: those of the first, who signs, but where one of them must sign, it
    /// must.</summary>
    public SigningRules ForAll(IReadOnlyList<MailAddress> authors) => authors.Count == 1
        ? For(authors[0])
        : For(authors[0]).With(For(Strictest(authors)).Mode);

    /// <summary>Finds the first author whose mail must be signed; where there is none, the first author.</summary>
    internal MailAddress Strictest(IReadOnlyList<MailAddress> authors) =>
        authors.FirstOrDefault(author => For(author).Mode == SigningMode.Required, authors[0]);

    /// <summary>
    /// Returns the rules for mail whose author cannot be told but is one of these, or nobody knows who: where one of them must
    /// sign, the mail must be signed.
    /// </summary>
    public SigningRules ForAnyOf(IEnumerable<MailAddress> authors) =>
        authors.Select(For).FirstOrDefault(rules => rules.Mode == SigningMode.Required, defaults);

    /// <summary>Finds the rules for mail that anybody may have written: where one sender's mail must be signed, it must be, too.</summary>
    public SigningRules ForAnybody() => senders.Values.Any(sender => sender.Mode == SigningMode.Required)
        ? defaults with { Mode = SigningMode.Required }
        : defaults;

    /// <summary>Finds the section that decides a setting.</summary>
    internal string SectionThatSets<T>(MailAddress author, Func<SenderOverrides, T?> setting)
        where T : struct =>
        SectionsOf(AddressPattern.Of(author)).LastOrDefault(
            section => senders.TryGetValue(section, out var overrides) && setting(overrides) is not null)
            is { } section ? $"[Sender:{section}]" : DefaultSection;

    /// <summary>Lists the sections that may apply to somebody, the one that decides last.</summary>
    private static AddressPattern[] SectionsOf(AddressPattern whose) => whose.IsDomain ? [whose] : [whose.Domain, whose];
}
