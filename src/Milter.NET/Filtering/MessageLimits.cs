namespace Milter;

/// <summary>Holds the limits of a message for a filter; <see cref="MilterServerOptions"/> has the reasons.</summary>
internal sealed record MessageLimits(
    int MaxHeaderCount, int MaxHeadersSize, long MaxMessageSize, int MaxRecipients, int MaxLargeMessages);
