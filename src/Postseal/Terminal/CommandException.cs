namespace Postseal.Program.Terminal;

/// <summary>The end of a command that cannot do what it was asked: what it says, and what it exits with.</summary>
internal sealed class CommandException(int exitCode, string message) : Exception(message)
{
    public int ExitCode { get; } = exitCode;
}
