namespace Postseal.Soak;

/// <summary>What a person reads at the end, and what a script reads in its last line.</summary>
internal sealed class Report(
    SoakPlan plan, Promises promises, Tally sent, SoakLoad load, DaemonLog log, Usage atStart, Usage atEnd, TimeSpan lasted)
{
    /// <returns>The exit code: 0 when every promise holds.</returns>
    public int Write(TextWriter output)
    {
        var usage = load.Usage;
        output.WriteLine($"""
            messages         {sent.Sum} in {lasted.TotalSeconds:0} s over {load.Mtas.Opened} connections, and {load.Mtas.Abandoned} aborted
                             {sent}
            signatures       {promises.Verified.Kept} verified by SignedCms, {promises.VerifiedByOpenSsl.Kept} of them by openssl too
            certificates     {load.Renewals.Done}
            settings         {load.Reloads.Done}
            broken peers     {load.BrokenPeers.Done}
            log              {log.Levels}; warnings: {log.Warnings}
            memory           {Megabytes(atStart.Memory)} MiB at the start, {Megabytes(usage.PeakMemory)} at the peak, {Megabytes(atEnd.Memory)} at the end;
                             {Megabytes(usage.EarlyMemory)} in the second fifth of the run, {Megabytes(usage.LateMemory)} in the last;
                             {string.Join(", ", usage.MemoryByTenths.Select(Megabytes))} by tenths
            handles          {atStart.Handles} at the start, {usage.PeakHandles} at the peak, {atEnd.Handles} at the end
            threads          {atStart.Threads} at the start, {usage.PeakThreads} at the peak, {atEnd.Threads} at the end

            """);
        foreach (var promise in promises.All)
            Write(output, promise);
        var failed = promises.All.Count(promise => !promise.Holds);
        if (failed > 0)
            output.WriteLine($"once more with: --seconds {plan.Duration.TotalSeconds:0} --seed {plan.Seed}");
        output.WriteLine($"{promises.All.Count - failed} passed, {failed} failed");
        return failed == 0 ? 0 : 1;
    }

    private static void Write(TextWriter output, Promise promise)
    {
        output.WriteLine($"{(promise.Holds ? "PASS" : "FAIL")} {promise.Name}");
        if (promise.Broken == 0 && promise.Kept == 0)
            output.WriteLine("     it was never put to the test");
        foreach (var example in promise.Examples)
            output.WriteLine($"     {example.ReplaceLineEndings("\n     ")}");
        if (promise.Broken > promise.Examples.Count())
            output.WriteLine($"     and {promise.Broken - promise.Examples.Count()} more");
    }

    private static string Megabytes(long bytes) => $"{bytes / 1048576.0:0}";
}
