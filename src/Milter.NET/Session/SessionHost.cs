using Microsoft.Extensions.Logging;

namespace Milter;

/// <summary>The surroundings of a session: what all sessions of a server share.</summary>
/// <param name="Limits">The limits.</param>
/// <param name="Log">Where to log.</param>
/// <param name="Time">The clock of the timeouts.</param>
/// <param name="Diagnostics">What is measured.</param>
/// <param name="Memory">What all sessions hold together.</param>
/// <param name="Stopping">No new message is begun after this.</param>
/// <param name="Aborting">Nothing is waited for after this; only an answer that is being written is completed.</param>
internal sealed record SessionHost(
    SessionLimits Limits,
    ILogger Log,
    TimeProvider Time,
    ServerDiagnostics Diagnostics,
    ServerMemory Memory,
    CancellationToken Stopping,
    CancellationToken Aborting);
