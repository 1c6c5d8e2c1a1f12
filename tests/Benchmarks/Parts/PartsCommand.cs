using System.CommandLine;
using BenchmarkDotNet.Configs;
using BenchmarkDotNet.Diagnosers;
using BenchmarkDotNet.Jobs;
using BenchmarkDotNet.Running;
using BenchmarkDotNet.Toolchains.InProcess.Emit;

namespace Postseal.Benchmarks.Parts;

/// <summary><c>parts</c>: measures each part of a message's way beside the least it could cost, with BenchmarkDotNet.</summary>
internal static class PartsCommand
{
    public static Command Create()
    {
        var filter = new Option<string>("--filter")
        {
            Description = "Which of them, with wildcards: '*Whole*'.",
            DefaultValueFactory = _ => "*",
        };
        var isShort = new Option<bool>("--short") { Description = "Three short iterations each: allocations are right, times are rough." };
        var command = new Command("parts", "Measure the parts, in time and allocations.") { filter, isShort };
        command.SetAction(arguments => Run(arguments.GetValue(filter)!, arguments.GetValue(isShort)));
        return command;
    }

    private static int Run(string filter, bool isShort)
    {
        // In this process: the project BenchmarkDotNet would generate and build knows nothing of central package versions.
        var job = (isShort ? Job.ShortRun : Job.Default).WithToolchain(InProcessEmitToolchain.Instance);
        var config = ManualConfig.Create(DefaultConfig.Instance)
            .AddJob(job)
            .AddDiagnoser(MemoryDiagnoser.Default)
            .WithArtifactsPath(Path.Combine(AppContext.BaseDirectory, "BenchmarkDotNet.Artifacts"));
        var summaries = BenchmarkSwitcher.FromAssembly(typeof(PartsCommand).Assembly).Run(["--filter", filter], config).ToList();
        return summaries.Count > 0 && summaries.All(summary => summary.Reports.All(report => report.Success)) ? 0 : 1;
    }
}
