using System.Net.Sockets;
using Milter;
using Milter.Testing;

namespace Postseal.Soak;

/// <summary>The MTAs: connections that behave, each as fast as it is answered, over both sockets and of both kinds.</summary>
internal sealed class MtaLoad(SoakPlan plan, Daemon daemon, Courier courier, Promises promises)
{
    private const int Connections = 6;

    private int opened;
    private int abandoned;

    public int Opened => opened;

    public int Abandoned => abandoned;

    public Task RunAsync(CancellationToken over) =>
        Task.WhenAll(Enumerable.Range(1, Connections).Select(number => Task.Run(() => RunAsync(number, over), CancellationToken.None)));

    private async Task RunAsync(int number, CancellationToken over)
    {
        var random = plan.Random($"connection {number}");
        var letters = new LetterWriter(random, $"C{number}");
        try
        {
            while (!over.IsCancellationRequested)
            {
                await using var mta = await ConnectAsync(daemon, number);
                Interlocked.Increment(ref opened);
                // Some MTAs close after each message, some keep a connection for hours.
                await SendAsync(mta, letters, random, random.Next(3) == 0 ? 1 : random.Next(300), over);
            }
        }
        catch (Exception e) when (e is IOException or SocketException or MilterProtocolException)
        {
            promises.Answered.Break($"connection {number}: {e.Message}");
        }
    }

    /// <summary>A connection of one kind: even ones over the Unix socket, those from 3 on as Sendmail.</summary>
    public static async Task<MtaDouble> ConnectAsync(Daemon daemon, int number) => await MtaDouble.ConnectAsync(
        new NetworkStream(await Wire.ConnectAsync(daemon.Endpoints[number % daemon.Endpoints.Count]), ownsSocket: true),
        number <= Connections / 2 ? MtaKind.Postfix : MtaKind.Sendmail);

    private async Task SendAsync(MtaDouble mta, LetterWriter letters, Random random, int count, CancellationToken over)
    {
        for (; count > 0 && !over.IsCancellationRequested; count--)
        {
            if (random.Next(30) == 0)
            {
                await mta.AbandonAsync(letters.Next().Message, CancellationToken.None);
                Interlocked.Increment(ref abandoned);
            }

            if (!await courier.DeliverAsync(mta, letters.Next()))
                return;
        }
    }
}
