using Postseal.Mail;

namespace Postseal.Policy;

/// <summary>What is done with mail that comes from outside: <c>[Incoming]</c>.</summary>
public sealed record IncomingOptions
{
    /// <summary>
    /// Gets the domains whose mail is incoming, each with its subdomains only where they are listed too: all that the MTA takes mail for
    /// from outside, the host's own name with them, as mail to another one is neither verified nor cleaned of forged results. Default:
    /// none, and nothing is done with mail from outside.
    /// </summary>
    public IReadOnlyList<AddressPattern> Domains { get; init; } = [];

    /// <summary>
    /// Gets the name under which verdicts are written (the authserv-id of RFC 8601 section 2.5). Default: <see langword="null"/>, the
    /// name of this host.
    /// </summary>
    public string? AuthservId { get; init; }

    /// <summary>Gets whether signatures are verified, and verdicts written. Default: yes.</summary>
    public bool Verify { get; init; } = true;

    /// <summary>
    /// Gets how far a signing time may be from the Date of its message. Readers show Date, which nobody signed: without a bound,
    /// a message of last year could be sent again as one of today. Default: one hour.
    /// </summary>
    public TimeSpan DateSkew { get; init; } = TimeSpan.FromHours(1);

    /// <summary>Gets how many layers of signatures are looked into. Default: 4; triple wrapping (RFC 2634 section 1.1) has 3.</summary>
    public int MaxLayers { get; init; } = 4;

    /// <summary>
    /// Gets whether mail that is encrypted to a recipient's key is opened for that recipient. Only keys of the one recipient of the
    /// envelope are used; mail to several recipients is split first. Default: no, as otherwise mail that was sent encrypted lies in the
    /// mailbox in clear.
    /// </summary>
    public bool Decrypt { get; init; }

    /// <summary>Gets how opened mail is delivered. Default: <see cref="OpenedDelivery.Plain"/>.</summary>
    public OpenedDelivery Deliver { get; init; } = OpenedDelivery.Plain;

    /// <summary>
    /// Gets what happens to encrypted mail that cannot be opened here. What its sender sees never depends on which keys are here: mail is
    /// refused only for what everybody can see in it. Default: <see cref="UndecryptableMail.Deliver"/>.
    /// </summary>
    public UndecryptableMail Undecryptable { get; init; } = UndecryptableMail.Deliver;

    /// <summary>
    /// Gets what happens to content in which nothing would show a change: its cipher does not detect changes (CBC), and it is not
    /// signed. Default: <see cref="UnauthenticatedContent.Check"/>.
    /// </summary>
    public UnauthenticatedContent Unauthenticated { get; init; } = UnauthenticatedContent.Check;

    /// <summary>Gets whether the signature inside opened mail is delivered with it. Default: yes, so that readers can verify it and reply
    /// encrypted. Otherwise signatures that pass are removed.</summary>
    public bool KeepSignature { get; init; } = true;

    /// <summary>Gets whether mail that is encrypted with Triple DES (RFC 3370 section 5.1), as old programs do it, is opened. Default:
    /// no.</summary>
    public bool TripleDes { get; init; }

    /// <summary>Gets the path of the notice that <see cref="OpenedDelivery.Reencrypted"/> sends to a reader without a certificate: text in
    /// UTF-8 of at most 64 KiB, with the places <c>{from}</c>, <c>{recipient}</c> and <c>{date}</c>; absolute once read. Default:
    /// <see langword="null"/>, the text that comes with the program.</summary>
    public string? Notice { get; init; }

    /// <summary>Gets the language of the text that comes with the program, as a tag of RFC 5646: <c>de</c>, <c>en</c>, <c>es</c>,
    /// <c>fr</c> or <c>it</c>. Default: <c>en</c>.</summary>
    public string NoticeLanguage { get; init; } = "en";

    /// <summary>
    /// Gets the methods whose results, under our own name, filters before us write (<c>dkim</c>, <c>spf</c>, <c>dmarc</c>): fields with these alone
    /// are kept. <c>dkim</c> stands for <c>dkim-atps</c> and the like too. Default: none. Every field under our name is a forgery, and is removed.
    /// </summary>
    public IReadOnlyList<string> KeepResults { get; init; } = [];

    /// <summary>Gets <c>[From:…]</c>: what is asked of mail from an address, or from a whole domain.</summary>
    public IReadOnlyDictionary<AddressPattern, FromRules> From { get; init; } = new Dictionary<AddressPattern, FromRules>();
}

/// <summary>What is asked of mail from one address or domain: a <c>[From:…]</c> section. What the section of an address leaves out is as in
/// that of its domain.</summary>
/// <param name="Signed">Whether it has to be signed by its author, with a certificate that is trusted. Default: no.</param>
/// <param name="Encrypted">Whether it has to come encrypted, whether it can be opened here or not. Default: no.</param>
/// <param name="Otherwise">What happens to mail that is not. Default: <see cref="UnmetDemand.Mark"/>.</param>
public sealed record FromRules(ProtectionDemand? Signed = null, ProtectionDemand? Encrypted = null, UnmetDemand? Otherwise = null);

/// <summary>Whether mail of somebody has to be protected.</summary>
public enum ProtectionDemand
{
    /// <summary>It need not.</summary>
    No,

    /// <summary>It must be.</summary>
    Required,
}

/// <summary>What happens to mail that is not as it has to be.</summary>
public enum UnmetDemand
{
    /// <summary>It is delivered; the verdict says what is wrong.</summary>
    Mark,

    /// <summary>The MTA holds it for a person to look at.</summary>
    Quarantine,

    /// <summary>It is refused.</summary>
    Refuse,
}

/// <summary>How opened mail is delivered.</summary>
public enum OpenedDelivery
{
    /// <summary>In clear.</summary>
    Plain,

    /// <summary>Encrypted again, to the reader's own certificate, whose key is not here. A reader without one gets a notice instead.</summary>
    Reencrypted,
}

/// <summary>What happens to encrypted mail that cannot be opened.</summary>
public enum UndecryptableMail
{
    /// <summary>It is delivered as it came.</summary>
    Deliver,

    /// <summary>The MTA holds it for a person to look at.</summary>
    Quarantine,

    /// <summary>Mail that nobody could open, as it is broken or its algorithm is unknown, is refused. All other mail is held, as a refusal
    /// would tell strangers which keys are here.</summary>
    Refuse,
}

/// <summary>What happens to content in which nothing would show a change.</summary>
public enum UnauthenticatedContent
{
    /// <summary>It is delivered if it is clean MIME, in which an attack would have left traces, and is marked <c>integrity=none</c>;
    /// otherwise it stays encrypted.</summary>
    Check,

    /// <summary>It stays encrypted.</summary>
    Keep,
}
