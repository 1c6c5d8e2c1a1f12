using Postseal.Mail;
using Postseal.Smime;

namespace Postseal.Policy;

/// <summary>Decides which mail is incoming, which of its fields nobody outside may write, and what is asked of its author.</summary>
/// <param name="options">What is done with incoming mail.</param>
/// <param name="originating">What originates here.</param>
/// <param name="marks">How a message says that it is to be encrypted.</param>
internal sealed class IncomingPolicy(IncomingOptions options, OriginatingOptions originating, OverrideOptions marks)
{
    private readonly OriginPolicy origins = new(originating);
    private readonly HashSet<string> domains = [.. options.Domains.Select(domain => domain.Text)];
    private readonly bool asksOfSenders = options.From.Values.Any(
        rules => rules.Signed == ProtectionDemand.Required || rules.Encrypted == ProtectionDemand.Required);

    /// <summary>Gets the fields that only we write.</summary>
    public OwnFields Own { get; } = new(options.AuthservId ?? System.Net.Dns.GetHostName(), options.KeepResults);

    /// <summary>Gets what becomes of mail that cannot be opened; <see langword="null"/> where none is opened.</summary>
    public UndecryptableMail? Undecryptable { get; } = options.Decrypt ? options.Undecryptable : null;

    /// <summary>Determines whether a message comes from outside, if the settings make a difference for such mail. In its second pass the
    /// client is the MTA itself, and the ticket says where the message came from, whatever the settings are by then.</summary>
    public bool IsFromOutside(Envelope envelope) => envelope.Ticket is { } ticket
        ? ticket.IsIncoming
        : options.Verify && domains.Count > 0 && origins.Of(envelope) == Origin.External;

    /// <summary>Determines whether a message comes from outside for somebody in our domains. In its second pass the recipient is not
    /// looked at, as an alias may have led to somebody elsewhere.</summary>
    public bool IsIncoming(Envelope envelope) =>
        IsFromOutside(envelope) && (envelope.Ticket is not null || envelope.Recipients.Any(IsOurs));

    /// <summary>Determines by its header whether there is anything to say or do about an incoming message. For mail that is not S/MIME there
    /// is not, unless it has marks of ours, or has to be signed or encrypted.</summary>
    /// <param name="headers">The header.</param>
    /// <param name="sender">The envelope sender.</param>
    public bool AppliesTo(IReadOnlyList<HeaderField> headers, MailAddress? sender) =>
        ReceivedLayer.MayBe(headers) || HasMarks(headers) || DemandsOf(headers, sender).AreAny;

    /// <summary>Determines by its header whether a message may be opened, so that its sender must not learn how long it takes.</summary>
    public bool MayOpen(Envelope envelope, IReadOnlyList<HeaderField> headers) =>
        options.Decrypt && IsIncoming(envelope) && ReceivedLayer.MayBe(headers);

    /// <summary>Determines whether there is anything in a header that only we may write.</summary>
    public bool HasMarks(IReadOnlyList<HeaderField> headers) => Own.AreIn(headers) || MessageMarks.AreIn(headers, marks);

    /// <summary>Returns the message without what only we may write in it, and the names of the fields that were taken out.</summary>
    public (MailMessage Message, IReadOnlyList<string> Removed) Cleaned(MailMessage message)
    {
        var own = MessageMarks.Of(message, marks);
        var (cleaned, removed) = Own.Without(own.Message);
        return (cleaned, [.. own.Removed, .. removed]);
    }

    /// <summary>Finds what is asked of a message's author. If it is not clear who that is, everything counts that is asked of anybody whom
    /// some reader may take for the author.</summary>
    /// <param name="headers">The header.</param>
    /// <param name="sender">The envelope sender, whom MTAs and readers take for the author of a message without From.</param>
    public AuthorDemands DemandsOf(IReadOnlyList<HeaderField> headers, MailAddress? sender)
    {
        if (!asksOfSenders)
            return default;
        var authorship = Authorship.Of(headers);
        var asked = authorship.IsClear ? authorship.Authors.Select(AddressPattern.Of)
            : Authorship.MayBeAnybody(headers) ? options.From.Keys
            : Authorship.Candidates(headers).Select(AddressPattern.Of);
        if (sender is not null && !headers.Any(field => field.Is("From")))
            asked = asked.Append(AddressPattern.Of(sender));
        var demands = asked.Select(DemandsOf).ToList();
        return new(demands.Max(demand => demand.Signed), demands.Max(demand => demand.Encrypted));
    }

    private AuthorDemands DemandsOf(AddressPattern whose)
    {
        var (own, domain) = (options.From.GetValueOrDefault(whose), options.From.GetValueOrDefault(whose.Domain));
        var otherwise = own?.Otherwise ?? domain?.Otherwise ?? UnmetDemand.Mark;
        return new(
            (own?.Signed ?? domain?.Signed) == ProtectionDemand.Required ? otherwise : null,
            (own?.Encrypted ?? domain?.Encrypted) == ProtectionDemand.Required ? otherwise : null);
    }

    /// <summary>Determines whether a recipient is ours, or may be. The address is as the client wrote it, and the MTA takes many forms for
    /// an address of ours: <c>bob</c>, <c>bob@localhost</c>, <c>bob@[192.0.2.1]</c>, <c>bob@example.org.</c>, and the old source routes
    /// (RFC 5321 appendix F.2) <c>example.org!bob</c> and <c>bob%example.org@mx</c>. The worst that a wrong guess does is an unneeded
    /// verdict.</summary>
    private bool IsOurs(Recipient recipient) => recipient.Address is not { } address
        || domains.Contains("@" + address.AsciiDomain)
        || address.AsciiDomain is "localhost" or "localhost.localdomain" or ['[', ..]
        || address.LocalPart.AsSpan().ContainsAny('%', '!', '@');
}
