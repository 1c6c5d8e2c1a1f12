using System.Text.Json;

namespace Postseal.Benchmarks;

/// <summary>One measurement: a line of JSON for <c>report</c>. What was not measured is 0.</summary>
/// <param name="Series">Who was measured.</param>
/// <param name="Way">By which way, or under which condition.</param>
/// <param name="Connections">How many connections at once.</param>
/// <param name="Size">Bytes of each body.</param>
/// <param name="PerSecond">Messages, or operations, a second.</param>
internal sealed record Measurement(string Series, string Way, int Connections, int Size, double PerSecond)
{
    /// <summary>The median time of a message in milliseconds.</summary>
    public double P50 { get; init; }

    /// <summary>The time in milliseconds that 99 of 100 messages keep under.</summary>
    public double P99 { get; init; }

    /// <summary>Processor time of the daemon for one message, the kernel's included, in milliseconds.</summary>
    public double Cpu { get; init; }

    /// <summary>The same for the first tenth of the messages.</summary>
    public double CpuFirst { get; init; }

    /// <summary>The same for the last tenth.</summary>
    public double CpuLast { get; init; }

    /// <summary>How many of the messages were verified.</summary>
    public int Verified { get; init; }

    public void WriteTo(TextWriter output) => output.WriteLine(JsonSerializer.Serialize(this));
}
