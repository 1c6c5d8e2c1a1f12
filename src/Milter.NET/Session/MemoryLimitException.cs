namespace Milter;

/// <summary>A connection cannot hold what its peer sends, and there is no message to refuse for it.</summary>
internal sealed class MemoryLimitException(string reason) : Exception(reason);
