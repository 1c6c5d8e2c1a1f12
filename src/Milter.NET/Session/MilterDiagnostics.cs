namespace Milter;

/// <summary>Describes what servers measure through <c>System.Diagnostics</c>, for OpenTelemetry and
/// <c>dotnet-counters</c>. Without a listener it costs nothing. Names of peers, addresses and content are in none of
/// it.</summary>
/// <remarks>
/// <list type="table">
/// <listheader><term>instrument</term><description>what</description></listheader>
/// <item><term><c>milter.connection.active</c></term><description>connections open now</description></item>
/// <item><term><c>milter.connection.duration</c></term><description>seconds a connection was open; tag
/// <c>milter.end</c>: quit, closed, stopped, timeout, lost, protocol_error, out_of_memory, error</description></item>
/// <item><term><c>milter.message.verdicts</c></term><description>messages answered; tag <c>milter.verdict</c>:
/// continue, accept, reject, temp_fail, discard, reply_code, shutdown, other</description></item>
/// <item><term><c>milter.message.duration</c></term><description>seconds from the end of a message to its last reply;
/// tag <c>milter.verdict</c></description></item>
/// <item><term><c>milter.received</c>, <c>milter.sent</c></term><description>bytes of the protocol</description></item>
/// </list>
/// An activity <c>milter.message</c> covers the end of each message, and is the parent of those a filter starts then.
/// Its tags are <c>milter.queue_id</c> and <c>milter.verdict</c>; its status is an error when the filter failed.
/// </remarks>
public static class MilterDiagnostics
{
    /// <summary>The name of the meter and of the activity source.</summary>
    public const string Name = "Milter.NET";
}
