namespace Milter;

/// <summary>The limits of a message for a filter; <see cref="MilterServerOptions"/> says why each is there.</summary>
internal sealed record MessageLimits(
    int MaxHeaderCount, int MaxHeadersSize, long MaxMessageSize, int MaxRecipients, int MaxLargeMessages);
