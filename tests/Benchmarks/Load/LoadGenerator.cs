using System.Diagnostics;
using Milter;

namespace Postseal.Benchmarks.Load;

/// <summary>What load to make.</summary>
/// <param name="Endpoint">The milter.</param>
/// <param name="From">The sender of all messages.</param>
/// <param name="Connections">How many connections at once, each with a thread of its own.</param>
/// <param name="BodySize">The length of each message's body in bytes.</param>
/// <param name="Duration">How long, after the warm-up.</param>
/// <param name="WarmUp">How long to run before anything is counted.</param>
internal sealed record LoadRequest(
    MilterEndpoint Endpoint, string From, int Connections, int BodySize, TimeSpan Duration, TimeSpan WarmUp);

/// <summary>What came of it.</summary>
/// <param name="Messages">Messages answered within the duration.</param>
/// <param name="Unchanged">Those the milter left alone: a signer under test must have none.</param>
/// <param name="Refused">Those it refused.</param>
/// <param name="PerSecond">Messages a second over all connections.</param>
/// <param name="P50">The median time of a message in milliseconds.</param>
/// <param name="P99">The time in milliseconds that 99 of 100 messages keep under.</param>
/// <param name="Max">The longest in milliseconds.</param>
internal sealed record LoadResult(
    int Messages, int Unchanged, int Refused, double PerSecond, double P50, double P99, double Max);

/// <summary>Plays many busy SMTP servers: each connection hands in a message as soon as the last one was answered.</summary>
internal static class LoadGenerator
{
    public static LoadResult Run(LoadRequest request)
    {
        var runs = new ConnectionRun[request.Connections];
        using var ready = new Barrier(request.Connections);
        var threads = runs.Select((_, i) => new Thread(() => runs[i] = RunConnection(request, i, ready))).ToList();
        threads.ForEach(thread => thread.Start());
        threads.ForEach(thread => thread.Join());

        var failure = runs.Select(run => run.Failure).FirstOrDefault(f => f is not null);
        if (failure is not null)
            throw new IOException("A connection failed under load.", failure);
        var times = runs.SelectMany(run => run.Milliseconds).Order().ToArray();
        return new LoadResult(
            times.Length, runs.Sum(run => run.Unchanged), runs.Sum(run => run.Refused),
            times.Length / request.Duration.TotalSeconds,
            At(times, 0.50), At(times, 0.99), times.Length == 0 ? 0 : times[^1]);
    }

    private sealed record ConnectionRun(List<double> Milliseconds, int Unchanged, int Refused, Exception? Failure);

    private static ConnectionRun RunConnection(LoadRequest request, int number, Barrier ready)
    {
        var times = new List<double>();
        var (unchanged, refused) = (0, 0);
        try
        {
            using var connection = new LoadConnection(request.Endpoint);
            connection.Send(LoadMessage.Greeting(connection.Steps));
            var message = LoadMessage.Of(request.From, request.BodySize, $"4LOAD{number:D4}", connection.Steps);
            ready.SignalAndWait();
            var clock = Stopwatch.StartNew();
            while (clock.Elapsed < request.WarmUp + request.Duration)
            {
                var began = clock.Elapsed;
                var outcome = connection.Send(message);
                if (began < request.WarmUp)
                    continue;
                times.Add((clock.Elapsed - began).TotalMilliseconds);
                unchanged += outcome == LoadOutcome.Unchanged ? 1 : 0;
                refused += outcome == LoadOutcome.Refused ? 1 : 0;
            }

            return new ConnectionRun(times, unchanged, refused, null);
        }
        catch (Exception e) when (e is IOException or System.Net.Sockets.SocketException or InvalidDataException)
        {
            ready.RemoveParticipant();
            return new ConnectionRun(times, unchanged, refused, e);
        }
    }

    private static double At(double[] sorted, double share) =>
        sorted.Length == 0 ? 0 : sorted[(int)Math.Min(sorted.Length - 1, sorted.Length * share)];
}
