namespace Milter;

/// <summary>The limits of a session; <see cref="MilterServerOptions"/> says why each is there.</summary>
internal sealed record SessionLimits(
    int MaxFrameSize,
    int MaxCommandSize,
    long MaxConnectionMemory,
    TimeSpan NegotiationTimeout,
    TimeSpan IdleTimeout,
    TimeSpan MessageTimeout,
    TimeSpan ProgressInterval);
