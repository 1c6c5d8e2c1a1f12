using System.Runtime.InteropServices;

namespace Postseal.TestKit;

/// <summary>Makes special files, which a directory lists like regular ones.</summary>
public static partial class SpecialFile
{
    /// <summary>Makes a FIFO, whose reader waits for a writer that never comes.</summary>
    public static string MakeFifo(string path)
    {
        const uint ownerOnly = 0x180; // 0600
        return mkfifo(path, ownerOnly) == 0 ? path : throw new IOException($"{path}: no FIFO can be made there");
    }

    /// <summary>Runs what must not wait for anything. Without the limit a test that fails would never end.</summary>
    public static T WithoutWaiting<T>(Func<T> action) =>
        Task.Run(action).WaitAsync(TimeSpan.FromMinutes(1)).GetAwaiter().GetResult();

    [LibraryImport("libc", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int mkfifo(string path, uint mode);
}
