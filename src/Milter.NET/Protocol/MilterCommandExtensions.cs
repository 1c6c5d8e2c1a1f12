namespace Milter;

internal static class MilterCommandExtensions
{
    /// <summary>Returns the name for logs and errors.</summary>
    public static string Name(this MilterCommand command) => command.ToString().ToUpperInvariant();

    /// <summary>Checks the length of a command's payload.</summary>
    /// <param name="command">The command.</param>
    /// <param name="length">The length of its payload, in bytes.</param>
    /// <param name="max">The limit for all but header fields and parts of the body; see
    /// <see cref="MilterServerOptions.MaxCommandSize"/>.</param>
    /// <exception cref="MilterProtocolException">It is too much, or nothing where there must be something.</exception>
    public static void CheckLength(this MilterCommand command, long length, int max)
    {
        if (length > max && command is not (MilterCommand.Header or MilterCommand.Body or MilterCommand.EndOfMessage))
            throw new MilterProtocolException($"{command.Name()} of {length} bytes, more than the limit of {max}");
        if (length == 0 && NeedsPayload(command))
            throw new MilterProtocolException($"{command.Name()} of nothing");
    }

    private static bool NeedsPayload(MilterCommand command) => command is
        MilterCommand.Negotiate or MilterCommand.Macro or MilterCommand.Connect or MilterCommand.Helo
        or MilterCommand.Mail or MilterCommand.Recipient or MilterCommand.Unknown or MilterCommand.Header
        or MilterCommand.Body;
}
