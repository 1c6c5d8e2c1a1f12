using Postseal.Program.Terminal;

namespace Postseal.Program.Files;

/// <summary>Files a command is going to write.</summary>
internal static class NewFiles
{
    /// <summary>Checks that all of them can be written, before a passphrase is asked for and a key made.</summary>
    /// <exception cref="CommandException">One is there already, or there is no directory for it.</exception>
    public static void Check(bool force, params ReadOnlySpan<string> paths)
    {
        foreach (var path in paths)
        {
            var directory = Path.GetDirectoryName(Path.GetFullPath(path))!;
            if (!Directory.Exists(directory))
                throw new CommandException(ExitCode.Failure, $"{path}: there is no directory {directory}; create it first");
            if (!force && Path.Exists(path))
                throw new CommandException(ExitCode.Failure, $"{path} is there already; --force replaces it, name another file to keep it");
        }
    }
}
