namespace Milter.Testing;

/// <summary>Specifies the MTA that is played.</summary>
public enum MtaKind
{
    /// <summary>Postfix: queue ID after the first recipient, an abort between messages.</summary>
    Postfix,
    /// <summary>Sendmail: queue ID at MAIL, no abort between messages.</summary>
    Sendmail,
}

/// <summary>Plays an MTA's part for whole messages: sends them to a filter in the order and with the macros of that
/// MTA, applies the changes as it does, and returns what the recipients would get. Several messages can be sent on one
/// connection.</summary>
public sealed class MtaDouble : IAsyncDisposable
{
    private readonly MilterClient client;
    private readonly MtaKind kind;
    private (string Name, string? Address, string Helo, IReadOnlyDictionary<string, string> Macros)? greeted;
    private bool messageSent;

    private MtaDouble(MilterClient client, MtaKind kind) => (this.client, this.kind) = (client, kind);

    /// <summary>Gets the offer of a recent Postfix or Sendmail.</summary>
    public static MilterNegotiation FullOffer { get; } = new(
        MilterNegotiation.MaxVersion, (MilterActions)0x1ff, (MilterSteps)0x1f_ffff);

    /// <summary>Gets what was agreed with the filter.</summary>
    public MilterNegotiation Agreed => client.Agreed;

    /// <summary>Connects to a server and negotiates.</summary>
    public static async Task<MtaDouble> ConnectAsync(
        MilterEndpoint endpoint, MtaKind kind, CancellationToken cancellationToken = default) =>
        await ConnectAsync(
            await MilterClient.OpenAsync(endpoint, cancellationToken).ConfigureAwait(false),
            kind, null, cancellationToken).ConfigureAwait(false);

    /// <summary>Negotiates over an open connection, for example of <see cref="MilterConnection.InMemory"/>.</summary>
    /// <param name="connection">The connection; it is closed with this object.</param>
    /// <param name="kind">The MTA to play.</param>
    /// <param name="offer">What to offer; null: <see cref="FullOffer"/>.</param>
    /// <param name="cancellationToken">Cancels the negotiation.</param>
    public static async Task<MtaDouble> ConnectAsync(
        Stream connection, MtaKind kind, MilterNegotiation? offer = null, CancellationToken cancellationToken = default)
    {
        var client = new MilterClient(connection);
        await client.NegotiateAsync(offer ?? FullOffer, cancellationToken).ConfigureAwait(false);
        return new MtaDouble(client, kind);
    }

    /// <summary>Sends a message.</summary>
    /// <exception cref="EndOfStreamException">The filter closed the connection. (An MTA would take its default
    /// action.)</exception>
    /// <exception cref="MilterProtocolException">The filter broke the protocol.</exception>
    public async Task<MtaResult> SendAsync(MtaMessage message, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(message);
        var run = new MtaTransaction(client, kind, message, cancellationToken);
        return await BeginAsync(run, message, cancellationToken).ConfigureAwait(false)
            ?? await run.SendAsync().ConfigureAwait(false);
    }

    /// <summary>Sends a message but for its end and aborts it, as an MTA does whose client goes away.</summary>
    /// <inheritdoc cref="SendAsync" path="/exception"/>
    public async Task AbandonAsync(MtaMessage message, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(message);
        var run = new MtaTransaction(client, kind, message, cancellationToken);
        if (await BeginAsync(run, message, cancellationToken).ConfigureAwait(false) is not null)
            return;
        await run.AbandonAsync().ConfigureAwait(false);
        messageSent = false;
    }

    /// <summary>Sends what comes before a message; returns a result when the filter refuses the client.</summary>
    private async Task<MtaResult?> BeginAsync(
        MtaTransaction run, MtaMessage message, CancellationToken cancellationToken)
    {
        if (messageSent && kind == MtaKind.Postfix)
            await client.SendAsync(MilterCommand.Abort, default, cancellationToken).ConfigureAwait(false);
        messageSent = true;
        var greeting = (message.ClientName, message.ClientAddress?.ToString(), message.Helo, message.Macros);
        if (greeted == greeting)
            return null;
        if (greeted is not null)
            await client.SendAsync(MilterCommand.QuitNewConnection, default, cancellationToken).ConfigureAwait(false);
        greeted = greeting;
        return await run.GreetAsync().ConfigureAwait(false);
    }

    /// <summary>Sends SMFIC_QUIT and closes the connection.</summary>
    public async ValueTask DisposeAsync()
    {
        try
        {
            await client.SendAsync(MilterCommand.Quit).ConfigureAwait(false);
        }
        catch (Exception e) when (e is IOException or InvalidOperationException)
        {
            // The filter has closed before.
        }
        await client.DisposeAsync().ConfigureAwait(false);
    }
}
