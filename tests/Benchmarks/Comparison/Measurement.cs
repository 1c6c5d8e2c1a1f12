namespace Postseal.Benchmarks.Comparison;

/// <summary>One measurement: a line of JSON between the commands. What was not measured is 0.</summary>
/// <param name="Series">Who was measured.</param>
/// <param name="Way">
/// By which way: <c>unix</c> or <c>tcp</c>, <c>smtp-unix</c> or <c>smtp-tcp</c> through Postfix, <c>core</c> without a
/// milter, <c>speed</c> for the bare cryptography, else the condition in words.
/// </param>
/// <param name="Connections">How many connections at once.</param>
/// <param name="Size">Bytes of each body.</param>
/// <param name="PerSecond">Messages, or operations, a second.</param>
/// <param name="P50">Median time of one in milliseconds.</param>
/// <param name="P99">The 99th percentile in milliseconds.</param>
internal sealed record Measurement(
    string Series, string Way, int Connections, int Size, double PerSecond, double P50 = 0, double P99 = 0)
{
    /// <summary>Processor time of the daemon for one message, in milliseconds.</summary>
    public double Cpu { get; init; }

    /// <summary>Memory, or the size of a file, in bytes.</summary>
    public double Bytes { get; init; }

    /// <summary>How many of the messages were verified.</summary>
    public int Verified { get; init; }
}
