namespace Postseal.Policy;

/// <summary>How the milter has each recipient of a message handled by himself, where one body cannot serve them all.</summary>
public sealed record SplittingOptions
{
    /// <summary>Gets the way. Default: <see cref="SplitMethod.None"/>.</summary>
    public SplitMethod Method { get; init; } = SplitMethod.None;

    /// <summary>Gets the host that <see cref="SplitMethod.Reinject"/> hands the copies to. Default: 127.0.0.1.</summary>
    public string ReinjectHost { get; init; } = "127.0.0.1";

    /// <summary>Gets its port. Default: 10027.</summary>
    public int ReinjectPort { get; init; } = 10027;
}

/// <summary>The ways to have each recipient of a message handled by himself.</summary>
public enum SplitMethod
{
    /// <summary>There is none: where a message would have to be split, it is refused if it must be encrypted, else sent as it
    /// is.</summary>
    None,

    /// <summary>Postfix's own queue hands each recipient to a second smtpd, where the milter encrypts for that one.</summary>
    Postfix,

    /// <summary>The milter hands a copy for each recipient to an SMTP server, as Sendmail needs it.</summary>
    Reinject,
}
