using System.Runtime.InteropServices;

namespace Postseal.TestKit;

/// <summary>Runs part of a test without root's right to read every file, which a test as root would have otherwise.</summary>
public static partial class Unprivileged
{
    private const uint Nobody = 65534;

    /// <summary>Runs on this thread as the user nobody where the file system is concerned (setfsuid, Linux).</summary>
    public static void Run(Action action)
    {
        if (!OperatingSystem.IsLinux() || !Environment.IsPrivilegedProcess)
        {
            action();
            return;
        }

        var before = SetFileSystemUser(Nobody);
        try
        {
            action();
        }
        finally
        {
            _ = SetFileSystemUser((uint)before);
        }
    }

    [LibraryImport("libc", EntryPoint = "setfsuid")]
    private static partial int SetFileSystemUser(uint user);
}
