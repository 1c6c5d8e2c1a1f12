using System.Runtime.InteropServices;

namespace Postseal.TestKit;

/// <summary>
/// The processor time of one piece of work: what else the machine does, and other tests beside it, do not count.
/// </summary>
public static partial class CpuTime
{
    private const int ThreadCpuTimeClock = 3; // CLOCK_THREAD_CPUTIME_ID of <time.h>

    /// <summary>
    /// Determines whether work of twice the size takes about twice the time: less than three times, where quadratic work takes four.
    /// The best of several tries counts, since a cache may be cold once.
    /// </summary>
    /// <param name="work">Makes the work of a size; the making is not measured.</param>
    /// <param name="size">Enough for some milliseconds.</param>
    public static bool IsLinear(Func<int, Action> work, int size)
    {
        var (one, two) = (work(size), work(2 * size));
        one();
        for (var attempt = 0; attempt < 20; attempt++)
        {
            // Garbage of all tests beside this one is collected on whichever thread runs into it: now, and not within the measurement.
            if (attempt > 0)
                GC.Collect();
            if (Of(two) < 3 * Of(one) + TimeSpan.FromMilliseconds(1))
                return true;
        }

        return false;
    }

    /// <summary>Measures the processor time that this thread spends on something.</summary>
    public static TimeSpan Of(Action work)
    {
        var before = Now();
        work();
        return Now() - before;
    }

    private static TimeSpan Now()
    {
        if (ReadClock(ThreadCpuTimeClock, out var time) != 0)
            throw new InvalidOperationException($"clock_gettime failed with {Marshal.GetLastPInvokeError()}");
        return TimeSpan.FromSeconds(time.Seconds) + TimeSpan.FromTicks(time.Nanoseconds / TimeSpan.NanosecondsPerTick);
    }

    [LibraryImport("libc", EntryPoint = "clock_gettime", SetLastError = true)]
    private static partial int ReadClock(int clock, out TimeSpec time);

    [StructLayout(LayoutKind.Sequential)]
    private struct TimeSpec
    {
        public long Seconds;
        public long Nanoseconds;
    }
}
