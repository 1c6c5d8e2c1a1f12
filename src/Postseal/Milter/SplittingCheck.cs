using System.Runtime.InteropServices;
using System.Security.Cryptography;
using Microsoft.Extensions.Logging.Abstractions;
using Postseal.Policy;
using Postseal.Program.Milter.Splitting;
using Postseal.Settings;

namespace Postseal.Program.Milter;

/// <summary>Checks whether messages can be split where the settings need that, for <c>postseal check</c>.</summary>
internal static partial class SplittingCheck
{
    /// <summary>Lists what should be fixed.</summary>
    /// <param name="options">The settings.</param>
    /// <param name="encrypts">Whether they have any mail encrypted.</param>
    public static IEnumerable<string> Warnings(PostsealOptions options, bool encrypts)
    {
        if (options.Splitting.Method != SplitMethod.None)
            return KeyWarnings(options.StatePath);
        return encrypts
            ?
            [
                "[Splitting] Method = None: mail that one body cannot serve, as with Bcc or where some recipients have no certificate, is refused "
                    + "if it must be encrypted, and else leaves as it is for all; Postfix and Reinject say how each recipient gets his own",
            ]
            : [];
    }

    private static IEnumerable<string> KeyWarnings(string statePath)
    {
        var key = new SplitKeyFile(statePath, NullLogger.Instance);
        if (key.WarnOfReaders() is { } readers)
            yield return readers;
        if (!File.Exists(key.Path))
        {
            // Root may check for a daemon that runs as another user, and can write everywhere.
            if (!Environment.IsPrivilegedProcess && !CanMake(statePath))
            {
                yield return $"{key.Path} cannot be made by this user, and mail that has to be split would wait: let [State] Path be a directory that "
                    + "the daemon can write. (systemd tells the one of its StateDirectory to the daemon alone; named here it counts for commands too.)";
            }

            yield break;
        }

        if (Problem(key) is { } problem)
            yield return problem;
    }

    private static string? Problem(SplitKeyFile key)
    {
        try
        {
            CryptographicOperations.ZeroMemory(key.Read());
            return null;
        }
        catch (IOException e)
        {
            return $"mail that has to be split would wait: {e.Message}";
        }
    }

    /// <summary>Determines whether files can be made in a directory, which may be one that is yet to be made.</summary>
    private static bool CanMake(string directory)
    {
        const int writeAndSearch = 2 | 1;
        var there = Path.GetFullPath(directory);
        while (!Path.Exists(there) && Path.GetDirectoryName(there) is { } parent)
            there = parent;
        return !OperatingSystem.IsLinux() || (Directory.Exists(there) && access(there, writeAndSearch) == 0);
    }

    [LibraryImport("libc", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int access(string path, int mode);
}
