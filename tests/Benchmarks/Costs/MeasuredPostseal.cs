using System.Security.Cryptography.X509Certificates;
using Milter.Testing;
using Postseal.Benchmarks.Comparison;
using Postseal.Benchmarks.Judging;
using Postseal.Benchmarks.Load;
using Postseal.Benchmarks.Setup;
using Postseal.TestKit;

namespace Postseal.Benchmarks.Costs;

/// <summary>A daemon of its own, with its certificates.</summary>
internal sealed class MeasuredPostseal : IDisposable
{
    // Enough for the runtime to have compiled what is hot, and for each sender's certificate to have been read.
    private const int WarmUp = 20_000;

    private readonly TemporaryDirectory directory = new();
    private readonly X509Certificate2 root;

    /// <summary>Starts one.</summary>
    /// <param name="program">The program.</param>
    /// <param name="senders">How many senders have a certificate.</param>
    public MeasuredPostseal(string program, int senders = 1)
    {
        var setup = PostsealSetup.Create(directory.Path, moreSenders: senders - 1);
        root = setup.ReadRoot();
        Senders = setup.Senders;
        Daemon = Daemon.Start(program, setup);
    }

    public Daemon Daemon { get; }

    /// <summary>Those with a P-256 key.</summary>
    public IReadOnlyList<string> Senders { get; }

    /// <summary>Connects, and sends until the daemon is at its working temperature.</summary>
    public MeasuredConnection ConnectWarm(params IReadOnlyList<MtaMessage> letters)
    {
        var connection = new MeasuredConnection(Daemon, letters);
        connection.Send(WarmUp, Ways.Plain);
        return connection;
    }

    /// <summary>The resident memory after that many messages more.</summary>
    public async Task<Measurement> MemoryAfterAsync(int messages, string condition)
    {
        var request = new LoadRequest(Daemon.Endpoint, Letter.Text(PostsealSetup.P256, 4096)) { Messages = messages };
        var result = LoadGenerator.Run(request);
        var bytes = Daemon.Memory;
        return new Measurement(Series.P256, condition, request.Connections, 4096, result.PerSecond)
        {
            Bytes = bytes,
            Verified = await VerifyAsync(result.Samples),
        };
    }

    /// <summary>Fails when a sample of these connections is wrong.</summary>
    public Task VerifyAsync(params MeasuredConnection[] connections) =>
        VerifyAsync([.. connections.SelectMany(connection => connection.Samples)]);

    public void Dispose()
    {
        Daemon.Dispose();
        directory.Dispose();
        root.Dispose();
    }

    private async Task<int> VerifyAsync(IReadOnlyList<LoadSample> samples)
    {
        var verification = await Verification.OfSmimeAsync(samples, root);
        return verification.Fault is null ? verification.Verified : throw new InvalidDataException(verification.Fault);
    }
}
