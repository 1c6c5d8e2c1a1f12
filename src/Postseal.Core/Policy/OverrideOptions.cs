namespace Postseal.Policy;

/// <summary>
/// How the sender of one message says that it is to be encrypted. Only originating clients are listened to; the header field and
/// the tag are removed from all mail, so that nobody outside sees them and nobody's mail is taken for ours.
/// </summary>
public sealed record OverrideOptions
{
    /// <summary>Gets the name of the header field with <c>required</c>, <c>ifpossible</c> or <c>never</c>; another value is taken for
    /// <c>required</c>. Default: <c>X-Postseal-Encrypt</c>; <see langword="null"/>: there is none.</summary>
    public string? Header { get; init; } = "X-Postseal-Encrypt";

    /// <summary>Gets the text at the start of the Subject, in any case, that demands encryption: <c>[encrypt]</c>. Default:
    /// <see langword="null"/>, there is none.</summary>
    public string? SubjectTag { get; init; }

    /// <summary>Gets whether <c>Sensitivity: Company-Confidential</c>, which Outlook's users set (RFC 4021 section 2.1.55), demands
    /// encryption. Default: no. The field stays.</summary>
    public bool Sensitivity { get; init; }

    /// <summary>Gets whether the header field may ask for less than is configured. Default: no.</summary>
    public bool MayLower { get; init; }
}
