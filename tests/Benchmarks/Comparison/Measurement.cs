namespace Postseal.Benchmarks.Comparison;

/// <summary>One measurement: a line of JSON between the commands.</summary>
/// <param name="Series">Who was measured.</param>
/// <param name="Way">By which way: <c>unix</c>, <c>tcp</c>, <c>smtp</c>, or <c>speed</c> for the bare cryptography.</param>
/// <param name="Connections">How many connections at once.</param>
/// <param name="Size">Bytes of each body.</param>
/// <param name="PerSecond">Messages, or operations, a second.</param>
/// <param name="P50">Median time of one in milliseconds; 0 where it was not measured.</param>
/// <param name="P99">The 99th percentile in milliseconds; 0 where it was not measured.</param>
internal sealed record Measurement(
    string Series, string Way, int Connections, int Size, double PerSecond, double P50 = 0, double P99 = 0);
