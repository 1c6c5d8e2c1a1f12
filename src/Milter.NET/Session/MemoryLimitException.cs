namespace Milter;

/// <summary>Reports that a connection has no memory for what its peer sends, and that there is no message to refuse for
/// it.</summary>
internal sealed class MemoryLimitException(string reason) : Exception(reason);
