using Milter.Testing;
using Postseal.Benchmarks.Comparison;
using Postseal.Benchmarks.Load;
using Postseal.Benchmarks.Setup;

namespace Postseal.Benchmarks.Costs;

/// <summary>
/// Whether a message's cost grows with what it has nothing to do with: messages before it, addresses, connections, header
/// fields. Each condition alternates with the plain one on the same machine in the same minute.
/// </summary>
internal sealed class GrowthCosts(string program, int divisor)
{
    public const int FewHeaders = 8;
    public const int ManyHeaders = 200;
    private const int Rounds = 5;

    private readonly int stretch = 10_000 / divisor;

    /// <summary>One growth after the other.</summary>
    public IReadOnlyList<IAsyncEnumerable<Measurement>> All => [OneConnectionAsync(), ConditionsAsync(), MemoryAsync()];

    private static MtaMessage Plain => Letter.Text(PostsealSetup.P256, 4096);

    /// <summary>The first and the last tenth of a long connection.</summary>
    private async IAsyncEnumerable<Measurement> OneConnectionAsync()
    {
        using var postseal = new MeasuredPostseal(program);
        postseal.ConnectWarm(Plain).Dispose();
        using var connection = new MeasuredConnection(postseal.Daemon, Plain);
        yield return connection.Send(stretch, Ways.FirstMessages);
        connection.Send(8 * stretch, Ways.Plain);
        yield return connection.Send(stretch, Ways.LastMessages);
        await postseal.VerifyAsync(connection);
    }

    private async IAsyncEnumerable<Measurement> ConditionsAsync()
    {
        using var few = new MeasuredPostseal(program);
        using var many = new MeasuredPostseal(program, stretch);
        using var plain = few.ConnectWarm(Plain);
        using var headers = few.ConnectWarm(Letter.Text(PostsealSetup.P256, 4096, ManyHeaders - FewHeaders));
        using var addresses = many.ConnectWarm([.. many.Senders.Select(sender => Letter.Text(sender, 4096))]);
        for (var round = 0; round < Rounds; round++)
        {
            yield return plain.Send(stretch / 2, Ways.Plain);
            yield return headers.Send(stretch / 2, Ways.ManyHeaders);
            yield return addresses.Send(stretch / 2, Ways.ManyAddresses);
            var idle = Enumerable.Range(0, stretch / 10).Select(_ => LoadConnection.Open(few.Daemon.Endpoint)).ToList();
            yield return plain.Send(stretch / 2, Ways.ManyIdle);
            idle.ForEach(connection => connection.Dispose());
            // Their end costs the daemon something too: nobody's account, but it must be over before the next round.
            plain.Send(stretch / 10, Ways.Plain);
        }

        await few.VerifyAsync(plain, headers);
        await many.VerifyAsync(addresses);
    }

    /// <summary>Memory after 10,000 messages, and after a million.</summary>
    private async IAsyncEnumerable<Measurement> MemoryAsync()
    {
        using var postseal = new MeasuredPostseal(program);
        yield return await postseal.MemoryAfterAsync(stretch, Ways.MemoryEarly);
        yield return await postseal.MemoryAfterAsync(99 * stretch, Ways.MemoryLate);
    }
}
