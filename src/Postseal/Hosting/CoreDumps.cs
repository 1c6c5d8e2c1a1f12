using System.Runtime.InteropServices;

namespace Postseal.Program.Hosting;

/// <summary>Keeps the memory of this process, with keys and decrypted mail in it, from the disk and from debuggers, also where no unit of
/// systemd does.</summary>
internal static partial class CoreDumps
{
    private const int SetDumpable = 4; // PR_SET_DUMPABLE

    /// <summary>Has the kernel write none when the process dies. What pipes them to a program (core_pattern) gets none either.</summary>
    public static void Prevent()
    {
        // Where it is not possible, nothing is worse than it was.
        if (OperatingSystem.IsLinux())
            _ = prctl(SetDumpable, 0, 0, 0, 0);
    }

    [LibraryImport("libc")]
    private static partial int prctl(int option, nuint value, nuint unused3, nuint unused4, nuint unused5);
}
