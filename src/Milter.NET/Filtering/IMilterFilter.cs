namespace Milter;

/// <summary>Filters whole messages. One object serves all connections at once. An exception out of it is logged with
/// the queue ID and becomes a temporary failure of that message.</summary>
public interface IMilterFilter
{
    /// <summary>Decides by the envelope whether the filter wants a message. It is called once for each message, before
    /// its first header field: <see cref="MilterMessage.Headers"/> and <see cref="MilterMessage.Body"/> are empty.
    /// False: the message passes unchanged whatever its size, and nothing of it is kept. Default: true.</summary>
    bool WantsEnvelope(MilterMessage message) => true;

    /// <summary>
    /// Decides by the header section whether the filter wants a message. It is called once for each message at the end
    /// of its headers, when <see cref="MilterMessage.Body"/> is still empty. False: the message passes unchanged, and
    /// its body is not kept; an MTA that waits for a reply here need not even send it. A message with
    /// <see cref="MilterMessage.IsHeaderOverLimit"/> that is wanted is refused. Default: true.
    /// </summary>
    ValueTask<bool> WantsAsync(MilterMessage message, CancellationToken cancellationToken) => ValueTask.FromResult(true);

    /// <summary>
    /// Gets whether the MTA is asked to wait at the end of the header for what <see cref="WantsAsync"/> says, so that it sends no body
    /// that is not wanted. It is asked once a connection, and costs the messages that are wanted a round trip each. Default: false.
    /// </summary>
    bool SparesUnwantedBodies => false;

    /// <summary>Gets the macros to ask the MTA for, by stage; see <see cref="MilterNegotiation.Macros"/>. Default:
    /// <see cref="DefaultMacros"/>.</summary>
    IReadOnlyDictionary<MilterMacroStage, string> Macros => DefaultMacros;

    /// <summary>Gets the macros that Postfix and Sendmail send by default, which is what <see cref="MilterMessage"/> needs, and the
    /// MTA's version. A filter that asks for others begins with these.</summary>
    static IReadOnlyDictionary<MilterMacroStage, string> DefaultMacros => FilterHandler.DefaultMacros;

    /// <summary>Decides about a message.</summary>
    /// <param name="message">The whole message.</param>
    /// <param name="cancellationToken">Cancelled at <see cref="MilterServerOptions.MessageTimeout"/>, when the MTA is
    /// found to have gone, and when the server stops without waiting any longer. A filter that goes on all the same
    /// holds its slot among <see cref="MilterServerOptions.MaxLargeMessages"/> and
    /// <see cref="MilterServerOptions.MaxConnections"/> until it returns.</param>
    ValueTask<MilterDecision> FilterAsync(MilterMessage message, CancellationToken cancellationToken);
}
