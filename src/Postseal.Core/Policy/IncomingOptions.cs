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
    /// Gets whether mail that is encrypted to a recipient's key is opened for him. Only keys of the one recipient of the envelope are
    /// used; mail to several is split first. Default: no, as the mailbox then holds in clear what was sent encrypted.
    /// </summary>
    public bool Decrypt { get; init; }

    /// <summary>Gets what becomes of mail that was opened. Default: <see cref="OpenedDelivery.Plain"/>.</summary>
    public OpenedDelivery Deliver { get; init; } = OpenedDelivery.Plain;

    /// <summary>
    /// Gets what becomes of encrypted mail that cannot be opened here. What its sender sees of that never depends on which keys are here:
    /// mail is refused only for what anybody can see in it. Default: <see cref="UndecryptableMail.Deliver"/>.
    /// </summary>
    public UndecryptableMail Undecryptable { get; init; } = UndecryptableMail.Deliver;

    /// <summary>
    /// Gets what becomes of the content of a cipher that does not notice changes (CBC), where no signature over it would show them
    /// either. Default: <see cref="UnauthenticatedContent.Check"/>.
    /// </summary>
    public UnauthenticatedContent Unauthenticated { get; init; } = UnauthenticatedContent.Check;

    /// <summary>Gets whether the signature inside mail that was opened is delivered with it. Default: yes, so that readers can verify it
    /// and answer encrypted. Otherwise signatures that pass are taken off.</summary>
    public bool KeepSignature { get; init; } = true;

    /// <summary>Gets whether mail that is encrypted with Triple DES is opened, as programs of the nineties wrote it. Default: no.</summary>
    public bool TripleDes { get; init; }

    /// <summary>Gets the text file that is sent in the place of opened mail to a reader without a certificate, where mail is encrypted
    /// again; absolute once read. Default: <see langword="null"/>, the text that comes with the program.</summary>
    public string? Notice { get; init; }

    /// <summary>Gets the language of that text, as RFC 5646 writes it. Default: <c>en</c>.</summary>
    public string NoticeLanguage { get; init; } = "en";

    /// <summary>
    /// Gets the methods whose results, under our own name, filters before us write (<c>dkim</c>, <c>spf</c>, <c>dmarc</c>): fields with these alone
    /// are kept. <c>dkim</c> stands for <c>dkim-atps</c> and the like too. Default: none. Every field under our name is a forgery, and is removed.
    /// </summary>
    public IReadOnlyList<string> KeepResults { get; init; } = [];

    /// <summary>Gets <c>[From:…]</c>: what is asked of mail from an address, or from a whole domain.</summary>
    public IReadOnlyDictionary<AddressPattern, FromRules> From { get; init; } = new Dictionary<AddressPattern, FromRules>();
}

/// <summary>What is asked of mail from one address or domain: a <c>[From:…]</c> section. What it leaves out is as in that of the
/// domain.</summary>
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

/// <summary>What becomes of mail that was opened.</summary>
public enum OpenedDelivery
{
    /// <summary>It is delivered in clear.</summary>
    Plain,

    /// <summary>It is encrypted again, to the reader's own certificate, whose key is not here. A reader without one gets a notice in its
    /// place.</summary>
    Reencrypted,
}

/// <summary>What becomes of encrypted mail that cannot be opened.</summary>
public enum UndecryptableMail
{
    /// <summary>It is delivered as it came.</summary>
    Deliver,

    /// <summary>The MTA holds it for a person to look at.</summary>
    Quarantine,

    /// <summary>What nobody could open is refused: it is broken, or encrypted in a way that is unknown here. What is merely for other keys
    /// than those that are here is held, as a refusal would tell strangers which these are.</summary>
    Refuse,
}

/// <summary>What becomes of content whose changes nobody would notice.</summary>
public enum UnauthenticatedContent
{
    /// <summary>It is delivered where it is clean MIME, in which an attack would have left its traces, and marked
    /// <c>integrity=none</c>.</summary>
    Check,

    /// <summary>It stays encrypted.</summary>
    Keep,
}
