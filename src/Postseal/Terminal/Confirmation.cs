namespace Postseal.Program.Terminal;

/// <summary>Asks the person at the terminal before something is done that cannot be undone.</summary>
internal static class Confirmation
{
    /// <exception cref="CommandException">There is nobody to ask.</exception>
    public static bool Ask(string question)
    {
        if (Console.IsInputRedirected)
            throw new CommandException(ExitCode.UsageError, "there is no terminal to ask; say --yes when it is right");
        Console.Error.Write($"{TerminalText.Escape(question)} [y/N] ");
        return Console.ReadLine()?.Trim().ToLowerInvariant() is "y" or "yes";
    }
}
