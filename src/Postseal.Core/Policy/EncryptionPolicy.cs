using Postseal.Mail;

namespace Postseal.Policy;

/// <summary>Finds whether mail to a recipient is encrypted and how: his own section, over his domain's, over <c>[Encryption]</c>, and
/// the sender's mode beside it.</summary>
/// <param name="defaults">What <c>[Encryption]</c> says.</param>
/// <param name="recipients">What the <c>[Recipient:…]</c> sections say, by address or domain.</param>
/// <param name="senders">What the <c>[Sender:…]</c> sections say, by address or domain.</param>
internal sealed class EncryptionPolicy(
    EncryptionRules defaults,
    IReadOnlyDictionary<AddressPattern, RecipientOverrides> recipients,
    IReadOnlyDictionary<AddressPattern, SenderOverrides> senders)
{
    private const string DefaultMode = "[Encryption] Mode";

    /// <summary>Gets whether no setting asks for encryption: then only the sender of a message can.</summary>
    public bool IsOff { get; } =
        defaults.Mode == EncryptionMode.Never
        && recipients.Values.All(section => section.Mode is null or EncryptionMode.Never)
        && senders.Values.All(section => section.Encryption is null or EncryptionMode.Never);

    /// <summary>Finds the rules for a recipient.</summary>
    /// <param name="recipient">His address; <see langword="null"/> where what the mail system gave is none.</param>
    public EncryptionRules For(MailAddress? recipient) => recipient is null ? defaults : SectionsOf(recipient).Aggregate(
        defaults, (rules, section) => recipients.TryGetValue(section, out var overrides) ? rules.With(overrides) : rules);

    /// <summary>Decides the mode for one recipient of a message: of all that may hold the strictest.</summary>
    /// <param name="recipient">The recipient. What the MTA may read as another address has the modes of both.</param>
    /// <param name="senders">The mode of each who may be the sender; <see langword="null"/> for one without any.</param>
    /// <param name="isOurs">Whether his private key lies here: then only a section of his own has him encrypted to.</param>
    public DecidedMode ModeFor(Recipient recipient, IReadOnlyList<DecidedMode?> senders, bool isOurs)
    {
        var own = ModesOf(recipient);
        if (isOurs && own[0] is null)
            return new(EncryptionMode.Never, "his private key is in [Certificates] Path, and no [Recipient:…] Mode is for him");
        return own.SelectMany(_ => senders.DefaultIfEmpty(), Stricter).MaxBy(mode => mode.Mode)!;
    }

    /// <summary>Finds the modes of those who may have written a message; <see langword="null"/> for whoever has none of his own.</summary>
    public IReadOnlyList<DecidedMode?> ModesOf(IEnumerable<MailAddress> authors) =>
        [.. authors.Select(author => SectionMode(senders, author, "Sender", "Encryption", section => section.Encryption)).Distinct()];

    /// <summary>Finds the modes for mail that anybody may have written, one who has none among them.</summary>
    public IReadOnlyList<DecidedMode?> ModesOfAnybody() => [null, .. ModesIn(senders, "Sender", "Encryption", section => section.Encryption)];

    private IReadOnlyList<DecidedMode?> ModesOf(Recipient recipient) =>
        recipient.Address is { } address ? [OwnMode(address), .. RewrittenAddresses.Of(address).Select(OwnMode).OfType<DecidedMode>()]
        // A name alone is somebody here.
        : RewrittenAddresses.MayBeElsewhere(recipient.Text) ? [null, .. ModesIn(recipients, "Recipient", "Mode", section => section.Mode)]
        : [null];

    private DecidedMode? OwnMode(MailAddress recipient) => SectionMode(recipients, recipient, "Recipient", "Mode", section => section.Mode);

    private DecidedMode Stricter(DecidedMode? own, DecidedMode? sender) => own is not null && sender is not null
        ? own.Mode >= sender.Mode ? own : sender
        : own ?? sender ?? new(defaults.Mode, DefaultMode);

    private static IEnumerable<DecidedMode> ModesIn<T>(
        IReadOnlyDictionary<AddressPattern, T> sections, string kind, string key, Func<T, EncryptionMode?> mode) =>
        from section in sections
        let found = mode(section.Value)
        where found is not null
        select new DecidedMode(found.Value, $"[{kind}:{section.Key}] {key}");

    private static DecidedMode? SectionMode<T>(
        IReadOnlyDictionary<AddressPattern, T> sections, MailAddress address, string kind, string key, Func<T, EncryptionMode?> mode)
    {
        foreach (var section in SectionsOf(address).Reverse())
        {
            if (sections.TryGetValue(section, out var found) && mode(found) is { } decided)
                return new(decided, $"[{kind}:{section}] {key}");
        }

        return null;
    }

    /// <summary>Lists the sections that may apply to somebody, the one that decides last.</summary>
    private static IEnumerable<AddressPattern> SectionsOf(MailAddress address) =>
        [AddressPattern.OfDomain(address), AddressPattern.Of(address)];
}

/// <summary>A mode, and what decided it.</summary>
/// <param name="Mode">The mode.</param>
/// <param name="DecidedBy">The setting or the mark: <c>[Recipient:@bank.example] Mode</c>.</param>
internal sealed record DecidedMode(EncryptionMode Mode, string DecidedBy)
{
    /// <summary>Returns what a mark in the message makes of it.</summary>
    /// <param name="wanted">What the mark asks for.</param>
    /// <param name="by">The mark.</param>
    /// <param name="mayLower">Whether it may ask for less.</param>
    public DecidedMode With(EncryptionMode? wanted, string? by, bool mayLower) =>
        wanted is not { } mode || mode == Mode || (mode < Mode && !mayLower) ? this : new(mode, by ?? "the message");
}
