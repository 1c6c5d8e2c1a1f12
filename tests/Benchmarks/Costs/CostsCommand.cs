using System.CommandLine;
using System.Text.Json;
using Postseal.Benchmarks.Comparison;
using Postseal.Benchmarks.Judging;
using Postseal.Benchmarks.Load;
using Postseal.Benchmarks.Setup;
using Postseal.TestKit;

namespace Postseal.Benchmarks.Costs;

/// <summary><c>costs</c>: start, memory, and whether a message's cost grows; each figure a line of JSON, for <c>report</c>.</summary>
internal static class CostsCommand
{
    public static Command Create()
    {
        var program = new Option<string>("--program") { Description = "The published postseal.", Required = true };
        var opendkim = new Option<string?>("--opendkim") { Description = "OpenDKIM's program; without it there is no peer." };
        var divisor = new Option<int>("--divide") { Description = "Send so many times fewer messages, to try it.", DefaultValueFactory = _ => 1 };
        var rounds = new Option<int>("--rounds") { Description = "Rounds of the short measurements.", DefaultValueFactory = _ => 3 };
        var command = new Command("costs", "Measure what a daemon costs: start, memory, processor time under conditions that should not count.")
        {
            program, opendkim, divisor, rounds,
        };
        command.SetAction(async (arguments, _) =>
        {
            var postseal = Path.GetFullPath(arguments.GetValue(program)!);
            Write(new Measurement(Series.P256, Ways.FileSize, 0, 0, 0) { Bytes = new FileInfo(postseal).Length });
            using (var directory = new TemporaryDirectory())
            {
                await OfPostsealAsync(postseal, directory.Path, arguments.GetValue(rounds));
                if (arguments.GetValue(opendkim) is { } peer)
                    await OfOpenDkimAsync(peer, directory.Path, arguments.GetValue(rounds));
            }

            foreach (var growth in new GrowthCosts(postseal, arguments.GetValue(divisor)).All)
            {
                await foreach (var measurement in growth)
                    Write(measurement);
            }
        });
        return command;
    }

    private static async Task OfPostsealAsync(string program, string directory, int rounds)
    {
        var setup = PostsealSetup.Create(directory);
        using var root = setup.ReadRoot();
        await OfDaemonAsync(
            Series.P256, () => Daemon.Start(program, setup), PostsealSetup.P256, samples => Verification.OfSmimeAsync(samples, root), rounds);

        var bounded = PostsealSetup.Create(Path.Combine(directory, "bounded"), maxLargeMessages: 4);
        using var boundedRoot = bounded.ReadRoot();
        for (var round = 0; round < rounds; round++)
        {
            var measured = await LargeMessageCosts.MeasureAsync(
                Series.P256, () => Daemon.Start(program, bounded), PostsealSetup.P256, 16,
                samples => Verification.OfSmimeAsync(samples, boundedRoot));
            Write(measured with { Way = Ways.BoundedMemory });
        }
    }

    private static async Task OfOpenDkimAsync(string program, string directory, int rounds)
    {
        var setup = OpenDkimSetup.Create(directory);
        await OfDaemonAsync(
            Series.OpenDkim, () => Daemon.Start(program, setup), PostsealSetup.P256,
            samples => Verification.OfDkimAsync(samples, setup.VerifierConfiguration), rounds);
    }

    private static async Task OfDaemonAsync(
        string series, Func<Daemon> start, string sender, Func<IReadOnlyList<LoadSample>, Task<Verification>> verify, int rounds)
    {
        foreach (var measurement in StartCosts.Measure(series, start, starts: 10))
            Write(measurement);
        for (var round = 0; round < rounds; round++)
        {
            foreach (var atOnce in (int[])[1, 16])
                Write(await LargeMessageCosts.MeasureAsync(series, start, sender, atOnce, verify));
        }
    }

    private static void Write(Measurement measurement) => Console.WriteLine(JsonSerializer.Serialize(measurement));
}
