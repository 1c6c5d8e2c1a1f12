using System.Diagnostics;
using Milter;
using Milter.Testing;

namespace Postseal.Benchmarks.Load;

/// <summary>What load to make.</summary>
/// <param name="Endpoint">The milter.</param>
/// <param name="Letters">What each connection sends, one after another and from the start again.</param>
internal sealed record LoadRequest(MilterEndpoint Endpoint, IReadOnlyList<MtaMessage> Letters)
{
    /// <summary>What has to come of each message.</summary>
    public ExpectedAnswer Expected { get; init; } = ExpectedAnswer.Signed();

    /// <summary>How many connections at once, each with a thread of its own.</summary>
    public int Connections { get; init; }

    /// <summary>How long to run before anything is counted.</summary>
    public TimeSpan WarmUp { get; init; }

    /// <summary>How long to count, when <see cref="Messages"/> is not given.</summary>
    public TimeSpan Duration { get; init; }

    /// <summary>How many messages in all, instead of a duration.</summary>
    public int? Messages { get; init; }

    /// <summary>That many more connections negotiate and stay silent.</summary>
    public int Idle { get; init; }

    /// <summary>The milter's process, where its processor time is asked for.</summary>
    public Process? Process { get; init; }
}

/// <summary>What came of it.</summary>
/// <param name="PerSecond">Messages a second over all connections.</param>
/// <param name="P50">The median time of a message in milliseconds.</param>
/// <param name="P99">The time in milliseconds that 99 of 100 messages keep under.</param>
/// <param name="Cpu">Processor time of the milter for a message of the first connection in milliseconds, tenth by tenth.</param>
/// <param name="Samples">What was kept to be verified.</param>
internal sealed record LoadResult(
    double PerSecond, double P50, double P99, IReadOnlyList<double> Cpu, IReadOnlyList<LoadSample> Samples);
