using System.Net.Sockets;

namespace Postseal.Benchmarks.Load;

/// <summary>Plays many busy SMTP servers at once.</summary>
internal static class LoadGenerator
{
    public static LoadResult Run(LoadRequest request)
    {
        var idle = Enumerable.Range(0, request.Idle).Select(_ => LoadConnection.Open(request.Endpoint)).ToList();
        using var ready = new Barrier(request.Connections);
        var workers = Enumerable.Range(0, request.Connections).Select(number => new LoadWorker(request, number)).ToList();
        var failures = new Exception?[workers.Count];
        var threads = workers.Select((worker, i) => new Thread(() => failures[i] = Try(worker, ready))).ToList();
        threads.ForEach(thread => thread.Start());
        threads.ForEach(thread => thread.Join());
        idle.ForEach(connection => connection.Dispose());

        if (Array.Find(failures, failure => failure is not null) is { } failure)
            throw new IOException("A connection failed under load.", failure);
        return Sum(workers);
    }

    private static Exception? Try(LoadWorker worker, Barrier ready)
    {
        try
        {
            worker.Run(ready);
            return null;
        }
        catch (Exception e) when (e is IOException or SocketException or InvalidDataException)
        {
            return e;
        }
        finally
        {
            ready.RemoveParticipant();
        }
    }

    private static LoadResult Sum(List<LoadWorker> workers)
    {
        var times = workers.SelectMany(worker => worker.Milliseconds).Order().ToArray();
        return new LoadResult(
            times.Length,
            workers.Sum(worker => worker.Unchanged),
            workers.Sum(worker => worker.Refused),
            times.Length / workers.Max(worker => worker.Counted.TotalSeconds),
            At(times, 0.50),
            At(times, 0.99),
            [.. workers.SelectMany(worker => worker.Samples)]);
    }

    private static double At(double[] sorted, double share) =>
        sorted.Length == 0 ? 0 : sorted[(int)Math.Min(sorted.Length - 1, sorted.Length * share)];
}
