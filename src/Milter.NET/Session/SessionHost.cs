using Microsoft.Extensions.Logging;

namespace Milter;

/// <summary>Holds what all sessions of a server share.</summary>
/// <param name="Limits">The limits.</param>
/// <param name="Log">The log.</param>
/// <param name="Time">The clock of the timeouts.</param>
/// <param name="Diagnostics">The instruments.</param>
/// <param name="Memory">The memory of all sessions together.</param>
/// <param name="Stopping">Cancelled when no new message may begin any more.</param>
/// <param name="Aborting">Cancelled when nothing is waited for any more; only an answer that is being written is
/// completed.</param>
internal sealed record SessionHost(
    SessionLimits Limits,
    ILogger Log,
    TimeProvider Time,
    ServerDiagnostics Diagnostics,
    ServerMemory Memory,
    CancellationToken Stopping,
    CancellationToken Aborting);
