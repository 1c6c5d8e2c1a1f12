using Postseal.Policy;

namespace Postseal.Program.Milter;

/// <summary>The rule for clients that log in, in words: for the daemon's log and for <c>postseal check</c>.</summary>
internal static class LoginRule
{
    /// <summary>Determines whether it keeps one login from signing as another.</summary>
    public static bool IsSafe(OriginatingOptions options) => options.AuthenticatedFrom == AuthenticatedFrom.Login;

    /// <summary>Describes the rule, as a sentence without its full stop.</summary>
    public static string Describe(OriginatingOptions options) => options.AuthenticatedFrom switch
    {
        AuthenticatedFrom.Login => "a client that logs in signs as its login's own address"
            + (options.LoginDomain is { } domain ? $" (a login without @ is one of {domain})" : "")
            + (options.SenderLogins is { } logins ? $" and those that {logins.Path} gives it" : ""),
        AuthenticatedFrom.EnvelopeSender =>
            "a client that logs in signs as everyone whose address it writes into MAIL FROM, unless the MTA holds that to its login",
        AuthenticatedFrom.Any => "a client that logs in signs as everyone who has a certificate here",
        _ => throw new InvalidOperationException($"No words are known for {options.AuthenticatedFrom}."),
    };

    /// <summary>Lists what should be fixed.</summary>
    public static IEnumerable<string> Warnings(OriginatingOptions options)
    {
        if (IsSafe(options))
            yield break;
        yield return $"[Originating] AuthenticatedFrom = {options.AuthenticatedFrom}: {Describe(options)}; "
            + "set Login, with SenderLogins for who writes as another";
        if (options.SenderLogins is not null || options.LoginDomain is not null)
            yield return "[Originating] SenderLogins and LoginDomain count under AuthenticatedFrom = Login alone";
    }
}
