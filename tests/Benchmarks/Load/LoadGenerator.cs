using System.Net.Sockets;

namespace Postseal.Benchmarks.Load;

/// <summary>Plays many busy SMTP servers at once.</summary>
internal static class LoadGenerator
{
    /// <exception cref="IOException">A connection failed, or something else came of a message than was expected.</exception>
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
            throw new IOException($"A connection failed under load: {failure.Message}", failure);
        var times = workers.SelectMany(worker => worker.Milliseconds).Order().ToArray();
        return new LoadResult(
            times.Length / workers.Max(worker => worker.Counted.TotalSeconds),
            times[times.Length / 2],
            times[times.Length * 99 / 100],
            workers[0].Cpu,
            [.. workers.SelectMany(worker => worker.Samples)]);
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
}
