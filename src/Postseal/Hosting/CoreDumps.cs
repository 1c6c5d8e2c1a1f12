using System.Runtime.InteropServices;

namespace Postseal.Program.Hosting;

/// <summary>Keeps the memory of this process, with keys and decrypted mail in it, from the disk and from debuggers, also without
/// systemd.</summary>
internal static partial class CoreDumps
{
    private const int SetDumpable = 4; // PR_SET_DUMPABLE

    /// <summary>Has the kernel write no core dump when the process dies, nor pipe one to a program (core_pattern).</summary>
    public static void Prevent()
    {
        // If the kernel refuses, nothing is worse than before.
        if (OperatingSystem.IsLinux())
            _ = prctl(SetDumpable, 0, 0, 0, 0);
    }

    [LibraryImport("libc")]
    private static partial int prctl(int option, nuint value, nuint unused3, nuint unused4, nuint unused5);
}
