using System.Text.RegularExpressions;
using Milter;

namespace Postseal.Program.Milter;

/// <summary>
/// Keeps the text of mail out of bounces: asks for RET=HDRS (RFC 3461 section 4.3) by a change of the envelope sender that leaves the address
/// as it is. A later host that does not support DSN does not get the parameter, and may return the text.
/// </summary>
internal static partial class ReturnedText
{
    private const string HeaderAlone = "RET=HDRS";

    /// <summary>Determines whether the MTA would return the text, whatever it is asked for. Mail from the empty reverse-path is never
    /// returned.</summary>
    public static bool CannotBeLeftOut(MilterMessage message) =>
        message.Sender.Address.Length > 0 && !IsLeftOut(message.Sender)
        && (!message.Actions.HasFlag(MilterActions.ChangeSender) || IsTooOld(message.Macro("v")));

    /// <summary>Returns an envelope sender that asks for only the header; <see langword="null"/> if nothing has to be changed for
    /// that.</summary>
    public static EnvelopeAddress? LeftOut(MilterMessage message)
    {
        if (message.Sender.Address.Length == 0 || IsLeftOut(message.Sender))
            return null;
        // Postfix keeps other parameters by itself, and warns about most of them if given; Sendmail drops those that are not given.
        return message.Macro("v") is { } version && IsPostfix(version)
            ? new EnvelopeAddress(message.Sender.Address, [HeaderAlone])
            : LeftOut(message.Sender);
    }

    /// <summary>Returns an envelope sender with all its parameters that asks for only the header.</summary>
    public static EnvelopeAddress LeftOut(EnvelopeAddress sender) => sender.Address.Length == 0
        ? sender
        : sender with { Parameters = [.. sender.Parameters.Where(parameter => !IsRet(parameter)), HeaderAlone] };

    // Of two RET parameters an MTA may take either.
    private static bool IsLeftOut(EnvelopeAddress sender) =>
        sender.Parameters.Where(IsRet).ToList() is [var only] && only.Equals(HeaderAlone, StringComparison.OrdinalIgnoreCase);

    private static bool IsRet(string parameter) => parameter.StartsWith("RET=", StringComparison.OrdinalIgnoreCase);

    private static bool IsPostfix(string version) => version.StartsWith("Postfix", StringComparison.Ordinal);

    /// <summary>Determines whether it is a Postfix before 3.3, which ignores the parameters of a changed sender.</summary>
    private static bool IsTooOld(string? version) =>
        version is not null && PostfixVersion().Match(version) is { Success: true } match
        && Version.TryParse(match.Groups["version"].ValueSpan, out var number) && number < new Version(3, 3);

    [GeneratedRegex("^Postfix (?<version>[0-9]{1,4}\\.[0-9]{1,4})", RegexOptions.CultureInvariant)]
    private static partial Regex PostfixVersion();
}
