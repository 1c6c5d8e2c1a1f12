using Milter;
using Milter.Testing;

namespace Postseal.Benchmarks.Load;

/// <summary>What load to make.</summary>
/// <param name="Endpoint">The milter.</param>
/// <param name="Letter">The message each connection sends again and again.</param>
internal sealed record LoadRequest(MilterEndpoint Endpoint, MtaMessage Letter)
{
    /// <summary>How many connections at once, each with a thread of its own.</summary>
    public int Connections { get; init; } = 4;

    /// <summary>How long to run before anything is counted.</summary>
    public TimeSpan WarmUp { get; init; }

    /// <summary>How long to count, when <see cref="Messages"/> is not given.</summary>
    public TimeSpan Duration { get; init; }

    /// <summary>How many messages in all, instead of a duration.</summary>
    public int? Messages { get; init; }

    /// <summary>Messages a second in all; null: each as soon as the last one was answered.</summary>
    public double? Rate { get; init; }

    /// <summary>That many more connections negotiate and stay silent.</summary>
    public int Idle { get; init; }

    /// <summary>Whether each message has a connection of its own, as each SMTP session of Postfix has.</summary>
    public bool Reconnect { get; init; }

    /// <summary>One message in so many is kept and verified. 500 are few enough to stay out of the 99th percentile.</summary>
    public int SampleEvery { get; init; } = 500;
}

/// <summary>What came of it.</summary>
/// <param name="Messages">Messages counted.</param>
/// <param name="Unchanged">Those the milter left alone: a signer under test must have none.</param>
/// <param name="Refused">Those it refused.</param>
/// <param name="PerSecond">Messages a second over all connections.</param>
/// <param name="P50">The median time of a message in milliseconds.</param>
/// <param name="P99">The time in milliseconds that 99 of 100 messages keep under.</param>
/// <param name="Samples">What was kept to be verified.</param>
internal sealed record LoadResult(
    int Messages, int Unchanged, int Refused, double PerSecond, double P50, double P99, IReadOnlyList<LoadSample> Samples);
