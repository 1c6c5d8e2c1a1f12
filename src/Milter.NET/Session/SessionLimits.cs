namespace Milter;

/// <summary>Holds the limits of a session; <see cref="MilterServerOptions"/> has the reasons.</summary>
internal sealed record SessionLimits(
    int MaxFrameSize,
    int MaxCommandSize,
    long MaxConnectionMemory,
    TimeSpan NegotiationTimeout,
    TimeSpan IdleTimeout,
    TimeSpan MessageTimeout,
    TimeSpan ProgressInterval);
